package awsproto

import (
	"net/url"
	"reflect"
	"strings"
	"testing"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/controlplane/api/cloudfrontapi"
)

func testRouter(t testing.TB, table *api.Service) *router {
	t.Helper()
	r, err := newRouter(table)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRoute(t *testing.T) {
	routers := map[string]*router{"g": testRouter(t, apigatewayapi.Table), "c": testRouter(t, cloudfrontapi.Table)}
	for _, test := range []struct {
		service, method, target string
		want                    string
		labels                  []string
	}{
		{"g", "POST", "/restapis", "CreateRestApi", nil},
		{"g", "POST", "/restapis?mode=import&failonwarnings=true", "ImportRestApi", nil},
		{"g", "POST", "/restapis?mode=other", "CreateRestApi", nil},
		{"g", "POST", "/apikeys?mode=import", "ImportApiKeys", nil},
		{"g", "PUT", "/restapis/a?mode=merge", "PutRestApi", []string{"a"}},
		{"g", "POST", "/restapis/a/resources/b", "CreateResource", []string{"a", "b"}},
		{"g", "PUT", "/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2Fabc", "TagResource", []string{"arn:aws:apigateway:us-east-1::/restapis/abc"}},
		{"g", "GET", "/domainnames/a/basepathmappings/%28none%29", "GetBasePathMapping", []string{"a", "(none)"}},
		{"g", "GET", "/restapis/a%252Fb", "GetRestApi", []string{"a%2Fb"}},
		{"g", "GET", "/restapis/a+b", "GetRestApi", []string{"a+b"}},
		{"g", "DELETE", "/restapis/a/stages/s/cache/data", "FlushStageCache", []string{"a", "s"}},
		{"g", "PUT", "/restapis/a/documentation/parts", "ImportDocumentationParts", []string{"a"}},
		{"g", "GET", "/restapis/", "", nil},
		{"g", "GET", "/restapis/%zz", "", nil},
		{"g", "GET", "/restapis/a/resources/../b", "", nil},
		{"g", "PATCH", "/restapis", "", nil},
		{"g", "GET", "", "", nil},
		{"g", "GET", strings.Repeat("/a", 100), "", nil},
		{"c", "POST", "/2020-05-31/distribution", "CreateDistribution", nil},
		{"c", "POST", "/2020-05-31/distribution?WithTags", "CreateDistributionWithTags", nil},
		{"c", "POST", "/2020-05-31/distribution?WithTags=", "CreateDistributionWithTags", nil},
		{"c", "POST", "/2020-05-31/tagging?Operation=Tag&Resource=x", "TagResource", nil},
		{"c", "POST", "/2020-05-31/tagging?Operation=Untag&Resource=x", "UntagResource", nil},
		{"c", "POST", "/2020-05-31/tagging?Resource=x", "", nil},
		{"c", "GET", "/2020-05-31/distribution/E1/config", "GetDistributionConfig", []string{"E1"}},
		{"c", "PUT", "/2020-05-31/distribution/E1/config", "UpdateDistribution", []string{"E1"}},
		{"c", "PUT", "/2020-05-31/cache-policy/E1", "UpdateCachePolicy", []string{"E1"}},
		{"c", "GET", "/2020-05-31/distribution/E1/invalidation/I1", "GetInvalidation", []string{"E1", "I1"}},
		{"c", "GET", "/2019-03-26/distribution", "", nil},
		{"c", "POST", "/2020-05-31/get-realtime-log-config/", "GetRealtimeLogConfig", nil},
		{"c", "PUT", "/2020-05-31/realtime-log-config/", "UpdateRealtimeLogConfig", nil},
		{"c", "GET", "/2020-05-31/distributions/E1/monitoring-subscription/", "GetMonitoringSubscription", []string{"E1"}},
		{"c", "GET", "/2020-05-31/distributions//monitoring-subscription/", "", nil},
		{"c", "GET", "/2020-05-31/get-realtime-log-config//", "", nil},
		{"c", "GET", "/2020-05-31/distribution/", "", nil},
	} {
		path, query, _ := strings.Cut(test.target, "?")
		values, _ := url.ParseQuery(query)
		m, ok := routers[test.service].find(test.method, path, values)
		switch {
		case !ok && test.want == "":
		case !ok || m.route.operation.Name != test.want:
			t.Errorf("%s %s: %v %+v, want %s", test.method, test.target, ok, m.route, test.want)
		case strings.Join(m.values, "|") != strings.Join(test.labels, "|"):
			t.Errorf("%s %s: labels %q", test.method, test.target, m.values)
		}
	}
}

func TestRouterRefusesUnknownLabels(t *testing.T) {
	for _, uri := range []string{"/a/{b+}", "/a/{b"} {
		if _, err := newRouter(&api.Service{Operations: []api.Operation{{Name: "Op", Method: "GET", URI: uri}}}); err == nil {
			t.Errorf("%s was accepted", uri)
		}
	}
}

func TestQueryMapTakesTheRest(t *testing.T) {
	op := apigatewayapi.Table.Operation("ImportRestApi")
	r := testRouter(t, apigatewayapi.Table)
	query, _ := url.ParseQuery("mode=import&failonwarnings=true&basepath=split&endpointConfigurationTypes=REGIONAL&X-Amz-Date=x")
	m, ok := r.find("POST", "/restapis", query)
	if !ok {
		t.Fatal("not routed")
	}
	in := new(apigatewayapi.ImportRestApiRequest)
	if err := bindHTTP(m, &request{query: query}, reflect.ValueOf(in).Elem()); err != nil {
		t.Fatal(err)
	}
	want := &apigatewayapi.ImportRestApiRequest{FailOnWarnings: new(true),
		Parameters: map[string]string{"basepath": "split", "endpointConfigurationTypes": "REGIONAL"}}
	if op != m.route.operation || !reflect.DeepEqual(in, want) {
		t.Errorf("got %+v", in)
	}
}

func FuzzRoute(f *testing.F) {
	f.Add("GET", "/restapis/a/resources/b/methods/GET/integration/responses/200", "embed=methods")
	f.Add("POST", "/2020-05-31/tagging", "Operation=Tag&Resource=%ff")
	f.Add("PUT", "/tags/arn%3Aaws", "")
	routers := []*router{testRouter(f, apigatewayapi.Table), testRouter(f, cloudfrontapi.Table)}
	f.Fuzz(func(t *testing.T, method, path, query string) {
		values, _ := url.ParseQuery(query)
		for _, r := range routers {
			m, ok := r.find(method, path, values)
			if !ok {
				continue
			}
			// The labels put into the URI again must give the path.
			uri, _, _ := strings.Cut(m.route.operation.URI, "?")
			if len(m.values) != len(m.route.labels) || m.route.operation.Method != method {
				t.Fatalf("%s %s: %+v", method, path, m)
			}
			for i, label := range m.route.labels {
				uri = strings.Replace(uri, "{"+label+"}", strings.ReplaceAll(m.values[i], "{", "%7B"), 1)
			}
			if decoded, err := url.PathUnescape(path); err != nil || strings.ReplaceAll(decoded, "{", "%7B") != uri {
				t.Errorf("%s %s: %s", method, path, uri)
			}
		}
	})
}
