package compile

import (
	"testing"

	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/controlplane/apigateway"
	"drawbridge/dataplane/program"
)

func domainRecord(regional string, mappings ...string) *apigateway.DomainRecord {
	rec := &apigateway.DomainRecord{
		Domain:   apigatewayapi.DomainName{DomainName: new("api.example.com")},
		Mappings: map[string]apigatewayapi.BasePathMapping{},
	}
	if regional != "" {
		rec.Domain.RegionalDomainName = new(regional)
	}
	for _, path := range mappings {
		rec.Mappings[path] = apigatewayapi.BasePathMapping{BasePath: new(path), RestApiId: new("abc"), Stage: new("prod")}
	}
	return rec
}

// A custom domain is found by both its names, its mappings in the order of
// matching, and a change takes away what it no longer has.
func TestDomains(t *testing.T) {
	const name, first, second = "api.example.com", "d-aaa.execute-api.us-east-1.amazonaws.com", "d-bbb.execute-api.us-east-1.amazonaws.com"
	s := fed{State: NewState()}
	key := ref(apigateway.KindDomain, "", name)
	gateway := new(program.Gateway)
	apply := func(record any) {
		t.Helper()
		if rec, ok := record.(*apigateway.DomainRecord); ok && rec == nil {
			record = nil
		}
		update := s.apply(put(t, key, record))
		if len(update.Problems) > 0 {
			t.Fatal(update.Problems)
		}
		gateway = gateway.With(s.revision, update.Gateway)
	}

	apply(domainRecord(first, "(none)", "pets", "a", "orders"))
	d, ok := gateway.Domain(name)
	other, _ := gateway.Domain(first)
	if !ok || d != other || d.Name != name || d.RegionalName != first {
		t.Fatalf("found %+v and %+v", d, other)
	}
	order := ""
	for _, m := range d.Mappings {
		order += m.BasePath + "→" + m.APIID + "/" + m.Stage + " "
	}
	if want := "orders→abc/prod pets→abc/prod a→abc/prod →abc/prod "; order != want {
		t.Errorf("mappings %q, want %q", order, want)
	}

	apply(domainRecord(second))
	if _, ok := gateway.Domain(first); ok {
		t.Error("the old regional name is still there")
	}
	if d, ok := gateway.Domain(second); !ok || len(d.Mappings) != 0 {
		t.Errorf("the new regional name leads to %+v", d)
	}
	apply(domainRecord(""))
	if _, ok := gateway.Domain(second); ok {
		t.Error("a domain without a regional name has one")
	}
	apply(nil)
	if _, ok := gateway.Domain(name); ok {
		t.Error("the deleted domain is still there")
	}
}

// A domain that cannot be read keeps its last good version.
func TestABrokenDomainKeepsItsUnit(t *testing.T) {
	s := fed{State: NewState()}
	key := ref(apigateway.KindDomain, "", "api.example.com")
	s.apply(put(t, key, domainRecord("", "(none)")))
	update := s.apply(put(t, key, "no record"))
	if len(update.Problems) != 1 || len(update.Gateway.Domains) != 0 {
		t.Errorf("problems %v, domains %v", update.Problems, update.Gateway.Domains)
	}
}

func TestTestMethod(t *testing.T) {
	draft := frozen(true)
	var resource string
	for id, res := range draft.Resources {
		if len(res.ResourceMethods) > 0 {
			resource = id
		}
	}
	deployment, method, err := TestMethod(&draft, resource, "GET")
	if err != nil || method.Verb != "GET" || method.ResourceID != resource {
		t.Fatalf("%+v, %v", method, err)
	}
	if m, _ := deployment.Routes.Match(method.ResourcePath, "GET"); m != method {
		t.Errorf("the route leads to %+v", m)
	}
	if _, _, err := TestMethod(&draft, "none", "GET"); err == nil {
		t.Error("a resource that does not exist was compiled")
	}
}

// A wildcard is one label deep, and a name of its own comes first.
func TestWildcardDomain(t *testing.T) {
	rec := domainRecord("", "(none)")
	rec.Domain.DomainName = new("*.example.com")
	s := fed{State: NewState()}
	update := s.apply(put(t, ref(apigateway.KindDomain, "", "*.example.com"), rec),
		put(t, ref(apigateway.KindDomain, "", "api.example.com"), domainRecord("")))
	gateway := new(program.Gateway).With(1, update.Gateway)
	for host, want := range map[string]string{
		"x.example.com": "*.example.com", "api.example.com": "api.example.com", "a.b.example.com": "", "example.com": "",
	} {
		name := ""
		if d, ok := gateway.Domain(host); ok {
			name = d.Name
		}
		if name != want {
			t.Errorf("%s leads to %q, want %q", host, name, want)
		}
	}
}
