package gateway

import (
	"encoding/base64"
	"strconv"
	"strings"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/lambda"
	"drawbridge/engine/jsonpath"
)

// functionAnswer is what the function of a proxy integration answers
// (reference/api-gateway.md 5.8): an object with some of the keys statusCode,
// headers, multiValueHeaders, body and isBase64Encoded. The prelude of a
// streamed answer has cookies in place of the last two.
type functionAnswer struct {
	status int
	header exchange.Header
	body   string
	base64 bool
}

// proxyResult turns the answer of a proxy integration's function into its result.
func (c *call) proxyResult(answer *lambda.Answer) (result, *Refusal) {
	if answer.FunctionError != "" {
		return result{}, functionFailed(answer)
	}
	said, ok := parseFunctionAnswer(answer.Payload, "body", "isBase64Encoded")
	if !ok {
		return result{}, malformed()
	}
	body := []byte(said.body)
	if said.base64 && isBinary(c.binaryTypes(), mediaType(c.x.Request.Header.Get("Accept"))) {
		var err error
		if body, err = base64.StdEncoding.DecodeString(said.body); err != nil {
			return result{}, &Refusal{Type: APIConfigurationError, Reason: reasonNotBase64}
		}
	}
	return result{status: said.status, header: said.header, body: body, proxy: true, traced: true, function: true}, nil
}

// parseFunctionAnswer reads a function's answer, which may have the given keys
// beside those that every form has. ok is false for any other key, for none at
// all, and for values of the wrong kind.
func parseFunctionAnswer(text []byte, more ...string) (answer functionAnswer, ok bool) {
	tree, err := jsonpath.Parse(string(text))
	if err != nil {
		return functionAnswer{}, false
	}
	object, isObject := tree.(*jsonpath.Object)
	if !isObject || object.Len() == 0 {
		return functionAnswer{}, false
	}
	answer.status = 200
	var headers, multi, cookies any
	for name, value := range object.All() {
		known := name == "statusCode" || name == "headers" || name == "multiValueHeaders"
		for _, one := range more {
			known = known || name == one
		}
		if !known {
			return functionAnswer{}, false
		}
		valid := true
		switch name {
		case "statusCode":
			answer.status, valid = statusOf(value)
		case "headers":
			headers = value
		case "multiValueHeaders":
			multi = value
		case "cookies":
			cookies = value
		case "body":
			answer.body, valid = value.(string)
			valid = valid || value == nil
		case "isBase64Encoded":
			answer.base64, valid = value.(bool)
			valid = valid || value == nil
		}
		if !valid {
			return functionAnswer{}, false
		}
	}
	answer.header, ok = mergedHeaders(headers, multi, cookies)
	return answer, ok
}

// statusOf reads a statusCode: an integer, or text that is one.
func statusOf(value any) (int, bool) {
	text, ok := jsonpath.Scalar(value)
	if _, isBool := value.(bool); !ok || isBool {
		return 0, false
	}
	status, err := strconv.Atoi(text)
	return status, err == nil && status >= 100 && status <= 999
}

// mergedHeaders joins the three places where an answer has header fields:
// multiValueHeaders come first and settle the case of names; a pair that is in
// both maps is sent once (AWS: output format of a Lambda function for proxy
// integration).
func mergedHeaders(headers, multi, cookies any) (exchange.Header, bool) {
	var out exchange.Header
	many, ok := fieldMap(multi)
	single, ok2 := fieldMap(headers)
	if !ok || !ok2 {
		return nil, false
	}
	for name, value := range many.All() {
		list, isList := value.(*jsonpath.List)
		if !isList {
			return nil, false
		}
		if !addFields(&out, name, list) {
			return nil, false
		}
		for other, value := range single.All() {
			text, ok := jsonpath.Scalar(value)
			if ok && strings.EqualFold(other, name) && !contains(out, name, text) {
				out.Add(name, text)
			}
		}
	}
	for name, value := range single.All() {
		text, ok := jsonpath.Scalar(value)
		if !ok {
			return nil, false
		}
		if !hasName(many, name) {
			out.Add(name, text)
		}
	}
	if cookies == nil {
		return out, true
	}
	list, isList := cookies.(*jsonpath.List)
	return out, isList && addFields(&out, "Set-Cookie", list)
}

// fieldMap is a map of header fields; null is an empty one.
func fieldMap(value any) (*jsonpath.Object, bool) {
	if value == nil {
		return &jsonpath.Object{}, true
	}
	object, ok := value.(*jsonpath.Object)
	return object, ok
}

func addFields(out *exchange.Header, name string, list *jsonpath.List) bool {
	for _, item := range list.Items {
		text, ok := jsonpath.Scalar(item)
		if !ok {
			return false
		}
		out.Add(name, text)
	}
	return true
}

func contains(header exchange.Header, name, value string) bool {
	for one := range header.All(name) {
		if one == value {
			return true
		}
	}
	return false
}

func hasName(o *jsonpath.Object, name string) bool {
	for other := range o.All() {
		if strings.EqualFold(other, name) {
			return true
		}
	}
	return false
}

// functionAnswerFields turns the fields of a function's answer into the
// client's (reference/api-gateway.md 2.5, the table's column for Lambda).
func (c *call) functionAnswerFields(r result) answer {
	out := answer{status: max(r.status, 200), contentType: defaultContentType, body: r.body, stream: r.stream}
	out.header.Add("X-Amzn-Trace-Id", c.trace())
	for _, field := range r.header {
		lower := strings.ToLower(field.Name)
		switch {
		case lower == "content-type":
			if isFieldText(field.Name, field.Value) {
				out.contentType = field.Value
			}
		case lower == "content-length" || lower == "x-amzn-trace-id" || droppedFromProxyResponse[lower] || !isFieldText(field.Name, field.Value):
		case remappedProxy[lower]:
			out.header.Add(remapped+field.Name, field.Value)
		default:
			out.header.Add(field.Name, field.Value)
		}
	}
	return out
}
