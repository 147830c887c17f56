package scenario

import (
	"bufio"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"drawbridge/app"
	"drawbridge/cli"
	"drawbridge/engine/sigv4"
)

// patience is how long a story waits for anything before it fails.
const patience = 30 * time.Second

// address is one listener of the running server.
type address struct{ hostPort, roles string }

// running is a server in this process.
type running struct {
	addresses []address
	ca        *x509.CertPool
	stop      func() error
}

// logFile is the server's log, which a story may grep.
type logFile struct {
	mu   sync.Mutex
	file *os.File
}

func (l *logFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Write(p)
}

// cmdServe: serve [flags of drawbridge serve].
func cmdServe(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	if s.server != nil {
		ts.Fatalf("a server is running; shutdown first, or restart")
	}
	s.serveAs = args
	err := s.start(ts, args)
	if err != nil {
		fmt.Fprintln(ts.Stderr(), err)
	}
	if neg && err == nil {
		ts.Fatalf("the server started")
	}
	if !neg {
		ts.Check(err)
	}
}

// cmdRestart: restart [flags] — stops the server and starts it again, with the
// flags it had.
func cmdRestart(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	s := of(ts)
	if s.server == nil {
		ts.Fatalf("no server is running")
	}
	s.shutdown(ts)
	if len(args) > 0 {
		s.serveAs = args
	}
	ts.Check(s.start(ts, s.serveAs))
}

// cmdShutdown: shutdown — stops the server of serve.
func cmdShutdown(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	usage(ts, len(args) == 0, "shutdown")
	of(ts).shutdown(ts)
}

func (s *story) shutdown(ts *testscript.TestScript) {
	for name, c := range s.conns {
		c.close()
		delete(s.conns, name)
	}
	if s.server != nil {
		err := s.server.stop()
		s.server = nil
		ts.Check(err)
	}
}

// hasFlag tells whether args set a flag.
func hasFlag(args []string, name string) bool {
	return slices.ContainsFunc(args, func(arg string) bool { return arg == name || strings.HasPrefix(arg, name+"=") })
}

// withDefaults adds what a story does not say: a free port, no data folder.
func withDefaults(args []string) []string {
	args = slices.Clone(args)
	if !hasFlag(args, "--listen") && !hasFlag(args, "--config") {
		args = append(args, "--listen", "edge,gateway,control,ops=127.0.0.1:0")
	}
	if !hasFlag(args, "--data") && !hasFlag(args, "--config") {
		args = append(args, "--data", "memory")
	}
	if !hasFlag(args, "--access-log") {
		args = append(args, "--access-log", "stderr")
	}
	return args
}

