//go:build amd64 || arm64

package bolt_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Power failure. A real writer is recorded once (trace_linux_test.go). Then the
// power fails at many moments of the recording: from what the process had handed
// to the kernel by then, a disk is made up that holds
//
//   - all that a sync had covered which had come back: written (or truncated, or
//     renamed) before the sync began;
//   - of the rest anything: nothing, everything, any of the calls, any 512-byte
//     sectors of them.
//
// The store must open on that disk and hold every transaction that had been
// acknowledged at that moment. This is what a file wrapper that drops unsynced
// writes would show, without the wrapper: bbolt takes none (it maps the file).

const sector = 512

// recording is what a writer did.
type recording struct {
	ops     []*op
	writers int
	lie     func(ops []*op, i int) bool // is call i a sync that the disk only pretends to do
}

func recordWriter(t *testing.T, writers, rounds int) recording {
	t.Helper()
	dir := t.TempDir()
	ops, err := record(dir, fmt.Sprintf("%s=%s %d %d", childEnv, dir, writers, rounds))
	if err != nil {
		t.Fatalf("recording a writer (ptrace): %v", err)
	}
	r := recording{ops: ops, writers: writers}
	kinds := map[opKind]int{}
	for _, o := range ops {
		kinds[o.kind]++
		if o.end == 0 {
			t.Fatalf("a call of kind %d never came back", o.kind)
		}
	}
	// The recording is complete if the last moment of it is the finished store.
	for kind, least := range map[opKind]int{opWrite: 3 * rounds, opTruncate: 2, opSync: 2 * rounds, opRename: 1, opSyncDir: 1, opTell: writers * rounds} {
		if kinds[kind] < least {
			t.Fatalf("recorded %v calls: only %d of kind %d", kinds, kinds[kind], kind)
		}
	}
	t.Logf("recorded %d writes, %d truncations, %d syncs, %d acknowledgements",
		kinds[opWrite], kinds[opTruncate], kinds[opSync], kinds[opTell])
	return r
}

func (r recording) last() int {
	last := 0
	for _, o := range r.ops {
		last = max(last, o.end)
	}
	return last
}

// acknowledged returns per goroutine the last transaction told by a moment.
func (r recording) acknowledged(at int) ([]int, error) {
	acked := make([]int, r.writers)
	for _, o := range r.ops {
		if o.kind != opTell || o.begin > at {
			continue
		}
		var w, n int
		if _, err := fmt.Sscanf(string(o.data), "%d %d\n", &w, &n); err != nil {
			return nil, fmt.Errorf("acknowledgement %q: %w", o.data, err)
		}
		acked[w] = n
	}
	return acked, nil
}

// durable says for every call whether a sync that was back by the moment at
// covers it.
func (r recording) durable(at int) []bool {
	covers := map[opKind]opKind{opWrite: opSync, opTruncate: opSync, opRename: opSyncDir}
	newest := map[opKind]int{} // begin of the last sync that was back
	for i, o := range r.ops {
		if (o.kind == opSync || o.kind == opSyncDir) && o.end <= at && (r.lie == nil || !r.lie(r.ops, i)) {
			newest[o.kind] = max(newest[o.kind], o.begin)
		}
	}
	durable := make([]bool, len(r.ops))
	for i, o := range r.ops {
		if by, ok := covers[o.kind]; ok {
			durable[i] = o.end < newest[by]
		}
	}
	return durable
}

// luck decides what of the unsynced survives.
type luck struct {
	name  string
	whole func() bool // does this call survive
	part  func() bool // does this sector of a surviving write survive
}

func lucks(rng *rand.Rand) []luck {
	yes := func() bool { return true }
	no := func() bool { return false }
	coin := func() bool { return rng.IntN(2) == 0 }
	often := func() bool { return rng.IntN(8) != 0 }
	return []luck{
		{"nothing", no, yes},
		{"everything", yes, yes},
		{"some calls", coin, yes},
		{"most calls", often, yes},
		{"some sectors", yes, coin},
		{"most sectors", yes, often},
	}
}

// disk makes up a folder as the power failure leaves it.
func (r recording) disk(dir string, at int, l luck) (err error) {
	draft := filepath.Join(dir, dataFile+".new")
	f, err := os.OpenFile(draft, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	durable := r.durable(at)
	for i, o := range r.ops {
		if o.begin > at || (!durable[i] && !l.whole()) {
			continue
		}
		switch o.kind {
		case opTruncate:
			err = f.Truncate(o.off)
		case opRename:
			err = os.Rename(draft, filepath.Join(dir, dataFile))
		case opWrite:
			if durable[i] {
				_, err = f.WriteAt(o.data, o.off)
			} else {
				err = writeSectors(f, o, l)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func writeSectors(f *os.File, o *op, l luck) error {
	at := o.off
	for part := range slices.Chunk(o.data, sector) {
		if l.part() {
			if _, err := f.WriteAt(part, at); err != nil {
				return err
			}
		}
		at += int64(len(part))
	}
	return nil
}

// fail lets the power fail n times and returns what the checks found wrong; it
// stops when that is enough.
func (r recording) fail(t *testing.T, rng *rand.Rand, n, enough int) []error {
	t.Helper()
	root := t.TempDir()
	var wrong []error
	moments := make([]int, 0, 2*len(r.ops)) // around each recorded call; between them nothing changes
	for _, o := range r.ops {
		moments = append(moments, o.begin, o.end)
	}
	slices.Sort(moments)
	for i := 0; i < n && len(wrong) < enough; i++ {
		at := moments[rng.IntN(len(moments))]
		l := lucks(rng)[i%len(lucks(rng))]
		dir := filepath.Join(root, fmt.Sprint(i))
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		acked, err := r.acknowledged(at)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.disk(dir, at, l); err != nil {
			t.Fatal(err)
		}
		if _, err := checkLeft(dir, acked); err != nil {
			wrong = append(wrong, fmt.Errorf("power fails at %d of %d, %s unsynced survives: %w", at, r.last(), l.name, err))
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	return wrong
}

func TestPowerFailure(t *testing.T) {
	writers, rounds, failures := 2, 40, 300
	if long() {
		writers, rounds, failures = 3, 150, 3000
	}
	r := recordWriter(t, writers, rounds)
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	acked, err := r.acknowledged(r.last())
	if err != nil || slices.Contains(acked, 0) {
		t.Fatalf("acknowledged at the end: %v, %v", acked, err)
	}
	if wrong := r.fail(t, rng, failures, 1); len(wrong) > 0 {
		t.Fatalf("seed %d: a power failure broke a promise: %v", seed, wrong[0])
	}

	// The counter-proof: on a disk that lies about syncs, the same check must
	// find losses. Otherwise it would find none anywhere.
	for name, lie := range map[string]func([]*op, int) bool{
		"the file's syncs":   func(ops []*op, i int) bool { return ops[i].kind == opSync },
		"the folder's syncs": func(ops []*op, i int) bool { return ops[i].kind == opSyncDir },
		"syncs of the data before its meta page": func(ops []*op, i int) bool {
			next := slices.IndexFunc(ops[i:], func(o *op) bool { return o.kind == opWrite })
			return ops[i].kind == opSync && next >= 0 && ops[i+next].off < 2*int64(os.Getpagesize())
		},
	} {
		liar := r
		liar.lie = lie
		if wrong := liar.fail(t, rng, 1000, 3); len(wrong) < 3 {
			t.Errorf("seed %d: on a disk without %s only %d of 1000 power failures were noticed", seed, name, len(wrong))
		} else {
			t.Logf("a disk without %s is found out: %v", name, wrong[0])
		}
	}
}
