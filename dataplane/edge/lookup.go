package edge

import "drawbridge/dataplane/httpcache"

// found is what the location's cache has for a key.
type found struct {
	object *object // nil: nothing
	state  httpcache.State
	reason httpcache.Reason
}

// atHand tells whether the answer is there without a fetch: a fresh object, but
// not an error, whose page may have to be fetched.
func (f found) atHand() bool {
	return f.state == httpcache.Fresh && f.object.Fault == 0 && f.object.Status < 400
}

// lookUp asks the location's cache. A request with Authorization is no
// exception: as in CloudFront only the key counts (reference/cloudfront.md
// section 3.1).
func lookUp(r request, key cacheKey) found {
	if key.past != bypassNo {
		return found{reason: key.past.reason()}
	}
	o, ok := r.location.store.Get(key.bytes)
	if !ok {
		return found{reason: httpcache.ReasonAbsent}
	}
	if o.HeadOnly && r.asked.Method != "HEAD" {
		return found{reason: httpcache.ReasonHeadOnly}
	}
	state, reason := o.State(r.now)
	return found{object: o, state: state, reason: reason}
}
