//go:build !linux

package jsfunc

import "time"

// threadClock: other systems have no such clock that every thread can read.
func threadClock() func() (used time.Duration, ok bool) {
	return func() (time.Duration, bool) { return 0, false }
}
