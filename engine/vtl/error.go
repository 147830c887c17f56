package vtl

import (
	"errors"
	"fmt"
	"strings"
)

// Limits of a template and of one rendering.
const (
	maxTemplate   = 300 << 10 // bytes; API Gateway's quota
	maxNesting    = 200       // blocks and expressions inside each other
	maxOutput     = 10 << 20  // bytes; API Gateway's payload limit
	maxSteps      = 2_000_000
	maxIterations = 1000 // of one #foreach; API Gateway's quota
	maxCalls      = 20   // macros and definitions inside each other; Velocity's velocimacro.max.depth
	maxRange      = 10_000
	bytesPerStep  = 32  // making or reading so many bytes of text costs one step
	itemBytes     = 16  // an item copied counts as so many bytes
	entryBytes    = 256 // a member or item added counts as so many bytes, for the memory it keeps
)

// ErrLimit is wrapped by every error that says a limit was met.
var ErrLimit = errors.New("limit exceeded")

// Error is a template that cannot be parsed or rendered.
type Error struct {
	Line, Column int // from 1; columns count bytes
	Err          error
}

func (e *Error) Error() string {
	return fmt.Sprintf("template line %d column %d: %v", e.Line, e.Column, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// BodyError says that $input.path or $input.json met a body that is no JSON.
type BodyError struct{ Err error }

func (e *BodyError) Error() string { return "body is no JSON: " + e.Err.Error() }

func (e *BodyError) Unwrap() error { return e.Err }

// locate makes an Error of a byte offset; an error that has its place already
// is left as it is.
func locate(source string, offset int, err error) error {
	var placed *Error
	if errors.As(err, &placed) {
		return err
	}
	offset = min(max(offset, 0), len(source))
	before := source[:offset]
	return &Error{
		Line:   1 + strings.Count(before, "\n"),
		Column: offset - strings.LastIndexByte(before, '\n'),
		Err:    err,
	}
}
