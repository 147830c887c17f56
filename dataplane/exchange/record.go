package exchange

import "time"

// Record is what the access log and the metrics say about a finished exchange.
// The plane fills the upper part while it decides, the server the lower part
// when the last byte has gone. It never holds a secret: no header values but
// the ones named here.
type Record struct {
	// Result is the plane's one word: for the edge the x-cache word ("Hit",
	// "Miss", "RefreshHit", "Error", "Redirect" …), for the gateway "" or the
	// gateway response type ("INVALID_API_KEY", "THROTTLED" …).
	Result string
	// Reason says why, from the plane's reason table ("fresh", "no-api-key" …).
	Reason        string
	Distribution  string // distribution id
	API, Stage    string
	Resource      string // resource path template
	Method        string // of the resource, where the stage wants figures by method; else ""
	APIKeyID      string // never the value
	Cache         string // what a stage's cache did for the call: "hit", "miss", "" without one
	OriginStatus  int
	OriginLatency time.Duration
	Revision      int64 // revision of the pinned program

	Status    int
	BytesSent int64 // body bytes
	Duration  time.Duration
	Aborted   bool // the caller went before the end
}

// Step is one entry of a decision trail: which step decided what.
type Step struct {
	Name, Decision string
}

// Trail is the list of decisions of one exchange, bounded so that no request
// can grow it.
type Trail struct {
	steps [16]Step
	n     int
}

// Add notes a decision. Both texts should be constants: the trail is on the hot path.
func (t *Trail) Add(name, decision string) {
	if t.n < len(t.steps) {
		t.steps[t.n] = Step{name, decision}
		t.n++
	}
}

// Steps returns the decisions in order.
func (t *Trail) Steps() []Step { return t.steps[:t.n] }
