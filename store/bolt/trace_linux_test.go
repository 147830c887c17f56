package bolt_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"unsafe"
)

// A recorder of what a process does to a data file, by ptrace(2): every write,
// truncation, sync and rename with its bytes and with the moments of its begin
// and end, and every acknowledgement on stdout between them.

type opKind int

const (
	opWrite    opKind = iota // data at off
	opTruncate               // to size off
	opSync                   // of the file
	opRename                 // of the draft to the data file
	opSyncDir                // of the folder
	opTell                   // an acknowledgement: data
)

// op is a system call. The moments are numbered from 1 in the order in which the
// tracer saw them; end 0 means it never came back.
type op struct {
	kind       opKind
	off        int64
	data       []byte
	begin, end int
}

// tracer follows one process with all its threads.
type tracer struct {
	dir     string
	mem     *os.File
	moment  int
	ops     []*op
	pending map[int]*op // per thread: the recorded call it is in
	known   map[int]bool
}

// record runs a command to its end and returns what it did to the data file in
// dir. The calling goroutine is bound to its thread for that time: ptrace(2)
// takes requests from the tracing thread only.
func record(dir string, env ...string) ([]*op, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = null.Close() }()
	pid, err := syscall.ForkExec(os.Args[0], os.Args[:1], &syscall.ProcAttr{
		Env:   append(os.Environ(), env...),
		Files: []uintptr{null.Fd(), null.Fd(), os.Stderr.Fd()},
		Sys:   &syscall.SysProcAttr{Ptrace: true},
	})
	if err != nil {
		return nil, err
	}
	t := &tracer{dir: dir, pending: map[int]*op{}, known: map[int]bool{pid: true}}
	if err := t.follow(pid); err != nil {
		_ = syscall.Kill(pid, syscall.SIGKILL)
		return nil, err
	}
	return t.ops, nil
}

const (
	waitAll = syscall.WALL | 0x20000000                                              // __WALL | __WNOTHREAD: the children of this thread only
	options = syscall.PTRACE_O_TRACESYSGOOD | syscall.PTRACE_O_TRACECLONE | 0x100000 // PTRACE_O_EXITKILL
)

func (t *tracer) follow(pid int) error {
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, waitAll, nil); err != nil || !status.Stopped() {
		return fmt.Errorf("the traced process did not start: status %#x, %w", status, err)
	}
	if err := syscall.PtraceSetOptions(pid, options); err != nil {
		return fmt.Errorf("ptrace options: %w", err)
	}
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return err
	}
	defer func() { _ = mem.Close() }()
	t.mem = mem
	if err := syscall.PtraceSyscall(pid, 0); err != nil {
		return err
	}
	for {
		tid, err := syscall.Wait4(-1, &status, waitAll, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("wait: %w", err)
		}
		if status.Exited() || status.Signaled() {
			if tid != pid {
				continue
			}
			if status.Signaled() || status.ExitStatus() != 0 {
				return fmt.Errorf("the traced process ended with status %#x", status)
			}
			return nil
		}
		if err := t.stopped(tid, status); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
}

// stopped handles one stop of a thread and lets it run on.
func (t *tracer) stopped(tid int, status syscall.WaitStatus) error {
	sig := status.StopSignal()
	switch {
	case sig == syscall.SIGTRAP|0x80: // a system call begins or ends
		if err := t.call(tid); err != nil {
			return err
		}
		sig = 0
	case sig == syscall.SIGTRAP: // a ptrace event: a new thread
		sig = 0
	case sig == syscall.SIGSTOP && !t.known[tid]: // a new thread's first stop
		t.known[tid] = true
		sig = 0
	}
	return syscall.PtraceSyscall(tid, int(sig))
}

// callInfo is struct ptrace_syscall_info (ptrace(2), PTRACE_GET_SYSCALL_INFO):
// which call, and whether it begins (1) or ends (2).
type callInfo struct {
	op   uint8
	_    [7]byte
	_    [2]uint64 // instruction and stack pointer
	nr   uint64    // at the end: the result
	args [6]uint64
	_    [2]uint64
}

