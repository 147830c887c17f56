package compile

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/api/ledger"
	"drawbridge/controlplane/apigateway"
	"drawbridge/controlplane/cloudfront"
	"drawbridge/store"
)

// sampleTypes are the records' types by kind.
var sampleTypes = map[string]reflect.Type{
	"distributions":           reflect.TypeFor[cloudfront.DistributionRecord](),
	"cachepolicies":           reflect.TypeFor[cloudfront.CachePolicyRecord](),
	"originrequestpolicies":   reflect.TypeFor[cloudfront.OriginRequestPolicyRecord](),
	"responseheaderspolicies": reflect.TypeFor[cloudfront.ResponseHeadersPolicyRecord](),
	"originaccesscontrols":    reflect.TypeFor[cloudfront.OriginAccessControlRecord](),
	"publickeys":              reflect.TypeFor[cloudfront.PublicKeyRecord](),
	"keygroups":               reflect.TypeFor[cloudfront.KeyGroupRecord](),
	"livefunctions":           reflect.TypeFor[cloudfront.FunctionRecord](),
	"keyvaluesummaries":       reflect.TypeFor[cloudfront.KeyValueSummary](),
	"keyvalues":               reflect.TypeFor[cloudfront.KeyValueRecord](),
	"invalidations":           reflect.TypeFor[cloudfront.InvalidationRecord](),

	"vpcorigins":          reflect.TypeFor[cloudfront.EntityRecord[cloudfrontapi.VpcOriginEndpointConfig]](),
	"distributiontenants": reflect.TypeFor[cloudfront.TenantRecord](),
	"connectiongroups":    reflect.TypeFor[cloudfront.ConnectionGroupRecord](),

	"continuousdeploymentpolicies": reflect.TypeFor[cloudfront.EntityRecord[cloudfrontapi.ContinuousDeploymentPolicyConfig]](),

	"restapis":           reflect.TypeFor[apigateway.APIRecord](),
	"deployments":        reflect.TypeFor[apigateway.DeploymentRecord](),
	"stages":             reflect.TypeFor[apigateway.StageRecord](),
	"clientcertificates": reflect.TypeFor[apigateway.CertificateRecord](),
	"vpclinks":           reflect.TypeFor[apigateway.VpcLinkRecord](),
	"apikeys":            reflect.TypeFor[apigateway.KeyRecord](),
	"usageplans":         reflect.TypeFor[apigateway.PlanRecord](),
	"usageplankeys":      reflect.TypeFor[apigateway.PlanKeyRecord](),
	"domainnames":        reflect.TypeFor[apigateway.DomainRecord](),
}

// sample is a record of testdata/everything.json, which together set every
// field that the compiler reads.
type sample struct {
	Kind, Parent, Name string
	Record             map[string]any
}

func (s *sample) key() string {
	if strings.HasSuffix(sampleTypes[s.Kind].PkgPath(), "/cloudfront") {
		return cloudfront.Key(account, cloudfront.Kind(s.Kind), s.Name)
	}
	return apigateway.Ref{Account: account, Region: "us-east-1", Kind: apigateway.Kind(s.Kind), Parent: s.Parent, ID: s.Name}.Key()
}

func everything(t *testing.T) []*sample {
	t.Helper()
	text, err := os.ReadFile("testdata/everything.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []*sample
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if sampleTypes[s.Kind] == nil {
			t.Fatalf("no record for the kind %q", s.Kind)
		}
		record, err := json.Marshal(s.Record)
		if err != nil {
			t.Fatal(err)
		}
		d := json.NewDecoder(strings.NewReader(string(record)))
		d.DisallowUnknownFields()
		if err := d.Decode(reflect.New(sampleTypes[s.Kind]).Interface()); err != nil {
			t.Fatalf("%s %s: %v", s.Kind, s.Name, err)
		}
	}
	return all
}

// programOf compiles the samples and prints what comes out.
func programOf(t *testing.T, all []*sample) string {
	t.Helper()
	event := store.Event{Revision: 1}
	for _, s := range all {
		event.Changes = append(event.Changes, put(t, s.key(), s.Record))
	}
	update := NewState().Apply(event)
	slices.SortFunc(update.Problems, func(a, b Problem) int { return strings.Compare(a.Unit, b.Unit) })
	update.Warnings = nil // a warning is no use of a field
	return dump(update)
}

// place is where a field stands in a sample.
type place struct {
	in   map[string]any
	name string
}

// places finds the fields of the APIs' shapes in a record: "Origin.DomainName".
func places(t reflect.Type, tree any, found map[string][]place) {
	switch t.Kind() {
	case reflect.Pointer:
		places(t.Elem(), tree, found)
	case reflect.Slice:
		items, _ := tree.([]any)
		for _, item := range items {
			places(t.Elem(), item, found)
		}
	case reflect.Map:
		members, _ := tree.(map[string]any)
		for _, member := range members {
			places(t.Elem(), member, found)
		}
	case reflect.Struct:
		members, _ := tree.(map[string]any)
		for i := range t.NumField() {
			name := t.Field(i).Name
			if _, there := members[name]; there {
				found[t.Name()+"."+name] = append(found[t.Name()+"."+name], place{members, name})
				places(t.Field(i).Type, members[name], found)
			}
		}
	}
}

