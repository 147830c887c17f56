package apigateway

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

func (w *world) domain(name string, types ...string) *apigatewayapi.DomainName {
	w.Helper()
	in := &apigatewayapi.CreateDomainNameRequest{DomainName: &name}
	if len(types) > 0 {
		in.EndpointConfiguration = &apigatewayapi.EndpointConfiguration{Types: types}
	}
	return must[apigatewayapi.DomainName](w)(w.CreateDomainName(w.call, in))
}

func (w *world) mapping(domain, path, api, stage string) error {
	_, err := w.CreateBasePathMapping(w.call, &apigatewayapi.CreateBasePathMappingRequest{
		DomainName: &domain, BasePath: &path, RestApiId: &api, Stage: &stage,
	})
	return err
}

func TestDomainNames(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{
		"", "localhost", "x.localhost", "127.0.0.1", "::1", "nodots", "-a.example.com", "a..example.com", "A.example.com", "*.*.example.com",
		"x.execute-api.us-east-1.amazonaws.com", "d111.cloudfront.net", "a/b.example.com", strings.Repeat("a", 64) + ".example.com",
	} {
		if _, err := w.CreateDomainName(w.call, &apigatewayapi.CreateDomainNameRequest{DomainName: &name}); err == nil {
			t.Errorf("%q was taken", name)
		}
	}
	edge := w.domain("edge.example.com")
	if val(edge.DistributionHostedZoneId) != "Z2FDTNDATAQYW2" || !strings.HasSuffix(val(edge.DistributionDomainName), ".cloudfront.net") || edge.RegionalDomainName != nil {
		t.Errorf("edge domain %+v", edge)
	}
	regional := w.domain("regional.example.com", "REGIONAL")
	if name := val(regional.RegionalDomainName); !strings.HasPrefix(name, "d-") || !strings.HasSuffix(name, ".execute-api.us-east-1.amazonaws.com") ||
		val(regional.RegionalHostedZoneId) != "Z1UJRXOUMOOFQ8" || regional.DistributionDomainName != nil {
		t.Errorf("regional domain %+v", regional)
	}
	private := w.domain("private.example.com", "PRIVATE")
	if val(private.DomainNameId) == "" || val(private.EndpointConfiguration.IpAddressType) != "dualstack" {
		t.Errorf("private domain %+v", private)
	}
	_, err := w.GetDomainName(w.call, &apigatewayapi.GetDomainNameRequest{DomainName: new("private.example.com"), DomainNameId: new("other")})
	refused(t, err, notFound, "Invalid domain name identifier specified")

	// A host name belongs to one account on the whole server.
	other := caller("111111111111", "eu-west-1")
	_, err = w.CreateDomainName(other, &apigatewayapi.CreateDomainNameRequest{DomainName: new("edge.example.com")})
	refused(t, err, conflict, "The domain name you provided already exists.")
	w.ok(w.DeleteDomainName(w.call, &apigatewayapi.DeleteDomainNameRequest{DomainName: new("edge.example.com")}))
	if _, err = w.CreateDomainName(other, &apigatewayapi.CreateDomainNameRequest{DomainName: new("edge.example.com")}); err != nil {
		t.Error(err)
	}
	w.ok(w.DeleteDomainName(w.call, &apigatewayapi.DeleteDomainNameRequest{DomainName: new("regional.example.com")}))
	w.ok(w.DeleteDomainName(w.call, &apigatewayapi.DeleteDomainNameRequest{DomainName: new("private.example.com")}))
	if left := w.keysUnder(HostRoot); len(left) != 1 {
		t.Errorf("host records left: %v", left)
	}
}

// Moving a domain between endpoint types gives it the names it needs and takes
// away the others, with their host records.
func TestDomainMoves(t *testing.T) {
	w := newWorld(t)
	w.domain("a.example.com", "REGIONAL")
	update := func(lines ...string) (*apigatewayapi.DomainName, error) {
		return w.UpdateDomainName(w.call, &apigatewayapi.UpdateDomainNameRequest{DomainName: new("a.example.com"), PatchOperations: patch(lines...)})
	}
	out := must[apigatewayapi.DomainName](t)(update("add /endpointConfiguration/types EDGE", "add /certificateArn arn:c", "replace /mutualTlsAuthentication/truststoreUri s3://b/k"))
	if out.RegionalDomainName == nil || out.DistributionDomainName == nil || out.CertificateUploadDate == nil || val(out.MutualTlsAuthentication.TruststoreUri) != "s3://b/k" {
		t.Errorf("with both types: %+v", out)
	}
	out = must[apigatewayapi.DomainName](t)(update("remove /endpointConfiguration/types REGIONAL", "remove /mutualTlsAuthentication/truststoreUri"))
	if out.RegionalDomainName != nil || out.MutualTlsAuthentication != nil || len(w.keysUnder(HostRoot)) != 1 {
		t.Errorf("without a regional endpoint: %+v, hosts %v", out, w.keysUnder(HostRoot))
	}
	out = must[apigatewayapi.DomainName](t)(update("replace /endpointConfiguration/types/EDGE REGIONAL"))
	if out.RegionalDomainName == nil || out.DistributionDomainName != nil || len(w.keysUnder(HostRoot)) != 2 {
		t.Errorf("regional again: %+v, hosts %v", out, w.keysUnder(HostRoot))
	}
	_, err := update("remove /endpointConfiguration/types REGIONAL")
	refused(t, err, bad, "REGIONAL Configuration and EDGE Configuration cannot be both DISABLED.")
	_, err = update("add /endpointConfiguration/types PRIVATE")
	refused(t, err, bad, "Invalid EndpointTypes specified…")
	_, err = update("replace /mutualTlsAuthentication/truststoreUri http://b")
	refused(t, err, bad, "Invalid truststore URI specified: http://b")
	_, err = update("replace /policy {}")
	refused(t, err, bad, "Policies are supported for private domain names only")
	_, err = update("replace /securityPolicy SSL_3")
	refused(t, err, bad, "Invalid SecurityPolicy specified…")
}

