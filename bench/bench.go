package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"time"
)

const (
	objectSize = 1 << 10
	probeTime  = 100 * time.Millisecond
)

// measureAll sets everything up, measures all rows and leaves nothing behind.
func measureAll(ctx context.Context, o options, progress func(string, ...any)) (*report, error) {
	serverCore, ownCore, err := cores()
	if err != nil {
		return nil, err
	}
	result := &report{Machine: describeMachine(), Seconds: o.seconds, Repeats: o.repeats}
	restore, err := pinSelf(ownCore)
	if err != nil {
		return nil, err
	}
	defer restore()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))

	folder, err := os.MkdirTemp("", "drawbridge-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a temporary folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	origin, err := startOrigin(objectBody(objectSize))
	if err != nil {
		return nil, err
	}
	defer origin.close()

	progress("starting drawbridge and nginx on core %d, the generator is on core %d", serverCore, ownCore)
	s := stage{options: o, folder: folder, core: serverCore, origin: origin.addr, body: objectBody(objectSize), progress: progress}
	defer s.stop()
	if err := s.start(ctx); err != nil {
		return nil, err
	}
	for _, c := range s.running {
		result.Versions = append(result.Versions, version{c.name, c.version})
	}
	for _, r := range o.rows {
		found, err := s.measureRow(ctx, r)
		if err != nil {
			return nil, err
		}
		result.Rows = append(result.Rows, found)
	}
	return result, nil
}

// measure loads a server with fresh connections, lets it warm up and then takes
// its CPU time over the answers of d.
func measure(ctx context.Context, c *contender, r row, d time.Duration) (measurement, error) {
	var m measurement
	l, err := r.start(ctx, c.target(r.door), r)
	if err != nil {
		return m, err
	}
	defer l.close()
	if _, err := l.drive(ctx, max(d/4, 50*time.Millisecond)); err != nil {
		return m, err
	}
	cpu, begin := time.Duration(0), time.Now()
	if cpu, err = cpuTime(c.process.pid()); err != nil {
		return m, err
	}
	if m.Requests, err = l.drive(ctx, d); err != nil {
		return m, err
	}
	after, err := cpuTime(c.process.pid())
	if err != nil {
		return m, err
	}
	wall := time.Since(begin)
	if m.Requests == 0 {
		return m, fmt.Errorf("no answers in %s", wall)
	}
	m.Seconds = wall.Seconds()
	m.CPUMicros = float64((after - cpu).Microseconds()) / float64(m.Requests)
	m.Rate = float64(m.Requests) / m.Seconds
	m.Busy = (after - cpu).Seconds() / m.Seconds
	return m, nil
}
