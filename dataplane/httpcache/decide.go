package httpcache

import (
	"net/http"
	"time"
)

// Rules are the configured bounds for a response: the TTLs of the cache policy
// and ErrorCachingMinTTL for its status.
type Rules struct {
	Off                        bool // nothing is cached here
	MinTTL, DefaultTTL, MaxTTL time.Duration
	ErrorTTL                   time.Duration
}

// Facts are what a decision needs to know of a response.
type Facts struct {
	Status       int
	CacheControl string // all lines joined; "" is none
	Expires      string // "" is none
	VaryAny      bool   // Vary: *
	Validator    bool   // it has an ETag or a Last-Modified
	Now          time.Time
}

// Verdict is what becomes of a response.
type Verdict struct {
	Reason Reason
	Store  bool
	// Share tells that requests that waited for this response may have it too
	// (reference/cloudfront.md section 3.6).
	Share bool
	// TTL is how long the object is fresh; 0 with Store means it is kept to be
	// revalidated each time.
	TTL time.Duration
	// StaleWhileRevalidate and StaleIfError are how long after the TTL the object
	// may still be served while it is refreshed, or because the origin fails.
	StaleWhileRevalidate, StaleIfError time.Duration
	// Strip lists fields that the stored object must not have.
	Strip []string
}

// errorKind says how an error status is cached.
type errorKind uint8

const (
	errorNever    errorKind = iota // not at all
	errorAlways                    // for ErrorCachingMinTTL or longer
	errorAsked                     // only when the origin gives max-age or s-maxage
	errorHeedful                   // as errorAlways, but no-store, no-cache and private are heeded
	firstOfErrors = 400
)

// errorKindOf is the table of reference/cloudfront.md section 3.5.
func errorKindOf(status int) errorKind {
	switch status {
	case 404, 410, 414, 501:
		return errorHeedful
	case 500, 502, 503, 504:
		return errorAlways
	case 400, 403, 405, 412, 415:
		return errorAsked
	}
	return errorNever
}

// Decide says whether a response to GET, HEAD or a cached OPTIONS is stored and
// for how long: the table of reference/cloudfront.md section 3.1, the stale rules
// of 3.2 and the error rules of 3.5.
func Decide(r Rules, f Facts) Verdict {
	d := ParseCacheControl(f.CacheControl)
	switch {
	case r.Off:
		return Verdict{Reason: ReasonOff}
	case f.Status == http.StatusPartialContent:
		return Verdict{Reason: ReasonPartial}
	case f.Status == http.StatusNotModified:
		return Verdict{Reason: ReasonNotModifiedOnly}
	case f.VaryAny && r.MinTTL == 0:
		return Verdict{Reason: ReasonVaryAny}
	case f.Status >= firstOfErrors:
		return decideError(r, f, d)
	case (f.Status == http.StatusTemporaryRedirect || f.Status == http.StatusPermanentRedirect) && f.CacheControl == "":
		return Verdict{Reason: ReasonRedirect}
	case r.MinTTL == 0 && d.NoStore:
		return Verdict{Reason: ReasonNoStore}
	case r.MinTTL == 0 && d.Private:
		return Verdict{Reason: ReasonPrivate}
	}
	v := Verdict{Store: true, Strip: d.Strip}
	v.TTL, v.Reason = ttl(r, f, d)
	if v.TTL <= 0 {
		v.TTL = 0
		if !f.Validator {
			return Verdict{Reason: ReasonNoValidator}
		}
	}
	v.Share = v.TTL > 0
	v.stale(r, d)
	return v
}

