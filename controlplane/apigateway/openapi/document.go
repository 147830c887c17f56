package openapi

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
)

// Document is a document of either version in one shape. What API Gateway's
// extensions mean is left to the reader of Root and of the nodes.
type Document struct {
	Root        *Node
	Three       bool // OpenAPI 3.0, else 2.0
	Title       string
	Description string
	Version     string // "" when the document has none
	BasePath    string // as written, "" when the document has none
	Paths       []Path
	Models      []Model
	Schemes     []Scheme
	Security    []Requirement
}

// Path is one entry of paths, Path as written.
type Path struct {
	Path       string
	Operations []Operation
}

// Operation is a method of a path.
type Operation struct {
	Verb       string // as API Gateway has it: GET … ANY
	ID         string
	Parameters []Parameter // of query, header and path
	Bodies     []Content
	Responses  []Response
	Security   []Requirement // the document's own where the operation has none
	Node       *Node
}

// Parameter is a request parameter; In is query, header or path.
type Parameter struct {
	Name, In string
	Required bool
}

// Content says which model a body of a media type follows.
type Content struct{ MediaType, Model string }

// Response is a declared response; Status is three digits.
type Response struct {
	Status   string
	Headers  []string
	Contents []Content
}

// Model is a named schema. A schema that stands in an operation itself gets a
// name made of its text.
type Model struct {
	Name   string
	Schema *Node
}

// Scheme is a security scheme.
type Scheme struct {
	Name string
	Node *Node
}

// Requirement is one use of a security scheme.
type Requirement struct {
	Scheme string
	Scopes []string
}

// errVersion: neither swagger 2.0 nor openapi 3.0.
var errVersion = errors.New("the document is not of OpenAPI 2.0 or 3.0")

// maxEntries bounds parameters, headers, contents and uses of schemes in a
// document once its references are written out.
const maxEntries = 200_000

// Read brings a tree into one shape. It fails when the tree is no OpenAPI
// document or its references make it too large; what it does not know it leaves
// out.
func Read(root *Node) (*Document, error) {
	d := &Document{Root: root}
	switch version := root.Get("openapi").Scalar(); {
	case strings.HasPrefix(version, "3.0"):
		d.Three = true
	case root.Get("swagger").Scalar() == "2.0", root.Get("swagger").Scalar() == "2":
	default:
		return nil, errVersion
	}
	info := root.Get("info")
	d.Title, d.Description, d.Version = info.Get("title").Scalar(), info.Get("description").Scalar(), info.Get("version").Scalar()
	r := &reader{doc: d, inline: map[*Node]string{}, taken: map[string][sha256.Size]byte{}}
	schemas, schemes := root.Get("definitions"), root.Get("securityDefinitions")
	if d.Three {
		schemas, schemes = root.Get("components").Get("schemas"), root.Get("components").Get("securitySchemes")
		d.BasePath = serverPath(root)
	} else {
		d.BasePath = root.Get("basePath").Scalar()
	}
	for _, m := range schemas.Members() {
		d.Models = append(d.Models, Model{Name: m.Key, Schema: m.Value})
		r.taken[m.Key] = [sha256.Size]byte{}
	}
	for _, m := range schemes.Members() {
		d.Schemes = append(d.Schemes, Scheme{Name: m.Key, Node: m.Value})
	}
	d.Security = r.requirements(root.Get("security"))
	for _, m := range root.Get("paths").Members() {
		if strings.HasPrefix(m.Key, "/") {
			d.Paths = append(d.Paths, r.path(m.Key, m.Value))
		}
		if r.entries > maxEntries {
			return nil, errTooLarge
		}
	}
	return d, nil
}

// serverPath is the base path of an OpenAPI 3 document: the first basePath
// variable of any server, referenced or not, else the path of the first URL.
func serverPath(root *Node) string {
	for _, server := range root.Get("servers").List() {
		if v := server.Get("variables").Get("basePath"); v != nil {
			return v.Get("default").Scalar()
		}
	}
	servers := root.Get("servers").List()
	if len(servers) == 0 {
		return ""
	}
	url := servers[0].Get("url").Scalar()
	for _, m := range servers[0].Get("variables").Members() {
		// Each occurrence grows the text by one default; the result is only a path.
		url = strings.Replace(url, "{"+m.Key+"}", m.Value.Get("default").Scalar(), 1)
		if len(url) > MaxBytes {
			return ""
		}
	}
	if _, rest, ok := strings.Cut(url, "://"); ok {
		_, path, _ := strings.Cut(rest, "/")
		return path
	}
	return url
}

