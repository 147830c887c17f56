package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestLockUsage(t *testing.T) {
	for _, test := range []struct {
		args string
		says string
	}{
		{"lock nosuch", "unknown command"},
		{"lock apply", "--distribution ID is required"},
		{"lock apply --distribution E1 --api prod", "write API/STAGE"},
		{"lock apply --distribution E1 --api a/b/c", "write API/STAGE"},
		{"lock apply --distribution E1 --method both", "choose api-key or referer"},
		{"lock apply --distribution E1 --exclude /health", "is no method"},
		{"lock apply --distribution E1 here", "takes no argument"},
		{"lock rotate --distribution E1 --secret-from mysecret", "choose generate, env:NAME"},
		{"lock rotate --distribution E1 --while-loading 50", "write N/s"},
		{"lock rotate --distribution E1 --while-loading 0/s", "write N/s"},
		{"lock rotate --distribution E1 --grace soon", "no duration"},
		{"lock rotate --distribution E1 --every 30d", "give --yes"},
		{"lock remove", "--distribution ID is required"},
		{"lock audit --output xml", "choose one of table, json, sarif, junit"},
		{"lock audit --fail-on never", "choose info, low, medium or high"},
		{"lock audit --unsafe", "give both"},
		{"lock audit --exclude x", "is no method"},
		{"lock audit --openapi a --cloudformation b", "exclude one another"},
		{"lock audit --openapi a --probe", "leave out --probe"},
	} {
		var stdout, stderr bytes.Buffer
		code := Main(strings.Fields(test.args), &stdout, &stderr)
		if code != exitUsage || !strings.Contains(stderr.String(), test.says) || strings.Count(stderr.String(), "\n") != 1 {
			t.Errorf("drawbridge %s: exit %d, %q", test.args, code, stderr.String())
		}
	}
}

func TestLockHelp(t *testing.T) {
	for args, wants := range map[string][]string{
		"lock":        {"audit", "apply", "rotate", "remove", "Exit codes"},
		"lock audit":  {"--probe", "--unsafe", "--terraform-plan", "--cloudformation", "--openapi", "--fail-on", "--endpoint-url", "--ca"},
		"lock apply":  {"--method", "--exclude", "--deploy-pending", "--dry-run", "--yes", "--expect-account", "--profile"},
		"lock rotate": {"--secret-from", "--grace", "--while-loading", "--every", "--take-over"},
		"lock remove": {"--api", "--yes"},
	} {
		var stdout, stderr bytes.Buffer
		code := Main(append(strings.Fields(args), "--help"), &stdout, &stderr)
		for _, want := range wants {
			if code != exitOK || !strings.Contains(stdout.String(), want) {
				t.Errorf("%s --help: exit %d, lacks %q", args, code, want)
			}
		}
	}
}

// A document that cannot be read, and an endpoint that does not answer, are
// neither open nor locked: exit 3.
func TestLockAuditNotReadable(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	for _, args := range []string{
		"lock audit --openapi testdata/nosuch.yaml",
		"lock audit --cloudformation lock_test.go",
		"lock audit --terraform-plan lock_test.go",
		"lock audit --endpoint-url nonsense --region us-east-1",
	} {
		var stdout, stderr bytes.Buffer
		if code := Main(strings.Fields(args), &stdout, &stderr); code != exitUnknown || stderr.Len() == 0 {
			t.Errorf("drawbridge %s: exit %d, %q", args, code, stderr.String())
		}
	}
}

func TestDays(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"30d": 720 * time.Hour, "1d12h": 36 * time.Hour, "90s": 90 * time.Second, "0s": 0, "0": 0, "0d": 0, "2d1s": 48*time.Hour + time.Second,
	} {
		var d days
		if err := d.Set(text); err != nil || time.Duration(d) != want {
			t.Errorf("%s: %v, %v", text, time.Duration(d), err)
		}
	}
	for _, text := range []string{"", "d", "x", "-1s", "-1d", "1dd", "36501d", "1.5d", "5"} {
		var d days
		if err := d.Set(text); err == nil {
			t.Errorf("%q is %v", text, time.Duration(d))
		}
	}
}
