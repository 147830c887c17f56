package scenario

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"drawbridge/cli"
)

// TestMain lets stories run the program itself.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"drawbridge-program": func() { os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr)) },
	})
}

// TestScenarios runs every story by the built-in client; with
// DRAWBRIDGE_SCENARIO_CLI=/usr/bin/aws by that AWS CLI.
func TestScenarios(t *testing.T) {
	testscript.Run(t, params(stories(t, ""), os.Getenv("DRAWBRIDGE_SCENARIO_CLI")))
}

// TestRealCLI runs the stories that say "# real-cli" by the AWS CLI: the one
// that says "# real-cli first" always, the others with DRAWBRIDGE_LONG=1.
func TestRealCLI(t *testing.T) {
	cli := realCLI(t)
	mark := "# real-cli first"
	if os.Getenv("DRAWBRIDGE_LONG") == "1" {
		mark = "# real-cli"
	}
	testscript.Run(t, params(stories(t, mark), cli))
}

// TestRealSDK runs the stories that say "# real-sdk" by aws-sdk-go-v2: those of
// operations that Debian's AWS CLI is too old for.
func TestRealSDK(t *testing.T) {
	testscript.Run(t, params(stories(t, "# real-sdk"), bySDK))
}

// TestPendingStories lists what is promised and not there yet, each with its
// reason: such a story tells what is true today and fails when that changes.
func TestPendingStories(t *testing.T) {
	for _, file := range stories(t, "") {
		reason := lineWith(t, file, "# pending: ")
		if named := strings.HasSuffix(file, "-pending.txtar"); named != (reason != "") {
			t.Errorf("%s: a pending story is named *-pending.txtar and says \"# pending: REASON\"", file)
		}
		if reason != "" {
			t.Logf("pending: %s: %s", filepath.Base(file), reason)
		}
	}
}

func params(files []string, cli string) testscript.Params {
	return testscript.Params{
		Files: files, Cmds: commands(), Setup: setup(cli), RequireUniqueNames: true,
		UpdateScripts: os.Getenv("DRAWBRIDGE_UPDATE") != "", // writes golden files anew
		Condition: func(name string) (bool, error) {
			if name != "real-cli" {
				return false, fmt.Errorf("unknown condition %q", name)
			}
			return cli != "" && cli != bySDK, nil
		},
	}
}

// stories lists the files that hold a line with that mark.
func stories(t *testing.T, mark string) []string {
	t.Helper()
	all, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(all) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	if mark == "" {
		return all
	}
	var marked []string
	for _, file := range all {
		if strings.Contains(read(t, file), "\n"+mark) {
			marked = append(marked, file)
		}
	}
	if len(marked) == 0 {
		t.Fatalf("no story is marked %q", mark)
	}
	return marked
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return "\n" + string(text)
}

// lineWith gives the rest of the line that begins with a mark.
func lineWith(t *testing.T, file, mark string) string {
	_, rest, _ := strings.Cut(read(t, file), "\n"+mark)
	line, _, _ := strings.Cut(rest, "\n")
	return line
}

// realCLI finds AWS CLI version 2 where Debian's package puts it: an `aws`
// earlier in PATH may be something else.
func realCLI(t *testing.T) string {
	t.Helper()
	path := os.Getenv("DRAWBRIDGE_SCENARIO_CLI")
	if path == "" {
		path = "/usr/bin/aws"
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err == nil && strings.HasPrefix(string(out), "aws-cli/2") {
		return path
	}
	text := "no AWS CLI 2 at " + path + "; install Debian's package awscli"
	if os.Getenv("DRAWBRIDGE_CI") == "1" {
		t.Fatal(text)
	}
	t.Skip(text)
	return ""
}
