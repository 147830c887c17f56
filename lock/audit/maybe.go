package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Maybe is a value that could perhaps not be read; then Reason says why and
// Value is to be ignored. The zero Maybe is unread without a reason given.
type Maybe[T any] struct {
	Value  T
	known  bool
	reason string
}

// Known is a value that was read.
func Known[T any](value T) Maybe[T] { return Maybe[T]{Value: value, known: true} }

// Unknown is a value that could not be read.
func Unknown[T any](reason string) Maybe[T] { return Maybe[T]{reason: reason} }

// Known tells whether the value was read.
func (m Maybe[T]) Known() bool { return m.known }

// Reason says why the value was not read; empty when it was.
func (m Maybe[T]) Reason() string {
	if !m.known && m.reason == "" {
		return "it was not read"
	}
	return m.reason
}

// MarshalJSON writes the value, or {"unknown": reason}.
func (m Maybe[T]) MarshalJSON() ([]byte, error) {
	if m.known {
		return json.Marshal(m.Value)
	}
	return json.Marshal(map[string]string{"unknown": m.Reason()})
}

// UnmarshalJSON is its reverse. null is unread: without this encoding/json
// would leave the zero Maybe, which is the same.
func (m *Maybe[T]) UnmarshalJSON(text []byte) error {
	var unread struct {
		Unknown *string `json:"unknown"`
	}
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte(`{"unknown"`)) {
		if err := json.Unmarshal(text, &unread); err != nil {
			return fmt.Errorf("unread value: %w", err)
		}
		if unread.Unknown == nil {
			return errors.New("unread value: no reason")
		}
		*m = Unknown[T](*unread.Unknown)
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&m.Value); err != nil {
		return err
	}
	m.known = true
	return nil
}
