package scenario

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"drawbridge/controlplane/api"
)

// The values of a call are trees of these: object, []any, string, bool,
// json.Number, nil.

// object is a structure or map with its members in order.
type object []member

type member struct {
	name  string
	value any
}

func (o object) get(name string) (any, bool) {
	for _, m := range o {
		if m.name == name {
			return m.value, true
		}
	}
	return nil, false
}

// parseJSON reads one JSON value and keeps the order of members.
func parseJSON(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	value, err := jsonValue(d)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("something stands behind the JSON value")
	}
	return value, nil
}

func jsonValue(d *json.Decoder) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		out := object{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			value, err := jsonValue(d)
			if err != nil {
				return nil, err
			}
			out = append(out, member{name.(string), value})
		}
		_, err = d.Token()
		return out, err
	case json.Delim('['):
		out := []any{}
		for d.More() {
			value, err := jsonValue(d)
			if err != nil {
				return nil, err
			}
			out = append(out, value)
		}
		_, err = d.Token()
		return out, err
	}
	return token, nil
}

// printJSON writes a value as the AWS CLI does: four spaces, members in order.
func printJSON(value any) string {
	var b strings.Builder
	writeJSON(&b, value, "\n")
	return b.String() + "\n"
}

func writeJSON(b *strings.Builder, value any, newline string) {
	inner := newline + "    "
	switch v := value.(type) {
	case object:
		if len(v) == 0 {
			b.WriteString("{}")
			return
		}
		b.WriteByte('{')
		for i, m := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(inner + jsonText(m.name) + ": ")
			writeJSON(b, m.value, inner)
		}
		b.WriteString(newline + "}")
	case []any:
		if len(v) == 0 {
			b.WriteString("[]")
			return
		}
		b.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(inner)
			writeJSON(b, item, inner)
		}
		b.WriteString(newline + "]")
	default:
		b.WriteString(jsonText(v))
	}
}

// jsonText writes a value on one line.
func jsonText(v any) string {
	switch v := v.(type) {
	case object:
		var parts []string
		for _, m := range v {
			parts = append(parts, jsonText(m.name)+":"+jsonText(m.value))
		}
		return "{" + strings.Join(parts, ",") + "}"
	case []any:
		var parts []string
		for _, item := range v {
			parts = append(parts, jsonText(item))
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Sprintf("%q", fmt.Sprint(v))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// scalarText is a scalar as it stands in a path, query, header or element.
func scalarText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return v.String()
	}
	return jsonText(v)
}

// wireRequest is a call turned into HTTP.
type wireRequest struct {
	method, path, query string
	header              http.Header
	body                []byte
}

// encodeCall writes a call's input in the service's protocol.
func encodeCall(table *api.Service, op *api.Operation, in object) (*wireRequest, error) {
	if table.Protocol == api.Query {
		form := url.Values{"Action": {op.Name}, "Version": {table.Version}}
		for _, m := range in {
			formValue(form, m.name, m.value)
		}
		return &wireRequest{"POST", "/", "", http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}}, []byte(form.Encode())}, nil
	}
	if table.Protocol == api.JSON11 {
		header := http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {table.ID + "." + op.Name}}
		return &wireRequest{"POST", "/", "", header, []byte(jsonText(wireNames(&api.Type{Kind: api.KindStructure, Shape: op.Input}, in)))}, nil
	}
	path, fixed, _ := strings.Cut(op.URI, "?")
	var query []string
	if fixed != "" {
		query = append(query, fixed)
	}
	out := &wireRequest{method: op.Method, header: http.Header{}}
	var body object
	for i := range shapeMembers(op.Input) {
		m := &op.Input.Members[i]
		value, there := in.get(m.Name)
		if !there {
			continue
		}
		switch m.In {
		case api.InLabel:
			path = strings.ReplaceAll(path, "{"+m.Wire+"}", escapeLabel(scalarText(value)))
			path = strings.ReplaceAll(path, "{"+m.Name+"}", escapeLabel(scalarText(value)))
		case api.InQuery:
			if list, ok := value.([]any); ok {
				for _, item := range list {
					query = append(query, url.QueryEscape(m.Wire)+"="+url.QueryEscape(scalarText(item)))
				}
				continue
			}
			query = append(query, url.QueryEscape(m.Wire)+"="+url.QueryEscape(scalarText(value)))
		case api.InQueryMap:
			for _, pair := range value.(object) {
				query = append(query, url.QueryEscape(pair.name)+"="+url.QueryEscape(scalarText(pair.value)))
			}
		case api.InHeader:
			out.header.Set(m.Wire, scalarText(value))
		default:
			body = append(body, member{m.Name, value})
		}
	}
	out.path, out.query = path, strings.ReplaceAll(strings.Join(query, "&"), "+", "%20")
	return out, encodeBody(table, op, body, out)
}

