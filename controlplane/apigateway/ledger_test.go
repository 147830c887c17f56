package apigateway

import (
	"testing"

	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/controlplane/api/ledger"
)

// TestFieldLedger finds every input field in exactly one line of the ledger,
// and docs/compatibility.md up to date with it.
func TestFieldLedger(t *testing.T) {
	ledger.Check(t, ledger.Options{
		Table: apigatewayapi.Table, File: "testdata/ledger.txt", Docs: "../../docs/compatibility.md",
		Heading: "API Gateway (REST APIs, v1)", Name: "apigateway",
		Missing: map[string]string{
			"GetSdk": "501 `NotImplementedException`: AWS's SDK generators are no public programs. " +
				"GetExport gives the definition that any OpenAPI generator takes.",
		},
	})
}
