package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"
)

const (
	objectSize = 1 << 10
	probeTime  = 100 * time.Millisecond
)

// report is what a run has found; it is the JSON output.
type report struct {
	Machine  machine     `json:"machine"`
	Seconds  float64     `json:"seconds"`
	Repeats  int         `json:"repeats"`
	Versions []version   `json:"versions"`
	Rows     []rowReport `json:"rows"`
}

// version names a server and its version.
type version struct {
	Server  string `json:"server"`
	Version string `json:"version"`
}

// rowReport is a row's measurements.
type rowReport struct {
	Row     string         `json:"row"`
	Title   string         `json:"title"`
	Servers []serverReport `json:"servers"`
	// Ratio is Drawbridge's median CPU time by nginx's.
	Ratio float64 `json:"ratio"`
}

// serverReport is a server's measurements in a row, in the order they were made.
type serverReport struct {
	Server      string        `json:"server"`
	CPUMicros   spread        `json:"cpu_us_per_request"`
	Rate        spread        `json:"requests_per_second"`
	Fields      int           `json:"header_fields"`
	FieldsBytes int           `json:"header_bytes"`
	Runs        []measurement `json:"runs"`
}

// measurement is one run of one server.
type measurement struct {
	Requests  uint64  `json:"requests"`
	Seconds   float64 `json:"seconds"`
	CPUMicros float64 `json:"cpu_us_per_request"`
	Rate      float64 `json:"requests_per_second"`
	// Busy is the server's share of its core, 1 when it is saturated.
	Busy float64 `json:"busy"`
}

// spread is the median of some figures with the extremes.
type spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

func spreadOf(figures []float64) spread {
	sorted := slices.Sorted(slices.Values(figures))
	n := len(sorted)
	return spread{(sorted[(n-1)/2] + sorted[n/2]) / 2, sorted[0], sorted[n-1]}
}

// measureAll sets everything up, measures all rows and leaves nothing behind.
func measureAll(ctx context.Context, o options, progress func(string, ...any)) (_ *report, err error) {
	serverCore, ownCore, err := cores()
	if err != nil {
		return nil, err
	}
	result := &report{Machine: describeMachine(), Seconds: o.seconds, Repeats: o.repeats}
	if err := pinSelf(ownCore); err != nil {
		return nil, err
	}
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
	stage := stage{options: o, folder: folder, core: serverCore, origin: origin.addr, body: objectBody(objectSize)}
	contenders, err := stage.start(ctx)
	defer stage.stop()
	if err != nil {
		return nil, err
	}
	for _, c := range contenders {
		result.Versions = append(result.Versions, version{c.name, c.version})
	}
	for _, r := range o.rows {
		found, err := measureRow(ctx, contenders, r, o, progress)
		if err != nil {
			return nil, err
		}
		result.Rows = append(result.Rows, found)
	}
	return result, nil
}

// stage is where the contenders run.
type stage struct {
	options options
	folder  string
	core    int
	origin  string
	body    []byte
	running []*contender
}

// start starts Drawbridge, looks at its answers and starts nginx to match.
func (s *stage) start(ctx context.Context) ([]*contender, error) {
	folders := make(map[string]string)
	for _, name := range []string{"drawbridge", "nginx"} {
		folders[name] = filepath.Join(s.folder, name)
		if err := os.Mkdir(folders[name], 0o700); err != nil {
			return nil, fmt.Errorf("make a temporary folder: %w", err)
		}
	}
	drawbridge, err := startDrawbridge(ctx, drawbridgeOptions{
		binary: s.options.drawbridge, folder: folders["drawbridge"], core: s.core, origin: s.origin, body: s.body,
	})
	if err != nil {
		return nil, err
	}
	s.running = append(s.running, drawbridge)
	like := make(map[string]answer)
	for _, r := range s.options.rows {
		before, after, err := drawbridge.probe(ctx, r)
		if err != nil {
			return nil, err
		}
		if len(freshIDs(before, after)) == 0 {
			return nil, fmt.Errorf("drawbridge: row %s: its answers have no fresh id", r.name)
		}
		like[r.name] = after
	}
	nginx, err := startNginx(ctx, nginxOptions{
		binary: s.options.nginx, folder: folders["nginx"], core: s.core, origin: s.origin, body: s.body,
		host: drawbridge.host, like: like, rows: s.options.rows,
	})
	if err != nil {
		return nil, err
	}
	s.running = append(s.running, nginx)
	return s.running, nil
}

func (s *stage) stop() {
	for _, c := range s.running {
		c.process.stop()
	}
}

// measureRow measures the contenders in turn, as often as asked for.
func measureRow(ctx context.Context, contenders []*contender, r row, o options, progress func(string, ...any)) (rowReport, error) {
	found := rowReport{Row: r.name, Title: r.title, Servers: make([]serverReport, len(contenders))}
	for i, c := range contenders {
		_, seen, err := c.probe(ctx, r)
		if err != nil {
			return found, err
		}
		found.Servers[i] = serverReport{Server: c.name, Fields: len(seen.fields), FieldsBytes: seen.size()}
	}
	for repeat := range o.repeats {
		for i, c := range contenders {
			m, err := measure(ctx, c, r, o.duration())
			if err != nil {
				return found, fmt.Errorf("row %s is void: %s: %w", r.name, c.name, err)
			}
			progress("%s %d/%d %-10s %6.2f µs/request %8.0f requests/s, core %3.0f %% busy",
				r.name, repeat+1, o.repeats, c.name, m.CPUMicros, m.Rate, 100*m.Busy)
			found.Servers[i].Runs = append(found.Servers[i].Runs, m)
		}
	}
	for i := range found.Servers {
		s := &found.Servers[i]
		s.CPUMicros = spreadOf(figures(s.Runs, func(m measurement) float64 { return m.CPUMicros }))
		s.Rate = spreadOf(figures(s.Runs, func(m measurement) float64 { return m.Rate }))
	}
	found.Ratio = found.Servers[0].CPUMicros.Median / found.Servers[1].CPUMicros.Median
	return found, nil
}

func figures(runs []measurement, of func(measurement) float64) []float64 {
	var list []float64
	for _, m := range runs {
		list = append(list, of(m))
	}
	return list
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
