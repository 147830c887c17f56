package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"charm.land/lipgloss/v2"
	"charm.land/lipgloss/v2/table"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"drawbridge/app"
	"drawbridge/lock"
)

// demoTimeout is when the demo gives up: on a busy machine it takes some seconds.
const demoTimeout = 30 * time.Second

// caFileName is where the demo's lines keep the certificate of the local CA.
const caFileName = "drawbridge-ca.pem"

// demoRun is one run of the demo.
type demoRun struct {
	keep    bool
	json    bool
	timeout time.Duration
	doors   string          // HOST:PORT that the probes dial, and
	doorsCA []byte          // whom they trust; "": the server's
	listen  func(lock.Line) // hears the story instead of stdout; nil: stdout does, unless json
	stdout  io.Writer
	stderr  io.Writer
}

func demoCommand() *cobra.Command {
	run := demoRun{timeout: demoTimeout}
	output := "table"
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Lock an API behind CloudFront, by both methods, and try every door",
		Long: `Start a server on a free port that keeps nothing, put a distribution in front of
an API by real API calls, and make it the only way in: by an API key, then by a
resource policy on the Referer. Each is also done wrong. Every step is shown as
the AWS CLI or curl line a user would type, and a table at the end says who came
in by which door, expected and seen.

The exit code is 1 if any door is not as it should be. --output json prints
nothing but [{"door","method","expected","got","ok"}] on stdout.`,
		Example: `  drawbridge demo
  drawbridge demo --keep
  drawbridge demo --output json | jq '.[] | select(.ok | not)'`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if output != "table" && output != "json" {
				return usageError{fmt.Errorf("--output %q: choose table or json", output)}
			}
			run.json, run.stdout, run.stderr = output == "json", cmd.OutOrStdout(), cmd.ErrOrStderr()
			return run.run(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&run.keep, "keep", false, "leave the server running, until a signal")
	cmd.Flags().StringVar(&output, "output", "table", "`format`: table or json")
	return cmd
}

// run starts a server, plays the story and says how it went.
func (d *demoRun) run(ctx context.Context) error {
	server, err := d.start(ctx)
	if err != nil {
		return err
	}
	doors, err := d.play(ctx, server)
	if err == nil {
		err = d.report(doors)
	}
	if d.keep && (err == nil || errors.Is(err, errFailed)) {
		d.stay(ctx, server)
	}
	return errors.Join(err, server.stop())
}

// demoServer is a server in this process, for the demo alone.
type demoServer struct {
	endpoint string // "http://127.0.0.1:41231"
	address  string // "127.0.0.1:41231"
	region   string
	ca       []byte
	stop     func() error
}

func (d *demoRun) start(ctx context.Context) (*demoServer, error) {
	config := app.Config{}
	serverFlags(pflag.NewFlagSet("demo", pflag.ContinueOnError), &config) // for the defaults of serve
	config.Listen = []string{"edge,gateway,control,ops=127.0.0.1:0"}
	config.Data, config.AccessLog = app.MemoryData, "off"
	config.DrainTimeout = 2 * time.Second // at the end nobody but us is connected
	config.Stderr = d.stderr
	config.Log = slog.New(slog.NewTextHandler(d.stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	running, err := app.New(ctx, config)
	if err != nil {
		return nil, err
	}
	serving, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- running.Serve(serving) }()
	endpoint := running.Addresses()[0].URL
	return &demoServer{
		endpoint: endpoint, address: strings.TrimPrefix(endpoint, "http://"),
		region: config.Region, ca: running.CACertificate(),
		stop: func() error { cancel(); return <-ended },
	}, nil
}

// Credentials of the demo: on loopback any well-formed ones pass.
const (
	demoAccessKey = "demo"
	demoSecretKey = "demo"
)

// play performs the story against the server.
func (d *demoRun) play(ctx context.Context, server *demoServer) ([]lock.Door, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, d.timeout,
		fmt.Errorf("not done after %v; the machine may be too busy, try again", d.timeout))
	defer cancel()
	clients, err := lock.NewClients(lock.ClientsOptions{
		Endpoint: server.endpoint, Region: server.region, AccessKeyID: demoAccessKey, SecretAccessKey: demoSecretKey,
	})
	if err != nil {
		return nil, err
	}
	defer clients.Close()
	at := lock.ProberOptions{Address: server.address, CA: server.ca, CAFile: caFileName}
	if d.doors != "" {
		at.Address, at.CA = d.doors, d.doorsCA
	}
	prober, err := lock.NewProber(at)
	if err != nil {
		return nil, err
	}
	defer prober.Close()
	options := lock.DemoOptions{Clients: clients, Prober: prober, Region: server.region, Tell: d.listen}
	if d.listen == nil && !d.json {
		teller := newTeller(d.stdout)
		teller.preamble(server)
		options.Tell = teller.tell
	}
	doors, err := lock.Demo(ctx, options)
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w (%w)", context.Cause(ctx), err)
	}
	if err != nil {
		err = fmt.Errorf("demo: %w", err)
	}
	return doors, err
}

