package main

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	const behind = " S 17 1 1 0 -1 4194304 9 9 9 9 100 20 3 4 20 0 1 0 5 6 7"
	for name, row := range map[string]struct {
		in   string
		want procStat
		ok   bool
	}{
		"plain":       {"42 (nginx)" + behind, procStat{17, 127}, true},
		"odd name":    {"42 (a) R 1 (b)" + behind, procStat{17, 127}, true},
		"cut off":     {"42 (nginx) S 17", procStat{}, false},
		"no name":     {"", procStat{}, false},
		"no number":   {strings.Replace("42 (nginx)"+behind, "100", "ten", 1), procStat{}, false},
		"odd parent":  {strings.Replace("42 (nginx)"+behind, " 17 ", " x ", 1), procStat{}, false},
		"end of name": {"42 (nginx)", procStat{}, false},
	} {
		got, err := parseStat(row.in)
		if (err == nil) != row.ok || row.ok && got != row.want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add("42 (nginx) S 17 1 1 0 -1 4194304 9 9 9 9 100 20 3 4 20 0 1 0 5 6 7")
	f.Add(")")
	f.Fuzz(func(_ *testing.T, line string) { _, _ = parseStat(line) })
}

func TestDescends(t *testing.T) {
	all := map[int]procStat{2: {parent: 1}, 3: {parent: 2}, 4: {parent: 9}, 5: {parent: 6}, 6: {parent: 5}}
	for pid, want := range map[int]bool{2: true, 3: true, 4: false, 5: false, 7: false} {
		if got := descends(all, pid, 2); got != want {
			t.Errorf("%d: %v", pid, got)
		}
	}
}

func TestCPUTimeGrowsWithWork(t *testing.T) {
	before, err := cpuTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	var after time.Duration
	for deadline := time.Now().Add(10 * time.Second); after < before+30*time.Millisecond; {
		if after, err = cpuTime(os.Getpid()); err != nil || time.Now().After(deadline) {
			t.Fatalf("%s after %s, %v", after, before, err)
		}
	}
	if _, err := cpuTime(1 << 30); err == nil {
		t.Error("no error for a process that does not exist")
	}
}

func TestStopEndsTheWholeGroup(t *testing.T) {
	// The child ignores SIGTERM, as a server's worker might that hangs.
	p, err := startProcess(firstCore(t), "sh", "sh", "-c", `sh -c 'trap "" TERM; echo $$; while :; do sleep 100; done' & wait`)
	if err != nil {
		t.Fatal(err)
	}
	child := 0
	err = p.waitFor(t.Context(), func(context.Context) error {
		child, err = strconv.Atoi(strings.TrimSpace(p.out.String()))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	p.stop()
	// The orphan is reaped by init, or stays a zombie where there is none.
	for deadline := time.Now().Add(5 * time.Second); running(child); {
		if time.Now().After(deadline) {
			t.Fatal("a child of the server is still running")
		}
	}
}

func running(pid int) bool {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(text), ") Z ")
}

func TestFailureTellsTheLastWords(t *testing.T) {
	p, err := startProcess(firstCore(t), "thing", "sh", "-c", "echo no such luck >&2; exit 1")
	if err != nil {
		t.Fatal(err)
	}
	err = p.waitFor(t.Context(), func(context.Context) error { return errors.New("not yet") })
	if err == nil || err.Error() != "thing ended: no such luck" {
		t.Errorf("error %v", err)
	}
	p.stop()
	if err := syscall.Kill(p.pid(), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("signal 0: %v", err)
	}
}

func firstCore(t *testing.T) int {
	t.Helper()
	core, _, err := cores()
	if err != nil {
		t.Skip(err)
	}
	return core
}

func TestTailKeepsTheEnd(t *testing.T) {
	var words tail
	for range 3 {
		_, _ = words.Write([]byte(strings.Repeat("a", maxLog-1) + "z"))
	}
	if got := words.String(); len(got) != maxLog || !strings.HasSuffix(got, "z") {
		t.Errorf("%d bytes", len(got))
	}
}
