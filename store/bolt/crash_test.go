package bolt_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"drawbridge/store"
	"drawbridge/store/bolt"
)

// What both crash proofs share: a writer in a process of its own, and the check
// of what it leaves.
//
// The writer runs several goroutines. Each counts: transaction n of goroutine w
// puts the counter c/w = n and the key k/w/n, and deletes the key that is window
// older, so that a half-applied transaction shows. When Txn has answered it says
// "w n" on stdout: that is the acknowledgement nothing may undo.

const (
	childEnv = "DRAWBRIDGE_STORE_CHILD" // folder, goroutines, transactions each (0: without end)
	window   = 16
)

// crashLog is small, so that compaction frees pages that later commits reuse.
var crashLog = store.LogLimits{Revisions: 40}

// child is the writer's main; it says whether this process is one.
func child() bool {
	spec := strings.Fields(os.Getenv(childEnv))
	if len(spec) != 3 {
		return false
	}
	writers, err1 := strconv.Atoi(spec[1])
	rounds, err2 := strconv.Atoi(spec[2])
	err := errors.Join(err1, err2)
	if err == nil {
		err = writeAndTell(spec[0], writers, rounds)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "writer:", err)
		os.Exit(1)
	}
	return true
}

func writeAndTell(dir string, writers, rounds int) error {
	s, err := bolt.New(bolt.Options{Dir: dir, Log: crashLog})
	if err != nil {
		return err
	}
	errs := make([]error, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() { errs[w] = count(s, w, rounds) })
	}
	wg.Wait()
	return errors.Join(append(errs, s.Close())...)
}

func count(s store.Store, w, rounds int) error {
	ctx := context.Background()
	n, at, err := counter(ctx, s, w)
	for i := 0; err == nil && (rounds == 0 || i < rounds); i++ {
		n++
		x := store.Txn{
			Compares: []store.Compare{{Key: counterKey(w), ModRevision: at}},
			Puts: []store.Put{
				{Key: counterKey(w), Value: []byte(strconv.Itoa(n))},
				{Key: itemKey(w, n), Value: itemValue(w, n)},
			},
		}
		if n > window {
			x.Deletes = []string{itemKey(w, n-window)}
		}
		if at, err = s.Txn(ctx, x); err == nil {
			_, err = os.Stdout.WriteString(fmt.Sprintf("%d %d\n", w, n))
		}
	}
	return err
}

func counterKey(w int) string { return fmt.Sprintf("c/%d", w) }

func itemKey(w, n int) string { return fmt.Sprintf("k/%d/%08d", w, n) }

// itemValue is different for each item and of every kind of size: within a
// page, some pages, many pages.
func itemValue(w, n int) []byte {
	sizes := []int{10, 3000, 500, 20_000, 100, 9000, 40, 300_000, 700, 5000, 1}
	unit := fmt.Sprintf("%d.%d|", w, n)
	size := sizes[(n+w)%len(sizes)]
	return []byte(strings.Repeat(unit, size/len(unit)+1)[:size])
}

// counter returns a goroutine's counter and its revision; 0, 0 where it has not
// begun.
func counter(ctx context.Context, s store.Store, w int) (n int, revision int64, err error) {
	e, err := s.Get(ctx, counterKey(w))
	if errors.Is(err, store.ErrNotFound) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, err
	}
	n, err = strconv.Atoi(string(e.Value))
	return n, e.ModRevision, err
}

// checkLeft opens what a crash has left and compares it with what had been
// acknowledged (per goroutine the last n). It returns the counters found.
func checkLeft(dir string, acknowledged []int) ([]int, error) {
	s, err := bolt.New(bolt.Options{Dir: dir, Log: crashLog})
	if err != nil {
		return nil, fmt.Errorf("it does not open: %w", err)
	}
	found, err := checkStore(s, acknowledged)
	return found, errors.Join(err, s.Close())
}