// formValue writes lists and structures as the query protocol does:
// Tags.member.1.Key.
func formValue(form url.Values, name string, value any) {
	switch v := value.(type) {
	case []any:
		for i, item := range v {
			formValue(form, fmt.Sprintf("%s.member.%d", name, i+1), item)
		}
	case object:
		for _, m := range v {
			formValue(form, name+"."+m.name, m.value)
		}
	default:
		form.Set(name, scalarText(v))
	}
}

func shapeMembers(s *api.Shape) []api.Member {
	if s == nil {
		return nil
	}
	return s.Members
}

// escapeLabel escapes everything but RFC 3986's unreserved characters, as AWS's clients do.
func escapeLabel(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

func encodeBody(table *api.Service, op *api.Operation, in object, out *wireRequest) error {
	if table.Protocol == api.RestJSON {
		if out.header.Get("Accept") == "" { // GetExport has a member for it
			out.header.Set("Accept", "application/json")
		}
	}
	for i := range shapeMembers(op.Input) {
		m := &op.Input.Members[i]
		value, there := in.get(m.Name)
		if m.In != api.InPayload || !there {
			continue
		}
		if m.Type.Kind == api.KindBlob {
			out.body = []byte(scalarText(value))
			return nil
		}
		if table.Protocol == api.RestXML {
			var b strings.Builder
			writeXML(&b, m.Wire, ` xmlns="`+table.XMLNamespace+`"`, &m.Type, value)
			out.body = []byte(b.String())
			return nil
		}
		out.header.Set("Content-Type", "application/json")
		out.body = []byte(jsonText(wireNames(&m.Type, value)))
		return nil
	}
	hasBody := false
	for _, m := range shapeMembers(op.Input) {
		hasBody = hasBody || m.In == api.InBody
	}
	if !hasBody {
		return nil
	}
	whole := &api.Type{Kind: api.KindStructure, Shape: op.Input}
	if table.Protocol == api.RestXML {
		var b strings.Builder
		writeXML(&b, op.Input.Name, ` xmlns="`+table.XMLNamespace+`"`, whole, in)
		out.body = []byte(b.String())
		return nil
	}
	out.header.Set("Content-Type", "application/json")
	out.body = []byte(jsonText(wireNames(whole, in)))
	return nil
}

// wireNames renames members from the model's names to JSON's keys.
func wireNames(t *api.Type, value any) any {
	switch t.Kind {
	case api.KindStructure:
		in, ok := value.(object)
		if !ok {
			return value
		}
		out := object{}
		for _, given := range in {
			m := findMember(t.Shape, given.name)
			out = append(out, member{m.Wire, wireNames(&m.Type, given.value)})
		}
		return out
	case api.KindList:
		list, _ := value.([]any)
		out := []any{}
		for _, item := range list {
			out = append(out, wireNames(t.Item, item))
		}
		return out
	case api.KindMap:
		in, _ := value.(object)
		out := object{}
		for _, pair := range in {
			out = append(out, member{pair.name, wireNames(t.Item, pair.value)})
		}
		return out
	case api.KindBlob:
		return base64.StdEncoding.EncodeToString([]byte(scalarText(value)))
	}
	return value
}

func findMember(s *api.Shape, name string) *api.Member {
	for i := range s.Members {
		if s.Members[i].Name == name {
			return &s.Members[i]
		}
	}
	return nil
}

func writeXML(b *strings.Builder, name, attributes string, t *api.Type, value any) {
	b.WriteString("<" + name + attributes + ">")
	switch t.Kind {
	case api.KindStructure:
		for _, given := range value.(object) {
			m := findMember(t.Shape, given.name)
			writeXML(b, m.Wire, "", &m.Type, given.value)
		}
	case api.KindList:
		item := t.ItemName
		if item == "" {
			item = "member"
		}
		for _, v := range value.([]any) {
			writeXML(b, item, "", t.Item, v)
		}
	case api.KindBlob:
		b.WriteString(base64.StdEncoding.EncodeToString([]byte(scalarText(value))))
	default:
		_ = xml.EscapeText(b, []byte(scalarText(value)))
	}
	b.WriteString("</" + name + ">")
}

// decodeAnswer reads a successful answer into what the CLI would print.
func decodeAnswer(table *api.Service, op *api.Operation, header http.Header, body []byte) (object, error) {
	out := object{}
	if op.Output == nil {
		return out, nil
	}
	tree, err := bodyTree(table, op, body)
	if err != nil {
		return nil, err
	}
	for i := range op.Output.Members { // the CLI prints headers first
		if m := &op.Output.Members[i]; m.In == api.InHeader && header.Get(m.Wire) != "" {
			out = append(out, member{m.Name, header.Get(m.Wire)})
		}
	}
	for i := range op.Output.Members {
		m := &op.Output.Members[i]
		switch {
		case m.In == api.InHeader:
		case m.In == api.InPayload && m.Type.Kind == api.KindBlob:
			out = append(out, member{m.Name, string(body)})
		case m.In == api.InPayload:
			if len(body) > 0 {
				out = append(out, member{m.Name, modelNames(&m.Type, tree)})
			}
		case m.In != api.InStatusCode:
			key := m.Wire
			if m.In != api.InBody {
				key = m.Name
			}
			if value, there := tree.get(key); there && value != nil {
				out = append(out, member{m.Name, modelNames(&m.Type, value)})
			}
		}
	}
	return out, nil
}

func bodyTree(table *api.Service, op *api.Operation, body []byte) (object, error) {
	raw := slices.ContainsFunc(op.Output.Members, func(m api.Member) bool { return m.In == api.InPayload && m.Type.Kind == api.KindBlob })
	if len(body) == 0 || raw {
		return object{}, nil
	}
	if table.Protocol == api.RestJSON || table.Protocol == api.JSON11 {
		value, err := parseJSON(string(body))
		if err != nil {
			return nil, fmt.Errorf("the answer is no JSON: %w", err)
		}
		tree, ok := value.(object)
		if !ok {
			return nil, fmt.Errorf("the answer is no JSON object: %s", body)
		}
		return tree, nil
	}
	root, err := parseXML(body)
	if err != nil {
		return nil, fmt.Errorf("the answer is no XML: %w", err)
	}
	if table.Protocol == api.Query {
		for _, child := range root.children {
			if child.name == op.Name+"Result" {
				root = child
			}
		}
	}
	whole := &api.Type{Kind: api.KindStructure, Shape: op.Output}
	for i := range op.Output.Members {
		if m := &op.Output.Members[i]; m.In == api.InPayload {
			whole = &m.Type
		}
	}
	tree, _ := root.value(whole).(object)
	return tree, nil
}

// element is an XML element.
type element struct {
	name     string
	text     strings.Builder
	children []*element
}

func parseXML(body []byte) (*element, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	root := &element{}
	stack := []*element{root}
	for {
		token, err := d.Token()
		if err == io.EOF {
			if len(root.children) != 1 {
				return nil, fmt.Errorf("%d root elements", len(root.children))
			}
			return root.children[0], nil
		}
		if err != nil {
			return nil, err
		}
		top := stack[len(stack)-1]
		switch t := token.(type) {
		case xml.StartElement:
			child := &element{name: t.Name.Local}
			top.children = append(top.children, child)
			stack = append(stack, child)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			top.text.Write(t)
		}
	}
}

// value turns an element into a tree with wire names.
func (e *element) value(t *api.Type) any {
	switch t.Kind {
	case api.KindStructure:
		out := object{}
		for i := range t.Shape.Members {
			m := &t.Shape.Members[i]
			for _, child := range e.children {
				if child.name == m.Wire {
					out = append(out, member{m.Wire, child.value(&m.Type)})
				}
			}
		}
		return out
	case api.KindList:
		out := []any{}
		for _, child := range e.children {
			out = append(out, child.value(t.Item))
		}
		return out
	case api.KindInteger, api.KindLong, api.KindFloat, api.KindDouble:
		return json.Number(e.text.String())
	case api.KindBoolean:
		return e.text.String() == "true"
	}
	return e.text.String()
}

// modelNames is wireNames back, with timestamps as the CLI prints them.
func modelNames(t *api.Type, value any) any {
	switch t.Kind {
	case api.KindStructure:
		in, _ := value.(object)
		out := object{}
		for i := range t.Shape.Members {
			m := &t.Shape.Members[i]
			if v, there := in.get(m.Wire); there && v != nil {
				out = append(out, member{m.Name, modelNames(&m.Type, v)})
			}
		}
		return out
	case api.KindList:
		list, _ := value.([]any)
		out := []any{}
		for _, item := range list {
			out = append(out, modelNames(t.Item, item))
		}
		return out
	case api.KindMap:
		in, _ := value.(object)
		out := object{}
		for _, pair := range in {
			out = append(out, member{pair.name, modelNames(t.Item, pair.value)})
		}
		return out
	case api.KindTimestamp:
		return cliTime(value)
	}
	return value
}

// cliTime prints a timestamp as the AWS CLI does (iso8601).
func cliTime(value any) any {
	var at time.Time
	switch v := value.(type) {
	case json.Number:
		seconds, err := v.Float64()
		if err != nil {
			return value
		}
		at = time.UnixMilli(int64(seconds * 1000)).UTC()
	case string:
		var err error
		if at, err = time.Parse(time.RFC3339Nano, v); err != nil {
			return value
		}
	}
	if at.Nanosecond() == 0 {
		return at.UTC().Format("2006-01-02T15:04:05+00:00")
	}
	return at.UTC().Format("2006-01-02T15:04:05.000000+00:00")
}
