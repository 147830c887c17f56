package cli

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"drawbridge/lock"
)

func TestDemo(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	var stdout, stderr bytes.Buffer
	if code := Main([]string{"demo"}, &stdout, &stderr); code != exitOK {
		t.Fatalf("exit %d\n%s\n%s", code, stdout.String(), stderr.String())
	}
	if stderr.Len() > 0 {
		t.Errorf("stderr: %s", stderr.String())
	}
	for _, want := range []string{
		"$ API=$(aws apigateway create-rest-api --name demo-api-key --query id --output text)\n",
		`-H "x-api-key: $KEY" https://$API.execute-api.us-east-1.amazonaws.com/prod` + "\n",
		"HTTP/2 200  content-type: application/json  content-length: 0\n",
		"HTTP/2 403  content-type: application/json  content-length: 23  x-amzn-errortype: ForbiddenException\n",
		"HTTP/2 403  content-type: application/json  content-length: 204  x-amzn-errortype: AccessDeniedException  x-cache: Error from cloudfront\n",
		"HTTP/2 200  content-type: application/json  content-length: 0  x-cache: Hit from cloudfront  age: 0\n",
		"(InvalidArgument) when calling the UpdateDistribution operation: The parameter Header Name with value Referer is not allowed as both an origin custom header and a forward header.\n",
		"\nAll 22 doors are as they should be",
	} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("the story lacks %q", want)
		}
	}
	if strings.ContainsRune(stdout.String(), '\x1b') {
		t.Error("escape sequences where there is no terminal")
	}
	if t.Failed() {
		t.Log(stdout.String())
	}
}

func TestDemoJSON(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := Main([]string{"demo", "--output", "json"}, &stdout, &stderr); code != exitOK {
		t.Fatalf("exit %d\n%s\n%s", code, stdout.String(), stderr.String())
	}
	var doors []map[string]any
	if err := json.Unmarshal(stdout.Bytes(), &doors); err != nil {
		t.Fatalf("stdout is not one JSON value: %v\n%s", err, stdout.String())
	}
	methods := map[any]int{}
	for _, door := range doors {
		if len(door) != 5 || door["ok"] != true || door["got"] != door["expected"] || door["door"] == "" {
			t.Errorf("door %v", door)
		}
		methods[door["method"]]++
	}
	if len(methods) != 2 || methods["api-key"] != 13 || methods["referer"] != 9 {
		t.Errorf("doors by method: %v", methods)
	}
}

func TestDemoUsage(t *testing.T) {
	for _, args := range [][]string{{"demo", "now"}, {"demo", "--output", "xml"}, {"demo", "--no-such-flag"}} {
		var stdout, stderr bytes.Buffer
		if code := Main(args, &stdout, &stderr); code != exitUsage || strings.Count(stderr.String(), "\n") != 1 {
			t.Errorf("%v: exit %d, %q", args, code, stderr.String())
		}
	}
}

// newRun is a demo that a test can spoil.
func newRun() (*demoRun, *bytes.Buffer) {
	var out bytes.Buffer
	return &demoRun{json: true, timeout: demoTimeout, stdout: &out, stderr: &out}, &out
}

// Doors that let everybody in must not pass.
func TestDemoFindsOpenDoors(t *testing.T) {
	run, out := newRun()
	run.doors, run.doorsCA = openDoors(t)
	if err := run.run(t.Context()); !errors.Is(err, errFailed) {
		t.Fatalf("got %v\n%s", err, out)
	}
	var doors []lock.Door
	if err := json.Unmarshal(out.Bytes(), &doors); err != nil {
		t.Fatal(err)
	}
	wrong := 0
	for _, door := range doors {
		if strings.HasPrefix(door.Expected, "403") {
			wrong++
			if door.OK || door.Got != "200" {
				t.Errorf("an open door passes: %+v", door)
			}
		}
	}
	if wrong != 8 || len(doors) != 22 {
		t.Errorf("%d of %d doors must be shut", wrong, len(doors))
	}
}

// The table says which doors are wrong.
func TestDemoTableNamesWrongDoors(t *testing.T) {
	run, out := newRun()
	run.json = false
	err := run.report([]lock.Door{
		{Door: "direct, no key", Method: "api-key", Expected: "403 ForbiddenException", Got: "200"},
		{Door: "edge, sends the key", Method: "api-key", Expected: "200 Miss", Got: "200 Miss", OK: true},
		{Door: "direct, /reports", Method: "api-key", Expected: "200", Got: "200", OK: true, Note: "a side door"},
	})
	want := `
== Who came in by which door
method   door                 expected                seen      ok
`
	table := out.String()
	if !errors.Is(err, errFailed) || !strings.HasPrefix(table, want) {
		t.Errorf("got %v and\n%s", err, table)
	}
	for _, want := range []string{
		"\napi-key  direct, no key       403 ForbiddenException  200       WRONG\n",
		"\napi-key  edge, sends the key  200 Miss                200 Miss  ok\n",
		"\napi-key  direct, /reports     200                     200       ok: a side door\n",
		"\n1 of 3 doors are not as they should be.\n",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("the table lacks %q:\n%s", want, table)
		}
	}
	if err := run.report(nil); !errors.Is(err, errFailed) {
		t.Error("a demo that tried no door passes")
	}
}

