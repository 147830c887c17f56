package cloudfront_test

import (
	"testing"

	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/api/ledger"
)

// TestFieldLedger finds every input field in exactly one line of the ledger,
// and docs/compatibility.md up to date with it. That every operation is built
// is TestOperationsBuilt's.
func TestFieldLedger(t *testing.T) {
	ledger.Check(t, ledger.Options{
		Table: cloudfrontapi.Table, File: "testdata/ledger.txt", Docs: "../../docs/compatibility.md",
		Heading: "CloudFront", Name: "cloudfront",
	})
}
