package audit

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

type reader = func([]byte, string) (*Stack, error)

func readStatic(t testing.TB, read reader, name string) *Stack {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "static", name))
	if err != nil {
		t.Fatal(err)
	}
	stack, err := read(text, name)
	if err != nil {
		t.Fatal(err)
	}
	return stack
}

// What each document is found to be. The plans are Terraform's own, made by
// provider aws 5.100.0 from testdata/static/main.tf.txt.
func TestStaticDocuments(t *testing.T) {
	cases := []struct {
		name    string
		read    reader
		verdict Verdict
		finds   []string // all of them
	}{
		{"terraform.key.json", ReadTerraformPlan, Locked, nil},
		{"terraform.referer.json", ReadTerraformPlan, Locked, nil},
		{"terraform.broken.json", ReadTerraformPlan, Open, []string{"method-open", "origin-not-https"}},
		{"terraform.modules.json", ReadTerraformPlan, Locked, []string{"secret-in-cache-key"}},
		{"cloudformation.key.yaml", ReadCloudFormation, Locked, nil},
		{"cloudformation.referer.json", ReadCloudFormation, Locked, nil},
		{"cloudformation.broken.yaml", ReadCloudFormation, Open, []string{"method-open", "origin-not-https"}},
		{"openapi.key.yaml", ReadOpenAPI, Locked, nil},
		{"openapi.broken.yaml", ReadOpenAPI, Open, []string{"guarded-otherwise", "policy-witness", "secret-passed-to-backend"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			stack := readStatic(t, c.read, c.name)
			r := Run(stack, Options{Now: noon})
			var found []string
			for _, f := range r.Findings {
				found = append(found, f.ID)
			}
			slices.Sort(found)
			if r.Verdict != c.verdict || !slices.Equal(found, c.finds) {
				t.Errorf("finds %v:\n%s", found, shown(t, r))
			}
			if len(r.Doors) == 0 {
				t.Error("no doors")
			}
			if strings.Contains(shown(t, r), "5f0c9a7d") {
				t.Error("shows the secret")
			}
		})
	}
}

// The trailing slash is what the OpenAPI document's Deny forgets.
func TestStaticWitness(t *testing.T) {
	r := Run(readStatic(t, ReadOpenAPI, "openapi.broken.yaml"), Options{Now: noon})
	for _, f := range r.Findings {
		if f.ID == "policy-witness" && f.Witness != "GET /prod/users/, no Referer" {
			t.Errorf("witness %q", f.Witness)
		}
	}
}

// A document of another kind is an error, not an empty stack that is locked.
func TestStaticWrongKind(t *testing.T) {
	for _, read := range []reader{ReadTerraformPlan, ReadCloudFormation, ReadOpenAPI} {
		for _, text := range []string{"", "{}", "[]", "a: b", "\x00", `{"Resources":{}}`} {
			if stack, err := read([]byte(text), "x"); err == nil {
				t.Errorf("%q is read as %+v", text, stack)
			}
		}
	}
}

// An audit of whatever document comes back and shows itself.
func fuzzStatic(f *testing.F, read reader, names ...string) {
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join("testdata", "static", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 64<<10 {
			return
		}
		stack, err := read(text, "x")
		if err != nil {
			return
		}
		for i := range stack.APIs {
			if m := &stack.APIs[i].Methods; len(m.Value) > 20 {
				m.Value = m.Value[:20]
			}
		}
		_ = shown(t, Run(stack, Options{Now: noon}))
	})
}

func FuzzReadTerraformPlan(f *testing.F) {
	fuzzStatic(f, ReadTerraformPlan, "terraform.key.json", "terraform.referer.json")
}

func FuzzReadCloudFormation(f *testing.F) {
	fuzzStatic(f, ReadCloudFormation, "cloudformation.key.yaml", "cloudformation.referer.json")
}

func FuzzReadOpenAPI(f *testing.F) {
	fuzzStatic(f, ReadOpenAPI, "openapi.key.yaml", "openapi.broken.yaml")
}

