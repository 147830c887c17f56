package program

import "sync/atomic"

// Location is one place that runs a program: an edge location or a gateway
// cell. Its pointer is the only mutable thing in this package.
type Location[P any] struct {
	// Name is the edge location's code as it stands in x-amz-cf-pop ("NRT57-P2");
	// for a cell a plain name.
	Name    string
	program atomic.Pointer[P]
}

// NewLocation returns a location that runs p.
func NewLocation[P any](name string, p *P) *Location[P] {
	l := &Location[P]{Name: name}
	l.program.Store(p)
	return l
}

// Load returns the program in force here.
func (l *Location[P]) Load() *P { return l.program.Load() }

// Switch puts p in force: exchanges that begin from now on run it.
func (l *Location[P]) Switch(p *P) { l.program.Store(p) }