func TestDemoGivesUp(t *testing.T) {
	run, _ := newRun()
	run.timeout = time.Nanosecond
	err := run.run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "not done after 1ns") {
		t.Errorf("got %v", err)
	}
}

// keptOut is a demo's stdout that ends the demo once the server is to stay.
type keptOut struct {
	bytes.Buffer
	stay func()
}

func (k *keptOut) Write(p []byte) (int, error) {
	if strings.Contains(string(p), "The server stays") {
		k.stay()
	}
	return k.Buffer.Write(p)
}

func TestDemoKeep(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	run, _ := newRun()
	stays := 0
	run.keep, run.json = true, false
	run.stdout = &keptOut{stay: func() { stays++; cancel() }}
	if err := run.run(ctx); err != nil || stays != 1 {
		t.Errorf("got %v, stayed %d times", err, stays)
	}
}

// openDoors serves 200 to everybody under every name of AWS that the demo uses.
func openDoors(t *testing.T) (address string, ca []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"*.execute-api.us-east-1.amazonaws.com", "*.cloudfront.net"},
		IsCA:     true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.EnableHTTP2 = true
	server.TLS = &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String(), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// TestRealCLIDemo types the demo's lines: the AWS CLI, curl and jq against a
// fresh server must see what the demo saw. It takes a minute, so bash only
// reads the lines unless DRAWBRIDGE_LONG=1.
func TestRealCLIDemo(t *testing.T) {
	long := os.Getenv("DRAWBRIDGE_LONG") == "1"
	needTools(t, long)
	told, got := tellDemo(t)
	run, _ := newRun()
	server, err := run.start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.stop(); err != nil {
			t.Error(err)
		}
	}()
	folder := t.TempDir()
	script := filepath.Join(folder, "demo.sh")
	if err := os.WriteFile(script, []byte(typed(told, server)), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "bash", "-n", script)
	if long {
		command = exec.CommandContext(t.Context(), "bash", script)
	}
	command.Dir = folder
	command.Env = append(os.Environ(), "PATH=/usr/bin:"+os.Getenv("PATH"), "HOME="+folder) // Debian's AWS CLI first
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, typed(told, server))
	}
	if !long {
		return
	}
	seen, err := os.ReadFile(filepath.Join(folder, "seen"))
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Join(got, "\n") + "\n"; string(seen) != want {
		t.Errorf("the typed lines saw\n%swant\n%s", seen, want)
	}
}

// needTools skips a test without the programs the demo's lines name.
func needTools(t *testing.T, long bool) {
	t.Helper()
	tools := []string{"bash"}
	if long {
		tools = append(tools, "aws", "curl", "jq", "openssl")
	}
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("DRAWBRIDGE_CI") == "1" {
				t.Fatalf("no %s here, and CI skips nothing", tool)
			}
			t.Skipf("no %s here", tool)
		}
	}
}

// tellDemo runs the demo and returns its lines and, for each door, the word by
// which a typed line tells what it saw: the status or the error code.
func tellDemo(t *testing.T) ([]lock.Line, []string) {
	t.Helper()
	run, _ := newRun()
	server, err := run.start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.stop() }()
	var told []lock.Line
	run.listen = func(line lock.Line) {
		line.Text = strings.ReplaceAll(line.Text, server.address, "ADDRESS")
		told = append(told, line)
	}
	doors, err := run.play(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, door := range doors {
		word, _, _ := strings.Cut(door.Got, " ")
		got = append(got, word)
	}
	return told, got
}

// typed is a script that types the lines and writes what it saw of each door to
// the file seen.
func typed(told []lock.Line, server *demoServer) string {
	var script strings.Builder
	script.WriteString("set -euo pipefail\n")
	for _, line := range preambleLines(server.endpoint, server.region) {
		fmt.Fprintln(&script, line)
	}
	for i, line := range told {
		text := strings.ReplaceAll(line.Text, "ADDRESS", server.address)
		switch {
		case line.Kind != lock.LineCommand:
		case strings.HasPrefix(text, "curl -si "):
			fmt.Fprintf(&script, "%s | head -n 1 | cut -d ' ' -f 2 >> seen\n", text)
		case i+1 < len(told) && strings.HasPrefix(told[i+1].Text, "An error occurred"):
			fmt.Fprintf(&script, "if %s 2> error; then exit 1; fi\n", text)
			// The CLI's own words, and the same as the demo's.
			fmt.Fprintf(&script, "grep -qF '%s' error\ngrep -oE 'InvalidArgument' error | head -n 1 >> seen\n", told[i+1].Text)
		default:
			fmt.Fprintln(&script, text)
		}
	}
	return script.String()
}
