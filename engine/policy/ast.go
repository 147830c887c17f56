package policy

// DefaultMaxBytes is the document size allowed when Options.MaxBytes is zero
// (the largest quota any AWS service has for a policy document: 20 480 bytes).
const DefaultMaxBytes = 20480

// Options says what kind of document is expected.
type Options struct {
	// ResourceBased: every statement must name a Principal or NotPrincipal, as
	// in a resource policy. When false (identity policies, what an authorizer
	// returns) none may.
	ResourceBased bool
	// MaxBytes bounds the document; 0 means DefaultMaxBytes.
	MaxBytes int
	// Expand rewrites one Resource or NotResource value before it is checked:
	// the place for a service's short forms (reference/api-gateway.md 3.1). It
	// must leave a full ARN unchanged. Nil keeps every value.
	Expand func(resource string) string
}

// Versions of the policy language. Without Version a document is 2008-10-17,
// where policy variables are literal text (reference/api-gateway.md 3.2).
const (
	Version2008 = "2008-10-17"
	Version2012 = "2012-10-17"
)

// Document is a policy as written, in the user's order. Lists of one and bare
// values look the same here.
type Document struct {
	Version    string // Version2008 or Version2012; the former when absent
	ID         string
	Statements []Statement

	resourceBased bool
	root          *node // the JSON, resources expanded and principals simplified
}

// Statement is one statement. Exactly one of Action and NotAction is non-empty,
// and likewise for Resource and NotResource.
type Statement struct {
	Sid          string
	Effect       string      // "Allow" or "Deny"
	Principal    *Principals // nil when absent
	NotPrincipal *Principals // nil when absent
	Action       []string
	NotAction    []string
	Resource     []string
	NotResource  []string
	Conditions   []Condition // all must hold
}

// Principals is the value of Principal or NotPrincipal.
type Principals struct {
	Any     bool // "*"; {"AWS":"*"} means the same and stands in Entries
	Entries []PrincipalEntry
}

// PrincipalEntry is one principal: {"AWS":"123456789012"} and so on.
type PrincipalEntry struct {
	Kind  string // "AWS", "Service", "Federated" or "CanonicalUser"
	Value string
}

// Condition is one operator applied to one key.
type Condition struct {
	Operator string // as written: "ForAnyValue:StringLikeIfExists"
	Key      string // as written: "aws:Referer"
	Values   []string
}

// ParseError says where a document is wrong and why. It never repeats a value
// of the document: a condition value may be a secret.
type ParseError struct {
	Path string // "Statement[1].Condition.StringNotEquals"; empty for the document
	Why  string
}

const maxPath = 200

// Error gives place and reason in one line.
func (e *ParseError) Error() string {
	path := e.Path
	if len(path) > maxPath {
		path = path[:maxPath] + "..."
	}
	if path == "" {
		return "policy document: " + e.Why
	}
	return "policy document: " + path + ": " + e.Why
}

// Parse reads and checks a document. Every error is a *ParseError.
func Parse(src []byte, o Options) (*Document, error) {
	doc, err := read(src, o)
	if err != nil {
		return nil, err
	}
	// Compiling is the check of everything that stands inside a value.
	if _, err := Compile(doc); err != nil {
		return nil, err
	}
	return doc, nil
}

// New parses and compiles in one go. Every error is a *ParseError.
func New(src []byte, o Options) (*Policy, error) {
	doc, err := read(src, o)
	if err != nil {
		return nil, err
	}
	return Compile(doc)
}

// Canonical returns the document as a service stores and shows it: compact
// JSON, elements in the user's order, resources expanded by Options.Expand, and
// a principal list of one as a plain string (reference/api-gateway.md 3.1).
func (d *Document) Canonical() []byte { return d.root.appendTo(nil) }
