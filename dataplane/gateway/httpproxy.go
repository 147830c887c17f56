package gateway

import (
	"strconv"
	"strings"
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
	"drawbridge/dataplane/upstream"
	"drawbridge/engine/jsonpath"
)

const (
	maxChained   = 8 // in-process calls inside each other
	keepBackends = 60 * time.Second
)

// mapHTTPProxy makes the call of an HTTP_PROXY integration: the client's
// request with the parameter mappings merged in, where headers replace and
// query values append (reference/api-gateway.md 2.5, 5.9).
func (c *call) mapHTTPProxy(integration *program.Integration) (request, *Refusal) {
	mapped, refusal := c.mappedParameters(integration)
	if refusal != nil {
		return request{}, refusal
	}
	call, refusal := c.backendCall(integration, &mapped)
	if refusal != nil {
		return request{}, refusal
	}
	call.Header = c.proxyHeader(mapped.header)
	call.addQuery(c.x.Request.RawQuery)
	call.addQuery(mapped.query.encoded())
	if takesBody(call.Method) {
		data, refusal := c.proxyRequestBody(integration)
		if refusal != nil {
			return request{}, refusal
		}
		call.Body = exchange.Bytes(data)
	}
	return request{call: call.Call}, nil
}

// mapped is what the parameter mappings make of a request.
type mapped struct {
	header exchange.Header
	query  parameters
	path   map[string]string
}

func (m *mapped) setPath(name, value string) {
	if m.path == nil {
		m.path = make(map[string]string)
	}
	m.path[name] = value
}

// mappedParameters evaluates the request's parameter mappings. One without a
// value sets nothing.
func (c *call) mappedParameters(integration *program.Integration) (mapped, *Refusal) {
	var out mapped
	for i := range integration.RequestMappings {
		m := &integration.RequestMappings[i]
		if m.Place == program.PlaceNone || m.Place == program.PlaceHeader && isForbiddenTarget(integration.Type, m.Name) {
			return mapped{}, &Refusal{Type: APIConfigurationError, Reason: reasonMapping}
		}
		value, ok, refusal := c.sourceValue(&m.Source)
		if refusal != nil {
			return mapped{}, refusal
		}
		if !ok {
			continue
		}
		switch m.Place {
		case program.PlaceHeader:
			out.header.Set(m.Name, value)
		case program.PlaceQuery:
			values := []string{value}
			if m.Source.Place == program.PlaceQuery && m.Source.Multi { // several stay several
				values = c.queryParameters().all(m.Source.Name)
			}
			for _, value := range values {
				out.query = append(out.query, parameter{m.Name, value})
			}
		case program.PlacePath:
			out.setPath(m.Name, value)
		}
	}
	return out, nil
}

// sourceValue returns the value of a mapping's source in the method request,
// and whether there is one.
func (c *call) sourceValue(s *program.Source) (string, bool, *Refusal) {
	switch s.Place {
	case program.PlaceStatic:
		return s.Text, true, nil
	case program.PlaceHeader:
		if s.Multi {
			values := allFields(c.x.Request.Header, s.Name)
			return strings.Join(values, ","), len(values) > 0, nil
		}
		value, ok := lastField(c.x.Request.Header, s.Name)
		return value, ok, nil
	case program.PlaceQuery:
		values := c.queryParameters().all(s.Name)
		if len(values) == 0 {
			return "", false, nil
		}
		if s.Multi {
			return strings.Join(values, ","), true, nil
		}
		return values[len(values)-1], true, nil
	case program.PlacePath:
		value := c.variable(s.Name)
		return value, value != "", nil
	case program.PlaceStageVariable:
		value, ok := c.place.stage.Variables[s.Name]
		return value, ok, nil
	case program.PlaceContext:
		value := c.contextText(s.Name)
		return value, value != "", nil
	case program.PlaceBody:
		return c.bodyValue(s.Path)
	}
	return "", false, &Refusal{Type: APIConfigurationError, Reason: reasonMapping}
}