func (s *story) start(ts *testscript.TestScript, args []string) error {
	config, err := cli.ServeConfig(withDefaults(args), environment(ts))
	if err != nil {
		return err
	}
	file, err := os.OpenFile(ts.MkAbs("server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	config.Signer = sigv4.Credential{AccessKeyID: ts.Getenv("SERVER_AWS_ACCESS_KEY_ID"), SecretKey: ts.Getenv("SERVER_AWS_SECRET_ACCESS_KEY")}
	log := &logFile{file: file}
	config.Stderr, config.Log, config.Now = log, slog.New(slog.NewTextHandler(log, nil)), s.clock.now
	ctx, cancel := context.WithCancel(context.Background())
	a, err := app.New(ctx, config)
	if err != nil {
		cancel()
		return errors.Join(err, file.Close())
	}
	ended := make(chan error, 1)
	go func() { ended <- a.Serve(ctx) }()
	s.server = &running{ca: x509.NewCertPool(), stop: func() error {
		cancel()
		select {
		case err := <-ended:
			return errors.Join(err, file.Close())
		case <-time.After(patience):
			return errors.New("the server does not stop")
		}
	}}
	s.server.ca.AppendCertsFromPEM(a.CACertificate())
	for _, at := range a.Addresses() {
		s.server.addresses = append(s.server.addresses, address{strings.TrimPrefix(at.URL, "http://"), at.Roles})
	}
	s.name(ts)
	return os.WriteFile(ts.MkAbs("ca.pem"), a.CACertificate(), 0o600)
}

// environment is what the server sees of the story's environment: its own variables only.
func environment(ts *testscript.TestScript) []string {
	var environ []string
	for _, name := range []string{"LISTEN", "DATA", "ACCOUNT", "REGION", "AWS_WORDING", "EDGE_ADDRESS", "CONNECT_TO",
		"ALLOW_ORIGIN", "CONTROL_HOST", "CREDENTIALS", "PROPAGATION", "CONFIG"} {
		if value := ts.Getenv("DRAWBRIDGE_" + name); value != "" {
			environ = append(environ, "DRAWBRIDGE_"+name+"="+value)
		}
	}
	return environ
}

// name gives the story the addresses: $ADDR, $ADDR2 … with $PORT, $PORT2 …, and
// $ENDPOINT for the first that has the control plane.
func (s *story) name(ts *testscript.TestScript) {
	endpoint := ""
	for i, at := range s.server.addresses {
		suffix := ""
		if i > 0 {
			suffix = fmt.Sprint(i + 1)
		}
		ts.Setenv("ADDR"+suffix, at.hostPort)
		ts.Setenv("PORT"+suffix, at.hostPort[strings.LastIndex(at.hostPort, ":")+1:])
		if endpoint == "" && strings.Contains(at.roles, "control") {
			endpoint = "http://" + at.hostPort
		}
	}
	ts.Setenv("ENDPOINT", endpoint)
}

// process is `drawbridge` as a program of its own.
type process struct {
	cmd    *exec.Cmd
	ended  chan struct{}
	stderr *lockedText
}

// lockedText gathers what a process writes.
type lockedText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// cmdDrawbridge: drawbridge ARGS… [&] — the program itself. With & it must be
// `serve`, and the command ends when the program says it is ready.
func cmdDrawbridge(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	background := len(args) > 0 && args[len(args)-1] == "&"
	if background {
		args = args[:len(args)-1]
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	cmd := exec.CommandContext(ctx, "drawbridge-program", args...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = append(environment(ts), "HOME="+ts.MkAbs("home"), "PATH="+os.Getenv("PATH"))
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_ENDPOINT_URL"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name)) // for `lock`
	}
	if state := ts.Getenv("XDG_STATE_HOME"); state != "" {
		cmd.Env = append(cmd.Env, "XDG_STATE_HOME="+state)
	}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} { // the callers' are not the server's
		if value := ts.Getenv("SERVER_" + name); value != "" {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	if background {
		noNegation(ts, neg)
		ts.Defer(cancel)
		ts.Check(s.spawn(ts, cmd))
		return
	}
	defer cancel()
	cmd.Stdout, cmd.Stderr = ts.Stdout(), ts.Stderr()
	err := cmd.Run()
	exit := new(exec.ExitError)
	if err != nil && !errors.As(err, &exit) {
		ts.Fatalf("%v", err)
	}
	s.exit = cmd.ProcessState.ExitCode()
	if (err != nil) != neg {
		ts.Fatalf("exit code %d", s.exit)
	}
}

// spawn starts a serve and waits for its ready lines.
func (s *story) spawn(ts *testscript.TestScript, cmd *exec.Cmd) error {
	if s.process != nil {
		return errors.New("a drawbridge process is running already")
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	p := &process{cmd: cmd, ended: make(chan struct{}), stderr: &lockedText{}}
	cmd.Stderr = p.stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	s.process = p
	want := max(1, strings.Count(" "+strings.Join(cmd.Args, " "), " --listen"))
	lines := make(chan string)
	go func() {
		scanner := bufio.NewScanner(stdout)
		for scanner.Scan() {
			lines <- scanner.Text()
		}
		close(lines)
		_ = cmd.Wait()
		close(p.ended)
	}()
	s.server = &running{ca: x509.NewCertPool(), stop: func() error { return nil }}
	for range want {
		select {
		case line, open := <-lines:
			var url, roles string
			if n, _ := fmt.Sscanf(line, "drawbridge ready %s roles=%s", &url, &roles); n != 2 || !open {
				return fmt.Errorf("no ready line: %q\n%s", line, p.stderr)
			}
			fmt.Fprintln(ts.Stdout(), line)
			s.server.addresses = append(s.server.addresses, address{strings.TrimPrefix(url, "http://"), roles})
		case <-time.After(patience):
			return fmt.Errorf("not ready: %s", p.stderr)
		}
	}
	go func() {
		for range lines {
		}
	}()
	s.name(ts)
	return s.fetchCA(ts)
}

// fetchCA gets the process's authority where ops is served.
func (s *story) fetchCA(ts *testscript.TestScript) error {
	for _, at := range s.server.addresses {
		if !strings.Contains(at.roles, "ops") {
			continue
		}
		answer, err := http.Get("http://" + at.hostPort + "/_drawbridge/ca.pem")
		if err != nil {
			return err
		}
		pem, err := io.ReadAll(answer.Body)
		if err := errors.Join(err, answer.Body.Close()); err != nil {
			return err
		}
		if !s.server.ca.AppendCertsFromPEM(pem) {
			return fmt.Errorf("/_drawbridge/ca.pem holds no certificate: %q", pem)
		}
		return os.WriteFile(filepath.Join(ts.MkAbs("."), "ca.pem"), pem, 0o600)
	}
	return nil
}

// wait waits for a process's end and gives its exit code.
func (p *process) wait(ts *testscript.TestScript) int {
	select {
	case <-p.ended:
	case <-time.After(patience):
		ts.Fatalf("drawbridge does not end: %s", p.stderr)
	}
	fmt.Fprint(ts.Stderr(), p.stderr)
	of(ts).server = nil
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// cmdSignal: signal TERM|INT|KILL — to the drawbridge process.
func cmdSignal(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	signals := map[string]os.Signal{"TERM": syscall.SIGTERM, "INT": os.Interrupt, "KILL": os.Kill}
	usage(ts, len(args) == 1 && signals[args[0]] != nil, "signal TERM|INT|KILL")
	s := of(ts)
	if s.process == nil {
		ts.Fatalf("no drawbridge process is running")
	}
	ts.Check(s.process.cmd.Process.Signal(signals[args[0]]))
}

// cmdRefused: refused [N] — waits until listener N (1) takes no new connection,
// as it does when a server drains.
func cmdRefused(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	s, n := of(ts), 1
	if len(args) == 1 {
		var err error
		n, err = strconv.Atoi(args[0])
		ts.Check(err)
	}
	for until := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		conn, err := net.Dial("tcp", s.server.addresses[n-1].hostPort)
		if err != nil {
			return
		}
		ts.Check(conn.Close())
		if time.Now().After(until) {
			ts.Fatalf("listener %d still takes connections", n)
		}
	}
}
