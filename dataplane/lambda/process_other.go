//go:build !unix

package lambda

import (
	"os"
	"syscall"
)

// ownGroup: this system has no process groups as Unix knows them.
func ownGroup() *syscall.SysProcAttr { return nil }

// killGroup ends the process alone.
func killGroup(leader int, _ bool) {
	if process, err := os.FindProcess(leader); err == nil {
		_ = process.Kill()
	}
}
