package store

import (
	"errors"
	"fmt"
)

// Errors of every store; compare with errors.Is. ErrConflict and ErrLimit come
// as *ConflictError and *LimitError, which errors.As takes apart.
var (
	ErrNotFound  = errors.New("key not found")
	ErrConflict  = errors.New("conflict")
	ErrCompacted = errors.New("change log does not reach that revision")
	ErrClosed    = errors.New("store is closed")
	ErrLimit     = errors.New("over the store's limit")
	ErrInvalid   = errors.New("invalid transaction")
	ErrFull      = errors.New("store is full")

	// ErrLocked: another process uses the data folder.
	ErrLocked = errors.New("data folder in use")
	// ErrCorrupt: the stored bytes are not what was once written.
	ErrCorrupt = errors.New("data is corrupt")
	// ErrFormat: the stored bytes are sound but not of a kind this build reads.
	ErrFormat = errors.New("data format not supported")
	// ErrFailed: a write came to an unknown end (the disk failed in the middle
	// of it); nothing more is read or written until the store is opened anew.
	ErrFailed = errors.New("store has failed")
)

// ConflictError says which compare did not hold.
type ConflictError struct {
	Key  string
	Want int64 // the compare's ModRevision; 0: the key was to be absent
	Got  int64 // the key's ModRevision; 0: it is absent
}

func (e *ConflictError) Error() string {
	switch {
	case e.Want == 0:
		return fmt.Sprintf("conflict: key %q exists since revision %d", e.Key, e.Got)
	case e.Got == 0:
		return fmt.Sprintf("conflict: key %q is gone, expected revision %d", e.Key, e.Want)
	default:
		return fmt.Sprintf("conflict: key %q is at revision %d, expected %d", e.Key, e.Got, e.Want)
	}
}

// Is makes errors.Is(err, ErrConflict) true.
func (e *ConflictError) Is(target error) bool { return target == ErrConflict }

// LimitError says which limit a request exceeds, and by how much.
type LimitError struct {
	What     string
	Got, Max int64
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("%d %s, at most %d", e.Got, e.What, e.Max)
}

// Is makes errors.Is(err, ErrLimit) true.
func (e *LimitError) Is(target error) bool { return target == ErrLimit }
