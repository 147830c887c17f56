package apigateway

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/controlplane/apigateway/openapi"
)

// document reads a file of testdata/openapi. petstore and pets are what AWS was
// given, *.swagger* and *.oas30* what it answered, members in AWS's order (from
// LocalStack's AWS-validated recordings, Apache-2.0).
func document(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "openapi", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// imported makes an API of a document.
func (w *world) imported(doc []byte) *apigatewayapi.RestApi {
	w.Helper()
	return must[apigatewayapi.RestApi](w)(w.ImportRestApi(w.call, &apigatewayapi.ImportRestApiRequest{Body: doc}))
}

// exported deploys an API to stage prod and exports it, with its id as "API".
func (w *world) exported(api, kind, extensions string, accepts ...string) string {
	w.Helper()
	must[apigatewayapi.Deployment](w)(w.CreateDeployment(w.call, &apigatewayapi.CreateDeploymentRequest{RestApiId: &api, StageName: new("prod")}))
	in := &apigatewayapi.GetExportRequest{RestApiId: &api, StageName: new("prod"), ExportType: &kind, Parameters: map[string]string{"extensions": extensions}}
	if len(accepts) > 0 {
		in.Accepts = &accepts[0]
	}
	out := must[apigatewayapi.ExportResponse](w)(w.GetExport(w.call, in))
	return strings.ReplaceAll(string(out.Body), api, "API")
}

// Exports are AWS's to the byte, once spaces are taken out: the order of members
// is the recorded one at every depth.
func TestExportIsTheRecordedOne(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"petstore", "pets"} {
		made := w.imported(document(t, name+".json"))
		for _, kind := range []string{"swagger", "oas30"} {
			for suffix, extensions := range map[string]string{"": "", "-extensions": "apigateway"} {
				want, err := openapi.Parse(document(t, name+"."+kind+suffix+".json"))
				if err != nil {
					t.Fatal(err)
				}
				got, err := openapi.Parse([]byte(w.exported(*made.Id, kind, extensions)))
				if err != nil {
					t.Fatal(err)
				}
				if name+kind+suffix == "petsoas30-extensions" {
					// Recorded on the same day with an integration's "type" last
					// instead of first.
					got, want = ordered(got), ordered(want)
				}
				wanted := bytes.ReplaceAll(want.Compact(), []byte("local"), []byte("prod")) // the stage's name
				if !bytes.Equal(got.Compact(), wanted) {
					t.Errorf("%s %s%s:\ngot  %s\nwant %s", name, kind, suffix, got.Compact(), wanted)
				}
			}
		}
	}
}

// ordered is a tree with the members of objects by name.
func ordered(n *openapi.Node) *openapi.Node {
	if n == nil {
		return nil
	}
	out := &openapi.Node{Kind: n.Kind, Text: n.Text}
	for _, item := range n.Items {
		out.Items = append(out.Items, ordered(item))
	}
	byName := map[string]*openapi.Node{}
	for _, m := range n.Members() {
		byName[m.Key] = ordered(m.Value)
	}
	for _, name := range sortedKeys(byName) {
		out.Set(name, byName[name])
	}
	return out
}

func TestExportHeaders(t *testing.T) {
	w := newWorld(t)
	made := w.imported(document(t, "petstore.json"))
	w.exported(*made.Id, "swagger", "")
	for _, test := range []struct {
		kind, accepts, disposition, start string
	}{
		{"swagger", "", `attachment; filename="swagger_2026-11-22T12:00:00Z.json"`, "{\n  \"swagger\" : \"2.0\",\n"},
		{"oas30", "*/*", `attachment; filename="oas30_2026-11-22T12:00:00Z.json"`, "{\n  \"openapi\" : \"3.0.1\",\n"},
		{"oas30", "application/json", `attachment; filename="oas30_2026-11-22T12:00:00Z.json"`, "{\n  \"openapi\" : \"3.0.1\",\n"},
		{"oas30", "application/yaml", `attachment; filename="oas30_2026-11-22T12:00:00Z.yaml"`, "---\nopenapi: \"3.0.1\"\ninfo:\n  title: \"PetStore\"\n"},
	} {
		out := must[apigatewayapi.ExportResponse](t)(w.GetExport(w.call, &apigatewayapi.GetExportRequest{
			RestApiId: made.Id, StageName: new("prod"), ExportType: &test.kind, Accepts: &test.accepts,
		}))
		if *out.ContentType != "application/octet-stream" || *out.ContentDisposition != test.disposition || !strings.HasPrefix(string(out.Body), test.start) {
			t.Errorf("%+v: %s, %s\n%.100s", test, *out.ContentType, *out.ContentDisposition, out.Body)
		}
	}
	must[apigatewayapi.RestApi](t)(w.UpdateRestApi(w.call, &apigatewayapi.UpdateRestApiRequest{RestApiId: made.Id, PatchOperations: []apigatewayapi.PatchOperation{
		{Op: new("replace"), Path: new("/version"), Value: new("1\r\n\"x/../y" + strings.Repeat("z", 1000))},
	}}))
	w.exported(*made.Id, "swagger", "")
	out := must[apigatewayapi.ExportResponse](t)(w.GetExport(w.call, &apigatewayapi.GetExportRequest{RestApiId: made.Id, StageName: new("prod"), ExportType: new("swagger")}))
	if want := `attachment; filename="swagger_1___x_.._y` + strings.Repeat("z", 118) + `.json"`; *out.ContentDisposition != want {
		t.Errorf("a hostile version: %s", *out.ContentDisposition)
	}
}

