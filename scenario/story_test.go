package scenario

import (
	"crypto/tls"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// story is the state of one running story.
type story struct {
	server  *running
	process *process
	serveAs []string // arguments of the last serve
	clock   *clock

	authorities  map[string]*authority // of callers' certificates, by name
	certificates map[string]tls.Certificate

	origins map[string]*origin
	conns   map[string]*viewerConn
	later   map[string]chan outcome

	realCLI  string // path of the AWS CLI; "" for the built-in client
	realSDK  bool   // by aws-sdk-go-v2
	answer   string // last answer of aws, JSON
	failure  *awsFailure
	response *response // last answer to request
	exit     int       // last exit code of drawbridge

	transcript *transcript // nil: none is written
}

// awsFailure is what a refused AWS call said.
type awsFailure struct {
	code, message string
	status        int // 0: the real CLI does not tell
}

type storyKey struct{}

func of(ts *testscript.TestScript) *story { return ts.Value(storyKey{}).(*story) }

// clock is the time a story's server lives in: the real one plus what the
// story added.
type clock struct {
	mu    sync.Mutex
	added time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.added)
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.added += d
}

// bySDK in place of the AWS CLI's path means aws-sdk-go-v2.
const bySDK = "aws-sdk-go-v2"

// setup prepares a story; realCLI is the AWS CLI to use, or bySDK, or "".
func setup(realCLI string) func(*testscript.Env) error {
	return func(env *testscript.Env) error {
		s := &story{clock: &clock{}, authorities: map[string]*authority{}, certificates: map[string]tls.Certificate{}, origins: map[string]*origin{}, conns: map[string]*viewerConn{}, later: map[string]chan outcome{}, realCLI: realCLI}
		if realCLI == bySDK {
			s.realCLI, s.realSDK = "", true
		}
		env.Values[storyKey{}] = s
		env.Vars = append(env.Vars,
			"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1",
			"AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=", "AWS_MAX_ATTEMPTS=1")
		env.Defer(s.end)
		return nil
	}
}

// end stops whatever the story left running.
func (s *story) end() {
	for _, c := range s.conns {
		c.close()
	}
	if s.server != nil {
		_ = s.server.stop()
	}
	if s.process != nil {
		s.process.kill()
	}
	for _, o := range s.origins {
		o.close()
	}
}

// commands are the words of the language; README.md describes each.
func commands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"serve": cmdServe, "restart": cmdRestart, "shutdown": cmdShutdown, "clock": cmdClock, "client-certificate": cmdClientCertificate,
		"drawbridge": cmdDrawbridge, "signal": cmdSignal, "refused": cmdRefused, "exit": cmdExit,
		"aws": cmdAWS, "mock-api": cmdMockAPI, "error": cmdError, "let": cmdLet, "field": cmdField, "no-field": cmdNoField,
		"request": cmdRequest, "finish": cmdFinish, "status": cmdStatus, "version": cmdVersion,
		"header": cmdHeader, "no-header": cmdNoHeader, "header-order": cmdHeaderOrder,
		"body": cmdBody, "body-length": cmdBodyLength, "answers": cmdAnswers, "server-name": cmdServerName,
		"geo-database": cmdGeoDatabase, "origin": cmdOrigin, "origin-saw": cmdOriginSaw, "origin-count": cmdOriginCount, "origin-hold": cmdOriginHold, "origin-release": cmdOriginRelease,
		"transcript": cmdTranscript, "save": cmdSave, "change": cmdChange, "show": cmdShow,
	}
}

func usage(ts *testscript.TestScript, ok bool, text string) {
	if !ok {
		ts.Fatalf("write: %s", text)
	}
}

// noNegation is for commands where "!" means nothing.
func noNegation(ts *testscript.TestScript, neg bool) {
	if neg {
		ts.Fatalf("this command takes no !")
	}
}

// matches compares a text with an expectation: ~RE is a regular expression for
// the whole text, everything else is literal.
func matches(text, want string) (bool, error) {
	pattern, isPattern := strings.CutPrefix(want, "~")
	if !isPattern {
		return text == want, nil
	}
	re, err := regexp.Compile(`(?s)\A(?:` + pattern + `)\z`)
	if err != nil {
		return false, err
	}
	return re.MatchString(text), nil
}

// expect fails the story unless text is as wanted (or is not, with neg).
func expect(ts *testscript.TestScript, neg bool, what, text, want string) {
	ok, err := matches(text, want)
	ts.Check(err)
	if ok == neg {
		not := ""
		if neg {
			not = "not "
		}
		ts.Fatalf("%s is %q, want %s%q", what, text, not, want)
	}
}

// cmdExit: exit CODE — the last drawbridge command's exit code.
func cmdExit(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	usage(ts, len(args) == 1, "exit CODE")
	s := of(ts)
	if s.process != nil {
		s.exit = s.process.wait(ts)
		s.process = nil
	}
	if got := fmt.Sprint(s.exit); got != args[0] {
		ts.Fatalf("exit code %s, want %s", got, args[0])
	}
}

// cmdClock: clock +90s — moves the server's clock.
func cmdClock(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	usage(ts, len(args) == 1, "clock +DURATION, or clock TIME")
	if at, err := time.Parse(time.RFC3339, args[0]); err == nil {
		of(ts).clock.add(at.Sub(of(ts).clock.now()))
		return
	}
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	of(ts).clock.add(d)
}

// cmdShow: show — writes the last answers to the log, for whoever writes a story.
func cmdShow(ts *testscript.TestScript, _ bool, _ []string) {
	s := of(ts)
	ts.Logf("answer %s\nfailure %+v", s.answer, s.failure)
	if s.response != nil {
		ts.Logf("%s", s.response)
	}
}
