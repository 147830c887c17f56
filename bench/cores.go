package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// cores returns the core of the servers and the core of the generator: the
// first two that this process may use.
func cores() (server, generator int, err error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return 0, 0, fmt.Errorf("sched_getaffinity: %w", err)
	}
	var found []int
	for core := range len(set) * strconv.IntSize {
		if set.IsSet(core) {
			found = append(found, core)
		}
	}
	if len(found) < 2 {
		return 0, 0, fmt.Errorf("two cores are needed, one for the server and one for the generator; this process may use %d", len(found))
	}
	return found[0], found[1], nil
}

// pinSelf moves this process to a core and returns what takes that back.
func pinSelf(core int) (restore func(), err error) {
	var before, set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return nil, fmt.Errorf("sched_getaffinity: %w", err)
	}
	set.Set(core)
	if err := moveThreads(&set); err != nil {
		return nil, err
	}
	return func() { _ = moveThreads(&before) }, nil
}

// moveThreads moves all threads of this process. New threads inherit their cores
// from the thread that makes them, so a second look finds those that were made
// during the first.
func moveThreads(set *unix.CPUSet) error {
	for range 2 {
		entries, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return fmt.Errorf("list own threads: %w", err)
		}
		for _, entry := range entries {
			tid, err := strconv.Atoi(entry.Name())
			if err != nil {
				continue
			}
			if err := unix.SchedSetaffinity(tid, set); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("sched_setaffinity: %w", err)
			}
		}
	}
	return nil
}
