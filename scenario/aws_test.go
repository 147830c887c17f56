package scenario

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"drawbridge/controlplane/api"
	"drawbridge/engine/sigv4"
)

// cmdAWS: aws SERVICE OPERATION --option value … — the AWS CLI's own lines.
func cmdAWS(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	s.failure, s.answer = nil, ""
	var err error
	switch {
	case len(args) > 1 && args[1] == "wait":
		err = s.awsWait(ts, args)
	case s.realCLI != "":
		err = s.awsByCLI(ts, args)
	case s.realSDK:
		err = s.awsBySDK(ts, args)
	default:
		err = s.awsByClient(ts, args)
	}
	ts.Check(err)
	if s.failure != nil {
		fmt.Fprintf(ts.Stderr(), "An error occurred (%s) when calling the %s operation: %s\n", s.failure.code, args[1], s.failure.message)
	}
	fmt.Fprint(ts.Stdout(), s.answer)
	ts.Check(s.transcript.record(args, s))
	if neg && s.failure == nil {
		ts.Fatalf("the call succeeded: %s", s.answer)
	}
	if !neg && s.failure != nil {
		ts.Fatalf("%s (%d): %s", s.failure.code, s.failure.status, s.failure.message)
	}
}

// waiters of AWS's clients: what they ask, and what ends the waiting.
var waiters = map[string]struct{ operation, path, want string }{
	"cloudfront distribution-deployed":                          {"get-distribution", "Distribution.Status", "Deployed"},
	"cloudfront streaming-distribution-deployed":                {"get-streaming-distribution", "StreamingDistribution.Status", "Deployed"},
	"cloudfront invalidation-completed":                         {"get-invalidation", "Invalidation.Status", "Completed"},
	"cloudfront invalidation-for-distribution-tenant-completed": {"get-invalidation-for-distribution-tenant", "Invalidation.Status", "Completed"},
	"acm certificate-validated":                                 {"describe-certificate", "Certificate.DomainValidationOptions[0].ValidationStatus", "SUCCESS"},
}