func TestBasePathMappings(t *testing.T) {
	w := newWorld(t)
	id, _ := w.deployed()
	w.domain("a.example.com", "REGIONAL")
	w.ok(w.mapping("a.example.com", "", id, "prod"))
	w.ok(w.mapping("a.example.com", "v1", id, ""))
	refused(t, w.mapping("a.example.com", "(none)", id, ""), conflict, "Base path already exists for this domain name")
	refused(t, w.mapping("a.example.com", "a/b", id, ""), bad, "API Gateway V1 doesn't support the slash character (/)…")
	refused(t, w.mapping("a.example.com", "a b", id, ""), bad, "Base path only allows…")
	refused(t, w.mapping("a.example.com", "x", "none", ""), bad, "Invalid REST API identifier specified")
	refused(t, w.mapping("a.example.com", "x", id, "none"), bad, "Invalid stage identifier specified")
	refused(t, w.mapping("b.example.com", "x", id, ""), notFound, "Invalid domain name identifier specified")

	page := must[apigatewayapi.BasePathMappings](t)(w.GetBasePathMappings(w.call, &apigatewayapi.GetBasePathMappingsRequest{DomainName: new("a.example.com"), Limit: new(int32(1))}))
	if len(page.Items) != 1 || val(page.Items[0].BasePath) != "(none)" || page.Position == nil {
		t.Errorf("first page %+v", page)
	}
	page = must[apigatewayapi.BasePathMappings](t)(w.GetBasePathMappings(w.call, &apigatewayapi.GetBasePathMappingsRequest{DomainName: new("a.example.com"), Position: page.Position}))
	if len(page.Items) != 1 || val(page.Items[0].BasePath) != "v1" || page.Items[0].Stage != nil {
		t.Errorf("second page %+v", page)
	}
	_, err := w.UpdateBasePathMapping(w.call, &apigatewayapi.UpdateBasePathMappingRequest{
		DomainName: new("a.example.com"), BasePath: new("v1"), PatchOperations: patch("replace /basePath (none)"),
	})
	refused(t, err, conflict, "Base path already exists for this domain name")
	// Another account's API cannot be mapped.
	other := caller("111111111111", "us-east-1")
	must[apigatewayapi.DomainName](t)(w.CreateDomainName(other, &apigatewayapi.CreateDomainNameRequest{DomainName: new("other.example.com")}))
	_, err = w.CreateBasePathMapping(other, &apigatewayapi.CreateBasePathMappingRequest{DomainName: new("other.example.com"), RestApiId: &id})
	refused(t, err, bad, "Invalid REST API identifier specified")
}

// Of a mapping being made and its API being deleted, one wins and the other is
// refused: never does a mapping lead to an API that is gone.
func TestMappingRacesDeletion(t *testing.T) {
	w := newWorld(t)
	second := w.service()
	w.domain("a.example.com", "REGIONAL")
	for range 30 {
		id, _ := w.deployed()
		var mapped, deleted error
		var wg sync.WaitGroup
		wg.Go(func() { mapped = w.mapping("a.example.com", "", id, "prod") })
		wg.Go(func() {
			deleted = second.DeleteRestApi(w.call, &apigatewayapi.DeleteRestApiRequest{RestApiId: &id})
		})
		wg.Wait()
		if (mapped == nil) == (deleted == nil) && !(busy(mapped) || busy(deleted)) {
			t.Fatalf("mapped: %v, deleted: %v", mapped, deleted)
		}
		var e *api.Error
		for _, err := range []error{mapped, deleted} {
			if err != nil && !errors.As(err, &e) {
				t.Fatal(err)
			}
		}
		if mapped == nil {
			w.ok(w.DeleteBasePathMapping(w.call, &apigatewayapi.DeleteBasePathMappingRequest{DomainName: new("a.example.com"), BasePath: new("(none)")}))
		}
	}
}
