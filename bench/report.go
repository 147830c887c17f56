package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
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

func figures(runs []measurement, of func(measurement) float64) []float64 {
	var list []float64
	for _, m := range runs {
		list = append(list, of(m))
	}
	return list
}

// machine describes where the figures come from.
type machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Kernel string `json:"kernel"`
	Go     string `json:"go"` // that the generator was built with
	// LoadAverage is what the machine had to do before the run; a quiet one
	// says less than 0.2.
	LoadAverage string `json:"load_average"`
}

func describeMachine() machine {
	m := machine{CPU: "unknown", Cores: runtime.NumCPU(), Go: runtime.Version()}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				m.CPU = strings.TrimSpace(value)
				break
			}
		}
	}
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = strings.TrimSpace(string(text))
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.LoadAverage, _, _ = strings.Cut(string(text), " ")
	}
	return m
}

func writeJSON(w io.Writer, r *report) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(r); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

func writeTable(w io.Writer, r *report) error {
	fmt.Fprintf(w, "%s, %d cores, Linux %s, load average %s before\n", r.Machine.CPU, r.Machine.Cores, r.Machine.Kernel, r.Machine.LoadAverage)
	for _, v := range r.Versions {
		fmt.Fprintf(w, "%s: %s\n", v.Server, v.Version)
	}
	fmt.Fprintf(w, "CPU time of the server per request, median (min–max) of %d runs of %g s\n\n", r.Repeats, r.Seconds)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "row\tserver\tCPU µs/request\trequests/s\tcore busy\tratio")
	for _, row := range r.Rows {
		for i, s := range row.Servers {
			title, ratio := "", ""
			if i == 0 {
				title, ratio = row.Title, fmt.Sprintf("%.2f", row.Ratio)
			}
			fmt.Fprintf(table, "%s\t%s\t%.2f (%.2f–%.2f)\t%.0f\t%.0f %%\t%s\n", title, s.Server,
				s.CPUMicros.Median, s.CPUMicros.Min, s.CPUMicros.Max, s.Rate.Median,
				100*spreadOf(figures(s.Runs, func(m measurement) float64 { return m.Busy })).Median, ratio)
		}
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}
