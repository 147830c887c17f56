package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// stage is where the contenders run.
type stage struct {
	options  options
	folder   string
	core     int
	origin   string
	body     []byte
	running  []*contender // Drawbridge first
	progress func(format string, args ...any)
}

// start starts Drawbridge, looks at its answers and starts nginx to match.
func (s *stage) start(ctx context.Context) error {
	folders := make(map[string]string)
	for _, name := range []string{"drawbridge", "nginx"} {
		folders[name] = filepath.Join(s.folder, name)
		if err := os.Mkdir(folders[name], 0o700); err != nil {
			return fmt.Errorf("make a temporary folder: %w", err)
		}
	}
	drawbridge, err := startDrawbridge(ctx, drawbridgeOptions{
		binary: s.options.drawbridge, folder: folders["drawbridge"], core: s.core, origin: s.origin, body: s.body,
	})
	if err != nil {
		return err
	}
	s.running = append(s.running, drawbridge)
	like := make(map[string]answer)
	for _, r := range s.options.rows {
		before, after, err := drawbridge.probe(ctx, r)
		if err != nil {
			return err
		}
		if len(freshIDs(before, after)) == 0 {
			return fmt.Errorf("drawbridge: row %s: its answers have no fresh id", r.name)
		}
		like[r.name] = after
	}
	nginx, err := startNginx(ctx, nginxOptions{
		binary: s.options.nginx, folder: folders["nginx"], core: s.core, origin: s.origin, body: s.body,
		host: drawbridge.host, apis: drawbridge.apis, like: like, rows: s.options.rows,
	})
	if err != nil {
		return err
	}
	s.running = append(s.running, nginx)
	return nil
}

func (s *stage) stop() {
	for _, c := range s.running {
		c.process.stop()
	}
}

// measureRow measures the contenders in turn, as often as asked for.
func (s *stage) measureRow(ctx context.Context, r row) (rowReport, error) {
	found := rowReport{Row: r.name, Title: r.title, Servers: make([]serverReport, len(s.running))}
	for i, c := range s.running {
		_, seen, err := c.probe(ctx, r)
		if err != nil {
			return found, err
		}
		found.Servers[i] = serverReport{Server: c.name, Fields: len(seen.fields), FieldsBytes: seen.size()}
	}
	for repeat := range s.options.repeats {
		for i, c := range s.running {
			m, err := measure(ctx, c, r, s.options.duration())
			if err != nil {
				return found, fmt.Errorf("row %s is void: %s: %w", r.name, c.name, err)
			}
			s.progress("%s %d/%d %-10s %6.2f µs/request %8.0f requests/s, core %3.0f %% busy",
				r.name, repeat+1, s.options.repeats, c.name, m.CPUMicros, m.Rate, 100*m.Busy)
			found.Servers[i].Runs = append(found.Servers[i].Runs, m)
		}
	}
	for i := range found.Servers {
		server := &found.Servers[i]
		server.CPUMicros = spreadOf(figures(server.Runs, func(m measurement) float64 { return m.CPUMicros }))
		server.Rate = spreadOf(figures(server.Runs, func(m measurement) float64 { return m.Rate }))
	}
	found.Ratio = found.Servers[0].CPUMicros.Median / found.Servers[1].CPUMicros.Median
	return found, nil
}