// reader reads a document's paths.
type reader struct {
	doc     *Document
	inline  map[*Node]string // names of schemas that stand in operations
	taken   map[string][sha256.Size]byte
	entries int
}

// verbs are the operations of a path item in the order of the specification.
var verbs = []struct{ key, verb string }{
	{"get", "GET"}, {"put", "PUT"}, {"post", "POST"}, {"delete", "DELETE"},
	{"options", "OPTIONS"}, {"head", "HEAD"}, {"patch", "PATCH"},
	{AnyMethod, "ANY"},
}

// AnyMethod is the key of a path item's ANY method.
const AnyMethod = "x-amazon-apigateway-any-method"

func (r *reader) path(path string, item *Node) Path {
	item = r.resolve(item)
	out := Path{Path: path}
	for _, v := range verbs {
		if op := item.Get(v.key); op.Is(Object) {
			out.Operations = append(out.Operations, r.operation(v.verb, item, op))
		}
	}
	return out
}

func (r *reader) operation(verb string, item, op *Node) Operation {
	out := Operation{Verb: verb, ID: op.Get("operationId").Scalar(), Node: op, Security: r.doc.Security}
	if op.Has("security") {
		out.Security = r.requirements(op.Get("security"))
	}
	place := map[string]int{}
	for _, list := range []*Node{item.Get("parameters"), op.Get("parameters")} {
		for _, p := range list.List() {
			if r.entries++; r.entries > maxEntries {
				return out
			}
			p = r.resolve(p)
			if !r.doc.Three && p.Get("in").Scalar() == "body" {
				out.Bodies = r.contents(r.mediaTypes(op, "consumes"), p.Get("schema"))
				continue
			}
			r.parameter(&out, p, place)
		}
	}
	if body := r.resolve(op.Get("requestBody")); r.doc.Three && body != nil {
		for _, m := range body.Get("content").Members() {
			out.Bodies = append(out.Bodies, r.contents([]string{m.Key}, m.Value.Get("schema"))...)
		}
	}
	for _, m := range op.Get("responses").Members() {
		r.entries++
		if response, ok := r.response(op, m.Key, r.resolve(m.Value)); ok {
			out.Responses = append(out.Responses, response)
		}
	}
	return out
}

// parameter adds one; an operation's own stands in for its path's.
func (r *reader) parameter(out *Operation, p *Node, place map[string]int) {
	in, name := p.Get("in").Scalar(), p.Get("name").Scalar()
	if name == "" || in != "query" && in != "header" && in != "path" {
		return
	}
	parameter := Parameter{Name: name, In: in, Required: p.Get("required").True() || in == "path"}
	if i, ok := place[in+" "+name]; ok {
		out.Parameters[i] = parameter
		return
	}
	place[in+" "+name] = len(out.Parameters)
	out.Parameters = append(out.Parameters, parameter)
}

// response reads one; "default" and ranges are no method responses.
func (r *reader) response(op *Node, status string, node *Node) (Response, bool) {
	out := Response{Status: status}
	if len(status) != 3 || status[0] < '1' || status[0] > '9' || strings.Trim(status[1:], "0123456789") != "" {
		return out, false
	}
	for _, m := range node.Get("headers").Members() {
		if r.entries++; r.entries > maxEntries {
			return out, false
		}
		out.Headers = append(out.Headers, m.Key)
	}
	if !r.doc.Three {
		out.Contents = r.contents(r.mediaTypes(op, "produces"), node.Get("schema"))
		return out, true
	}
	for _, m := range node.Get("content").Members() {
		out.Contents = append(out.Contents, r.contents([]string{m.Key}, m.Value.Get("schema"))...)
	}
	return out, true
}

// mediaTypes are an OpenAPI 2 operation's consumes or produces.
func (r *reader) mediaTypes(op *Node, key string) []string {
	for _, n := range []*Node{op, r.doc.Root} {
		if types := n.Get(key).Strings(); len(types) > 0 {
			return types
		}
	}
	return []string{"application/json"}
}

