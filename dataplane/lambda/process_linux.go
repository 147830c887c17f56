package lambda

import "syscall"

// ownGroup puts a process into a group of its own, so that it ends with all it
// has started, and has it end with us even when we are killed.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// killGroup ends a group, at once (hard) or by request.
func killGroup(leader int, hard bool) {
	signal := syscall.SIGTERM
	if hard {
		signal = syscall.SIGKILL
	}
	_ = syscall.Kill(-leader, signal) // it may be gone
}
