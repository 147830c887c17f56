package httpcache

// Reason says why a decision fell as it did; it stands as it is in logs, metrics
// and tests.
type Reason string

// Why a response is stored, or not.
const (
	ReasonOff             Reason = "caching-off"      // all TTLs are 0
	ReasonMaxAge          Reason = "max-age"          // TTL from s-maxage or max-age
	ReasonExpires         Reason = "expires"          // TTL from Expires
	ReasonDefaultTTL      Reason = "default-ttl"      // the origin says nothing
	ReasonMinTTL          Reason = "min-ttl"          // MinTTL overrides no-store, no-cache, private
	ReasonNoStore         Reason = "no-store"         // no-store, MinTTL 0
	ReasonPrivate         Reason = "private"          // private, MinTTL 0
	ReasonNoCache         Reason = "no-cache"         // kept to be revalidated each time
	ReasonVaryAny         Reason = "vary-any"         // Vary: *
	ReasonError           Reason = "error"            // an error kept for ErrorCachingMinTTL or longer
	ReasonErrorNotCached  Reason = "error-not-cached" // an error status that is not kept
	ReasonRedirect        Reason = "redirect-without-cache-control"
	ReasonPartial         Reason = "partial"        // 206
	ReasonNoValidator     Reason = "ttl-0"          // TTL 0 and nothing to revalidate with
	ReasonTooLarge        Reason = "too-large"      // larger than the store takes
	ReasonIncomplete      Reason = "incomplete"     // the body broke off
	ReasonRefreshed       Reason = "refreshed"      // the origin answered 304
	ReasonStaleOnError    Reason = "stale-on-error" // an expired object instead of a failure
	ReasonMethod          Reason = "method"         // a method that is not cached
	ReasonNotModifiedOnly Reason = "not-modified"   // a 304 that refreshes nothing
)

// What a lookup found.
const (
	ReasonFresh    Reason = "fresh"
	ReasonAbsent   Reason = "absent"
	ReasonExpired  Reason = "expired"
	ReasonStale    Reason = "stale-while-revalidate"
	ReasonRetry    Reason = "stale-retry-later" // served stale after an error, the origin is left alone for a while
	ReasonHeadOnly Reason = "head-only"         // only the head of the object is known
)
