package cli

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"drawbridge/app"
)

// settings parses a command line with an environment and a file as serve does.
func settings(t *testing.T, args, environ []string, file string) (app.Config, error) {
	t.Helper()
	config := app.Config{}
	cmd := &cobra.Command{Use: "serve"}
	cmd.Flags().String("config", "", "")
	serverFlags(cmd.Flags(), &config)
	if file != "" {
		path := filepath.Join(t.TempDir(), "drawbridge.yaml")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--config", path)
	}
	if err := cmd.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	err := fillSettings(cmd, environ, &config)
	return config, err
}

func TestFlagsEnvironmentAndFileSayTheSame(t *testing.T) {
	want := []string{"edge=127.0.0.1:1", "127.0.0.1:2"}
	for name, get := range map[string]func() (app.Config, error){
		"flags": func() (app.Config, error) {
			return settings(t, []string{"--region", "eu-west-1", "--propagation", "5s", "--listen", want[0], "--listen", want[1]}, nil, "")
		},
		"environment": func() (app.Config, error) {
			return settings(t, nil, []string{"DRAWBRIDGE_REGION=eu-west-1", "DRAWBRIDGE_PROPAGATION=5s", "DRAWBRIDGE_LISTEN=edge=127.0.0.1:1 127.0.0.1:2", "REGION=no"}, "")
		},
		"file": func() (app.Config, error) {
			return settings(t, nil, nil, "region: eu-west-1\npropagation: 5s\nlisten: ['edge=127.0.0.1:1', '127.0.0.1:2']\n")
		},
	} {
		config, err := get()
		if err != nil || config.Region != "eu-west-1" || config.Propagation != 5*time.Second || !slices.Equal(config.Listen, want) {
			t.Errorf("%s: %+v, %v", name, config, err)
		}
	}
}

func TestFlagBeatsEnvironmentBeatsFile(t *testing.T) {
	config, err := settings(t, []string{"--region", "eu-west-1"},
		[]string{"DRAWBRIDGE_REGION=eu-west-2", "DRAWBRIDGE_ACCOUNT=111111111111"},
		"region: eu-west-3\naccount: '222222222222'\nedge-address: 192.0.2.9\nlimits: {distributions: 3}\n")
	if err != nil || config.Region != "eu-west-1" || config.Account != "111111111111" || config.EdgeAddress != "192.0.2.9" || config.Limits["distributions"] != 3 {
		t.Errorf("%+v, %v", config, err)
	}
}

func TestUnknownSettingsAreNamed(t *testing.T) {
	for _, file := range []string{"nosuch: 1", "help: true", "config: x", "limits: nonsense", "- a", "propagation: soon"} {
		_, err := settings(t, nil, nil, file)
		if err == nil {
			t.Errorf("%q was accepted", file)
		}
	}
	if _, err := settings(t, nil, []string{"DRAWBRIDGE_PROPAGATION=soon"}, ""); err == nil || !strings.Contains(err.Error(), "DRAWBRIDGE_PROPAGATION") {
		t.Errorf("the error does not name the variable: %v", err)
	}
}

func TestExitCodes(t *testing.T) {
	for _, test := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"version"}, 0, "drawbridge"},
		{[]string{"--help"}, 0, "not affiliated"},
		{[]string{"serve", "--help"}, 0, "DRAWBRIDGE_DATA"},
		{[]string{"nosuch"}, 2, "unknown command"},
		{[]string{"serve", "--nosuch"}, 2, "unknown flag"},
		{[]string{"serve", "here"}, 2, "takes no argument"},
		{[]string{"run"}, 2, "not built yet"},
		{[]string{"env", "--x"}, 2, "not built yet"},
		{[]string{"validate", "file"}, 2, "not built yet"},
		{[]string{"serve", "--data", "memory", "--region", "moon"}, 2, "--region"},
		{[]string{"serve", "--data", "memory", "--listen", "control=0.0.0.0:0"}, 2, "--credentials"},
	} {
		var stdout, stderr bytes.Buffer
		code := Main(test.args, &stdout, &stderr)
		if code != test.code || !strings.Contains(stdout.String()+stderr.String(), test.says) {
			t.Errorf("drawbridge %s: exit %d\n%s%s", strings.Join(test.args, " "), code, stdout.String(), stderr.String())
		}
		if code != 0 && strings.Count(stderr.String(), "\n") != 1 {
			t.Errorf("drawbridge %s: the error is not one line:\n%s", strings.Join(test.args, " "), stderr.String())
		}
	}
}

func TestFunctionsOfTheFile(t *testing.T) {
	config, err := settings(t, nil, nil, "functions:\n  f: {runtime: nodejs, code: src, handler: index.handler, timeout: 5s, environment: {A: b}}\n  'g:live': {runtime: provided, code: /opt/g}\n")
	f := config.Functions["f"]
	if err != nil || !filepath.IsAbs(f.Code) || filepath.Base(f.Code) != "src" || f.Timeout != 5*time.Second || f.Environment["A"] != "b" || config.Functions["g:live"].Code != "/opt/g" {
		t.Errorf("%+v, %v", config.Functions, err)
	}
	for _, text := range []string{"functions: 1\n", "functions: {f: {code: x, typo: y}}\n", "functions: {f: {runtime: nodejs}}\n", "functions: {f: {code: x, timeout: soon}}\n"} {
		if _, err := settings(t, nil, nil, text); !errors.As(err, new(usageError)) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
