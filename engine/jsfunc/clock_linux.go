package jsfunc

import (
	"syscall"
	"time"
	"unsafe"
)

// threadClock reads how much of a processor the calling thread has used, from
// any thread. The kernel names a thread's clock by its id: (~tid << 3) | 6
// (linux/posix-timers.h, CPUCLOCK_PERTHREAD_MASK and CPUCLOCK_SCHED).
func threadClock() func() (used time.Duration, ok bool) {
	clock := uintptr(^syscall.Gettid()<<3 | 6)
	return func() (time.Duration, bool) {
		var at syscall.Timespec
		_, _, failed := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clock, uintptr(unsafe.Pointer(&at)), 0)
		return time.Duration(at.Nano()), failed == 0
	}
}
