package cloudfront

import (
	"drawbridge/controlplane/api/cloudfrontapi"
)

// Page sizes of lists. AWS's default is 100 (reference/cloudfront.md 1.2); the
// most is ours, so that one answer stays of some MB.
const (
	defaultPage = 100
	maxPage     = 1000
)

// pageSize gives the number of items that a list's MaxItems asks for.
func pageSize(maxItems *int32) (int, error) {
	switch {
	case maxItems == nil:
		return defaultPage, nil
	case *maxItems < 1:
		return 0, badParameter("MaxItems is not valid.")
	}
	return min(int(*maxItems), maxPage), nil
}

// checkIfMatch compares the version a client wants to change with the one
// there is (reference/cloudfront.md 1.5).
func checkIfMatch(ifMatch *string, etag string) error {
	switch sent := value(ifMatch); {
	case !ifMatchETag.MatchString(sent):
		return cloudfrontapi.InvalidIfMatchVersion("The If-Match version is missing or not valid for the resource.")
	case sent != etag:
		return cloudfrontapi.PreconditionFailed(
			"The request failed because it didn't meet the preconditions in one or more request-header fields.")
	}
	return nil
}
