package gateway

import (
	"maps"
	"slices"
	"strings"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
	"drawbridge/engine/jsonpath"
)

// refuse answers a call by a gateway response. It is the only place where a
// refusal becomes bytes: AWS's built-in ones, or those of the deployment's
// customised response for the type or its class (reference/api-gateway.md 2.6).
func (c *call) refuse(r *Refusal) *exchange.Response {
	c.refusal = r
	row := r.Type.row()
	c.x.Record.Result = r.Type.String()
	c.x.Record.Reason = string(r.Reason)
	c.x.Trail.Add("refuse", string(r.Reason))
	if row.status >= 500 {
		c.gateway.options.Logger.Warn("call failed", "request_id", c.requestID, "api", c.x.Record.API, "stage", c.x.Record.Stage,
			"resource", c.x.Record.Resource, "type", c.x.Record.Result, "reason", string(r.Reason))
	}
	out := answer{status: row.status, contentType: defaultContentType}
	if custom := c.customised(); custom != nil {
		c.customise(&out, custom)
	} else {
		out.body = c.builtInBody()
	}
	return c.reply(out)
}

// errorType returns the value of x-amzn-ErrorType.
func (c *call) errorType() string {
	if c.refusal.ErrorType != "" {
		return c.refusal.ErrorType
	}
	return c.refusal.Type.row().errorType
}

// message returns the refusal's text; ok is false for the types that have none.
func (c *call) message() (text string, ok bool) {
	if c.refusal.Message != "" {
		return c.refusal.Message, true
	}
	row := c.refusal.Type.row()
	return row.message, row.form != null
}

// builtInBody returns the bytes that AWS sends for a type nobody customised.
func (c *call) builtInBody() []byte {
	b := make([]byte, 0, 256)
	switch c.refusal.Type.row().form {
	case spaced:
		b = append(b, `{"message": `...)
	case capital:
		b = append(b, `{"Message":`...)
	default:
		b = append(b, `{"message":`...)
	}
	b = append(b, c.messageString()...)
	return append(b, '}')
}

// messageString is $context.error.messageString: the text as JSON, or null.
func (c *call) messageString() string {
	text, ok := c.message()
	if !ok {
		return "null"
	}
	return quote(text)
}

// errorText returns $context.error.name.
func (c *call) errorText(name string) string {
	switch name {
	case "message":
		text, ok := c.message()
		if !ok {
			return "null"
		}
		return text
	case "messageString":
		return c.messageString()
	case "responseType":
		return c.refusal.Type.String()
	case "validationErrorString":
		return c.refusal.Validation
	}
	return ""
}

// customised returns the deployment's response for the refusal, nil for none.
func (c *call) customised() *program.GatewayResponse {
	row := c.refusal.Type.row()
	if row.name == "" || c.place.deployment == nil {
		return nil
	}
	responses := c.place.deployment.Responses
	if custom := responses[row.name]; custom != nil {
		return custom
	}
	if row.status >= 500 {
		return responses["DEFAULT_5XX"]
	}
	return responses["DEFAULT_4XX"]
}

// customise applies a customised response.
func (c *call) customise(out *answer, custom *program.GatewayResponse) {
	if custom.StatusCode >= 200 && custom.StatusCode <= 599 {
		out.status = custom.StatusCode
	}
	contentType, template := c.gatewayTemplate(custom.Templates)
	out.contentType = contentType
	out.body = []byte(c.substitute(template))
	for _, target := range slices.Sorted(maps.Keys(custom.Parameters)) {
		if name, ok := strings.CutPrefix(target, "gatewayresponse.header."); ok {
			if value, ok := c.gatewayParameter(custom.Parameters[target]); ok {
				out.set(name, value)
			}
		}
	}
}

// defaultTemplate is what a customised response without templates has.
const defaultTemplate = `{"message":$context.error.messageString}`

