package scenario

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"drawbridge/app"
	"drawbridge/cli"
)

func TestShorthand(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{"op=replace,path=/apiKeyRequired,value=true", `{"op":"replace","path":"/apiKeyRequired","value":"true"}`},
		{"apiId=abc,stage=prod", `{"apiId":"abc","stage":"prod"}`},
		{"types=REGIONAL", `{"types":"REGIONAL"}`},
		{"types=EDGE,REGIONAL,name=x", `{"types":["EDGE","REGIONAL"],"name":"x"}`},
		{"a=[1,2],b={c=d,e=[f]}", `{"a":["1","2"],"b":{"c":"d","e":["f"]}}`},
		{`value="a,b=\"c\"",op=x`, `{"value":"a,b=\"c\"","op":"x"}`},
		{"value='{\"a\": 1}'", `{"value":"{\"a\": 1}"}`},
		{"path=/requestTemplates/application~1json,value=", `{"path":"/requestTemplates/application~1json","value":""}`},
		{"method.request.path.proxy=true", `{"method.request.path.proxy":"true"}`},
	} {
		value, err := parseShorthand(row.text)
		if err != nil || jsonText(value) != row.want {
			t.Errorf("%s: %s, %v; want %s", row.text, jsonText(value), err, row.want)
		}
	}
	for _, bad := range []string{"", "a", "a={b=c", "a=[b", `a="b`, ",a=b"} {
		if value, err := parseShorthand(bad); err == nil {
			t.Errorf("%q: %s, want an error", bad, jsonText(value))
		}
	}
}

func TestPaths(t *testing.T) {
	root, err := parseJSON(`{"a":{"b":[{"c":"first"},{"c":2}]},"d.e":null}`)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"a.b[0].c": "first", "a.b[-1].c": "2", "a.b.length": "2", `"d.e"`: "null", "a.b[1]": `{"c":2}`} {
		if value, err := find(root, path); err != nil || scalarText(value) != want {
			t.Errorf("%s: %v, %v; want %s", path, value, err, want)
		}
	}
	for _, bad := range []string{"x", "a.b[2]", "a.b.c", "[0]", "a..b"} {
		if value, err := find(root, bad); err == nil {
			t.Errorf("%s: %v, want an error", bad, value)
		}
	}
	steps, err := splitPath("a.b[2].new")
	if err != nil {
		t.Fatal(err)
	}
	changed, err := change(root, steps, true)
	if err != nil || jsonText(changed) != `{"a":{"b":[{"c":"first"},{"c":2},{"new":true}]},"d.e":null}` {
		t.Errorf("changed: %s, %v", jsonText(changed), err)
	}
}

func TestMatches(t *testing.T) {
	for _, row := range []struct {
		text, want string
		ok         bool
	}{
		{"403", "403", true}, {"4030", "403", false}, {"", "", true}, {"a.c", "a.c", true}, {"abc", "a.c", false},
		{"abc", "~a.c", true}, {"xabc", "~a.c", false}, {"a\nc", "~a.c", true}, {"b", "~a|b", true}, {"bx", "~a|b", false},
	} {
		if ok, err := matches(row.text, row.want); err != nil || ok != row.ok {
			t.Errorf("%q against %q: %v, %v", row.text, row.want, ok, err)
		}
	}
}

func TestUnescape(t *testing.T) {
	if got := string(unescape(`a\r\n\(xy*3)\x41` + "\n" + `\0\\`)); got != "a\r\nxyxyxyA\x00\\" {
		t.Errorf("%q", got)
	}
}

// TestReadme: every word of the language has its line in README.md, and no other.
func TestReadme(t *testing.T) {
	readme := read(t, "README.md")
	words := commands()
	for word := range words {
		if !strings.Contains(readme, "`"+word) && !strings.Contains(readme, "\n"+word) {
			t.Errorf("README.md does not explain %s", word)
		}
	}
}

// TestRealCLIPrintsTheSame: what the built-in client prints is what the AWS CLI
// prints for the same call, member for member, in order.
func TestRealCLIPrintsTheSame(t *testing.T) {
	b := newBench(t)
	m := b.bySDK(t)
	for _, args := range [][]string{
		{"apigateway", "get-resources", "--rest-api-id", m.api},
		{"apigateway", "get-method", "--rest-api-id", m.api, "--resource-id", m.root, "--http-method", "GET"},
		{"apigateway", "get-stage", "--rest-api-id", m.api, "--stage-name", "prod"},
		{"apigateway", "get-usage-plan", "--usage-plan-id", m.plan},
		{"apigateway", "get-api-keys", "--include-values"},
		{"cloudfront", "get-distribution", "--id", m.distribution},
		{"cloudfront", "get-cache-policy", "--id", "658327ea-f89d-4fab-a63d-7e88639e58f6"},
		{"sts", "get-caller-identity"},
	} {
		want := jsonText(b.run(t, args...))
		s := &story{clock: &clock{}}
		getenv := map[string]string{"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": sdkRegion, "ENDPOINT": b.endpoint}
		if err := s.call(args, nil, func(name string) string { return getenv[name] }); err != nil || s.failure != nil {
			t.Errorf("%v: %v, %+v", args, err, s.failure)
			continue
		}
		value, err := parseJSON(s.answer)
		must(t, err)
		if got := jsonText(value); got != want {
			t.Errorf("%s\nbuilt-in %s\nAWS CLI  %s", strings.Join(args, " "), got, want)
		}
	}
}

// TestStoriesAreReadable keeps the files' form: a first line that says what the
// story is about, a letter that says the area, no sleeping.
func TestStoriesAreReadable(t *testing.T) {
	for _, file := range stories(t, "") {
		text, name := read(t, file)[1:], filepath.Base(file)
		if !strings.HasPrefix(text, "# ") {
			t.Errorf("%s does not begin with a sentence about it", name)
		}
		if !strings.ContainsAny(name[:1], "acegprs") {
			t.Errorf("%s: no area begins with that letter", name)
		}
		if strings.Contains(text, "\nexec sleep") {
			t.Errorf("%s sleeps", name)
		}
	}
}

// TestAuthority: the local authority signs leaves and no further authorities.
func TestAuthority(t *testing.T) {
	config, err := cli.ServeConfig([]string{"--data", t.TempDir(), "--access-log", "off", "--listen", "edge=127.0.0.1:0"}, nil)
	must(t, err)
	config.Stderr, config.Log = io.Discard, slog.New(slog.DiscardHandler)
	a, err := app.New(t.Context(), config)
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	must(t, a.Serve(ctx))
	block, _ := pem.Decode(a.CACertificate())
	authority, err := x509.ParseCertificate(block.Bytes)
	must(t, err)
	if !authority.IsCA || authority.MaxPathLen != 0 || !authority.MaxPathLenZero || authority.PublicKeyAlgorithm != x509.ECDSA {
		t.Errorf("authority %v: CA %v, path length %d, key %v", authority.Subject, authority.IsCA, authority.MaxPathLen, authority.PublicKeyAlgorithm)
	}
}