func (r *reader) contents(types []string, schema *Node) []Content {
	if schema == nil || r.entries > maxEntries {
		return nil
	}
	model := r.model(schema)
	var out []Content
	for _, t := range types {
		r.entries++
		out = append(out, Content{t, model})
	}
	return out
}

// model is the name of the model a schema refers to, or of the one it becomes.
func (r *reader) model(schema *Node) string {
	if ref := schema.Get("$ref").Scalar(); ref != "" {
		if name, ok := ModelName(ref); ok {
			return name
		}
		return ref
	}
	if name, ok := r.inline[schema]; ok {
		return name
	}
	sum := sha256.Sum256(schema.Compact())
	name := "MODEL" + hex.EncodeToString(sum[:3])
	if have, ok := r.taken[name]; ok && have != sum {
		name = "MODEL" + hex.EncodeToString(sum[:])
	}
	if _, ok := r.taken[name]; !ok {
		r.taken[name] = sum
		r.doc.Models = append(r.doc.Models, Model{Name: name, Schema: schema})
	}
	r.inline[schema] = name
	return name
}

// modelRefs are what a reference to a model may begin with: in documents of both
// versions, and in stored models.
var modelRefs = []string{"#/definitions/", "#/components/schemas/"}

// canonicalRef is what stands between the scheme of a stored model's reference
// and the API's id.
const canonicalRef = "https://apigateway.amazonaws.com/restapis/"

// ModelName is the model that a reference names; false when it names none.
func ModelName(ref string) (string, bool) {
	if rest, ok := strings.CutPrefix(ref, canonicalRef); ok {
		_, name, ok := strings.Cut(rest, "/models/")
		return name, ok && name != ""
	}
	for _, prefix := range modelRefs {
		if name, ok := strings.CutPrefix(ref, prefix); ok {
			return name, name != "" && !strings.Contains(name, "/")
		}
	}
	return "", false
}

// CanonicalRef is how a stored model refers to another one.
func CanonicalRef(apiID, model string) string { return canonicalRef + apiID + "/models/" + model }

// requirements reads a security list; all its schemes count, in order.
func (r *reader) requirements(list *Node) []Requirement {
	var out []Requirement
	for _, item := range list.List() {
		for _, m := range item.Members() {
			if r.entries++; r.entries > maxEntries {
				return out
			}
			out = append(out, Requirement{Scheme: m.Key, Scopes: m.Value.Strings()})
		}
	}
	return out
}

// maxHops bounds a chain of references.
const maxHops = 16

// resolve follows references within the document; one that leads nowhere is an
// absent value.
func (r *reader) resolve(n *Node) *Node { return Resolve(r.doc.Root, n) }

// Resolve follows n's $ref, if it has one, through root.
func Resolve(root, n *Node) *Node {
	for range maxHops {
		ref := n.Get("$ref").Scalar()
		if ref == "" {
			return n
		}
		path, ok := strings.CutPrefix(ref, "#/")
		if !ok {
			return nil
		}
		n = root
		for part := range strings.SplitSeq(path, "/") {
			n = n.Get(strings.NewReplacer("~1", "/", "~0", "~").Replace(part))
		}
	}
	return nil
}

// RewriteRefs copies a schema with each $ref put through rename.
func RewriteRefs(n *Node, rename func(ref string) string) *Node {
	if n == nil || n.Kind != Array && n.Kind != Object {
		return n
	}
	out := &Node{Kind: n.Kind}
	for _, item := range n.Items {
		out.Items = append(out.Items, RewriteRefs(item, rename))
	}
	for _, m := range n.members {
		if m.Key == "$ref" && m.Value.Is(String) {
			out.Set(m.Key, NewText(rename(m.Value.Text)))
			continue
		}
		out.Set(m.Key, RewriteRefs(m.Value, rename))
	}
	return out
}

// EachText puts every string value of a tree through change, in place.
func EachText(n *Node, change func(string) string) {
	if n == nil {
		return
	}
	if n.Kind == String {
		n.Text = change(n.Text)
	}
	for _, item := range n.Items {
		EachText(item, change)
	}
	for _, m := range n.members {
		EachText(m.Value, change)
	}
}