// differs tells whether the program is another one without what stands at a
// place, or with something else there.
func (p place) differs(t *testing.T, all []*sample, program string) bool {
	was := p.in[p.name]
	defer func() { p.in[p.name] = was }()
	delete(p.in, p.name)
	if programOf(t, all) != program {
		return true
	}
	switch was := was.(type) {
	case string:
		p.in[p.name] = was + "x"
	case bool:
		p.in[p.name] = !was
	case float64:
		p.in[p.name] = was + 1
	default:
		return false
	}
	return programOf(t, all) != program
}

// storedAs are operations whose members are kept as members of a resource.
var storedAs = map[string]string{
	"CreateRestApi": "RestApi", "CreateResource": "Resource", "PutMethod": "Method", "PutMethodResponse": "MethodResponse",
	"PutIntegration": "Integration", "PutIntegrationResponse": "IntegrationResponse", "PutGatewayResponse": "GatewayResponse",
	"CreateModel": "Model", "CreateRequestValidator": "RequestValidator", "CreateAuthorizer": "Authorizer",
	"CreateDeployment": "Stage", "DeploymentCanarySettings": "CanarySettings", "CreateStage": "Stage",
	"CreateApiKey": "ApiKey", "CreateUsagePlan": "UsagePlan", "CreateDomainName": "DomainName", "CreateBasePathMapping": "BasePathMapping",
	"MutualTlsAuthenticationInput": "MutualTlsAuthentication", "GenerateClientCertificate": "ClientCertificate", "CreateVpcLink": "VpcLink",

	"PutIntegration.integrationHttpMethod": "Integration.HttpMethod",
	"CreateResource.pathPart":              "Resource.Path", // the path is made of the parts
	"CreateFunction.FunctionCode":          "FunctionRecord.Code",
	"UpdateFunction.FunctionCode":          "FunctionRecord.Code",
}

// placeOf is where a field of an input is kept.
func placeOf(field string) string {
	if whole, ok := storedAs[field]; ok {
		return whole
	}
	shape, member, _ := strings.Cut(field, ".")
	if resource, ok := storedAs[shape]; ok {
		shape = resource
	}
	return shape + "." + strings.ToUpper(member[:1]) + member[1:]
}

// renamed are fields that stand in a record's key: with another one, the
// program is another.
var renamed = map[string]func(t *testing.T, all []*sample, program string) bool{
	"CreateStage.stageName": byKind("stages"), "CreateDeployment.stageName": byKind("stages"),
	"CreateUsagePlanKey.keyId": byKind("usageplankeys"),
	"CreateBasePathMapping.basePath": func(t *testing.T, all []*sample, program string) bool {
		at := slices.IndexFunc(all, func(s *sample) bool { return s.Kind == "domainnames" })
		mappings, _ := all[at].Record["Mappings"].(map[string]any)
		mappings["other"] = mappings["base"]
		defer delete(mappings, "other")
		return programOf(t, all) != program
	},
}

func byKind(kind string) func(t *testing.T, all []*sample, program string) bool {
	return func(t *testing.T, all []*sample, program string) bool {
		at := slices.IndexFunc(all, func(s *sample) bool { return s.Kind == kind })
		was := all[at].Name
		defer func() { all[at].Name = was }()
		all[at].Name += "x"
		return programOf(t, all) != program
	}
}

// TestCompiledFieldsAreCompiled: of each field that a ledger calls compiled,
// another value makes another program. A field that fails here is not read
// by the compiler any more (the ledger must say so), or the samples do not have
// it (testdata/everything.json must).
func TestCompiledFieldsAreCompiled(t *testing.T) {
	all := everything(t)
	program := programOf(t, all)
	if again := programOf(t, all); again != program {
		t.Fatal("the same records make different programs")
	}
	found := map[string][]place{}
	for _, s := range all {
		places(sampleTypes[s.Kind], s.Record, found)
	}
	for name, table := range map[string]*api.Service{"cloudfront": cloudfrontapi.Table, "apigateway": apigatewayapi.Table} {
		for _, field := range ledger.Compiled(t, table, "../"+name+"/testdata/ledger.txt") {
			if rename := renamed[field]; rename != nil {
				if !rename(t, all, program) {
					t.Errorf("%s: %s makes no difference", name, field)
				}
				continue
			}
			at := found[placeOf(field)]
			if len(at) == 0 {
				t.Errorf("%s: %s (%s) is in no sample", name, field, placeOf(field))
			} else if !slices.ContainsFunc(at, func(p place) bool { return p.differs(t, all, program) }) {
				t.Errorf("%s: %s makes no difference", name, field)
			}
		}
	}
}
