package jsfunc

import (
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
)

func TestKeyValues(t *testing.T) {
	code := `import cf from 'cloudfront';
const store = cf.kvs(%ID%);
async function handler(event) {
  console.log(await store.get('a'), await store.get('j', {format: 'json'}), (await store.get('a', {format: 'bytes'})).toString('hex'));
  console.log(await store.exists('a'), await store.exists('b'), await store.meta());
  try { await store.get('b'); } catch (e) { console.log(e); }
  return event.request;
}`
	data := map[string]string{"a": "hi", "j": `{"x":[1]}`}
	stores := func(id string) (*KeyValues, bool) {
		return &KeyValues{Keys: 2, Created: env.Now, Modified: env.Now,
			Get: func(key string) (string, bool) { v, ok := data[key]; return v, ok }}, id == "" || id == "id-1"
	}
	want := []string{"hi {x:[1]} 6869",
		"true false {creationDateTime:'2023-11-14T22:13:20Z',lastUpdatedDateTime:'2023-11-14T22:13:20Z',keyCount:2}", "Error: the key was not found"}
	for _, id := range []string{"", "'id-1'"} {
		result, err := compile(t, Runtime20, strings.ReplaceAll(code, "%ID%", id)).Run(event(t, requestEvent), Env{Now: env.Now, KVS: stores})
		if err != nil || !reflect.DeepEqual(result.Logs, want) {
			t.Errorf("%s: %v\n got %q\nwant %q", id, err, result.Logs, want)
		}
	}
}

func TestOriginHelpers(t *testing.T) {
	run := func(code string) (*Result, error) {
		return compile(t, Runtime20, "import cf from 'cloudfront'; function handler(event) {"+code+" return event.request || event.response; }").
			Run(event(t, requestEvent), Env{Now: env.Now, Location: &EdgeLocation{Name: "FRA50"}, Tenant: &Tenant{ID: "dt_1", Parameters: map[string]string{"k": "v"}}})
	}
	result, err := run(`cf.updateRequestOrigin({domainName: 'a.example', timeouts: {readTimeout: 5}, customHeaders: {}});`)
	if err != nil || *result.Origin.Update.DomainName != "a.example" || *result.Origin.Update.Timeouts.ReadTimeout != 5 ||
		result.Origin.Update.CustomHeaders == nil || result.Origin.Update.OriginPath != nil {
		t.Errorf("update: %v %+v", err, result.Origin)
	}
	result, err = run(`cf.selectRequestOriginById('o2', {hostHeader: 'h'});`)
	if err != nil || result.Origin.Select.OriginID != "o2" || *result.Origin.Select.HostHeader != "h" {
		t.Errorf("select: %v %+v", err, result.Origin)
	}
	result, err = run(`cf.createRequestOriginGroup({originIds: [{originId: 'a'}, {originId: 'b'}], failoverCriteria: {statusCodes: [500]}});`)
	if err != nil || len(result.Origin.Group.OriginIDs) != 2 || result.Origin.Group.FailoverCriteria.StatusCodes[0] != 500 {
		t.Errorf("group: %v %+v", err, result.Origin)
	}
	result, err = run(`console.log(cf.edgeLocation.name, cf.distributionTenant.id, cf.distributionTenant.parameters.get('k'), event.request.rawQueryString());`)
	if err != nil || result.Logs[0] != "FRA50 dt_1 v ID=42&NoValue&q=a&q=b" {
		t.Errorf("location and tenant: %v %q", err, result.Logs)
	}
	for _, code := range []string{
		`cf.updateRequestOrigin({domain: 'a'});`, `cf.updateRequestOrigin(1);`, `cf.createRequestOriginGroup({originIds: []});`,
		`cf.selectRequestOriginById('a', {allowedCertificateNames: ['` + strings.Repeat("x", 65) + `']});`, `cf.distributionTenant.parameters.get('x');`,
	} {
		if _, err := run(code); err == nil {
			t.Errorf("%s is accepted", code)
		}
	}
}

