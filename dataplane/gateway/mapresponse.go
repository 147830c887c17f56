package gateway

import (
	"strings"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
	"drawbridge/engine/jsonpath"
	"drawbridge/engine/vtl"
)

// answer is the method's response before the gateway's own fields are added.
type answer struct {
	status      int
	contentType string
	header      exchange.Header // without Content-Type
	body        []byte
	// stream is a body that is handed on as it comes; body is nil then.
	stream *exchange.Body
}

const defaultContentType = "application/json"

// mapResponse turns the integration's answer into the method's.
func (c *call) mapResponse(s selected) (answer, *Refusal) {
	if s.result.proxy && s.result.function {
		return c.functionAnswerFields(s.result), nil
	}
	if s.result.proxy {
		return proxyAnswer(s.result), nil
	}
	out := answer{status: s.response.StatusCode, contentType: defaultContentType}
	if refusal := c.mapBody(&out, &s); refusal != nil {
		return answer{}, refusal
	}
	if s.result.traced {
		out.header.Add("X-Amzn-Trace-Id", c.trace())
	}
	for i := range s.response.Mappings {
		if refusal := c.mapField(&out, &s.response.Mappings[i], &s.result); refusal != nil {
			return answer{}, refusal
		}
	}
	c.overrideResponse(&out)
	return out, nil
}

// mapBody makes the body: the backend's, converted as contentHandling and Accept
// ask for, rendered by the template that Accept chooses
// (reference/api-gateway.md 5.2, 5.3). Of a MOCK nothing is bytes.
func (c *call) mapBody(out *answer, s *selected) *Refusal {
	handling, body := s.response.ContentHandling, payload{data: s.result.body}
	if !s.result.mocked {
		handling = c.responseHandling(s.response)
		body = newPayload(body.data, isBinary(c.binaryTypes(), mediaType(s.result.header.Get("Content-Type"))))
	}
	if handling == program.ConvertToText {
		body = body.toText()
	}
	if template, ok := c.responseTemplate(s.response.Templates); ok {
		out.contentType = template.ContentType
		if !template.Empty() {
			if body.binary {
				return &Refusal{Type: APIConfigurationError, Reason: reasonBinaryTemplate}
			}
			text, refusal := c.render(template, APIConfigurationError, func() (*vtl.Input, *Refusal) {
				return vtl.NewInput(string(body.data), c.inputParams()), nil
			})
			if refusal != nil {
				return refusal
			}
			body.data = []byte(text)
		}
	}
	if handling == program.ConvertToBinary {
		var ok bool
		if body, ok = body.toBinary(); !ok {
			return &Refusal{Type: APIConfigurationError, Reason: reasonNotBase64}
		}
	}
	out.body = body.data
	return nil
}

// responseTemplate chooses by the first media type of Accept, else JSON, else
// the first (reference/api-gateway.md 5.2).
func (c *call) responseTemplate(templates program.Templates) (program.Template, bool) {
	if len(templates) == 0 {
		return program.Template{}, false
	}
	if accept := mediaType(c.x.Request.Header.Get("Accept")); accept != "" {
		if template, ok := templates.For(accept); ok {
			return template, true
		}
	}
	if template, ok := templates.For(defaultContentType); ok {
		return template, true
	}
	return templates[0], true
}

// mapField sets one mapped field of the response.
func (c *call) mapField(out *answer, m *program.Mapping, r *result) *Refusal {
	if m.Place != program.PlaceHeader {
		return &Refusal{Type: APIConfigurationError, Reason: reasonMapping}
	}
	value, ok, refusal := c.responseValue(&m.Source, r)
	if refusal == nil && ok {
		out.set(m.Name, value)
	}
	return refusal
}

// responseValue returns the value of a mapping's source in the integration's
// answer, and whether there is one.
func (c *call) responseValue(s *program.Source, r *result) (string, bool, *Refusal) {
	switch s.Place {
	case program.PlaceHeader:
		if s.Multi {
			values := allFields(r.header, s.Name)
			return strings.Join(values, ","), len(values) > 0, nil
		}
		value, ok := lastField(r.header, s.Name)
		return value, ok, nil
	case program.PlaceBody:
		if s.Path == nil {
			return string(r.body), len(r.body) > 0, nil
		}
		tree, err := jsonpath.Parse(string(r.body))
		if err != nil {
			return "", false, nil
		}
		value, _, _ := s.Path.Eval(tree)
		text, ok := jsonpath.Scalar(value)
		return text, ok, nil
	case program.PlaceStatic, program.PlaceStageVariable, program.PlaceContext:
		return c.sourceValue(s)
	}
	return "", false, &Refusal{Type: APIConfigurationError, Reason: reasonMapping}
}

// set sets a field of the answer; those that are the gateway's own come out
// under another name (reference/api-gateway.md 2.5).
func (a *answer) set(name, value string) {
	lower := strings.ToLower(name)
	switch {
	case lower == "content-type":
		a.contentType = value
	case lower == "transfer-encoding" || !isFieldText(name, value):
	case remappedMapped[lower]:
		a.header.Set(remapped+name, value)
	default:
		a.header.Set(name, value)
	}
}

// isFieldText tells whether a name and value that a template may have made can
// stand in a header.
func isFieldText(name, value string) bool {
	for i := range len(name) {
		if name[i] <= ' ' || name[i] >= 0x7f || name[i] == ':' {
			return false
		}
	}
	for i := range len(value) {
		if value[i] < ' ' && value[i] != '\t' || value[i] == 0x7f {
			return false
		}
	}
	return name != ""
}

// proxyAnswer is the answer of an HTTP_PROXY backend as the client gets it.
func proxyAnswer(r result) answer {
	out := answer{status: max(r.status, 200), contentType: defaultContentType, body: r.body, stream: r.stream, header: make(exchange.Header, 0, len(r.header))}
	for _, field := range r.header {
		name := strings.ToLower(field.Name)
		switch {
		case name == "content-type":
			out.contentType = field.Value
		case droppedFromProxyResponse[name]:
		case remappedProxy[name]:
			out.header.Add(remapped+field.Name, field.Value)
		default:
			out.header = append(out.header, field)
		}
	}
	return out
}