// report prints the doors. It returns errFailed if one is not as it should be.
func (d *demoRun) report(doors []lock.Door) error {
	wrong := 0
	for _, door := range doors {
		if !door.OK {
			wrong++
		}
	}
	if d.json {
		encoder := json.NewEncoder(d.stdout)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(doors); err != nil {
			return fmt.Errorf("write the doors: %w", err)
		}
	} else {
		newTeller(d.stdout).table(doors, wrong)
	}
	if wrong > 0 || len(doors) == 0 {
		return errFailed
	}
	return nil
}

// stay waits for a signal.
func (d *demoRun) stay(ctx context.Context, server *demoServer) {
	out := d.stdout
	if d.json {
		out = d.stderr
	}
	fmt.Fprintf(out, "\nThe server stays: %s (Ctrl-C ends it).\n", server.endpoint)
	<-ctx.Done()
}

// teller writes the story for people: in colour on a terminal that has them.
type teller struct {
	out  io.Writer
	bold lipgloss.Style
	dim  lipgloss.Style
	good lipgloss.Style
	bad  lipgloss.Style
	warn lipgloss.Style
}

func newTeller(out io.Writer) *teller {
	t := &teller{out: out}
	if out == io.Writer(os.Stdout) {
		// This one leaves out what the terminal cannot show: all, if it is none.
		t.out = lipgloss.Writer
		style := lipgloss.NewStyle
		t.bold, t.dim = style().Bold(true), style().Faint(true)
		t.good, t.bad = style().Foreground(lipgloss.Green), style().Foreground(lipgloss.Red).Bold(true)
		t.warn = style().Foreground(lipgloss.Yellow)
	}
	return t
}

// preamble is what one has to type before the lines of the story.
func (t *teller) preamble(server *demoServer) {
	fmt.Fprintf(t.out, `Drawbridge demo: an API behind CloudFront, and CloudFront the only way in.
The server is %s, in this process, and keeps nothing.
`, server.endpoint)
	t.tell(lock.Line{Kind: lock.LineNote, Text: "The lines below can be typed as they stand, after these (--keep leaves the server running):"})
	for _, line := range preambleLines(server.endpoint, server.region) {
		t.tell(lock.Line{Kind: lock.LineCommand, Text: line})
	}
}

// preambleLines point the AWS CLI at the server, and let curl trust it. Old CLIs
// do not read AWS_ENDPOINT_URL (it came with 2.13), so a function says it.
func preambleLines(endpoint, region string) []string {
	return []string{
		fmt.Sprintf("export AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s AWS_DEFAULT_REGION=%s AWS_PAGER=", demoAccessKey, demoSecretKey, region),
		fmt.Sprintf(`aws() { command aws --endpoint-url %s "$@"; }`, endpoint),
		fmt.Sprintf("curl -so %s %s/_drawbridge/ca.pem", caFileName, endpoint),
	}
}

func (t *teller) tell(line lock.Line) {
	switch line.Kind {
	case lock.LineHeading:
		fmt.Fprintf(t.out, "\n%s\n", t.bold.Render("== "+line.Text))
	case lock.LineNote:
		fmt.Fprintf(t.out, "\n%s\n", t.dim.Render("# "+line.Text))
	case lock.LineCommand:
		fmt.Fprintf(t.out, "$ %s\n", line.Text)
	case lock.LineSeen:
		fmt.Fprintf(t.out, "  %s\n", t.good.Render(line.Text))
	case lock.LineWrong:
		fmt.Fprintf(t.out, "  %s\n", t.bad.Render(line.Text))
	}
}

// table says who came in by which door.
func (t *teller) table(doors []lock.Door, wrong int) {
	rows := table.New().Headers("method", "door", "expected", "seen", "ok").
		Border(lipgloss.NormalBorder()).
		BorderTop(false).BorderBottom(false).BorderLeft(false).BorderRight(false).BorderColumn(false).
		StyleFunc(func(_, column int) lipgloss.Style {
			if column == 4 {
				return lipgloss.NewStyle()
			}
			return lipgloss.NewStyle().PaddingRight(2)
		})
	for _, door := range doors {
		verdict := t.good.Render("ok")
		switch {
		case !door.OK:
			verdict = t.bad.Render("WRONG")
		case door.Note != "":
			verdict = t.warn.Render("ok: " + door.Note)
		}
		rows.Row(door.Method, door.Door, door.Expected, door.Got, verdict)
	}
	fmt.Fprintf(t.out, "\n%s\n", t.bold.Render("== Who came in by which door"))
	for line := range strings.Lines(rows.Render()) {
		fmt.Fprintln(t.out, strings.TrimRight(line, " \n"))
	}
	fmt.Fprintln(t.out)
	if wrong > 0 {
		fmt.Fprintln(t.out, t.bad.Render(fmt.Sprintf("%d of %d doors are not as they should be.", wrong, len(doors))))
		return
	}
	fmt.Fprintln(t.out, t.good.Render(fmt.Sprintf("All %d doors are as they should be: without the secret, the distribution is the only way in.", len(doors))))
}
