package apigateway

import (
	"strings"
	"testing"
)

func TestLogFormat(t *testing.T) {
	const clf = `$context.identity.sourceIp $context.identity.caller [$context.requestTime] "$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.requestId`
	for format, want := range map[string]string{
		clf: "",
		`{"id":"$context.extendedRequestId"}` + "\n":       "",
		"$context.requestId":                               "",
		"$context.requestIdentity":                         "must contain",
		"$context.requestTime":                             "must contain",
		"plain":                                            "must contain",
		"$context.requestId\n$context.stage":               "single line",
		"$context.requestId $input.body":                   "only contain",
		"$context.requestId $5":                            "only contain",
		"$context.requestId " + strings.Repeat("x", 3<<10): "at most",
	} {
		err := checkLogFormat(format)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %q", format, err, want)
		}
	}
}
