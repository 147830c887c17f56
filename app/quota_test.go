package app

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// serveVariable makes the test binary a Drawbridge over the data folder it names.
const serveVariable = "DRAWBRIDGE_TEST_SERVE"

func TestMain(m *testing.M) {
	if folder := os.Getenv(serveVariable); folder != "" {
		if err := serveUntilTerm(folder); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func serveUntilTerm(folder string) error {
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Minute) // no orphan outlives its test by long
	defer stop()
	a, err := New(ctx, testConfig(folder))
	if err != nil {
		return err
	}
	fmt.Println(a.Addresses()[0].URL)
	ctx, unhook := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer unhook()
	return a.Serve(ctx)
}

// process is a Drawbridge in a process of its own.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	base string
}

func startProcess(t *testing.T, folder string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.CommandContext(t.Context(), os.Args[0])}
	p.cmd.Env = append(os.Environ(), serveVariable+"="+folder)
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the process said no address: %v", err)
	}
	p.base = strings.TrimSpace(line)
	return p
}

func (p *process) end(by syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(by); err != nil {
		p.t.Fatal(err)
	}
	err := p.cmd.Wait()
	if by == syscall.SIGTERM && err != nil {
		p.t.Fatalf("ended by SIGTERM: %v", err)
	}
}

// spendQuota calls until a call is refused, at most limit times; a failure ends
// it, too, for each may kill the process. each hears the number of every call
// that was admitted.
func spendQuota(c *client, m metered, limit int64, each func(n int64)) (admitted, refused int64) {
	stop := make(chan struct{})
	var ok, over, ended atomic.Int64
	end := func() {
		if ended.Add(1) == 1 {
			close(stop)
		}
	}
	_, err := load(c, m, stop, func(got answered) error {
		switch got.status {
		case 200:
			n := ok.Add(1)
			each(n)
			if n >= limit {
				end()
			}
		case 429:
			over.Add(1)
			end()
		default:
			return fmt.Errorf("status %d: %s", got.status, got.body)
		}
		return nil
	})
	if err != nil {
		c.t.Log("calls ended:", err)
	}
	return ok.Load(), over.Load()
}

// TestQuotaOverRestarts spends a quota over three processes that end as they
// should: it admits exactly N.
func TestQuotaOverRestarts(t *testing.T) {
	const quota = 1500
	folder := t.TempDir()
	p := startProcess(t, folder)
	m := newMetered(newClient(t, p.base), map[string]any{"quota": map[string]any{"limit": quota, "period": "MONTH"}})
	var admitted int64
	for _, share := range []int64{400, 333, quota} {
		n, _ := spendQuota(newClient(t, p.base), m, share, func(int64) {})
		admitted += n
		p.end(syscall.SIGTERM)
		p = startProcess(t, folder)
	}
	n, refused := spendQuota(newClient(t, p.base), m, quota, func(int64) {})
	if admitted += n; admitted != quota || refused == 0 {
		t.Errorf("a quota of %d admitted %d and refused %d", quota, admitted, refused)
	}
	c := newClient(t, p.base)
	today := time.Now().UTC().Format(time.DateOnly)
	usage := c.control("GET", "/usageplans/"+m.plan+"/usage?startDate="+today+"&endDate="+today, nil)
	if got := fmt.Sprint(usage["values"]); got != fmt.Sprintf("map[%s:[[%d 0]]]", m.keyID, quota) {
		t.Errorf("GetUsage shows %s", got)
	}
	p.end(syscall.SIGTERM)
}

// TestQuotaOfAKilledProcess kills a process in the middle of a load, and has
// the next one spend the rest: never more than N are admitted, and at most 1 %
// (at least 10) less.
func TestQuotaOfAKilledProcess(t *testing.T) {
	rounds := 2
	if long() {
		rounds = 20
	}
	for round := range rounds {
		quota := []int64{200, 3000, 10_000}[round%3]
		folder := t.TempDir()
		p := startProcess(t, folder)
		m := newMetered(newClient(t, p.base), map[string]any{"quota": map[string]any{"limit": quota, "period": "MONTH"}})
		killAt := 1 + rand.N(quota-1)
		admitted, _ := spendQuota(newClient(t, p.base), m, quota, func(n int64) {
			if n == killAt {
				_ = p.cmd.Process.Kill()
			}
		})
		_ = p.cmd.Wait()
		before := admitted
		p = startProcess(t, folder)
		rest, refused := spendQuota(newClient(t, p.base), m, quota+1, func(int64) {})
		admitted += rest
		p.end(syscall.SIGTERM)
		t.Logf("quota %d: %d before the kill, %d after, %d short", quota, before, rest, quota-admitted)
		// Calls that were under way at the kill are spent, and nobody saw them
		// admitted: at most one on each connection.
		if admitted > quota || quota-admitted > max(quota/100, 10)+loadConnections || refused == 0 {
			t.Errorf("a quota of %d, killed after %d calls: %d admitted", quota, before, admitted)
		}
	}
}

// TestThrottleOverTimeLong calls a key of 100/s with a burst of 200 as fast as
// it can, for 20 s (2 s in make test): 100/s ± 2 % and the burst pass.
func TestThrottleOverTimeLong(t *testing.T) {
	const rate, burst = 100, 200
	seconds := 2 * time.Second
	if long() {
		seconds = 20 * time.Second
	}
	base, _ := startApp(t, testConfig(MemoryData))
	c := newClient(t, base)
	m := newMetered(c, map[string]any{"throttle": map[string]any{"rateLimit": rate, "burstLimit": burst}})
	stop := make(chan struct{})
	time.AfterFunc(seconds, func() { close(stop) })
	var admitted, first, last atomic.Int64
	begin := time.Now()
	_, err := load(c, m, stop, func(got answered) error {
		switch got.status {
		case 200:
			at := time.Since(begin).Nanoseconds()
			if admitted.Add(1) == 1 {
				first.Store(at)
			}
			last.Store(max(last.Load(), at))
		case 429:
		default:
			return fmt.Errorf("status %d", got.status)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// A bucket fills from the first call on. That is behind begin, and before the
	// first answer, so the two bound the time it had.
	most := rate*time.Duration(last.Load()).Seconds() + burst
	least := rate*time.Duration(last.Load()-first.Load()).Seconds() + burst
	t.Logf("%d admitted, expected %.0f to %.0f", admitted.Load(), least, most)
	if n := float64(admitted.Load()); n > most+0.02*(most-burst)+1 || long() && n < least-0.02*(least-burst)-1 {
		t.Errorf("%.0f calls admitted, expected %.0f to %.0f", n, least, most)
	}
}
