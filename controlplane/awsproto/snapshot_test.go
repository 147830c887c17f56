package awsproto

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

// snapshots finds the request fixtures in the module cache: one file per
// operation, each member filled (reference/libraries.md 6).
func snapshots(t *testing.T) map[string]string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-sdk-go-v2/service/cloudfront").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(dir)), "request_snapshot", "*.request.snap"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(f), ".request.snap")] = string(data)
	}
	return out
}

// parseSnapshot reads "METHOD target", a raw query line, headers, blank, body.
func parseSnapshot(text string) *request {
	lines := strings.SplitN(text, "\n", 3)
	method, uri, _ := strings.Cut(lines[0], " ")
	head, body, _ := strings.Cut(lines[2], "\n\n")
	if strings.HasPrefix(lines[2], "\n") {
		head, body = "", strings.TrimPrefix(lines[2], "\n")
	}
	r := httptest.NewRequest(method, uri, nil)
	for line := range strings.SplitSeq(head, "\n") {
		if name, value, ok := strings.Cut(line, ": "); ok {
			r.Header.Set(name, value)
		}
	}
	out := &request{method: method, header: r.Header, body: []byte(body)}
	out.rawPath, out.rawQuery = target(r)
	out.query, _ = url.ParseQuery(out.rawQuery)
	return out
}

// TestRequestSnapshots: each of the 167 fixtures routes to its operation,
// decodes with every member set and encodes to the same request again.
func TestRequestSnapshots(t *testing.T) {
	files := snapshots(t)
	if len(files) != len(cloudfrontapi.Table.Operations) {
		t.Errorf("%d snapshots for %d operations", len(files), len(cloudfrontapi.Table.Operations))
	}
	c, err := newCodec(cloudfrontapi.Table)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		r := parseSnapshot(text)
		m, refused := c.route(r)
		if refused != nil || m.route.operation.Name != name {
			t.Errorf("%s: %s %s routed to %+v (%v)", name, r.method, r.rawPath, m.route, refused)
			continue
		}
		in, refused := c.decode(m, r)
		if refused != nil {
			t.Errorf("%s: %v", name, refused)
			continue
		}
		op := m.route.operation
		for _, path := range unset(op.Input, reflect.ValueOf(in).Elem(), name) {
			t.Errorf("not decoded: %s", path)
		}
		again := encodeRequest(op, in)
		if got, want := canonicalRequest(t, name, again), canonicalRequest(t, name, r); got != want {
			t.Errorf("%s: encoded again\n%s\nsnapshot\n%s", name, got, want)
		}
	}
	t.Logf("%d snapshots", len(files))
}

// unset lists the members of a decoded input that nothing set.
func unset(shape *api.Shape, v reflect.Value, path string) []string {
	var out []string
	for i := range shape.Members {
		m := &shape.Members[i]
		if newerThanSDK[shape.Name+"."+m.Name] || shape.Union && i > 0 {
			continue
		}
		value, set := present(v.Field(i))
		if !set {
			out = append(out, path+"."+m.Name)
			continue
		}
		t := &m.Type
		if t.Kind == api.KindList {
			if value.Len() == 0 {
				out = append(out, path+"."+m.Name+" (empty)")
				continue
			}
			value, t = value.Index(0), t.Item
		}
		if t.Kind == api.KindStructure {
			out = append(out, unset(t.Shape, value, path+"."+m.Name)...)
		}
	}
	return out
}

// encodeRequest is a client's side of the codec, for the proof only.
func encodeRequest(op *api.Operation, in any) *request {
	v := reflect.ValueOf(in).Elem()
	path, query, _ := strings.Cut(op.URI, "?")
	values, _ := url.ParseQuery(query)
	out := &request{method: op.Method, header: map[string][]string{}}
	for i := range op.Input.Members {
		m := &op.Input.Members[i]
		value, set := present(v.Field(i))
		if !set {
			continue
		}
		switch m.In {
		case api.InLabel:
			path = strings.Replace(path, "{"+m.Name+"}", url.PathEscape(textOf(value, &m.Type)), 1)
		case api.InQuery:
			values.Set(m.Wire, textOf(value, &m.Type))
		case api.InHeader:
			out.header.Set(m.Wire, textOf(value, &m.Type))
		}
	}
	out.rawPath, out.rawQuery, out.query = path, values.Encode(), values
	out.body = xmlBody(op.Input, cloudfrontapi.Table.XMLNamespace, v, input)
	return out
}

// canonicalRequest is a request in a form that does not depend on the order of
// query parameters, headers and XML siblings.
func canonicalRequest(t *testing.T, name string, r *request) string {
	t.Helper()
	var headers []string
	for h, v := range r.header {
		if h != "Content-Type" {
			headers = append(headers, h+": "+v[0])
		}
	}
	sort.Strings(headers)
	body := ""
	if len(r.body) > 0 {
		canonical, err := canonicalXML(r.body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		body = canonical
	}
	return fmt.Sprintf("%s %s?%s\n%s\n%s", r.method, r.rawPath, r.query.Encode(), strings.Join(headers, "\n"), body)
}

// canonicalXML sorts siblings by name and keeps the order of equal names.
func canonicalXML(data []byte) (string, error) {
	d := xml.NewDecoder(bytes.NewReader(data))
	type element struct{ name, text string }
	stack := [][]element{nil}
	var texts []string
	for {
		token, err := d.Token()
		if err == io.EOF {
			return stack[0][0].text, nil
		}
		if err != nil {
			return "", err
		}
		switch t := token.(type) {
		case xml.StartElement:
			stack, texts = append(stack, nil), append(texts, t.Name.Space+" ")
		case xml.CharData:
			if len(texts) > 0 {
				texts[len(texts)-1] += string(t)
			}
		case xml.EndElement:
			children := stack[len(stack)-1]
			slices.SortStableFunc(children, func(a, b element) int { return strings.Compare(a.name, b.name) })
			space, own, _ := strings.Cut(texts[len(texts)-1], " ")
			if f, err := strconv.ParseFloat(own, 64); err == nil {
				own = strconv.FormatFloat(f, 'f', -1, 64) // 1 and 1.0 are one double
			}
			text := "<" + t.Name.Local + " " + space + " " + own + ">"
			for _, c := range children {
				text += c.text
			}
			stack, texts = stack[:len(stack)-1], texts[:len(texts)-1]
			stack[len(stack)-1] = append(stack[len(stack)-1], element{t.Name.Local, text + "</>"})
		}
	}
}
