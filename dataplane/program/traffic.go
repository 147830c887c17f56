package program

import "time"

// Traffic is what a continuous deployment policy sends to a staging
// distribution (reference/cloudfront.md section 5.9): the requests with a header,
// or a share of all.
type Traffic struct {
	// To is the domain name of the staging distribution.
	To string
	// Policy tells one version of the policy from another: sessions end with it.
	Policy        string
	Header, Value string  // Header "" sends a share
	Weight        float64 // 0 to 1
	// IdleTTL and MaximumTTL bound the session that keeps a viewer on one side;
	// 0: there are none.
	IdleTTL, MaximumTTL time.Duration
}
