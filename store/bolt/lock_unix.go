//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package bolt

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"drawbridge/store"
)

// lockFolder takes the folder itself, so that two processes cannot create the
// data file at the same time, and no second file lies around. The kernel lets go
// of the lock when the process ends, however it ends. bbolt locks the data file
// on top of that, which keeps its own tools away.
func lockFolder(dir string, timeout time.Duration) (io.Closer, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("open data folder: %w", err)
	}
	deadline := time.Now().Add(timeout)
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return f, nil
		case errors.Is(err, syscall.EINTR):
		case !errors.Is(err, syscall.EWOULDBLOCK):
			_ = f.Close()
			return nil, fmt.Errorf("lock data folder: %w", err)
		case !time.Now().Before(deadline):
			_ = f.Close()
			return nil, fmt.Errorf("%s: %w", dir, store.ErrLocked)
		default:
			time.Sleep(lockRetry)
		}
	}
}