func (t *tracer) call(tid int) error {
	var info callInfo
	_, _, errno := syscall.Syscall6(syscall.SYS_PTRACE, 0x420e, uintptr(tid),
		unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0)
	if errno != 0 {
		return errno
	}
	t.moment++
	switch info.op {
	case 1:
		o, err := t.begins(tid, &info)
		if err != nil || o == nil {
			return err
		}
		o.begin = t.moment
		t.ops = append(t.ops, o)
		t.pending[tid] = o
	case 2:
		o := t.pending[tid]
		if o == nil {
			return nil
		}
		delete(t.pending, tid)
		if int64(info.nr) < 0 || (o.kind == opWrite && int64(info.nr) != int64(len(o.data))) {
			return fmt.Errorf("call of kind %d answered %d: the model knows only whole successes", o.kind, int64(info.nr))
		}
		o.end = t.moment
	}
	return nil
}

// begins returns the call that begins, if it is one to record.
func (t *tracer) begins(tid int, info *callInfo) (*op, error) {
	switch info.nr {
	case syscall.SYS_RENAMEAT, sysRenameat2:
		to, err := t.text(info.args[3])
		if err != nil || !strings.HasPrefix(to, t.dir) {
			return nil, err
		}
		if to != filepath.Join(t.dir, dataFile) {
			return nil, fmt.Errorf("rename to %s: the model does not know it", to)
		}
		return &op{kind: opRename}, nil
	case syscall.SYS_WRITE:
		if info.args[0] == 1 {
			data, err := t.bytes(info.args[1], info.args[2])
			return &op{kind: opTell, data: data}, err
		}
		fallthrough
	case syscall.SYS_PWRITE64, syscall.SYS_FTRUNCATE, syscall.SYS_FDATASYNC, syscall.SYS_FSYNC,
		syscall.SYS_WRITEV, syscall.SYS_PWRITEV, syscall.SYS_FALLOCATE, syscall.SYS_SYNC_FILE_RANGE:
	default:
		return nil, nil
	}
	path, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", tid, info.args[0]))
	if err != nil {
		return nil, err
	}
	switch {
	case path == t.dir && info.nr == syscall.SYS_FSYNC:
		return &op{kind: opSyncDir}, nil
	case !strings.HasPrefix(path, filepath.Join(t.dir, dataFile)):
		return nil, nil
	}
	switch info.nr {
	case syscall.SYS_PWRITE64:
		data, err := t.bytes(info.args[1], info.args[2])
		return &op{kind: opWrite, off: int64(info.args[3]), data: data}, err
	case syscall.SYS_FTRUNCATE:
		return &op{kind: opTruncate, off: int64(info.args[1])}, nil
	case syscall.SYS_FDATASYNC, syscall.SYS_FSYNC:
		return &op{kind: opSync}, nil
	default:
		return nil, fmt.Errorf("system call %d on %s: the model does not know it", info.nr, path)
	}
}

func (t *tracer) bytes(at, n uint64) ([]byte, error) {
	b := make([]byte, n)
	_, err := t.mem.ReadAt(b, int64(at))
	return b, err
}

// text reads a string of C, which may end just before unreadable memory.
func (t *tracer) text(at uint64) (string, error) {
	var out []byte
	for len(out) < 4096 {
		var word [8]byte
		if _, err := t.mem.ReadAt(word[:], int64(at)+int64(len(out))); err != nil {
			return "", err
		}
		if i := bytes.IndexByte(word[:], 0); i >= 0 {
			return string(append(out, word[:i]...)), nil
		}
		out = append(out, word[:]...)
	}
	return "", fmt.Errorf("unterminated text at %#x", binary.BigEndian.AppendUint64(nil, at))
}
