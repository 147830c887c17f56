package program

import (
	"reflect"
	"strings"
	"testing"
)

func TestLogFormat(t *testing.T) {
	for format, want := range map[string]LogFormat{
		"":                     nil,
		"plain":                {{Text: "plain"}},
		"$context.requestId":   {{Variable: "requestId"}},
		"$context.requestId\n": {{Variable: "requestId"}},
		`{"id":"$context.requestId","s":$context.status}`: {{`{"id":"`, "requestId"}, {`","s":`, "status"}, {Text: "}"}},
		"$context.stage.":              {{Variable: "stage"}, {Text: "."}},
		"$context.stage-$context.path": {{Variable: "stage"}, {"-", "path"}},
		"$context.authorizer.my-name-": {{Variable: "authorizer.my-name"}, {Text: "-"}},
		"$context. $5 $context":        {{Text: "$context. $5 $context"}},
		"a$context.$context.stage":     {{"a$context.", "stage"}},
	} {
		if got := ParseLogFormat(format); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, want %q", format, got, want)
		}
	}
}

func TestLogDestination(t *testing.T) {
	for arn, want := range map[string]string{
		"arn:aws:logs:us-east-1:000000000000:log-group:/aws/x:*":                     "/aws/x",
		"arn:aws:logs:us-east-1:000000000000:log-group:x":                            "x",
		"arn:aws:firehose:us-east-1:000000000000:deliverystream/amazon-apigateway-x": "amazon-apigateway-x",
		"arn:aws:s3:::bucket": "arn:aws:s3:::bucket",
	} {
		if got := LogDestination(arn); got != want {
			t.Errorf("%s: %q, want %q", arn, got, want)
		}
	}
}

// Nothing of a format is lost, and every variable has a name.
func FuzzLogFormat(f *testing.F) {
	for _, seed := range []string{"$context.requestId", "a $context.a.b-c $context.authorizer.x-y. z", "$context.$context..", "\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, format string) {
		var back strings.Builder
		for _, part := range ParseLogFormat(format) {
			back.WriteString(part.Text)
			if part.Variable != "" {
				back.WriteString("$context." + part.Variable)
			} else if part.Text == "" {
				t.Errorf("an empty part in %q", format)
			}
		}
		if want := strings.TrimRight(format, "\r\n"); back.String() != want {
			t.Errorf("%q came back as %q", want, back.String())
		}
	})
}
