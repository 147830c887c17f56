package gateway

import (
	"encoding/base64"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
)

const (
	rawBytes  = "\x1f\x8b\x08\x00\xe2\x82x\xf0\x9f\x98\xff\xed\xa0\x80\xc0\x80\xe2\x82"
	rawAsText = "\x1f\uFFFD\x08\x00\uFFFDx\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD"
	plain     = "this is text"
)

func base64Of(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// http makes the fixture's ANY /h an HTTP integration and returns where its
// backend's calls and answers are.
func (f *fixture) http(change func(*program.Integration)) *recorder {
	r := &recorder{answer: &exchange.Response{Status: 200}}
	f.backend = r.serve
	integration := &program.Integration{Type: program.IntegrationHTTP, URI: "http://backend.example/h", Verb: "POST",
		Responses: []*program.IntegrationResponse{{StatusCode: 200}}}
	if change != nil {
		change(integration)
	}
	f.methods = append(f.methods, &program.Method{
		Verb: "ANY", ResourcePath: "/h", Key: "/h/ANY", Responses: map[string]program.MethodResponse{"200": {}, "404": {}, "201": {}}, Integration: integration,
	})
	return r
}

// The first table of reference/api-gateway.md 5.3; "!" is a 500.
func TestRequestContentHandling(t *testing.T) {
	f := newFixture(t)
	f.stage.Deployment.BinaryMediaTypes = []string{"image/png", "audio/*"}
	r := f.http(nil)
	integration := f.methods[1].Integration
	for _, row := range []struct {
		contentType string
		handling    program.ContentHandling
		body, want  string
	}{
		{"text/plain", program.HandlingNone, rawBytes, rawAsText},
		{"text/plain", program.ConvertToText, rawBytes, rawAsText},
		{"text/plain", program.ConvertToBinary, base64Of(rawBytes), rawBytes},
		{"text/plain", program.ConvertToBinary, plain, "!"},
		{"text/plain", program.ConvertToBinary, rawBytes, "!"},
		{"image/png", program.HandlingNone, rawBytes, rawBytes},
		{"image/png; a=b", program.ConvertToBinary, rawBytes, rawBytes},
		{"IMAGE/PNG", program.ConvertToText, rawBytes, base64Of(rawBytes)},
		{"audio/x", program.ConvertToText, plain, base64Of(plain)},
		{"image/gif", program.HandlingNone, rawBytes, rawAsText},
		{"", program.HandlingNone, plain, plain},
	} {
		integration.ContentHandling = row.handling
		text := "POST /prod/h\nContent-Type: " + row.contentType + "\n\n" + row.body
		if row.want == "!" {
			f.want(text, 500, "InternalServerErrorException", internal)
			continue
		}
		f.answers(text, 200, "")
		if body, _ := r.call.Body.InMemory(); string(body) != row.want {
			t.Errorf("%s %d: %q, want %q", row.contentType, row.handling, body, row.want)
		}
	}
}

// The second table.
func TestResponseContentHandling(t *testing.T) {
	f := newFixture(t)
	f.stage.Deployment.BinaryMediaTypes = []string{"image/png"}
	r := f.http(nil)
	response := f.methods[1].Integration.Responses[0]
	const png, text = "image/png", "text/plain"
	none, bin, txt := program.HandlingNone, program.ConvertToBinary, program.ConvertToText
	for _, row := range []struct {
		kind, accept string
		handling     program.ContentHandling
		body, want   string
	}{
		{text, text, none, rawBytes, rawAsText}, {text, text, bin, base64Of(rawBytes), rawBytes}, {text, text, bin, plain, "!"}, {text, text, txt, plain, plain},
		{text, png, none, base64Of(rawBytes), rawBytes}, {text, png, none, plain, "!"}, {text, png, bin, base64Of(rawBytes), rawBytes}, {text, png, txt, rawBytes, rawAsText},
		{png, text, none, rawBytes, base64Of(rawBytes)}, {png, text, bin, rawBytes, rawBytes}, {png, text, txt, rawBytes, base64Of(rawBytes)},
		{png, png, none, rawBytes, rawBytes}, {png, png, bin, rawBytes, rawBytes}, {png, png, txt, rawBytes, base64Of(rawBytes)},
		{png, text + ", " + png, none, rawBytes, base64Of(rawBytes)}, // the first type counts
	} {
		response.ContentHandling = row.handling
		r.answer = &exchange.Response{Status: 200, Header: exchange.Header{{Name: "Content-Type", Value: row.kind}}, Body: exchange.Bytes([]byte(row.body))}
		call := "GET /prod/h\nAccept: " + row.accept
		if row.want == "!" {
			f.want(call, 500, "InternalServerErrorException", internal)
		} else {
			f.answers(call, 200, row.want)
		}
	}
}

// Templates see text: binary bodies fail, Base64 is text, and what a template
// made is decoded (vectors/apigateway-invoke-binary.json).
func TestTemplatesAndBinary(t *testing.T) {
	f := newFixture(t)
	f.stage.Deployment.BinaryMediaTypes = []string{"image/png"}
	r := f.http(func(i *program.Integration) {
		i.RequestTemplates = program.Templates{template("image/png", `<$input.body>`), template("a/b", `$input.body`)}
	})
	integration := f.methods[1].Integration
	f.want("POST /prod/h\nContent-Type: image/png\n\nx", 500, "InternalServerErrorException", internal)
	if f.last.Record.Reason != string(reasonBinaryTemplate) {
		t.Error(f.last.Record.Reason)
	}
	integration.ContentHandling = program.ConvertToText
	f.answers("POST /prod/h\nContent-Type: image/png\n\nx", 200, "")
	if body, _ := r.call.Body.InMemory(); string(body) != "<eA==>" {
		t.Errorf("%s", body)
	}
	integration.ContentHandling = program.ConvertToBinary
	f.answers("POST /prod/h\nContent-Type: a/b\n\neA==", 200, "")
	if body, _ := r.call.Body.InMemory(); string(body) != "x" {
		t.Errorf("%s", body)
	}
	response := integration.Responses[0]
	response.Templates = program.Templates{template("application/json", `{"data": "$input.body"}`)}
	answer := func(kind, body string) {
		r.answer = &exchange.Response{Status: 200, Header: exchange.Header{{Name: "Content-Type", Value: kind}}, Body: exchange.Bytes([]byte(body))}
	}
	const get = "GET /prod/h\nAccept: image/png"
	answer("image/png", "x")
	f.want(get, 500, "InternalServerErrorException", internal)
	response.ContentHandling = program.ConvertToText
	f.answers(get, 200, `{"data": "eA=="}`)
	response.ContentHandling = program.ConvertToBinary
	answer("text/plain", "x")
	f.want(get, 500, "InternalServerErrorException", internal)
}

// With "*/*" every body is binary, and the MOCK that answers a CORS preflight
// needs CONVERT_TO_TEXT.
func TestMockOfBinaryAPI(t *testing.T) {
	f := newFixture(t)
	f.stage.Deployment.BinaryMediaTypes = []string{"*/*"}
	f.want("GET /prod", 500, "InternalServerErrorException", internal)
	f.root.Integration.ContentHandling = program.ConvertToText
	f.want("GET /prod", 200, "", "")
}

func TestProxyContent(t *testing.T) {
	f := newFixture(t)
	f.stage.Deployment.BinaryMediaTypes = []string{"image/png"}
	r := f.proxy("http://backend.example/", nil)
	for _, row := range []struct{ kind, accept, coding, want string }{
		{"text/plain", "image/png", "", rawAsText}, {"image/png", "image/png", "", rawBytes},
		{"image/png", "*/*", "", base64Of(rawBytes)}, {"text/plain", "text/plain", "gzip", rawBytes},
	} {
		r.answer = &exchange.Response{Status: 200, Header: exchange.Header{{Name: "Content-Type", Value: row.kind}}, Body: exchange.Bytes([]byte(rawBytes))}
		coding := ""
		if row.coding != "" {
			r.answer.Header.Add("Content-Encoding", row.coding)
			coding = "\nContent-Encoding: " + row.coding
		}
		if got := f.do("POST /prod/p\nContent-Type: " + row.kind + "\nAccept: " + row.accept + coding + "\n\n" + rawBytes); !strings.HasSuffix(got, "\n\n"+row.want) {
			t.Errorf("%+v: %q", row, got)
		}
		sent := rawBytes
		if row.kind == "text/plain" && row.coding == "" {
			sent = rawAsText
		}
		if body, _ := r.call.Body.InMemory(); string(body) != sent {
			t.Errorf("%+v: backend got %q", row, body)
		}
	}
}

func TestIsBinary(t *testing.T) {
	for _, row := range []struct {
		types, media string
		want         bool
	}{
		{"", "image/png", false}, {"image/png", "image/png", true}, {"image/png", "image/gif", false}, {"image/*", "image/gif", true},
		{"image/*", "imagery/gif", false}, {"*/*", "", true}, {"application/json", "", true}, {"Image/PNG;q=1", "image/png", true}, {"a/b,c/d", "c/d", true},
		{"image/*", "*/*", false}, {"*", "image/png", false},
	} {
		if got := isBinary(strings.FieldsFunc(row.types, func(r rune) bool { return r == ',' }), row.media); got != row.want {
			t.Errorf("%q %q: %v", row.types, row.media, got)
		}
	}
}

func FuzzContent(f *testing.F) {
	for _, seed := range []string{"", plain, rawBytes, base64Of(rawBytes), "\xf4\x90\x80\x80", "\xe2\x82\xac", "=", "a\nb="} {
		f.Add([]byte(seed), "image/*", "image/png")
	}
	f.Fuzz(func(t *testing.T, data []byte, one, media string) {
		text := newPayload(data, false)
		if !utf8.Valid(text.data) || utf8.Valid(data) != (string(text.data) == string(data)) {
			t.Fatalf("%q became %q", data, text.data)
		}
		back, ok := newPayload(data, true).toText().toBinary()
		if !ok || string(back.data) != string(data) {
			t.Fatalf("%q came back as %q", data, back.data)
		}
		if isBinary(nil, media) || !isBinary([]string{one, "*/*"}, media) {
			t.Fatalf("%q %q", one, media)
		}
	})
}

// A streamed answer is handed on before it is whole, and closing it ends the call.
func TestStream(t *testing.T) {
	f := newFixture(t)
	r := f.proxy("http://backend.example/", nil)
	f.methods[1].Integration.Stream = true
	reader, writer := io.Pipe()
	r.answer = &exchange.Response{Status: 200, Header: exchange.Header{{Name: "Content-Type", Value: "text/event-stream"}}, Body: exchange.Stream(reader, -1)}
	x := f.exchangeOf(f.program(), "GET /prod/p")
	response := f.gateway.Serve(t.Context(), x)
	if response.Status != 200 || response.Header.Has("Content-Length") || response.Body.Length() != -1 {
		t.Fatalf("%+v", response)
	}
	body := response.Body.Reader()
	for _, event := range []string{"one", "two"} {
		go writer.Write([]byte(event))
		got := make([]byte, 3)
		if _, err := io.ReadFull(body, got); err != nil || string(got) != event {
			t.Fatalf("%q %v", got, err)
		}
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Write([]byte("x")); err == nil {
		t.Error("the backend was not told")
	}
}
