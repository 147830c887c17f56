package awsproto

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/controlplane/api/cloudfrontapi"
)

func inputShape(table *api.Service, op string) *api.Shape { return table.Operation(op).Input }

func TestDecodeJSON(t *testing.T) {
	type settings = apigatewayapi.ThrottleSettings
	for _, test := range []struct {
		name, op, body string
		want           any
	}{
		{"empty body", "CreateRestApi", " \n", &apigatewayapi.CreateRestApiRequest{}},
		{"null is absent", "CreateRestApi", `{"name":null,"tags":null,"binaryMediaTypes":null}`, &apigatewayapi.CreateRestApiRequest{}},
		{"empty is present", "CreateRestApi", `{"name":"","tags":{},"binaryMediaTypes":[]}`,
			&apigatewayapi.CreateRestApiRequest{Name: new(""), Tags: map[string]string{}, BinaryMediaTypes: []string{}}},
		{"unknown members are skipped", "CreateRestApi", `{"x":{"a":[1,{"b":null}]},"name":"n","y":true}`, &apigatewayapi.CreateRestApiRequest{Name: new("n")}},
		{"labels are not read from the body", "UpdateRestApi", `{"restApiId":"other"}`, &apigatewayapi.UpdateRestApiRequest{}},
		{"the last of equal keys wins", "CreateRestApi", `{"name":"a","name":"b","tags":{"k":"1"},"tags":{"k":"2","j":"3","j":null}}`,
			&apigatewayapi.CreateRestApiRequest{Name: new("b"), Tags: map[string]string{"k": "2"}}},
		{"null in lists and maps", "CreateRestApi", `{"tags":{"a":null,"b":"c"},"binaryMediaTypes":[null,"x"]}`,
			&apigatewayapi.CreateRestApiRequest{Tags: map[string]string{"b": "c"}, BinaryMediaTypes: []string{"x"}}},
		{"null in a sparse map", "PutIntegrationResponse", `{"responseTemplates":{"a":null,"b":""}}`,
			&apigatewayapi.PutIntegrationResponseRequest{ResponseTemplates: map[string]*string{"a": nil, "b": new("")}}},
		{"numbers", "CreateUsagePlan", `{"throttle":{"burstLimit":2.9,"rateLimit":1e2}}`,
			&apigatewayapi.CreateUsagePlanRequest{Throttle: &settings{BurstLimit: new(int32(2)), RateLimit: new(100.0)}}},
		{"exponent in an integer", "CreateUsagePlan", `{"throttle":{"burstLimit":2E1}}`,
			&apigatewayapi.CreateUsagePlanRequest{Throttle: &settings{BurstLimit: new(int32(20))}}},
		{"map of structures", "CreateUsagePlan", `{"apiStages":[{"throttle":{"/a/GET":{"burstLimit":1}}}]}`,
			&apigatewayapi.CreateUsagePlanRequest{ApiStages: []apigatewayapi.ApiStage{{Throttle: map[string]settings{"/a/GET": {BurstLimit: new(int32(1))}}}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			shape := inputShape(apigatewayapi.Table, test.op)
			got := shape.New()
			if err := decodeJSON([]byte(test.body), shape, reflect.ValueOf(got).Elem()); err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestDecodeJSONRefuses(t *testing.T) {
	deep := strings.Repeat(`{"x":`, maxDepth+1)
	for _, test := range []struct{ name, op, body, want string }{
		{"boolean for string", "CreateRestApi", `{"name":true}`, "class java.lang.Boolean can not be converted to an String"},
		{"number for string", "CreateRestApi", `{"name":1}`, "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an String"},
		{"boolean in a map", "PutIntegration", `{"requestParameters":{"a":true}}`, "class java.lang.Boolean can not be converted to an String"},
		{"object for string", "CreateRestApi", `{"name":{}}`, "Start of structure or map found where not expected."},
		{"list for string", "CreateRestApi", `{"name":[]}`, "Start of list found where not expected"},
		{"string for boolean", "CreateRestApi", `{"disableExecuteApiEndpoint":"true"}`, "class java.lang.String can not be converted to an Boolean"},
		{"string for number", "CreateRestApi", `{"minimumCompressionSize":"1"}`, "class java.lang.String can not be converted to an Integer"},
		{"string for list", "CreateRestApi", `{"binaryMediaTypes":"x"}`, "Unexpected value type in payload"},
		{"string for the whole", "CreateRestApi", `"x"`, "Unexpected value type in payload"},
		{"too large a number", "CreateRestApi", `{"minimumCompressionSize":2147483648}`, "number out of range for Integer"},
		{"far too large a number", "CreateRestApi", `{"minimumCompressionSize":1e400}`, "number out of range for Integer"},
		{"double out of range", "CreateUsagePlan", `{"throttle":{"rateLimit":1e400}}`, "number out of range for Double"},
		{"no JSON", "CreateRestApi", `{"name":`, "the request body is not valid JSON"},
		{"two values", "CreateRestApi", `{} {}`, "the request body is not valid JSON: more than one value"},
		{"not UTF-8", "CreateRestApi", "{\"name\":\"\xff\"}", "the request body is not valid JSON: not UTF-8"},
		{"too deep", "CreateRestApi", deep, "the request body is not valid JSON: nested too deeply"},
		{"too many values", "CreateRestApi", `{"x":[` + strings.Repeat("1,", maxValues) + "1]}", "the request body is not valid JSON: too many values"},
	} {
		t.Run(test.name, func(t *testing.T) {
			shape := inputShape(apigatewayapi.Table, test.op)
			err := decodeJSON([]byte(test.body), shape, reflect.ValueOf(shape.New()).Elem())
			if err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if e := serialization(err); e.Code != "SerializationException" || e.Status != 400 {
				t.Errorf("answered as %v", e)
			}
		})
	}
}

const invalidationRoot = "InvalidationBatch"

func decodeInvalidation(body string) (*cloudfrontapi.InvalidationBatch, error) {
	shape := inputShape(cloudfrontapi.Table, "CreateInvalidation").Members
	var batch api.Member
	for _, m := range shape {
		if m.In == api.InPayload {
			batch = m
		}
	}
	got := new(cloudfrontapi.InvalidationBatch)
	err := decodeXML([]byte(body), batch.Wire, batch.Type.Shape, reflect.ValueOf(got).Elem())
	return got, err
}

func TestDecodeXML(t *testing.T) {
	paths := func(quantity int32, items ...string) *cloudfrontapi.Paths {
		return &cloudfrontapi.Paths{Quantity: &quantity, Items: append([]string{}, items...)}
	}
	for _, test := range []struct {
		name, body string
		want       cloudfrontapi.InvalidationBatch
	}{
		{"any order, declaration, comment, namespace", `<?xml version="1.0" encoding="UTF-8"?><!-- x --><InvalidationBatch xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/">
			<CallerReference>r</CallerReference> <Paths><Items><Path>/a</Path><Path>/b c</Path></Items><Quantity> 2 </Quantity></Paths></InvalidationBatch>` + "\n",
			cloudfrontapi.InvalidationBatch{CallerReference: new("r"), Paths: paths(2, "/a", "/b c")}},
		{"unknown elements", `<InvalidationBatch><New><Path>x</Path></New><CallerReference>r</CallerReference></InvalidationBatch>`,
			cloudfrontapi.InvalidationBatch{CallerReference: new("r")}},
		{"empty and absent", `<InvalidationBatch><CallerReference/><Paths><Quantity>0</Quantity><Items/></Paths></InvalidationBatch>`,
			cloudfrontapi.InvalidationBatch{CallerReference: new(""), Paths: paths(0)}},
		{"entities, CDATA, blanks in strings", `<InvalidationBatch><CallerReference> a&lt;<![CDATA[<b>]]>&#x41; </CallerReference></InvalidationBatch>`,
			cloudfrontapi.InvalidationBatch{CallerReference: new(" a<<b>A ")}},
		{"the last of equal elements wins", `<InvalidationBatch><CallerReference>a</CallerReference><CallerReference>b</CallerReference></InvalidationBatch>`,
			cloudfrontapi.InvalidationBatch{CallerReference: new("b")}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := decodeInvalidation(test.body)
			if err != nil || !reflect.DeepEqual(*got, test.want) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestDecodeXMLRefuses(t *testing.T) {
	in := func(content string) string {
		return "<" + invalidationRoot + ">" + content + "</" + invalidationRoot + ">"
	}
	for _, test := range []struct{ name, body, want string }{
		{"empty", "", errXMLSyntax.text},
		{"blanks", "  \n", errXMLSyntax.text},
		{"no XML", `{"a":1}`, errXMLSyntax.text},
		{"unclosed", "<InvalidationBatch><CallerReference>", errXMLSyntax.text},
		{"crossed", in("<Paths><Items></Paths></Items>"), errXMLSyntax.text},
		{"another root", "<Batch/>", "The root element is not InvalidationBatch."},
		{"two roots", in("") + in(""), errXMLSyntax.text},
		{"text behind the root", in("") + "x", errXMLSyntax.text},
		{"document type", "<!DOCTYPE x [<!ENTITY a \"b\">]>" + in("<CallerReference>&a;</CallerReference>"), "A document type declaration is not allowed."},
		{"unknown entity", in("<CallerReference>&a;</CallerReference>"), errXMLSyntax.text},
		{"other encoding", `<?xml version="1.0" encoding="ISO-8859-1"?>` + in(""), "The request body is not XML in UTF-8."},
		{"number", in("<Paths><Quantity>two</Quantity></Paths>"), "An element has text that is no number."},
		{"empty number", in("<Paths><Quantity/></Paths>"), "An element has text that is no number."},
		{"element in a string", in("<CallerReference><b/></CallerReference>"), "Unexpected element inside a simple value"},
		{"text in a structure", in("<Paths>x</Paths>"), "Unexpected text inside a structure"},
		{"other item in a list", in("<Paths><Items><Pfad>x</Pfad></Items></Paths>"), "Unexpected list element termination"},
		{"text in a list", in("<Paths><Items>/*</Items></Paths>"), "Unexpected list element termination"},
		{"too deep", strings.Repeat("<a>", maxDepth+1), "The root element is not InvalidationBatch."},
		{"too deep inside", "<InvalidationBatch>" + strings.Repeat("<a>", maxDepth), "The request body is nested too deeply."},
		{"too many", in("<Paths><Items>" + strings.Repeat("<Path/>", maxValues) + "</Items></Paths>"), "The request body has too many elements."},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := decodeInvalidation(test.body)
			var bad *malformed
			if !errors.As(err, &bad) || bad.text != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestXMLRefusalsOnTheWire(t *testing.T) {
	h := newTestHandler(t)
	for _, test := range []struct{ method, target, body, code string }{
		{"POST", "/2020-05-31/distribution", "", "MissingBody"},
		{"POST", "/2020-05-31/distribution", "<x/>", "MalformedInput"},
		{"GET", "/2020-05-31/distribution?MaxItems=many", "", "InvalidArgument"},
		{"GET", "/2020-05-31/tagging", "", "InvalidArgument"},
		{"PATCH", "/2020-05-31/distribution", "", "UnknownOperationException"},
	} {
		if w := h.send("cloudfront", test.method, test.target, test.body); !strings.Contains(w.Body.String(), "<Code>"+test.code+"</Code>") {
			t.Errorf("%s %s: %d %s", test.method, test.target, w.Code, w.Body)
		}
	}
	if w := h.send("apigateway", "GET", "/restapis?limit=many", ""); w.Code != 400 || header(w, "x-amzn-ErrorType") != "SerializationException" {
		t.Errorf("limit=many: %d %s", w.Code, w.Body)
	}
}

func TestTimes(t *testing.T) {
	want := time.Date(2022, 10, 10, 21, 52, 23, 837e6, time.UTC)
	for _, text := range []string{"2022-10-10T21:52:23.837Z", "2022-10-10T23:52:23.837+02:00", "1665438743.837"} {
		if got, err := parseTime(text); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	if got, err := parseTime("Mon, 10 Oct 2022 21:52:23 GMT"); err != nil || !got.Equal(want.Truncate(time.Second)) {
		t.Errorf("HTTP date: %v, %v", got, err)
	}
	for _, text := range []string{"", "yesterday", "1e300", "NaN", "-1e300"} {
		if _, err := parseTime(text); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func FuzzDecodeJSON(f *testing.F) {
	f.Add(`{"name":"x","tags":{"a":"b"},"binaryMediaTypes":["x"],"endpointConfiguration":{"types":["EDGE"]}}`)
	f.Add(`{"minimumCompressionSize":1.5e3,"x":[[{}]],"name":null}`)
	f.Fuzz(func(t *testing.T, body string) {
		shape := inputShape(apigatewayapi.Table, "CreateRestApi")
		got := shape.New()
		v := reflect.ValueOf(got).Elem()
		if decodeJSON([]byte(body), shape, v) != nil {
			return
		}
		// What was accepted must survive its own writing.
		again := shape.New()
		encoded := appendJSON(nil, shape, v, input)
		if err := decodeJSON(encoded, shape, reflect.ValueOf(again).Elem()); err != nil || !reflect.DeepEqual(got, again) {
			t.Errorf("%q: encoded %q came back as %+v, %v", body, encoded, again, err)
		}
	})
}

func FuzzDecodeXML(f *testing.F) {
	f.Add(`<DistributionConfig><CallerReference>a</CallerReference><Aliases><Quantity>1</Quantity><Items><CNAME>a.b</CNAME></Items></Aliases><Enabled>true</Enabled></DistributionConfig>`)
	f.Add(`<DistributionConfig><Origins><Items><Origin><Id>&lt;</Id></Origin></Items></Origins><x/></DistributionConfig>`)
	f.Fuzz(func(t *testing.T, body string) {
		shape := inputShape(cloudfrontapi.Table, "CreateDistribution").Members[0].Type.Shape
		got := shape.New()
		v := reflect.ValueOf(got).Elem()
		if decodeXML([]byte(body), "DistributionConfig", shape, v) != nil {
			return
		}
		encode := func(v reflect.Value) string {
			return string(appendXMLRoot(nil, "DistributionConfig", "", func(b []byte) []byte { return appendXML(b, shape, v, input) }))
		}
		again := reflect.ValueOf(shape.New()).Elem()
		encoded := encode(v)
		if err := decodeXML([]byte(encoded), "DistributionConfig", shape, again); err != nil || encode(again) != encoded {
			t.Errorf("%q: encoded %q came back as %q, %v", body, encoded, encode(again), err)
		}
	})
}
