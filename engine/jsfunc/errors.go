package jsfunc

// SyntaxError is code that does not compile; the text is the engine's, with
// the line at its end.
type SyntaxError struct{ Text string }

// Error gives the text.
func (e *SyntaxError) Error() string { return e.Text }

// ExecutionError is a function that threw, did not end in time or could not
// run; the edge answers 503 (reference/cloudfront.md 5.2).
type ExecutionError struct {
	Text     string // "TypeError: Cannot read property 'x' of undefined"
	TimedOut bool
}

// Error gives the text.
func (e *ExecutionError) Error() string { return e.Text }

// ValidationError is a function that returned what may not be returned; the
// edge answers 502 (reference/cloudfront.md 5.2).
type ValidationError struct{ Text string }

// Error gives the text.
func (e *ValidationError) Error() string { return e.Text }
