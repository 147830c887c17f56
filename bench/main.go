package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Exit codes, the same as the product's (design.md section 2).
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// options are what the command line says.
type options struct {
	rows       []row
	seconds    float64 // length of one measurement
	repeats    int     // measurements of each server in each row
	output     string  // "table" or "json"
	drawbridge string  // path of the binary
	nginx      string  // path of the binary
}

func main() {
	// The children ask the kernel to be signalled when the thread that started
	// them dies; the main thread lives as long as the process.
	runtime.LockOSThread()
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is main with its world handed in; it returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	o, err := parseOptions(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	progress := func(format string, args ...any) { fmt.Fprintf(stderr, format+"\n", args...) }
	result, err := measureAll(ctx, o, progress)
	if err == nil && o.output == "json" {
		err = writeJSON(stdout, result)
	} else if err == nil {
		err = writeTable(stdout, result)
	}
	if ctx.Err() != nil {
		err = errors.New("interrupted; nothing is left running")
	}
	if err != nil {
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return exitFailed
	}
	return exitOK
}

func parseOptions(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	names := flags.String("rows", strings.Join(rowNames(), ","), "comma-separated `rows` to measure")
	flags.Float64Var(&o.seconds, "seconds", 3, "`length` of one measurement")
	flags.IntVar(&o.repeats, "repeats", 3, "`measurements` of each server in each row, interleaved")
	flags.StringVar(&o.output, "output", "table", "`form` of the result: table or json")
	flags.StringVar(&o.drawbridge, "drawbridge", "../bin/drawbridge", "`path` of the drawbridge binary")
	flags.StringVar(&o.nginx, "nginx", "", "`path` of the nginx binary (default: searched)")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if o.output != "table" && o.output != "json" {
		return o, fmt.Errorf("-output %q: choose table or json", o.output)
	}
	if o.repeats < 1 || o.repeats > 1000 {
		return o, fmt.Errorf("-repeats %d: choose 1 to 1000", o.repeats)
	}
	if !(o.seconds >= 0.1 && o.seconds <= 600) {
		return o, fmt.Errorf("-seconds %g: choose 0.1 to 600", o.seconds)
	}
	return o, o.chooseRows(*names)
}

// chooseRows sets the rows that are named, in the order of the table.
func (o *options) chooseRows(names string) error {
	wanted := strings.Split(names, ",")
	for _, name := range wanted {
		if !slices.Contains(rowNames(), name) {
			return fmt.Errorf("-rows: there is no row %q; the rows are %s", name, strings.Join(rowNames(), ", "))
		}
	}
	for _, r := range rows {
		if slices.Contains(wanted, r.name) {
			o.rows = append(o.rows, r)
		}
	}
	return nil
}

// duration is the length of one measurement.
func (o *options) duration() time.Duration {
	return time.Duration(o.seconds * float64(time.Second))
}
