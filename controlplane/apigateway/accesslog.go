package apigateway

import "strings"

const maxLogFormat = 3 << 10

// checkLogFormat holds the format of an access log to AWS's rules
// (reference/api-gateway.md 7.3): one line of at most 3 KB, with an id of the
// request in it, and no variables but those of $context.
func checkLogFormat(format string) error {
	const mark = "$context."
	if len(format) > maxLogFormat {
		return badRequest("Access log format can be at most %d bytes", maxLogFormat)
	}
	if strings.ContainsAny(strings.TrimRight(format, "\r\n"), "\r\n") {
		return badRequest("Access Log format must be single line, new line character is allowed only at end of the format")
	}
	identified := false
	for rest := format; ; {
		i := strings.IndexByte(rest, '$')
		if i < 0 {
			break
		}
		rest = rest[i:]
		if !strings.HasPrefix(rest, mark) {
			return badRequest("Access Log format must only contain $context variables")
		}
		name := rest[len(mark):]
		identified = identified || namesVariable(name, "requestId") || namesVariable(name, "extendedRequestId")
		rest = name
	}
	if !identified {
		return badRequest("Access Log format must contain at least $context.requestId or $context.extendedRequestId")
	}
	return nil
}

// namesVariable tells whether a text begins with exactly this variable's name.
func namesVariable(text, name string) bool {
	rest, ok := strings.CutPrefix(text, name)
	if !ok || rest == "" {
		return ok
	}
	c := rest[0]
	return c != '_' && !('0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z')
}
