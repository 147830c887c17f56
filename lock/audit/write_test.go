package audit

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// everyReport runs over the broken and sound stacks of testdata.
func everyReport(t *testing.T, visit func(name string, r *Report)) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", "checks", "*.yaml"))
	if err != nil || len(names) < 2*len(CheckIDs()) {
		t.Fatal(len(names), err)
	}
	for _, name := range names {
		visit(filepath.Base(name), readWritten(t, name).audit(t))
	}
}

func write(t *testing.T, r *Report, format string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := r.Write(&b, Output{Format: format, FailOn: Medium}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The schema is OASIS's own (its id says which), as the module go-sarif v3.3.1
// carries it.
func TestSARIFMatchesTheSchema(t *testing.T) {
	schemaFile, err := os.Open(filepath.Join("testdata", "sarif-schema-2.1.0.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = schemaFile.Close() }()
	document, err := jsonschema.UnmarshalJSON(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("sarif.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	results := 0
	everyReport(t, func(name string, r *Report) {
		r.File = "some plan.json"
		text := write(t, r, FormatSARIF)
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(name, err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		results += len(r.Findings)
	})
	if results == 0 {
		t.Error("no result was checked")
	}
	if err := schema.Validate(map[string]any{"version": "2.1.0"}); err == nil {
		t.Error("the schema takes anything")
	}
}

func TestJSONAndJUnit(t *testing.T) {
	everyReport(t, func(name string, r *Report) {
		var back map[string]json.RawMessage
		if err := json.Unmarshal(write(t, r, FormatJSON), &back); err != nil {
			t.Fatal(name, err)
		}
		for _, member := range []string{"verdict", "findings", "doors"} {
			if len(back[member]) == 0 || string(back[member]) == "null" {
				t.Errorf("%s: no %s", name, member)
			}
		}
		if len(back) != 3 {
			t.Errorf("%s: members beside the contract: %v", name, back)
		}
		for member, want := range map[string]string{
			"findings": "id mend reason resource severity witness",
			"doors":    "analysis host method needs path probe",
		} {
			var items []map[string]string // every member is a string
			if err := json.Unmarshal(back[member], &items); err != nil {
				t.Fatal(name, err)
			}
			for _, item := range items {
				if got := strings.Join(slices.Sorted(maps.Keys(item)), " "); got != want {
					t.Errorf("%s: %s with %s", name, member, got)
				}
			}
		}
		var suite junitSuite
		if err := xml.Unmarshal(write(t, r, FormatJUnit), &suite); err != nil {
			t.Fatal(name, err)
		}
		failed := r.ExitCode(Medium) == 1
		if failed != (suite.Failures > 0) || suite.Tests != len(suite.Cases) {
			t.Errorf("%s: exit code %d, JUnit %+v", name, r.ExitCode(Medium), suite)
		}
	})
}

// No output shows a value that opens anything.
func TestReportsShowNoSecret(t *testing.T) {
	secrets := []string{"mTq7Zr2Wv9Xk4Ls8Np3Bd6Fh1Jc5Gy0AeUiOtRwQ", "5f0c9a7d2be84e61b3a0d7c4f8e1926a",
		"0b7e3a916cd24f85a1e0479dbf62c83e", "Zc8Vb5Nm2Qw9Er6Ty3Ui0Op7As4Df1GhJkLxPzRt", "OpenSesame-42"}
	everyReport(t, func(name string, r *Report) {
		for _, format := range Formats() {
			text := strings.ToLower(string(write(t, r, format)))
			for _, secret := range secrets {
				if strings.Contains(text, strings.ToLower(secret)) {
					t.Errorf("%s as %s shows %s", name, format, secret)
				}
			}
		}
	})
}

func TestTable(t *testing.T) {
	r := readWritten(t, filepath.Join("testdata", "checks", "policy-witness.broken.yaml")).audit(t)
	const want = `OPEN: 2 of 2 doors open without the secret, first GET https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/

high    policy-witness  api a1b2c3d4e5/prod
        the deployed resource policy allows requests without the secret: GET /, ANY /users/{id}
        witness: GET /prod/, empty Referer
        mend: deny with StringNotEquals on aws:Referer for every resource

DOOR                                                                        NEEDS    ANALYSIS
GET https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/            nothing  open
GET https://d111111abcdef8.cloudfront.net/                                  nothing  front door
ANY https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/users/{id}  nothing  open
ANY https://d111111abcdef8.cloudfront.net/users/{id}                        nothing  front door
`
	if got := string(write(t, r, FormatTable)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if err := r.Write(&bytes.Buffer{}, Output{Format: "csv"}); err == nil {
		t.Error("an unknown format is written")
	}
}
