//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package bolt

import (
	"io"
	"os"
	"time"
)

// lockFolder relies on bbolt's own lock of the data file where there is no
// flock: what remains is that two processes started in the same instant in the
// same new folder may both create the file, and one of them then fails to
// replace it.
func lockFolder(dir string, _ time.Duration) (io.Closer, error) {
	return os.Open(dir)
}