// CloudFormation's functions, and what a template cannot say.
func TestCloudFormationValues(t *testing.T) {
	doc, err := parseTree([]byte(`
Parameters:
  Name: {Type: String, Default: orders}
  Zones: {Type: CommaDelimitedList, Default: "a,b"}
  Secret: {Type: String, NoEcho: true, Default: changeme}
  Ami: {Type: "AWS::SSM::Parameter::Value<String>", Default: /path}
Mappings: {M: {us-east-1: {host: one}}}
Conditions:
  Yes: !Equals [!Ref Name, orders]
  No: !Not [!Condition Yes]
  Both: !And [!Condition Yes, !Condition No]
  Either: !Or [!Condition Later, !Condition Yes]
  Later: !Equals [!Ref Secret, x]
  Loop: !Not [!Condition Loop]
Resources:
  Api: {Type: "AWS::ApiGateway::RestApi"}
  Stage: {Type: "AWS::ApiGateway::Stage", Properties: {StageName: !Sub "${Name}-v1"}}
  Site: {Type: "AWS::CloudFront::Distribution"}
`))
	if err != nil {
		t.Fatal(err)
	}
	for expression, want := range map[string]string{
		`!Ref Name`:                     "orders",
		`!Ref Secret`:                   "unresolved:Secret",
		`!Ref Ami`:                      "unresolved:Ami",
		`!Ref Nobody`:                   "unresolved:Nobody",
		`!Ref Api`:                      "api",
		`!Ref Stage`:                    "orders-v1",
		`!GetAtt Site.DomainName`:       "site.cloudfront.net",
		`!GetAtt [Api, RootResourceId]`: "root:api",
		`!GetAtt Custom.Value`:          "unresolved:Custom.Value",
		`!Sub "${Api}/${!literal}/${AWS::Region}/${Api.RestApiId}"`: "api/${literal}/us-east-1/api",
		`!Sub ["${x}-${Name}", {x: !Ref Stage}]`:                    "orders-v1-orders",
		`!Join ["/", [a, !Ref Name]]`:                               "a/orders",
		`!Join [",", !Ref Zones]`:                                   "a,b",
		`!Select [1, !Split ["/", "a/b/c"]]`:                        "b",
		`!Select [7, !Split ["/", "a/b/c"]]`:                        `unresolved:Fn::Select [7,{"Fn::Split":["/","a/b/c"]}]`,
		`!FindInMap [M, !Ref "AWS::Region", host]`:                  "one",
		`!If [Yes, a, b]`:                                           "a",
		`!If [No, a, b]`:                                            "b",
		`!If [Both, a, b]`:                                          "b",
		`!If [Either, a, b]`:                                        "a",
		`!If [Later, a, b]`:                                         "unresolved:condition Later",
		`!If [Loop, a, b]`:                                          "unresolved:condition Loop",
		`!ImportValue x`:                                            `unresolved:Fn::ImportValue "x"`,
	} {
		e, err := parseTree([]byte(expression))
		if err != nil {
			t.Fatal(expression, err)
		}
		resolver := cfnResolver{doc: doc, budget: 10_000}
		if got := resolver.text(e.value, 0); got != want {
			t.Errorf("%s is %q, want %q", expression, got, want)
		}
	}
}

// Two references to one value are equal, and neither is weak; a placeholder's
// default is not the secret.
func TestSymbolicSecrets(t *testing.T) {
	s := readStatic(t, ReadCloudFormation, "cloudformation.key.yaml")
	header, key := s.Distributions[0].Origins[0].Headers[0].Value.Value, s.Keys[0].Value.Value
	if !header.Symbolic() || !header.Equal(key) || weakness(header) != "" {
		t.Errorf("%v %v", header.Symbolic(), header.Equal(key))
	}
	text, err := os.ReadFile(filepath.Join("testdata", "static", "cloudformation.key.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	other := strings.Replace(string(text), "HeaderValue: !Ref OriginSecret", "HeaderValue: !Ref AnotherSecret", 1)
	stack, err := ReadCloudFormation([]byte(other), "x")
	if err != nil {
		t.Fatal(err)
	}
	if r := Run(stack, Options{Now: noon}); r.Verdict != Open || r.Findings[0].ID != "key-not-in-plan" && r.Findings[0].ID != "key-shared" {
		t.Errorf("another secret:\n%s", shown(t, r))
	}
}