func checkStore(s store.Store, acknowledged []int) ([]int, error) {
	ctx := context.Background()
	found := make([]int, len(acknowledged))
	total := 0
	for w, acked := range acknowledged {
		n, _, err := counter(ctx, s, w)
		if err != nil {
			return nil, err
		}
		// The one beyond may be there: committed, and not told any more.
		if n < acked || n > acked+1 {
			return nil, fmt.Errorf("goroutine %d: acknowledged %d, found %d", w, acked, n)
		}
		items, err := s.List(ctx, fmt.Sprintf("k/%d/", w))
		if err != nil {
			return nil, err
		}
		if want := min(n, window); len(items.Entries) != want {
			return nil, fmt.Errorf("goroutine %d: %d items, want %d", w, len(items.Entries), want)
		}
		for i, e := range items.Entries {
			at := n - len(items.Entries) + 1 + i
			if e.Key != itemKey(w, at) || !bytes.Equal(e.Value, itemValue(w, at)) {
				return nil, fmt.Errorf("goroutine %d: item %d is wrong: key %q, %d bytes", w, at, e.Key, len(e.Value))
			}
		}
		found[w] = n
		total += n
	}
	if s.Revision() != int64(total) {
		return nil, fmt.Errorf("revision %d after %d transactions", s.Revision(), total)
	}
	return found, checkLog(ctx, s)
}

// checkLog reads the change log that is left.
func checkLog(ctx context.Context, s store.Store) error {
	at := max(0, s.Revision()-int64(crashLog.Revisions))
	if at == s.Revision() {
		return nil
	}
	for e, err := range s.Watch(ctx, at, "") {
		if err != nil {
			return err
		}
		if at++; e.Revision != at || len(e.Changes) < 2 {
			return fmt.Errorf("change log: revision %d with %d changes where %d is due", e.Revision, len(e.Changes), at)
		}
		if at == s.Revision() {
			break
		}
	}
	return nil
}

// long says whether the long form of a proof is asked for (make test-long).
func long() bool { return os.Getenv("DRAWBRIDGE_LONG") == "1" }

// TestKilled kills a writing process at random moments, also while it creates,
// opens or compacts, and looks at what is left.
func TestKilled(t *testing.T) {
	rounds := 25
	if long() {
		rounds = 1000
	}
	const perFile, writers = 20, 4
	var (
		dir          string
		acknowledged []int
		total        int
	)
	for round := range rounds {
		if round%perFile == 0 {
			dir, acknowledged = t.TempDir(), make([]int, writers)
		}
		told, err := killedWriter(t.Context(), dir, acknowledged, round%2 == 0)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if acknowledged, err = checkLeft(dir, acknowledged); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		total += told
	}
	t.Logf("%d kills, %d acknowledged transactions", rounds, total)
	if total < rounds/2 { // every second kill waits for one
		t.Fatalf("only %d acknowledgements in %d rounds: the writers hardly ever wrote", total, rounds)
	}
}

// killedWriter runs a writer, kills it and notes what it has acknowledged: soon
// after the first acknowledgement, or at any time from its start on.
func killedWriter(ctx context.Context, dir string, acknowledged []int, early bool) (told int, err error) {
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d 0", childEnv, dir, len(acknowledged)))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	kill := func(after time.Duration) *time.Timer {
		return time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	}
	var timer *time.Timer
	if early {
		timer = kill(rand.N(30 * time.Millisecond))
	}
	lines := bufio.NewReader(out)
	for {
		var w, n int
		line, err := lines.ReadString('\n')
		if errors.Is(err, io.EOF) && line == "" {
			break
		}
		if err != nil {
			return 0, fmt.Errorf("reading acknowledgements: %w", err)
		}
		if _, err := fmt.Sscanf(line, "%d %d\n", &w, &n); err != nil {
			return 0, fmt.Errorf("acknowledgement %q: %w", line, err)
		}
		if timer == nil {
			timer = kill(rand.N(10 * time.Millisecond))
		}
		acknowledged[w] = n
		told++
	}
	if err := cmd.Wait(); err == nil || err.Error() != "signal: killed" {
		return told, fmt.Errorf("the writer ended by itself: %w: %s", err, stderr.String())
	}
	return told, nil
}