// gatewayTemplate chooses among a response's templates: the first media type of
// Accept that has one, else JSON, else the first by name.
func (c *call) gatewayTemplate(templates map[string]string) (contentType, template string) {
	if len(templates) == 0 {
		return defaultContentType, defaultTemplate
	}
	for wanted := range strings.SplitSeq(c.x.Request.Header.Joined("Accept")+","+defaultContentType, ",") {
		wanted = mediaType(wanted)
		if template, ok := templates[wanted]; ok {
			return wanted, template
		}
	}
	first := slices.Min(slices.Collect(maps.Keys(templates)))
	return first, templates[first]
}

// gatewayParameter returns the value of a header of a customised response.
func (c *call) gatewayParameter(source string) (string, bool) {
	if len(source) >= 2 && source[0] == '\'' && source[len(source)-1] == '\'' {
		return source[1 : len(source)-1], true
	}
	return c.gatewayVariable(source)
}

// gatewayVariable returns the value of context.X, stageVariables.X or
// method.request.{header,querystring,path,body}.X; ok is false for anything else.
func (c *call) gatewayVariable(name string) (value string, ok bool) {
	if rest, ok := strings.CutPrefix(name, "context."); ok {
		return c.contextText(rest), true
	}
	if rest, ok := strings.CutPrefix(name, "stageVariables."); ok {
		if c.place.stage == nil {
			return "", true
		}
		return c.place.stage.Variables[rest], true
	}
	rest, ok := strings.CutPrefix(name, "method.request.")
	if !ok {
		return "", false
	}
	place, key, _ := strings.Cut(rest, ".")
	switch place {
	case "header":
		value, _ = lastField(c.x.Request.Header, key)
	case "querystring":
		value = c.queryParameters().last(key)
	case "path":
		value = c.variable(key)
	case "body":
		value = c.bodyPart(key)
	default:
		return "", false
	}
	return value, true
}

// bodyPart returns the body, or the part of a JSON body that a path without its
// leading "$." names; "" when there is none.
func (c *call) bodyPart(path string) string {
	if path == "" {
		text, _ := c.bodyText() // a body that cannot be read has no text
		return text
	}
	parsed, err := jsonpath.Compile("$." + path)
	if err != nil {
		return ""
	}
	value, _, _ := c.bodyValue(parsed)
	return value
}

// substitute replaces the variables of a gateway response's template by their
// texts. It is literal: no directives, no quoting.
func (c *call) substitute(template string) string {
	var b strings.Builder
	rest := template
	for rest != "" {
		at, name := nextVariable(rest)
		if at < 0 || b.Len() > maxPayload {
			break
		}
		b.WriteString(rest[:at])
		value, ok := c.gatewayVariable(strings.TrimPrefix(name, "$"))
		if !ok {
			value = name
		}
		b.WriteString(value)
		rest = rest[at+len(name):]
	}
	b.WriteString(rest)
	return b.String()
}

// nextVariable finds the first variable in a text: "$" and a dotted name, or a
// bare "method.request…". at is -1 without one.
func nextVariable(text string) (at int, name string) {
	const bare = "method.request."
	dollar, method := strings.IndexByte(text, '$'), strings.Index(text, bare)
	for dollar >= 0 && (method < 0 || dollar < method) {
		if n := nameLength(text[dollar+1:]); n > 0 {
			return dollar, text[dollar : dollar+1+n]
		}
		next := strings.IndexByte(text[dollar+1:], '$')
		if next < 0 {
			dollar = -1
		} else {
			dollar += 1 + next
		}
	}
	if method < 0 {
		return -1, ""
	}
	return method, text[method : method+nameLength(text[method:])]
}

// nameLength returns the length of the dotted name that a text begins with; a
// full stop behind it is not part of it.
func nameLength(text string) int {
	n := 0
	for n < len(text) && (text[n] == '.' || text[n] == '_' || text[n] == '-' || isAlphanumeric(text[n])) {
		n++
	}
	for n > 0 && (text[n-1] == '.' || text[n-1] == '-') {
		n--
	}
	return n
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// quote writes a text as a JSON string.
func quote(text string) string {
	const digits = "0123456789abcdef"
	b := make([]byte, 0, len(text)+2)
	b = append(b, '"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r < ' ':
			b = append(b, '\\', 'u', '0', '0', digits[r>>4], digits[r&15])
		default:
			b = append(b, string(r)...)
		}
	}
	return string(append(b, '"'))
}
