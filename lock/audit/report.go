package audit

import (
	"slices"
	"time"
)

// Severity orders findings.
type Severity int

// The severities, least first; --fail-on names one.
const (
	Info Severity = iota
	Low
	Medium
	High
)

var severityNames = [...]string{"info", "low", "medium", "high"}

// String is the name as --fail-on takes it.
func (s Severity) String() string { return severityNames[s] }

// MarshalText writes the name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// ParseSeverity reads a name.
func ParseSeverity(name string) (Severity, bool) {
	for i, known := range severityNames {
		if known == name {
			return Severity(i), true
		}
	}
	return Info, false
}

// Verdict is the answer for a door, a stage or a whole stack.
type Verdict string

// The verdicts. A stack is Locked, Open or CannotTell; a door can be the others.
const (
	Locked     Verdict = "locked"
	Open       Verdict = "open"
	SideDoor   Verdict = "open by a side door"
	CannotTell Verdict = "unknown"
	OnPurpose  Verdict = "open on purpose" // Options.Exclude
	FrontDoor  Verdict = "front door"      // by way of a chosen distribution
)

// Report is the outcome of an audit. Its JSON is the contract of
// `lock audit --output json`.
type Report struct {
	Verdict  Verdict   `json:"verdict"` // Locked, Open or CannotTell
	Findings []Finding `json:"findings"`
	Doors    []Door    `json:"doors"`

	// Source and Why are for people: what was read, and the verdict in a sentence.
	// File is the document that was read, if it was one.
	Source string `json:"-"`
	File   string `json:"-"`
	Why    string `json:"-"`

	unread []string // what could not be read, for the verdict
}

// ExitCode is that of `lock audit`: 0 locked and no finding at failOn or above,
// 1 open or such a finding, 3 cannot tell.
func (r *Report) ExitCode(failOn Severity) int {
	if r.Verdict == Open || slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Severity >= failOn }) {
		return 1
	}
	if r.Verdict != Locked {
		return 3
	}
	return 0
}

// Finding is one thing a check found.
type Finding struct {
	ID       string   `json:"id"` // of the check; docs/checks/<id>.md
	Severity Severity `json:"severity"`
	Resource string   `json:"resource"` // "api a1b2c3d4e5/prod GET /users", "distribution E1234"
	Reason   string   `json:"reason"`
	Mend     string   `json:"mend"`
	Witness  string   `json:"witness"` // a request that shows it, without secrets
}

// Door is one way to a method.
type Door struct {
	Host   string `json:"host"`
	Path   string `json:"path"`   // with the stage or the base path
	Method string `json:"method"` // verb: "GET", "ANY"
	// Needs is what a request by this door must have: "nothing", "x-api-key",
	// "Referer", "IAM signature", …
	Needs    string  `json:"needs"`
	Analysis Verdict `json:"analysis"`
	// Probe is what real requests showed: empty when none was sent, else
	// "locked" or "open" and the answers seen.
	Probe string `json:"probe"`

	// Stage and Resource say which method it leads to, for probes.
	Stage    StageRef `json:"-"`
	Resource string   `json:"-"` // path of the resource: "/users/{id}"
	// Direct: not by way of a distribution.
	Direct bool `json:"-"`

	probe Verdict // Open or Locked once a probe has shown it
}

// Options are what an audit looks at.
type Options struct {
	// Distributions and Stages choose; empty chooses every API that a
	// distribution leads to. A StageRef without Stage means every stage of the API.
	Distributions []string
	Stages        []StageRef
	// All takes every API in, also those that no distribution leads to.
	All bool
	// Exclude are methods that are open on purpose: "GET /health".
	Exclude []string
	// Now is the time requests are judged at and after; required where a policy
	// has dates.
	Now time.Time
}
