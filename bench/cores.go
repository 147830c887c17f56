package main

import (
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

// pinSelf moves all threads of this process to a core. New threads inherit it
// from the thread that makes them, so a second look finds those that were made
// during the first.
func pinSelf(core int) error {
	var set unix.CPUSet
	set.Set(core)
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
			if err := unix.SchedSetaffinity(tid, &set); err != nil && err != unix.ESRCH {
				return fmt.Errorf("sched_setaffinity: %w", err)
			}
		}
	}
	return nil
}