// ttl is the table of reference/cloudfront.md section 3.1 for a response that
// may be kept.
func ttl(r Rules, f Facts, d Directives) (time.Duration, Reason) {
	if d.NoStore || d.NoCache || d.Private {
		if r.MinTTL > 0 {
			return r.MinTTL, ReasonMinTTL // all three are ignored
		}
		return 0, ReasonNoCache
	}
	if age := d.lifetime(); age != absent {
		return max(r.MinTTL, min(age, r.MaxTTL)), ReasonMaxAge
	}
	if f.Expires != "" {
		return max(r.MinTTL, min(untilExpires(f), r.MaxTTL)), ReasonExpires
	}
	return max(r.MinTTL, r.DefaultTTL), ReasonDefaultTTL
}

// lifetime returns s-maxage, else max-age, else absent.
func (d *Directives) lifetime() time.Duration {
	if d.SMaxAge != absent {
		return d.SMaxAge
	}
	return d.MaxAge
}

// untilExpires returns how far off Expires is; a date that is none has passed
// (RFC 9111 section 5.3).
func untilExpires(f Facts) time.Duration {
	at, err := http.ParseTime(f.Expires)
	if err != nil {
		return 0
	}
	return max(0, at.Sub(f.Now))
}

// stale sets how long the object is of use after its TTL
// (reference/cloudfront.md section 3.2). Where the origin forbids reuse without
// validation (RFC 9111 section 4.2.4) it is of none.
func (v *Verdict) stale(r Rules, d Directives) {
	if d.MustRevalidate || d.NoCache && r.MinTTL == 0 {
		return
	}
	v.StaleWhileRevalidate = max(0, min(d.StaleWhileRevalidate, r.MaxTTL))
	v.StaleIfError = r.MaxTTL
	if d.StaleIfError != absent {
		v.StaleIfError = min(d.StaleIfError, r.MaxTTL)
	}
}

// decideError is Decide for error statuses (reference/cloudfront.md section 3.5).
func decideError(r Rules, f Facts, d Directives) Verdict {
	kind, age := errorKindOf(f.Status), d.lifetime()
	forbidden := r.MinTTL == 0 && (d.NoStore || d.NoCache || d.Private)
	switch {
	case kind == errorNever, kind == errorAsked && age == absent:
		return Verdict{Reason: ReasonErrorNotCached}
	case forbidden && kind != errorAlways:
		return Verdict{Reason: ReasonNoStore}
	}
	v := Verdict{Reason: ReasonError, Strip: d.Strip, TTL: max(r.ErrorTTL, min(age, r.MaxTTL))}
	v.Store = v.TTL > 0
	v.Share = v.Store
	return v
}

// State is what a stored object is good for.
type State uint8

// Values of State.
const (
	Absent State = iota
	Fresh
	// Refreshing: served although expired, while one refresh runs behind.
	Refreshing
	// Stale: to be revalidated or fetched anew.
	Stale
)

// Freshness is when an object was stored and until when it is good for what, as
// Unix nanoseconds.
type Freshness struct {
	stored, expires, revalidate, onError int64
}

// NewFreshness returns the freshness of an object stored now under a verdict.
func NewFreshness(now time.Time, v Verdict) Freshness {
	f := Freshness{stored: now.UnixNano()}
	f.expires = f.stored + int64(v.TTL)
	f.revalidate = f.expires + int64(v.StaleWhileRevalidate)
	f.onError = f.expires + int64(v.StaleIfError)
	return f
}

// At says what the object is good for now, and why.
func (f *Freshness) At(now time.Time) (State, Reason) {
	at := now.UnixNano()
	switch {
	case at < f.expires:
		return Fresh, ReasonFresh
	case at < f.revalidate:
		return Refreshing, ReasonStale
	}
	return Stale, ReasonExpired
}

// OnError tells whether the object may stand in for a failing origin now.
func (f *Freshness) OnError(now time.Time) bool { return now.UnixNano() < f.onError }

// Age returns how long the object has been stored, never negative.
func (f *Freshness) Age(now time.Time) time.Duration {
	return max(0, time.Duration(now.UnixNano()-f.stored))
}

// Revalidated tells that the object is asked for at the origin each time: it
// never was fresh.
func (f *Freshness) Revalidated() bool { return f.expires == f.stored }
