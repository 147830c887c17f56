package lock_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"drawbridge/cli"
	"drawbridge/lock"
)

// asProgram has this test binary be the program.
const asProgram = "DRAWBRIDGE_TEST_IS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "1" {
		os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// run runs the program and kills it (SIGKILL) when it has written so many
// lines; 0: never. It returns the lines, and whether it was killed.
func (w *world) run(killAt int, args ...string) ([]string, bool, error) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Minute)
	defer cancel()
	program, err := os.Executable()
	w.check(err)
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "AWS_ENDPOINT_URL="+w.endpoint, "AWS_REGION=us-east-1")
	stdout, err := cmd.StdoutPipe()
	w.check(err)
	cmd.Stderr = io.Discard
	w.check(cmd.Start())
	var lines []string
	killed := false
	for scanner := bufio.NewScanner(stdout); scanner.Scan(); {
		lines = append(lines, scanner.Text())
		if len(lines) == killAt {
			w.check(cmd.Process.Kill())
			killed = true
			break
		}
	}
	_, _ = io.Copy(io.Discard, stdout) // to the end, so that Wait may close it
	return lines, killed, cmd.Wait()
}

// A process that is killed after any line that it writes is followed by one
// that finishes its work; nobody who comes by the distribution is refused. Only
// the long tests kill after each line.
func TestRotateKilledAtEveryLine(t *testing.T) {
	first, last, propagation := 12, 12, 300*time.Millisecond
	if os.Getenv("DRAWBRIDGE_LONG") == "1" {
		first, last, propagation = 1, 1000, time.Second
	}
	w := newWorld(t, propagation)
	w.stack()
	w.check(lock.Apply(t.Context(), w.account, lock.ApplyOptions{Distribution: w.dist, Method: lock.Referer, Timing: quick(propagation)}))
	edge := w.load(w.edge("/"), 4, 10*time.Millisecond)
	rotate := []string{"lock", "rotate", "--distribution", w.dist, "--grace", "500ms", "--yes"}
	for at := first; at <= last; at++ {
		before := w.secret("Referer")
		if _, killed, err := w.run(at, rotate...); !killed {
			if err != nil {
				t.Fatalf("a rotation that nobody kills: %v", err)
			}
			break
		}
		lines, _, err := w.run(0, rotate...)
		if err != nil {
			t.Fatalf("after a kill at line %d: %v\n%s", at, err, strings.Join(lines, "\n"))
		}
		w.oneSecret("killed", lock.Referer, before)
	}
	edge.stop()
	if n := edge.refused.Load(); n > 0 {
		t.Errorf("by way of the distribution %d of %d were refused; first: %s", n, edge.sent.Load(), edge.firstFailure())
	}
}
