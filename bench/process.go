package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// stopTimeout is how long a server may take to end before it is killed.
	stopTimeout = 3 * time.Second
	// maxLog bounds what is kept of a server's messages.
	maxLog = 8 << 10
)

// process is a server that runs on one core.
type process struct {
	name  string
	cmd   *exec.Cmd
	out   *tail         // the end of what it writes on stdout
	log   *tail         // and on stderr
	ended chan struct{} // closed when it has
}

// startProcess starts a program pinned to a core. It is the leader of a process
// group of its own, so that a Ctrl-C reaches it through bench only and nothing of it
// stays behind, and it is told to end when bench dies without a word.
func startProcess(core int, name string, args ...string) (*process, error) {
	path, err := exec.LookPath("taskset")
	if err != nil {
		return nil, fmt.Errorf("taskset (Debian package util-linux) is needed: %w", err)
	}
	p := &process{name: name, out: new(tail), log: new(tail), ended: make(chan struct{})}
	p.cmd = exec.Command(path, append([]string{"-c", strconv.Itoa(core)}, args...)...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait()
	}()
	return p, nil
}

// pid is the id of the server's first process: taskset becomes the server.
func (p *process) pid() int { return p.cmd.Process.Pid }

// stop ends the process and all it has started.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(stopTimeout):
	}
	_ = syscall.Kill(-p.pid(), syscall.SIGKILL)
	<-p.ended
}

// failure says that the server has ended or not come up, with its last words.
func (p *process) failure(what string) error {
	if words := strings.TrimSpace(p.log.String()); words != "" {
		return fmt.Errorf("%s %s: %s", p.name, what, words)
	}
	return fmt.Errorf("%s %s", p.name, what)
}

// waitFor calls ready until it succeeds.
func (p *process) waitFor(ctx context.Context, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return p.failure("ended")
		case <-ctx.Done():
			return p.failure("did not come up: " + err.Error())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// userHZ is the unit of /proc/<pid>/stat, 1/100 s on every Linux platform
// Go runs on (proc_pid_stat(5), sysconf(_SC_CLK_TCK)).
const userHZ = 100

// cpuTime returns the user and system time that a process, its descendants and
// those of them that have ended have used.
func cpuTime(root int) (time.Duration, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0, fmt.Errorf("read /proc: %w", err)
	}
	all := make(map[int]procStat, len(entries))
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		text, err := os.ReadFile("/proc/" + entry.Name() + "/stat")
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // ended meanwhile
		}
		if err != nil {
			return 0, fmt.Errorf("read the CPU time: %w", err)
		}
		stat, err := parseStat(string(text))
		if err != nil {
			return 0, err
		}
		all[pid] = stat
	}
	if _, ok := all[root]; !ok {
		return 0, fmt.Errorf("process %d has ended", root)
	}
	ticks := int64(0)
	for pid, stat := range all {
		if descends(all, pid, root) {
			ticks += stat.ticks
		}
	}
	return time.Duration(ticks) * time.Second / userHZ, nil
}

// descends tells whether pid is root or one of its descendants. Processes are
// read one after the other, so a chain may be broken, but never longer than all.
func descends(all map[int]procStat, pid, root int) bool {
	for range len(all) {
		if pid == root {
			return true
		}
		stat, ok := all[pid]
		if !ok {
			return false
		}
		pid = stat.parent
	}
	return false
}

// procStat is what bench needs of /proc/<pid>/stat.
type procStat struct {
	parent int
	ticks  int64 // utime + stime + cutime + cstime
}

// parseStat reads a line of /proc/<pid>/stat. The second field is the name in
// parentheses and may hold anything, parentheses included (proc_pid_stat(5)).
func parseStat(line string) (procStat, error) {
	var s procStat
	fields := strings.Fields(line[strings.LastIndexByte(line, ')')+1:])
	if len(fields) < 15 {
		return s, fmt.Errorf("/proc/<pid>/stat has %d fields behind the name", len(fields))
	}
	var err error
	if s.parent, err = strconv.Atoi(fields[1]); err != nil {
		return s, fmt.Errorf("/proc/<pid>/stat: parent: %w", err)
	}
	for _, text := range fields[11:15] {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return s, fmt.Errorf("/proc/<pid>/stat: CPU time: %w", err)
		}
		s.ticks += n
	}
	return s, nil
}
