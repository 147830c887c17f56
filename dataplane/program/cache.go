package program

import (
	"slices"
	"strings"
	"time"
)

// StageCache is a stage's cache cluster (reference/api-gateway.md 7.6).
type StageCache struct {
	Bytes int64 // what it may hold; 0: the stage has none
	// Epoch tells one cluster from the next: what another one held is not
	// answered from this one.
	Epoch int64
	// Own tells that a canary's calls do not use the stage's cache but one of
	// their own.
	Own bool
}

// UnauthorizedStrategy is what becomes of a request for a fresh answer whose
// caller may not ask for one.
type UnauthorizedStrategy uint8

// Values of UnauthorizedStrategy.
const (
	SucceedWithResponseHeader UnauthorizedStrategy = iota
	SucceedWithoutResponseHeader
	FailWith403
)

// MethodCache is what a stage sets for the answers of a method.
type MethodCache struct {
	Enabled bool
	// OnlyGET tells that the setting is the one for all methods, which turns the
	// cache on for GET alone.
	OnlyGET bool
	TTL     time.Duration
	// RequireAuthorization tells that a fresh answer is only for callers with
	// execute-api:InvalidateCache; others are treated by Unauthorized.
	RequireAuthorization bool
	Unauthorized         UnauthorizedStrategy
}

// cacheKeys finds the sources of the cache key parameters. A parameter of the
// integration request is the value that its mapping has; one without a mapping,
// or that is no parameter, has none.
func (i *Integration) cacheKeys() []Source {
	var keys []Source
	for _, full := range slices.Sorted(slices.Values(i.CacheKeyParameters)) {
		rest, mapped := strings.CutPrefix(full, "integration.request.")
		if !mapped {
			keys = append(keys, parseSource(full, "method.request."))
			continue
		}
		place, name, _ := parsePlace(rest)
		source := Source{}
		for m := range i.RequestMappings {
			if at := &i.RequestMappings[m]; at.Place == place && at.Name == name {
				source = at.Source
			}
		}
		keys = append(keys, source)
	}
	return keys
}
