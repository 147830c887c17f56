package program

import (
	"time"

	"drawbridge/engine/jsfunc"
)

// EdgeFunction is a CloudFront function as it was published: the LIVE stage.
type EdgeFunction struct {
	Name string
	// Code is nil where the published code cannot be compiled: each call of it
	// fails (reference/cloudfront.md section 5.2).
	Code *jsfunc.Function
	// Store is the id of the key value store that belongs to it; "" is none.
	Store string
}

// KeyValueStore is what a key value store holds.
type KeyValueStore struct {
	Pairs             map[string]string // not to be changed
	Created, Modified time.Time
}
