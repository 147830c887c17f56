package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// built builds the product as `make build` does and returns the binary's path.
func built(t *testing.T) string {
	t.Helper()
	if _, err := findNginx(""); err != nil {
		if os.Getenv("DRAWBRIDGE_CI") == "1" {
			t.Fatal(err)
		}
		t.Skipf("the peer is missing: %v", err)
	}
	binary := filepath.Join(t.TempDir(), "drawbridge")
	build := exec.Command("go", "build", "-o", binary, "./cmd/drawbridge")
	build.Dir = ".."
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build drawbridge: %v\n%s", err, out)
	}
	return binary
}

// TestSmoke is a whole run, too short for its figures to mean anything.
func TestSmoke(t *testing.T) {
	binary := built(t)
	t.Setenv("TMPDIR", t.TempDir())
	var out, progress bytes.Buffer
	if code := run([]string{"-drawbridge", binary, "-seconds", "0.2", "-repeats", "1", "-output", "json"}, &out, &progress); code != exitOK {
		t.Fatalf("exit code %d\n%s", code, progress.String())
	}
	var r report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v in %s", err, out.String())
	}
	if len(r.Rows) != len(rows) {
		t.Fatalf("%d rows, want %d", len(r.Rows), len(rows))
	}
	for _, row := range r.Rows {
		ours, nginx := row.Servers[0], row.Servers[1]
		if ours.Server != "drawbridge" || nginx.Server != "nginx" || ours.Fields != nginx.Fields {
			t.Errorf("%s: %s with %d fields against %s with %d", row.Row, ours.Server, ours.Fields, nginx.Server, nginx.Fields)
		}
		for _, s := range row.Servers {
			if len(s.Runs) != 1 || s.Runs[0].Requests < 100 || s.Rate.Median <= 0 {
				t.Errorf("%s: %s: %+v", row.Row, s.Server, s.Runs)
			}
		}
	}
	var table bytes.Buffer
	if err := writeTable(&table, &r); err != nil || strings.Count(table.String(), "drawbridge") < len(rows) {
		t.Errorf("table (%v):\n%s", err, table.String())
	}
	nothingLeft(t)
}

// TestInterruptLeavesNothing ends a run in the middle of a measurement.
func TestInterruptLeavesNothing(t *testing.T) {
	binary := built(t)
	t.Setenv("TMPDIR", t.TempDir())
	o, err := parseOptions([]string{"-drawbridge", binary, "-seconds", "0.2", "-repeats", "1000"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	measured := 0
	_, err = measureAll(ctx, o, func(format string, args ...any) {
		if strings.Contains(fmt.Sprintf(format, args...), "µs/request") {
			measured++
			cancel()
		}
	})
	if err == nil || measured != 1 {
		t.Errorf("error %v after %d measurements", err, measured)
	}
	nothingLeft(t)
}

func nothingLeft(t *testing.T) {
	t.Helper()
	files, err := os.ReadDir(os.Getenv("TMPDIR"))
	if err != nil || len(files) > 0 {
		t.Errorf("left behind: %v (%v)", files, err)
	}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		if strings.Contains(string(text), " "+strconv.Itoa(os.Getpid())+" ") {
			if s, err := parseStat(string(text)); err == nil && s.parent == os.Getpid() {
				t.Errorf("left running: %s", text)
			}
		}
	}
}

func TestParseOptions(t *testing.T) {
	for args, fail := range map[string]string{
		"":                        "",
		"-rows h2 --output json":  "",
		"-rows h2,h1 -seconds .5": "",
		"-rows h3":                "there is no row",
		"-rows=":                  "there is no row",
		"-output xml":             "choose table or json",
		"-repeats 0":              "choose 1",
		"-seconds NaN":            "choose 0.1",
		"-seconds -1":             "choose 0.1",
		"-nonsense":               "not defined",
		"h1":                      "unexpected",
	} {
		o, err := parseOptions(strings.Fields(args), io.Discard)
		if (err == nil) != (fail == "") || err != nil && !strings.Contains(err.Error(), fail) {
			t.Errorf("%q: error %v, want one with %q", args, err, fail)
		}
		if err == nil && len(o.rows) == 0 {
			t.Errorf("%q: no rows", args)
		}
	}
	if code := run([]string{"-h"}, io.Discard, io.Discard); code != exitOK {
		t.Errorf("-h: exit code %d", code)
	}
	if code := run([]string{"-rows", "x"}, io.Discard, io.Discard); code != exitUsage {
		t.Errorf("wrong usage: exit code %d", code)
	}
	if code := run([]string{"-drawbridge", "/does/not/exist"}, io.Discard, io.Discard); code != exitFailed {
		t.Errorf("no binary: exit code %d", code)
	}
}

func TestSpread(t *testing.T) {
	for _, row := range []struct {
		in   []float64
		want spread
	}{
		{[]float64{3}, spread{3, 3, 3}},
		{[]float64{3, 1, 2}, spread{2, 1, 3}},
		{[]float64{4, 1, 2, 3}, spread{2.5, 1, 4}},
	} {
		if got := spreadOf(row.in); got != row.want {
			t.Errorf("%v: %v, want %v", row.in, got, row.want)
		}
	}
}
