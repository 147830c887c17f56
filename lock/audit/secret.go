package audit

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"strings"
)

// Redacted is what a Secret shows of itself.
const Redacted = "(secret)"

// Secret is text that must not be shown: the value of an API key or of an
// origin custom header, or a resource policy that demands one. Printing and
// marshalling it, by whatever verb, gives Redacted.
type Secret struct {
	text     string
	symbolic bool
}

// NewSecret holds a value.
func NewSecret(value string) Secret { return Secret{text: value} }

// SymbolicSecret holds the name of a value that is not known yet: a reference
// in a plan or a template. Two of the same name are the same value.
func SymbolicSecret(name string) Secret {
	return Secret{text: SymbolPrefix + name, symbolic: true}
}

// SymbolPrefix begins the text that stands for a value not known yet, also
// inside a policy document.
const SymbolPrefix = "unresolved:"

// Reveal is the value itself, for comparing, evaluating and sending only.
func (s Secret) Reveal() string { return s.text }

// Symbolic tells whether the text only names the value.
func (s Secret) Symbolic() bool { return s.symbolic }

// IsEmpty tells whether there is no value at all.
func (s Secret) IsEmpty() bool { return s.text == "" }

// Equal compares in constant time.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.text), []byte(other.text)) == 1
}

// String is Redacted, or empty where there is nothing to hide.
func (s Secret) String() string {
	if s.text == "" {
		return ""
	}
	return Redacted
}

// Format keeps every verb of fmt from the value, %#v too.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// MarshalJSON writes Redacted.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// UnmarshalJSON reads a value, so that a Stack can be written by hand.
func (s *Secret) UnmarshalJSON(text []byte) error {
	if err := json.Unmarshal(text, &s.text); err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	s.symbolic = strings.HasPrefix(s.text, SymbolPrefix)
	return nil
}
