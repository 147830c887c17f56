package main

import (
	"bytes"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
)

func main() {
	if err := run(filepath.Join("controlplane", "api"), os.WriteFile); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// writeFile is os.WriteFile, or a test's comparison with what is committed.
type writeFile func(path string, data []byte, perm os.FileMode) error

// run generates all packages below dir (the folder controlplane/api).
func run(dir string, write writeFile) error {
	for _, c := range configs() {
		m, err := readModel(filepath.Join(dir, "models", c.model+".json"))
		if err != nil {
			return err
		}
		g, err := newGenerator(c, m)
		if err != nil {
			return fmt.Errorf("%s: %w", c.model, err)
		}
		files, err := g.files()
		if err != nil {
			return fmt.Errorf("%s: %w", c.model, err)
		}
		for _, name := range sortedKeys(files) {
			source, err := format.Source(files[name])
			if err != nil {
				return fmt.Errorf("%s/%s: %w\n%s", c.pkg, name, err, firstLines(files[name]))
			}
			if err := os.MkdirAll(filepath.Join(dir, c.pkg), 0o755); err != nil {
				return fmt.Errorf("make package folder: %w", err)
			}
			if err := write(filepath.Join(dir, c.pkg, name), source, 0o644); err != nil {
				return fmt.Errorf("write %s/%s: %w", c.pkg, name, err)
			}
		}
	}
	return nil
}

func firstLines(source []byte) []byte {
	lines := bytes.SplitAfterN(source, []byte("\n"), 60)
	return bytes.Join(lines[:min(len(lines), 59)], nil)
}