// bodyValue returns the body, or the part of its JSON that path selects.
func (c *call) bodyValue(path *jsonpath.Path) (string, bool, *Refusal) {
	text, refusal := c.bodyText()
	if refusal != nil || path == nil {
		return text, text != "", refusal
	}
	tree, err := jsonpath.Parse(text)
	if err != nil {
		return "", false, &Refusal{Type: BadRequestBody, Reason: reasonBodyNotJSON, Message: "Invalid JSON in request body"}
	}
	value, found, err := path.Eval(tree)
	if err != nil || !found || value == nil {
		return "", false, nil
	}
	if scalar, ok := jsonpath.Scalar(value); ok {
		return scalar, true, nil
	}
	out, err := jsonpath.AppendJSON(nil, value, jsonpath.WriteOptions{MaxBytes: maxPayload})
	return string(out), err == nil, nil
}

// proxyHeader returns the fields for an HTTP_PROXY backend: the client's in
// their order, those that a mapping sets replaced where they stand.
func (c *call) proxyHeader(mapped exchange.Header) exchange.Header {
	header := make(exchange.Header, 0, len(c.x.Request.Header)+len(mapped)+2)
	for _, field := range c.x.Request.Header {
		name := strings.ToLower(field.Name)
		if droppedFromRequest[name] || droppedFromProxyRequest[name] || name == "authorization" && c.isSignature(field.Value) {
			continue
		}
		header = append(header, field)
	}
	return append(withMapped(header, mapped), c.ownFields()...)
}

// isSignature tells whether an Authorization value is for AWS and not for the
// backend.
func (c *call) isSignature(value string) bool {
	return strings.HasPrefix(value, "AWS4-") || c.route.method.Authorization == program.AuthorizationIAM
}

// expandURI fills a URI's placeholders. A stage variable that does not exist is
// empty; a {name} that no mapping fills stays.
func (c *call) expandURI(template program.URITemplate, path map[string]string) string {
	var b strings.Builder
	for _, part := range template {
		switch part.Place {
		case program.PlaceStageVariable:
			b.WriteString(c.place.stage.Variables[part.Text])
		case program.PlacePath:
			if value, ok := path[part.Text]; ok {
				writeURIText(&b, value)
			} else {
				b.WriteString("{" + part.Text + "}")
			}
		default:
			b.WriteString(part.Text)
		}
	}
	return b.String()
}

// writeURIText writes a value into a URI: what cannot stand there, and what
// would begin another part of it, is percent-encoded; the rest stays as sent.
func writeURIText(b *strings.Builder, value string) {
	const digits = "0123456789ABCDEF"
	for i := range len(value) {
		c := value[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"#<>?\\^`{|}", c) >= 0 {
			b.WriteByte('%')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
			continue
		}
		b.WriteByte(c)
	}
}

// setEndpoint sets where a call goes from its URI, which it splits as it is:
// path and query are sent as they stand. It returns false for a URI that is no
// endpoint address.
func (c *call) setEndpoint(call *upstream.Call, uri string) bool {
	scheme, rest, ok := strings.Cut(uri, "://")
	scheme = strings.ToLower(scheme)
	if !ok || scheme != "http" && scheme != "https" {
		return false
	}
	rest, _, _ = strings.Cut(rest, "#")
	authority := rest
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		authority, rest = rest[:i], rest[i:]
	} else {
		rest = ""
	}
	call.Scheme, call.Authority = scheme, authority
	call.Path, call.RawQuery, call.HasQuery = strings.Cut(rest, "?")
	if call.Path == "" {
		call.Path = "/"
	}
	call.Host, call.Port, ok = splitAuthority(authority, scheme)
	return ok && !strings.ContainsAny(uri, " {}")
}

// splitAuthority splits "host:port"; the port defaults to the scheme's.
func splitAuthority(authority, scheme string) (host string, port int, ok bool) {
	host, port = authority, 80
	if scheme == "https" {
		port = 443
	}
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && strings.IndexByte(authority[i:], ']') < 0 {
		n, err := strconv.ParseUint(authority[i+1:], 10, 16)
		if err != nil || n == 0 {
			return "", 0, false
		}
		host, port = authority[:i], int(n)
	}
	if host == "" || strings.ContainsAny(host, "@/\\") {
		return "", 0, false
	}
	return host, port, true
}
