package program

import (
	"strings"
	"testing"
)

func TestServiceURI(t *testing.T) {
	for _, row := range []struct{ uri, target, function string }{
		{"arn:aws:apigateway:eu-west-1:sqs:path/1/q", "eu-west-1 . sqs path 1/q", ""},
		{"arn:aws:apigateway:eu-west-1:b.s3:path/{k}?v=1", "eu-west-1 b . s3 path {k}?v=1", ""},
		{"arn:aws:apigateway:eu-west-1:sns:action/Publish&A=b", "eu-west-1 . sns action Publish&A=b", ""},
		{"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:1:function:f:${stageVariables.v}/invocations",
			"eu-west-1 . lambda path 2015-03-31/functions/arn:aws:lambda:eu-west-1:1:function:f:${stageVariables.v}/invocations",
			"arn:aws:lambda:eu-west-1:1:function:f:${stageVariables.v}"},
		{"arn:aws:apigateway:eu-west-1:lambda:path/2021-11-15/functions/f/response-streaming-invocations",
			"eu-west-1 . lambda path 2021-11-15/functions/f/response-streaming-invocations", "f"},
		{"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions", "eu-west-1 . lambda path 2015-03-31/functions", ""},
		{"arn:aws:iam::1:role/x", "", ""}, {"http://x", "", ""}, {"arn:aws:apigateway::sqs:path/q", "", ""}, {"arn:aws:apigateway:r:sqs:queue/q", "", ""}, {"", "", ""},
	} {
		target, function := parseServiceURI(row.uri)
		got := ""
		if target != nil {
			kind := "path"
			if target.Action {
				kind = "action"
			}
			got = strings.Join(strings.Fields(target.Region+" "+target.Subdomain+" . "+target.Service+" "+kind+" "+written(target.Spec)), " ")
		}
		if got != row.target || written(function) != row.function {
			t.Errorf("%s: %q, %q", row.uri, got, written(function))
		}
	}
}

// written puts a URI's parts together again.
func written(template URITemplate) string {
	var b strings.Builder
	for _, part := range template {
		switch part.Place {
		case PlaceStageVariable:
			b.WriteString("${stageVariables." + part.Text + "}")
		case PlacePath:
			b.WriteString("{" + part.Text + "}")
		default:
			b.WriteString(part.Text)
		}
	}
	return b.String()
}

func FuzzMappings(f *testing.F) {
	for _, seed := range [][2]string{
		{"integration.request.header.X", "method.request.header.Y"}, {"integration.request.path.p", "'static'"},
		{"integration.request.querystring.q", "method.request.multivaluequerystring.q"}, {"integration.request.header.", "context.authorizer.a"},
		{"integration.request.body.x", "method.request.body.$.a[0]"}, {"method.response.header.X", "stageVariables.v"}, {"", "'"}, {"x", "method.request.body."},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, target, source string) {
		list := Mappings(map[string]string{target: source}, "integration.request.", "method.request.")
		if len(list) != 1 {
			t.Fatalf("%d mappings of one", len(list))
		}
		m := list[0]
		switch m.Place {
		case PlaceNone:
		case PlaceHeader, PlaceQuery, PlacePath:
			if m.Name == "" || !strings.HasPrefix(target, "integration.request.") || !strings.HasSuffix(target, "."+m.Name) {
				t.Fatalf("%q names %q", target, m.Name)
			}
		default:
			t.Fatalf("%q is of place %d", target, m.Place)
		}
		switch s := m.Source; s.Place {
		case PlaceStatic:
			if "'"+s.Text+"'" != source {
				t.Fatalf("%q is %q", source, s.Text)
			}
		case PlaceHeader, PlaceQuery, PlacePath:
			if s.Name == "" || !strings.HasSuffix(source, "."+s.Name) {
				t.Fatalf("%q names %q", source, s.Name)
			}
		}
	})
}

// What a URI is cut into is the URI.
func FuzzURI(f *testing.F) {
	for _, seed := range []string{"http://a/{b}?c=${stageVariables.d}", "{", "}", "${", "{}", "${stageVariables.}", "{a{b}c}", "arn:aws:apigateway:r:s:path/{k}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		if got := written(ParseURI(uri)); got != uri {
			t.Fatalf("%q became %q", uri, got)
		}
		if target, function := parseServiceURI(uri); target == nil && function != nil || target != nil && !strings.HasPrefix(uri, "arn:") {
			t.Fatalf("%q is %+v, %v", uri, target, function)
		}
	})
}