// TestCallsShareNothing: what one call leaves behind, the next does not see.
func TestCallsShareNothing(t *testing.T) {
	f := compile(t, Runtime20, `let n = 0; function handler(event) { n++; Array.prototype.x = (Array.prototype.x || 0) + 1; console.log(n, [].x); return event.request; }`)
	for range 3 {
		result, err := f.Run(event(t, requestEvent), env)
		if err != nil || result.Logs[0] != "1 1" {
			t.Fatalf("%v %q", err, result.Logs)
		}
	}
}

func TestLogs(t *testing.T) {
	result, err := compile(t, Runtime20, `function handler(event) { for (var i = 0; i < 100; i++) console.log('x'.repeat(1000)); return event.request; }`).Run(event(t, requestEvent), env)
	total := 0
	for _, line := range result.Logs {
		total += len(line)
	}
	if err != nil || total > maxLogs || total < maxLogs-1000 {
		t.Errorf("%d bytes of logs, %v", total, err)
	}
	result, _ = compile(t, Runtime10, `function handler(event) { console.log({a: 1, b: 'x', c: [null, undefined, function () {}]}); var o = {}; o.o = o; console.log(o); console.log(new Error('e')); return 1; }`).Run(event(t, requestEvent), env)
	if len(result.Logs) != 3 || result.Logs[0] != "{a:1,b:'x',c:[null,undefined,[Function]]}" || result.Logs[2] != "Error: e" {
		t.Errorf("logs %q", result.Logs)
	}
}

func TestConnection(t *testing.T) {
	e := engine(t)
	run := func(code string) (*ConnectionResult, error) {
		f, err := e.Compile(Source{Code: []byte(code), Runtime: Runtime20, Connection: true})
		if err != nil {
			t.Fatal(err)
		}
		return f.Connect([]byte(`{"clientIp": "198.51.100.11", "clientCertificate": {"certificates": {"leaf": {"serialNumber": "01"}}}}`), env)
	}
	const code = `function connectionHandler(c) { console.log(c.clientIp); c.logCustomData('d'); if (c.clientCertificate.certificates.leaf.serialNumber === '%') c.allow(); else c.deny(); }`
	result, err := run(strings.Replace(code, "%", "01", 1))
	if err != nil || !result.Allowed || result.Custom[0] != "d" || result.Logs[0] != "198.51.100.11" || result.Output() != `{"connection":{"allowed":true}}` {
		t.Errorf("%v %+v", err, result)
	}
	if result, err = run(strings.Replace(code, "%", "02", 1)); err != nil || result.Allowed || !result.Decided {
		t.Errorf("%v %+v", err, result)
	}
	if result, err = run(`function connectionHandler(c) { c.allow(); throw new Error('x'); }`); err == nil || result.Allowed {
		t.Errorf("a function that threw allowed: %v %+v", err, result)
	}
	var failed *ExecutionError
	if _, err = run(`function handler() {}`); !errors.As(err, &failed) {
		t.Errorf("no connectionHandler: %v", err)
	}
}

func BenchmarkRun(b *testing.B) {
	f := compile(b, Runtime20, `function handler(event) { var r = event.request; if (r.uri.endsWith('/')) r.uri += 'index.html'; r.headers['x-a'] = {value: '1'}; return r; }`)
	e := event(b, requestEvent)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Run(e, env); err != nil {
			b.Fatal(err)
		}
	}
}

// TestFunctionIsShared: one compiled function runs for many viewers at once.
func TestFunctionIsShared(t *testing.T) {
	f := compile(t, Runtime20, `const re = /(?=m)m(e)/g; function handler(event) { console.log(event.request.uri.replace(re, '<$1>'), /\d+/.exec('a12')[0]); return event.request; }`)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 20 {
				result, err := f.Run(event(t, requestEvent), env)
				if err != nil || result.Logs[0] != "/<e>dia/index.mpd 12" {
					t.Errorf("%v %q", err, result.Logs)
					return
				}
			}
		})
	}
	wait.Wait()
}
