package lock

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/aws/smithy-go"
)

// LineKind says what a line of a session is.
type LineKind int

// The kinds of lines.
const (
	LineHeading LineKind = iota // a part begins
	LineNote                    // why the next commands are typed
	LineCommand                 // what a user would type; may have several lines
	LineSeen                    // what came of it
	LineWrong                   // what came of it, and should not have
)

// Line is one thing a session tells its reader.
type Line struct {
	Kind LineKind
	Text string
}

// Door is a way in that was tried.
type Door struct {
	Door     string `json:"door"`     // who came by which way
	Method   string `json:"method"`   // of the lock: "api-key" or "referer"
	Expected string `json:"expected"` // as Answer.Seen writes it
	Got      string `json:"got"`
	OK       bool   `json:"ok"`
	Note     string `json:"-"` // why it is open without the secret, where that is expected and yet no good
}

// session calls AWS's APIs and knocks at doors, and tells each step as the line
// a user would type for it.
type session struct {
	clients *Clients
	prober  *Prober
	tell    func(Line)
	shell   shell

	last   string // the latest command, for the error of a step that failed
	method string // of the lock, for the doors to come
	doors  []Door
}

func (s *session) note(kind LineKind, format string, args ...any) {
	s.tell(Line{Kind: kind, Text: fmt.Sprintf(format, args...)})
}

func (s *session) command(text string) {
	s.last = text
	s.tell(Line{Kind: LineCommand, Text: text})
}

// assign sets a shell variable by an expression; what it expands to is not shown.
func (s *session) assign(name, expression, value string) {
	s.command(name + "=" + expression)
	s.shell.set(name, value)
}

// failure names the step that an error ended.
func (s *session) failure(err error) error {
	command, _, _ := strings.Cut(s.last, "\n")
	return fmt.Errorf("at `%s`: %w", command, err)
}

// operation is one call of an AWS API, with the line that shows it.
type operation[O any] struct {
	input    any
	run      func(context.Context) (*O, error)
	variable string // that keeps a part of the answer
	query    string // of the part, in the CLI's --query language
	show     string // instead of the line made from input
}

// call prepares the call of a client's method.
func call[I, O, F any](method func(context.Context, *I, ...func(*F)) (*O, error), input *I) operation[O] {
	return operation[O]{input: input, run: func(ctx context.Context) (*O, error) { return method(ctx, input) }}
}

// keep has the line keep a part of the answer in a variable.
func (o operation[O]) keep(variable, query string) operation[O] {
	o.variable, o.query = variable, query
	return o
}

// shown replaces the line that would be made from the input.
func (o operation[O]) shown(line string) operation[O] {
	o.show = line
	return o
}

// line is what a user would type.
func (o operation[O]) line(sh *shell) string {
	if o.show != "" {
		return o.show
	}
	line := sh.line(cliWords(o.input))
	if o.variable == "" {
		return line
	}
	return o.variable + "=$(" + line + " --query " + sh.word(o.query) + " --output text)"
}

// do tells a step and takes it.
func do[O any](ctx context.Context, s *session, o operation[O]) (*O, error) {
	s.command(o.line(&s.shell))
	out, err := o.run(ctx)
	if err != nil {
		return nil, s.failure(err)
	}
	return out, nil
}

// step is an operation whose answer nobody needs.
func step[O any](s *session, o operation[O]) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := do(ctx, s, o)
		return err
	}
}

// steps takes steps in order, up to the first that fails.
func steps(ctx context.Context, list ...func(context.Context) error) error {
	for _, one := range list {
		if err := one(ctx); err != nil {
			return err
		}
	}
	return nil
}

// learn sets the variable that an operation's line keeps and shows its value.
// nil is an answer without the member: an error of whoever answered.
func (s *session) learn(name string, value *string) error {
	if value == nil || *value == "" {
		return s.failure(fmt.Errorf("the answer has no %s", name))
	}
	s.shell.set(name, *value)
	s.note(LineSeen, "%s=%s", name, *value)
	return nil
}

// knock is a probe and what must come of it.
type knock struct {
	door     string
	probe    Probe
	expected string // as Answer.Seen writes it
	note     string // of the door
}

// knock tries a door and records it. An error means that there is no point in
// going on; a door that does not answer is a door that is not as it should be.
func (s *session) knock(ctx context.Context, k knock) error {
	s.command(s.shell.line(s.prober.curl(k.probe)))
	answer, err := s.prober.Do(ctx, k.probe)
	if ctx.Err() != nil {
		return s.failure(context.Cause(ctx))
	}
	if err != nil {
		s.record(k, "no answer", err.Error())
		return nil
	}
	s.record(k, answer.Seen(), answer.Telling())
	return nil
}

// refused makes a call that AWS must refuse with the code, and records that as
// a door: a configuration that would not hold must not come into being.
func refused[O any](ctx context.Context, s *session, o operation[O], k knock) error {
	s.command(o.line(&s.shell))
	_, err := o.run(ctx)
	if ctx.Err() != nil {
		return s.failure(context.Cause(ctx))
	}
	var refusal smithy.APIError
	switch {
	case err == nil:
		s.record(k, "accepted", "accepted")
	case errors.As(err, &refusal):
		s.record(k, refusal.ErrorCode(), fmt.Sprintf(
			"An error occurred (%s) when calling the %s operation: %s",
			refusal.ErrorCode(), operationName(o.input), refusal.ErrorMessage()))
	default:
		return s.failure(err)
	}
	return nil
}

func operationName(input any) string {
	return strings.TrimSuffix(reflect.TypeOf(input).Elem().Name(), "Input")
}

func (s *session) record(k knock, got, told string) {
	door := Door{Door: k.door, Method: s.method, Expected: k.expected, Got: got, OK: got == k.expected, Note: k.note}
	s.doors = append(s.doors, door)
	if door.OK {
		s.note(LineSeen, "%s", told)
		return
	}
	s.note(LineWrong, "%s", told)
	s.note(LineWrong, "expected: %s", door.Expected)
}