func TestExportRefusals(t *testing.T) {
	w := newWorld(t)
	made := w.imported(document(t, "pets.json"))
	w.exported(*made.Id, "swagger", "")
	for _, test := range []struct {
		api, stage, kind, accepts string
		code, text                string
	}{
		{"nothing", "prod", "swagger", "", notFound, "Invalid API identifier specified 000000000000:nothing"},
		{*made.Id, "dev", "swagger", "", notFound, "Invalid stage identifier specified"},
		{*made.Id, "prod", "oas31", "", bad, "Invalid export type specified. Valid options are oas30,swagger"},
		{*made.Id, "prod", "oas30", "text/html", bad, "Invalid accept type specified. Valid options are application/json,application/yaml"},
	} {
		_, err := w.GetExport(w.call, &apigatewayapi.GetExportRequest{RestApiId: &test.api, StageName: &test.stage, ExportType: &test.kind, Accepts: &test.accepts})
		refused(t, err, test.code, test.text)
	}
	// A model that is no JSON cannot stand in a document.
	api, root := w.api()
	must[apigatewayapi.Model](t)(w.CreateModel(w.call, &apigatewayapi.CreateModelRequest{RestApiId: &api, Name: new("Xml"), ContentType: new("application/xml"), Schema: new("<xs:schema/>")}))
	must[apigatewayapi.Method](t)(w.PutMethod(w.call, &apigatewayapi.PutMethodRequest{
		RestApiId: &api, ResourceId: &root, HttpMethod: new("GET"), AuthorizationType: new("NONE"), RequestModels: map[string]string{"application/xml": "Xml"},
	}))
	must[apigatewayapi.Integration](t)(w.PutIntegration(w.call, &apigatewayapi.PutIntegrationRequest{RestApiId: &api, ResourceId: &root, HttpMethod: new("GET"), Type: new("MOCK")}))
	must[apigatewayapi.Deployment](t)(w.CreateDeployment(w.call, &apigatewayapi.CreateDeploymentRequest{RestApiId: &api, StageName: new("prod")}))
	_, err := w.GetExport(w.call, &apigatewayapi.GetExportRequest{RestApiId: &api, StageName: new("prod"), ExportType: new("oas30")})
	refused(t, err, bad, "Only found non-JSON body models for …")
}

// What an export says of everything that no recording shows.
func TestExportOfEverything(t *testing.T) {
	w := newWorld(t)
	made := w.imported(document(t, "everything.yaml"))
	w.documented(*made.Id)
	got := w.exported(*made.Id, "oas30", "apigateway", "application/yaml")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile("testdata/openapi/everything.oas30.yaml", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := string(document(t, "everything.oas30.yaml")); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	// Each extension alone.
	for extensions, members := range map[string]map[string]bool{
		"":                         {"-integration:": false, "-authorizer:": false, "-policy:": false, "-documentation:": false},
		"integrations":             {"-integration:": true, "-authorizer:": false, "-policy:": false},
		"authorizers, postman":     {"-integration:": false, "-authorizer:": true, "-policy:": false},
		"documentation":            {"-integration:": false, "-authorizer:": false, "-policy:": false, "-documentation:": true},
		"integrations,authorizers": {"-integration:": true, "-authorizer:": true, "-policy:": false},
	} {
		text := w.exported(*made.Id, "oas30", extensions, "application/yaml")
		for member, want := range members {
			if strings.Contains(text, "x-amazon-apigateway"+member) != want {
				t.Errorf("%q: x-amazon-apigateway%s is there: %v", extensions, member, !want)
			}
		}
	}
}

// documented gives an API's first stage its documentation.
func (w *world) documented(api string) {
	w.Helper()
	must[apigatewayapi.Deployment](w)(w.CreateDeployment(w.call, &apigatewayapi.CreateDeploymentRequest{RestApiId: &api, StageName: new("prod")}))
	must[apigatewayapi.DocumentationVersion](w)(w.CreateDocumentationVersion(w.call, &apigatewayapi.CreateDocumentationVersionRequest{
		RestApiId: &api, StageName: new("prod"), DocumentationVersion: new("1.0.3"),
	}))
}