// awsWait: aws SERVICE wait WAITER --option value. The built-in client asks more
// often than AWS's, which ask once a minute: they come when it is so far, and
// must be content at once.
func (s *story) awsWait(ts *testscript.TestScript, args []string) error {
	if len(args) < 3 || waiters[args[0]+" "+args[2]].want == "" {
		return errors.New("write: aws cloudfront wait distribution-deployed --id ID")
	}
	w := waiters[args[0]+" "+args[2]]
	until := time.Now().Add(patience)
	for {
		if err := s.awsByClient(ts, append([]string{args[0], w.operation}, args[3:]...)); err != nil || s.failure != nil {
			return err
		}
		status, err := s.at(w.path)
		if err != nil {
			return err
		}
		if status == w.want {
			break
		}
		if time.Now().After(until) {
			return fmt.Errorf("still %s after %s", status, patience)
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.answer = ""
	switch {
	case s.realCLI != "":
		return s.awsByCLI(ts, args)
	case s.realSDK:
		return s.waitBySDK(ts, args)
	}
	return nil
}

func (s *story) reader(ts *testscript.TestScript) func(string) (string, error) {
	return func(name string) (string, error) { return expandFile(ts.MkAbs(name), ts.Getenv) }
}

// awsByClient performs a line by the built-in client.
func (s *story) awsByClient(ts *testscript.TestScript, args []string) error {
	return s.call(args, s.reader(ts), ts.Getenv)
}

// call is awsByClient, with the story's files and variables.
func (s *story) call(args []string, read func(string) (string, error), getenv func(string) string) error {
	line, err := parseAWS(args, read)
	if err != nil {
		return err
	}
	if line.region == "" {
		line.region = getenv("AWS_REGION")
	}
	if line.table.Name == "cloudfront" {
		line.region = "us-east-1" // the one region CloudFront's API has
	}
	wire, err := encodeCall(line.table, line.op, line.in)
	if err != nil {
		return err
	}
	endpoint := getenv("ENDPOINT")
	if endpoint == "" {
		return errors.New("no listener has the control plane")
	}
	request, err := http.NewRequest(wire.method, endpoint+wire.path, bytes.NewReader(wire.body))
	if err != nil {
		return err
	}
	request.URL.RawQuery = wire.query
	request.Header = wire.header
	request.Header.Set("User-Agent", "aws-cli/2 scenario")
	if !line.unsigned {
		if err := s.sign(getenv, request, line, wire); err != nil {
			return err
		}
	}
	// A connection of its own: other stories, and httptest's servers when they end,
	// close those that http.DefaultTransport keeps.
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return err
	}
	if answer.StatusCode >= 300 {
		s.failure = readFailure(line.table, answer, body)
		return nil
	}
	if answer.StatusCode != line.op.Status {
		return fmt.Errorf("status %d, the model says %d", answer.StatusCode, line.op.Status)
	}
	out, err := decodeAnswer(line.table, line.op, answer.Header, body)
	if err != nil {
		return err
	}
	return s.answered(line, out, getenv("WORK"))
}

func (s *story) sign(getenv func(string) string, request *http.Request, line *awsLine, wire *wireRequest) error {
	keys, err := sigv4.New(sigv4.Options{})
	if err != nil {
		return err
	}
	sum := sha256.Sum256(wire.body)
	fields, err := keys.Sign(sigv4.SignInput{
		Request: sigv4.Request{Method: wire.method, RawPath: request.URL.EscapedPath(), RawQuery: wire.query, Host: request.URL.Host, Header: sigv4.MapHeader(request.Header)},
		Credential: sigv4.Credential{AccessKeyID: getenv("AWS_ACCESS_KEY_ID"), SecretKey: getenv("AWS_SECRET_ACCESS_KEY"),
			SessionToken: getenv("AWS_SESSION_TOKEN")},
		BodyHash: hex.EncodeToString(sum[:]), Region: line.region, Service: line.table.Name, Now: s.clock.now(), DoubleEncodePath: true,
	})
	for _, f := range fields {
		request.Header.Set(f.Name, f.Value)
	}
	return err
}

// readFailure reads an error envelope.
func readFailure(table *api.Service, answer *http.Response, body []byte) *awsFailure {
	f := &awsFailure{status: answer.StatusCode, code: answer.Header.Get("X-Amzn-Errortype")}
	if value, err := parseJSON(string(body)); err == nil {
		if o, ok := value.(object); ok {
			for _, name := range []string{"message", "Message"} {
				if text, ok := o.get(name); ok {
					f.message = scalarText(text)
				}
			}
		}
	} else if root, err := parseXML(body); err == nil && table.Protocol != api.RestJSON {
		for _, e := range root.children {
			for _, child := range e.children {
				switch child.name {
				case "Code":
					f.code = child.text.String()
				case "Message":
					f.message = child.text.String()
				}
			}
		}
	} else {
		f.message = string(body)
	}
	return f
}

var cliFailure = regexp.MustCompile(`(?s)An error occurred \(([^)]*)\) when calling the \w+ operation(?: \([^)]*\))?: (.*)\n`)

// awsByCLI performs a line by the real AWS CLI.
func (s *story) awsByCLI(ts *testscript.TestScript, args []string) error {
	args = append([]string(nil), args...)
	for i, arg := range args {
		name, isFile := fileOf(arg)
		if !isFile {
			continue
		}
		text, err := s.reader(ts)(name)
		if err != nil {
			return err
		}
		expanded := ts.MkAbs(filepath.Join(".expanded", filepath.Base(name)))
		if err := errors.Join(os.MkdirAll(filepath.Dir(expanded), 0o700), os.WriteFile(expanded, []byte(text), 0o600)); err != nil {
			return err
		}
		args[i] = strings.TrimSuffix(arg, name) + expanded
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.realCLI, append([]string{"--endpoint-url", ts.Getenv("ENDPOINT"), "--output", "json"}, args...)...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + ts.MkAbs("home")}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_EC2_METADATA_DISABLED", "AWS_PAGER", "AWS_MAX_ATTEMPTS"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	s.answer = stdout.String()
	if err == nil {
		return nil
	}
	if m := cliFailure.FindStringSubmatch(stderr.String()); m != nil {
		s.failure = &awsFailure{code: m[1], message: m[2]}
		return nil
	}
	return fmt.Errorf("%s %s: %w\n%s", s.realCLI, strings.Join(args, " "), err, stderr.String())
}

// cmdError: error CODE [STATUS] [TEXT] — what the last aws call failed with.
func cmdError(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	usage(ts, len(args) >= 1 && len(args) <= 3, "error CODE [STATUS] [TEXT]")
	f := of(ts).failure
	if f == nil {
		ts.Fatalf("the last aws call did not fail")
	}
	expect(ts, false, "the error code", f.code, args[0])
	rest := args[1:]
	if len(rest) > 0 {
		if _, err := strconv.Atoi(rest[0]); err == nil {
			if f.status != 0 {
				expect(ts, false, "the error's status", strconv.Itoa(f.status), rest[0])
			}
			rest = rest[1:]
		}
	}
	if len(rest) > 0 {
		expect(ts, false, "the error text", f.message, rest[0])
	}
}

// at finds a value in the last answer.
func (s *story) at(path string) (string, error) {
	root, err := parseJSON(s.answer)
	if err != nil {
		return "", fmt.Errorf("the last answer is no JSON: %q", s.answer)
	}
	value, err := find(root, path)
	if err != nil {
		return "", fmt.Errorf("%w in %s", err, s.answer)
	}
	return scalarText(value), nil
}

// cmdLet: let NAME = PATH — takes a value out of the last answer.
func cmdLet(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	usage(ts, len(args) == 3 && args[1] == "=", "let NAME = PATH")
	value, err := of(ts).at(args[2])
	ts.Check(err)
	ts.Setenv(args[0], value)
	of(ts).transcript.bind(args[0], value)
}

// cmdField: field PATH VALUE — a value of the last answer is as wanted.
func cmdField(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, len(args) == 2, "field PATH VALUE")
	value, err := of(ts).at(args[0])
	ts.Check(err)
	expect(ts, neg, args[0], value, args[1])
}

// cmdNoField: no-field PATH — the last answer has no such member.
func cmdNoField(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	usage(ts, len(args) == 1, "no-field PATH")
	if value, err := of(ts).at(args[0]); err == nil {
		ts.Fatalf("%s is %s", args[0], value)
	}
}
