package jsfunc

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestImports(t *testing.T) {
	for in, want := range map[string]string{
		"import cf from 'cloudfront';\nvar a;":               "const cf = require('cloudfront');\nvar a;",
		"'use strict'; import c from \"crypto\"\nlet b":      "'use strict'; const c = require('crypto');\nlet b",
		"// import x\n/* import y */import c from 'crypto';": "// import x\n/* import y */const c = require('crypto');",
		"import\nc\nfrom\n'crypto'; x":                       "const c = require('crypto')\n\n\n; x",
		"important()":                                        "important()",
		"var a; import c from 'crypto';":                     "var a; import c from 'crypto';",
		"":                                                   "",
	} {
		got, err := rewriteImports(in)
		if err != nil || got != want {
			t.Errorf("%q: got %q (%v), want %q", in, got, err, want)
		}
	}
	for _, in := range []string{
		"import", "import 'crypto'", "import {a} from 'crypto'", "import * as c from 'crypto'", "import c from", "import c from 'crypto",
		"import c from 'x'", "import 1c from 'crypto'", "import c 'crypto'",
	} {
		if got, err := rewriteImports(in); err == nil {
			t.Errorf("%q became %q", in, got)
		}
	}
}

func FuzzRewriteImports(f *testing.F) {
	for _, seed := range []string{
		"import cf from 'cloudfront'; let x", "import\n/*", "//", "/*", "import a from \"crypto\"\nimport b from 'buffer'", "'use strict';;;import",
		"import a from 'cry\npto'", "import a from 'crypto' \t;\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, code string) {
		out, err := rewriteImports(code)
		if err != nil {
			return
		}
		if strings.Count(out, "\n") != strings.Count(code, "\n") {
			t.Errorf("%q has other lines as %q", code, out)
		}
		again, err := rewriteImports(out)
		if !strings.Contains(code, "import") && out != code || err == nil && !strings.Contains(out, "import") && again != out {
			t.Errorf("%q became %q", code, out)
		}
	})
}

func FuzzParseEvent(f *testing.F) {
	for _, seed := range []string{requestEvent, responseEvent, "{}", "[", `{"context":{"eventType":"viewer-request"},"request":{"method":"G","uri":"/","querystring":"a=1&&b"}}`,
		`{"request":{"headers":{"A":{"value":"1"},"a":{"value":"2"}}}}`, strings.Repeat("[", 100)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		event, err := ParseEvent(data)
		if err != nil {
			return
		}
		if out := (&Result{Request: event.Request}).Output(); !json.Valid([]byte(out)) {
			t.Errorf("%q makes %q", data, out)
		}
	})
}

func FuzzCompile(f *testing.F) {
	e, err := New(Options{})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"function handler(event) { return event.request; }", "import cf from 'cloudfront';", "var a = /(?=a)/;", "`${`", "async () => {}",
		"for (const a in b) {}", "var a = /[\\d-\\w]/u", "a ?? b", "\u2028"} {
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, code string, modern bool) {
		runtime := Runtime10
		if modern {
			runtime = Runtime20
		}
		_, err := e.Compile(Source{Code: []byte(code), Runtime: runtime})
		if _, isSyntax := err.(*SyntaxError); err != nil && !isSyntax {
			t.Errorf("%q: %v", code, err)
		}
	})
}
