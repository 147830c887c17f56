package jsfunc

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func engine(t testing.TB) *Engine {
	t.Helper()
	e, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func compile(t testing.TB, runtime, code string) *Function {
	t.Helper()
	f, err := engine(t).Compile(Source{Code: []byte(code), Runtime: runtime})
	if err != nil {
		t.Fatalf("%v\n%s", err, code)
	}
	return f
}

const requestEvent = `{
  "version": "1.0",
  "context": {"eventType": "viewer-request", "distributionId": "E1", "distributionDomainName": "d1.cloudfront.net", "requestId": "r1"},
  "viewer": {"ip": "198.51.100.11"},
  "request": {
    "method": "GET", "uri": "/media/index.mpd",
    "querystring": {"ID": {"value": "42"}, "NoValue": {"value": ""}, "q": {"value": "a", "multiValue": [{"value": "a"}, {"value": "b"}]}},
    "headers": {"Host": {"value": "video.example.com"}, "user-agent": {"value": "curl"}, "x-amz-cf-id": {"value": "hidden"},
      "accept": {"value": "application/json", "multiValue": [{"value": "application/json"}, {"value": "text/html"}]}},
    "cookies": {"CookieConsent": {"value": "True"}}
  }
}`

const responseEvent = `{
  "version": "1.0", "context": {"eventType": "viewer-response"}, "viewer": {"ip": "198.51.100.11"},
  "request": {"method": "GET", "uri": "/index.html", "querystring": {}, "headers": {}, "cookies": {}},
  "response": {"statusCode": 200, "statusDescription": "OK",
    "headers": {"server": {"value": "s"}, "via": {"value": "1.1 x"}, "connection": {"value": "close"}},
    "cookies": {"id": {"value": "1", "attributes": "Secure"}}}
}`

func event(t testing.TB, text string) *Event {
	t.Helper()
	e, err := ParseEvent([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

const unchanged = `{"request":{"headers":{"host":{"value":"video.example.com"},"user-agent":{"value":"curl"},` +
	`"accept":{"value":"application/json","multiValue":[{"value":"application/json"},{"value":"text/html"}]}},"method":"GET",` +
	`"querystring":{"ID":{"value":"42"},"NoValue":{"value":""},"q":{"value":"a","multiValue":[{"value":"a"},{"value":"b"}]}},` +
	`"uri":"/media/index.mpd","cookies":{"CookieConsent":{"value":"True"}}}}`

var env = Env{Now: time.UnixMilli(1700000000123)}

// TestEventInEventOut is the event model of reference/cloudfront.md 5.2.
func TestEventInEventOut(t *testing.T) {
	for _, test := range []struct{ name, event, code, want string }{
		{"untouched", requestEvent, `return event.request;`, unchanged},
		{"uri", requestEvent, `event.request.uri = '/b'; return event.request;`, strings.Replace(unchanged, "/media/index.mpd", "/b", 1)},
		{"value replaces the first", requestEvent, `event.request.headers.accept.value = 'x'; return event.request;`,
			strings.Replace(unchanged, `{"value":"application/json","multiValue":[{"value":"application/json"}`, `{"value":"x","multiValue":[{"value":"x"}`, 1)},
		{"multiValue wins", requestEvent, `var a = event.request.headers.accept; a.value = 'x'; a.multiValue = [{value: 'm'}]; return event.request;`,
			strings.Replace(unchanged, `{"value":"application/json","multiValue":[{"value":"application/json"},{"value":"text/html"}]}`, `{"value":"m"}`, 1)},
		{"query as text", requestEvent, `event.request.querystring = 'b=1&a=2'; return event.request;`,
			strings.Replace(unchanged, unchanged[strings.Index(unchanged, `{"ID"`):strings.Index(unchanged, `,"uri"`)], `"b=1&a=2"`, 1)},
		{"generated", requestEvent,
			`return {statusCode: 302, statusDescription: 'Found', headers: {'location': {value: 'https://x/'}}, cookies: {a: {value: '1', attributes: 'Path=/'}}};`,
			`{"response":{"headers":{"location":{"value":"https://x/"}},"statusDescription":"Found","cookies":{"a":{"value":"1","attributes":"Path=/"}},"statusCode":302}}`},
		{"body as text", requestEvent, `return {statusCode: 200, body: 'hi'};`,
			`{"response":{"headers":{},"statusDescription":"","cookies":{},"statusCode":200,"body":{"encoding":"text","data":"hi"}}}`},
		{"body as base64", requestEvent, `return {statusCode: 200, body: {encoding: 'base64', data: 'aGk='}};`,
			`{"response":{"headers":{},"statusDescription":"","cookies":{},"statusCode":200,"body":{"encoding":"base64","data":"aGk="}}}`},
		{"viewer-response", responseEvent, `var r = event.response; r.headers['x-a'] = {value: 'b'}; delete r.headers.server; return r;`,
			`{"response":{"headers":{"via":{"value":"1.1 x"},"x-a":{"value":"b"}},"statusDescription":"OK","cookies":{"id":{"value":"1","attributes":"Secure"}},"statusCode":200}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, runtime := range []string{Runtime10, Runtime20} {
				f := compile(t, runtime, "function handler(event) {"+test.code+"}")
				result, err := f.Run(event(t, test.event), env)
				if err != nil {
					t.Fatal(runtime, err)
				}
				if got := result.Output(); got != test.want {
					t.Errorf("%s\n got %s\nwant %s", runtime, got, test.want)
				}
			}
		})
	}
}

func TestValidation(t *testing.T) {
	for _, test := range []struct{ event, code, want string }{
		{requestEvent, `return 1;`, "it is no object"},
		{requestEvent, `return {};`, "request.method is missing"},
		{requestEvent, `event.request.method = 'POST'; return event.request;`, "method must not be changed"},
		{requestEvent, `event.request.uri = 'a'; return event.request;`, "request.uri is not valid"},
		{requestEvent, `event.request.uri = '/a b'; return event.request;`, "request.uri is not valid"},
		{requestEvent, `event.request.uri = '/a#b'; return event.request;`, "request.uri is not valid"},
		{requestEvent, `event.request.uri = '/' + 'a'.repeat(8192); return event.request;`, "too long"},
		{requestEvent, `event.request.headers.host = {value: 'x'}; return event.request;`, "host is read-only"},
		{requestEvent, `delete event.request.headers.host; return event.request;`, "host is read-only"},
		{requestEvent, `event.request.headers.via = {value: 'x'}; return event.request;`, "via is read-only"},
		{requestEvent, `event.request.headers['x-edge-a'] = {value: 'x'}; return event.request;`, "x-edge-a is not allowed"},
		{requestEvent, `event.request.headers['x-amz-cf-id'] = {value: 'x'}; return event.request;`, "x-amz-cf-id is not allowed"},
		{requestEvent, `event.request.headers.cookie = {value: 'x'}; return event.request;`, "cookie is not allowed"},
		{requestEvent, `event.request.headers.A = {value: 'x'}; return event.request;`, "not in lower case"},
		{requestEvent, `event.request.headers['a b'] = {value: 'x'}; return event.request;`, "no header name"},
		{requestEvent, `event.request.headers.a = 'x'; return event.request;`, "request.headers.a is no object"},
		{requestEvent, `event.request.headers.a = {value: 1}; return event.request;`, "request.headers.a.value is no string"},
		{requestEvent, `event.request.headers.a = {value: 'x\r\ny: z'}; return event.request;`, "a value that is not valid"},
		{requestEvent, `event.request.cookies.a = {value: 'x; y'}; return event.request;`, "request.cookies.a is not valid"},
		{requestEvent, `event.request.querystring.a = {value: 'x&y=1'}; return event.request;`, "querystring.a is not valid"},
		{requestEvent, `return {statusCode: 99};`, "statusCode is not valid"},
		{requestEvent, `return {statusCode: 'x'};`, "statusCode is no number"},
		{requestEvent, `return {statusCode: 200, headers: {via: {value: 'x'}}};`, "via is read-only"},
		{requestEvent, `return {statusCode: 200, body: {encoding: 'gzip', data: ''}};`, "encoding must be"},
		{requestEvent, `return {statusCode: 200, body: 'x'.repeat(50000)};`, "body is too large"},
		{responseEvent, `return event.request;`, "statusCode is missing"},
		{responseEvent, `event.response.headers.via.value = 'x'; return event.response;`, "via is read-only"},
	} {
		result, err := compile(t, Runtime20, "function handler(event) {"+test.code+"}").Run(event(t, test.event), env)
		var invalid *ValidationError
		if !errors.As(err, &invalid) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.code, err, test.want)
		}
		if result == nil || result.Request != nil || result.Response != nil {
			t.Errorf("%s: a refused result is there: %+v", test.code, result)
		}
	}
}

// TestLanguage runs snippets whose value is a string; what both runtimes have,
// and what only one has.
func TestLanguage(t *testing.T) {
	for _, test := range []struct{ runtimes, code, want string }{
		{"12", `return typeof eval + typeof Map + typeof Proxy + typeof Reflect + typeof setTimeout;`, "undefinedundefinedundefinedundefinedundefined"},
		{"12", `var a = [3,1,2]; a.sort(); return a.join('-') + [1,[2,[3]]];`, "1-2-31,2,3"},
		{"12", `return 'a-b-c'.replace(/-(.)/g, '[$1$&$$]');`, "a[b-b$][c-c$]"},
		{"12", `return 'abcd'.replace(/(?<x>b)/, "<$<x>$'$` + "`" + `$9>");`, "a<bcda$9>cd"},
		{"12", `return 'a.b'.split('.').map(x => x.toUpperCase()).concat(['Z']).join('');`, "ABZ"},
		{"12", `return JSON.stringify({a: [1, {b: 'x'}], c: undefined});`, `{"a":[1,{"b":"x"}]}`},
		{"12", `return JSON.stringify({a: 1, b: {a: 2, c: 3}}, ['a', 'b']);`, `{"a":1,"b":{"a":2}}`},
		{"12", `return JSON.stringify([1,2], function (k, v) { return typeof v === 'number' ? v * 2 : v; });`, `[2,4]`},
		{"12", `return String(JSON.parse('{"a":[1,2]}', function (k, v) { return k === '0' ? 9 : v; }).a);`, `9,2`},
		{"12", `return require('crypto').createHash('sha256').update('a').update('b').digest('hex');`, "fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603"},
		{"12", `return require('crypto').createHmac('sha1', 'key').update('data').digest('base64url');`, "EEFSxb_coHvGM-69RhmfAlXJ9J0"},
		{"12", `return require('crypto').createHash('md5').update('').digest('base64');`, "1B2M2Y8AsgTpgAmY7PhCfg=="},
		{"12", `var q = require('querystring'); return q.stringify(q.parse('a=1&b=%20x&a=2'));`, "a=1&a=2&b=%20x"},
		{"12", `return new Date().toISOString() + (Date.now() === Date.now());`, "2023-11-14T22:13:20.123Ztrue"},
		{"12", `return Array.prototype.slice.call(arguments).length + Math.max.apply(null, [1, 5]);`, "6"},
		{"12", `try { new Function('return 1')(); } catch (e) { return 'no'; }`, "no"},
		{"12", `try { (function () {}).constructor('return 1')(); } catch (e) { return 'no'; }`, "no"},
		{"12", `return typeof event.request.rawQueryString;`, "*"},
		{"12", `return /^(?=a)(a)\1$/.test('aa') + ':' + 'x1y2'.match(/\d/g) + ':' + 'abc'.search(/c/);`, "true:1,2:2"},
		{"12", `var re = /b/g; re.exec('abab'); return String(re.lastIndex);`, "2"},
		{"12", `return String(new RegExp('a+', 'g').test('caa')) + (/a/ instanceof RegExp);`, "truetrue"},
		{"12", `return [1,2,3].includes(2) + '' + [1,2].indexOf(2) + 'abc'.includes('c');`, "true1true"},
		{"1", `return String.bytesFrom([0x68, 0x69]) + 'é'.toUTF8().length + String.bytesFrom('6869', 'hex') + 'é'.toUTF8().fromUTF8();`, "hi2hié"},
		{"1", `return String('\u1234'.toBytes()) + 'abc'.toBytes(1, 2).fromBytes();`, "nullb"},
		{"1", `return typeof Buffer + typeof atob + typeof 'x'.replaceAll;`, "undefinedundefinedundefined"},
		{"2", `return Buffer.from('aGk=', 'base64').toString() + Buffer.from('hi').toString('hex') + Buffer.concat([Buffer.from('a'), Buffer.alloc(1, 98)]);`, "hi6869ab"},
		{"2", `const b = Buffer.from([1, 2, 3, 4]); return b.readUInt16BE(1) + ':' + b.slice(1, 3).toString('hex') + ':' + b.equals(Buffer.from([1,2,3,4]));`, "515:0203:true"},
		{"2", `return btoa('hi') + atob('aGk=') + 'aXbX'.replaceAll('X', '$&-') + 1_000;`, "aGk=hiaX-bX-1000"},
		{"2", `return new TextDecoder().decode(new TextEncoder().encode('é')) + new Uint8Array([1, 2]).length + Uint8Array.from([7])[0];`, "é27"},
		{"2", `return require('crypto').createHash('sha256').update(Buffer.from('ab')).digest().toString('base64').slice(0, 4);`, "+44g"},
		{"2", `const v = await Promise.all([Promise.resolve('a'), 'b']); return v.join();`, "a,b"},
		{"2", `return Symbol.for('a').toString() + typeof Symbol.iterator;`, "Symbol(a)undefined"},
	} {
		for i, runtime := range []string{Runtime10, Runtime20} {
			if !strings.Contains(test.runtimes, fmt.Sprint(i+1)) {
				continue
			}
			async := ""
			if strings.Contains(test.code, "await") {
				async = "async "
			}
			call := "console.log(inner(event));"
			if async != "" {
				call = "console.log(await inner(event));"
			}
			f := compile(t, runtime, async+"function inner(event) {"+test.code+"} "+async+"function handler(event) {"+call+" return event.request; }")
			result, err := f.Run(event(t, requestEvent), env)
			if err != nil {
				t.Errorf("%s: %s: %v", runtime, test.code, err)
				continue
			}
			if test.want != "*" && !slices.Equal(result.Logs, []string{test.want}) {
				t.Errorf("%s: %s:\n got %q\nwant %q", runtime, test.code, result.Logs, test.want)
			}
		}
	}
}

// TestSyntax is what AWS's engine does not take.
func TestSyntax(t *testing.T) {
	both := []string{Runtime10, Runtime20}
	for _, test := range []struct {
		runtimes   []string
		code, want string
	}{
		{both, "function handler(event) {\n for (var x of []) {} }", `SyntaxError: Token "of" not supported in this version in 2`},
		{both, "class A {}", `Token "class"`}, {both, "function* g() {}", `Token "*"`}, {both, "var {a} = {};", `Token "{"`},
		{both, "var [a] = [];", `Token "["`}, {both, "f(...[]);", `Token "..."`}, {both, "var a = b?.c;", `Token "?."`},
		{both, "var a = 2n ** 3n;", `Token "2n"`}, {both, "eval('1')", `Token "eval"`}, {both, "with (a) {}", "SyntaxError: "},
		{both, "var a = ;", `SyntaxError: Unexpected token ";" in 1`}, {both, "var x = /" + strings.Repeat("(a?){1000}", 300) + "/;", "too large"},
		{both, strings.Repeat("(", 10000), "SyntaxError: "}, {both, strings.Repeat(" ", MaxCode+1), "larger than"},
		{both, "import {a} from 'crypto';", "SyntaxError: "}, {both, "export default 1", "SyntaxError: "},
		{[]string{Runtime10}, "let a = 1;", `Token "let"`}, {[]string{Runtime10}, "for (const a in b) {}", `Token "let"`},
		{[]string{Runtime10}, "async function f() {}", `Token "async"`}, {[]string{Runtime10}, "import a from 'crypto';", "SyntaxError: "},
		{[]string{Runtime20}, "import a from 'fs';", `Cannot find module "fs"`}, {[]string{"cloudfront-js-9"}, "", "does not exist"},
		{both, "//# sourceMappingURL=/etc/passwd", ""},
	} {
		for _, runtime := range test.runtimes {
			_, err := engine(t).Compile(Source{Code: []byte(test.code), Runtime: runtime})
			var syntax *SyntaxError
			switch {
			case test.want == "" && err != nil:
				t.Errorf("%s: %q: %v", runtime, test.code, err)
			case test.want != "" && (!errors.As(err, &syntax) || !strings.Contains(err.Error(), test.want)):
				t.Errorf("%s: %.60q: got %v, want %q", runtime, test.code, err, test.want)
			}
		}
	}
}

func TestExecutionErrors(t *testing.T) {
	for code, want := range map[string]string{
		`function handler(event) { return event.a.b.c; }`:                                    "TypeError: Cannot read property 'b' of undefined",
		`function handler(event) { throw new Error('boom'); }`:                               "Error: boom",
		`function handler(event) { throw 'text'; }`:                                          "text",
		`function handler(event) { throw {toString() { throw 1; }}; }`:                       "Error: something without a text was thrown",
		`function other() {}`:                                                                `ReferenceError: "handler" is not defined`,
		`async function handler(event) { await null; throw new Error('late'); }`:             "Error: late",
		`async function handler(event) { await new Promise(function () {}); }`:               "never settled",
		`function handler(event) { return handler(event); }`:                                 "Maximum call stack size exceeded",
		`function handler(event) { x = 1; }`:                                                 "ReferenceError: x is not defined",
		`function handler(event) { require('fs'); }`:                                         `Cannot find module "fs"`,
		`import cf from 'cloudfront'; function handler(event) { cf.kvs(); }`:                 "not associated",
		`import cf from 'cloudfront'; function handler(event) { cf.distributionTenant.id; }`: "distributionTenant module is not available",
		`import cf from 'cloudfront'; function handler(event) { cf.cwt.validateToken(''); }`: "not supported by Drawbridge",
	} {
		_, err := compile(t, Runtime20, code).Run(event(t, requestEvent), env)
		var failed *ExecutionError
		if !errors.As(err, &failed) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", code, err, want)
		}
	}
}

// TestBombs: whatever a function does, it ends in time and the process lives.
func TestBombs(t *testing.T) {
	const bound = 3 * time.Second // the engine's 100 ms, a match's 0.3 s, and a busy machine
	for _, code := range []string{
		`while (true) {}`,
		`for (;;) { try { while (true) {} } catch (e) {} finally { continue; } }`,
		`var s = 'x'; while (true) { s += s; }`,
		`var a = []; while (true) { a.push('x' + a.length); }`,
		`'x'.repeat(1 << 28)`, `'x'.padStart(1 << 28)`, `'x'.repeat(1e6).concat('x'.repeat(1e6), 'x'.repeat(1e6))`,
		`new Array(1e9).join('xxxx')`, `var a = []; a.length = 4e9; a.join()`, `var a = []; a.length = 4e9; a.forEach(x => x)`,
		`var a = []; a.length = 4e9; '' + a`, `var a = []; a.length = 4e9; JSON.stringify({a: a})`, `var a = []; a.length = 4e9; a.sort()`,
		`Array.prototype.indexOf.call({length: 9007199254740991}, 1)`, `Math.max.apply(null, {length: 1e9})`,
		`var n = 0; Array.prototype.fill.call({get length() { return n++ ? 1e15 : 1; }}, 0)`,
		`new Uint8Array(1 << 30)`, `new ArrayBuffer(1 << 30)`, `new Uint8Array({length: 1e9})`, `Uint8Array.from({length: 1e9})`,
		`Promise.all({[Symbol.iterator]: 1, length: 1e9})`, `var a = []; a.length = 4e9; Promise.all(a)`,
		`/^(a+)+$/.test('a'.repeat(40) + 'b')`, `/(?=(a+)+b)/.test('a'.repeat(40))`, `/^(?=a)(a|aa)+$/.test('a'.repeat(64) + 'b')`,
		`'a'.repeat(60000).replace(/.*x|a/g, 'b')`, `'a'.repeat(1e6).match(/(?=(a+)+b)c|a/g)`,
		`new RegExp('(((((a{1,100}){1,100}){1,100}){1,100}){1,100})').test('a'.repeat(1e5))`,
		`new RegExp('(a?){1000}'.repeat(300)).test('a'.repeat(1e6))`,
		`'a'.repeat(1e6).replace(/a/g, 'b'.repeat(1e6))`, `'a'.repeat(1e6).split('').join('b'.repeat(1e6))`,
		`'a'.repeat(1e6).replaceAll('a', '$&$&$&$&$&$&')`, `'a'.repeat(1e6).replace(/a/g, function () { return 'b'.repeat(1e5); })`,
		`'é'.repeat(1e6).indexOf('é'.repeat(5e5) + 'x')`,
		`JSON.parse('['.repeat(1e6))`, `var a = []; for (var i = 0; i < 3e5; i++) a = [a]; JSON.stringify(a)`,
		`var a = []; for (var i = 0; i < 3e5; i++) a = [a]; '' + a`, `var a = []; for (var i = 0; i < 3e5; i++) a = [a]; a.toLocaleString()`,
		`var a = {}; for (var i = 0; i < 30; i++) a = {a: a, b: a}; JSON.stringify(a)`, `JSON.stringify('\u0001'.repeat(1e6).split(''))`,
		`function f() { return Promise.resolve().then(f); } f()`,
		`var p = Promise.resolve(); var o = {}; o.then = Promise.prototype.then.bind(Promise.resolve()); (function l() { return new Promise(r => r(o)).then(l); })()`,
		`function f() { [1].map(f); } f()`, `var f = function () {}; for (var i = 0; i < 1e6; i++) f = f.bind(null); f()`,
		`var o = {}; for (var i = 0; i < 1e6; i++) o = Object.create(o); o.x`,
		`Object.keys('x'.repeat(2e6))`, `var o = {get a() { while (true) {} }}; JSON.stringify(o)`,
		`return {statusCode: 200, get headers() { while (true) {} }}`, `return {statusCode: 200, headers: {a: {get value() { while (true) {} }}}}`,
		`console.log((function () { var a = []; a.length = 4e9; return a; })())`, `for (;;) console.log('x'.repeat(1000))`,
		`Buffer.alloc(1 << 30)`, `Buffer.from('x'.repeat(2e6)).toString('hex').repeat(100)`,
		`(async function f() { await null; return f(); })()`, `var a = []; a[0] = a; a.flat`, `[].concat.apply([], {length: 1e9})`,
		`throw {toString: function () { while (true) {} }}`, `decodeURIComponent('%41'.repeat(1e6))`,
		`var big = 'x'.repeat(1e6); var a = []; for (var i = 0; i < 1e5; i++) a.push(big); a.sort(); a.join()`,
		`Promise.reject({toString: function () { while (true) {} }}); return new Promise(function (a, b) { b({toString() { while (true) {} }}); })`,
		`String.prototype.repeat.call({toString: () => 'x'.repeat(1e6)}, 1e6)`,
	} {
		f := compile(t, Runtime20, "function handler(event) {"+code+"\nreturn event.request; }")
		start := time.Now()
		hung := time.AfterFunc(4*bound, func() { panic("this does not end: " + code) })
		_, err := f.Run(event(t, requestEvent), env)
		hung.Stop()
		if took := time.Since(start); took > bound {
			t.Errorf("%s: took %s (%v)", code, took, err)
		} else if testing.Verbose() {
			t.Logf("%-70.70s %8s %v", code, took.Round(time.Millisecond), err)
		}
	}
}

// TestRejectionUnderWatch: an error's text is asked for while the call is still
// watched; the race detector sees the two watches.
func TestRejectionUnderWatch(t *testing.T) {
	f := compile(t, "cloudfront-js-2.0", `async function handler(event) {
		for (var i = 0, s = 0; i < 30000; i++) { s += i; }
		throw { toString: function () { for (var i = 0, s = 0; i < 30000; i++) { s += i; } return 'too ' + 'bad'; } };
	}`)
	_, err := f.Run(event(t, requestEvent), Env{})
	if err == nil || !strings.Contains(err.Error(), "too bad") {
		t.Errorf("error %v", err)
	}
}
