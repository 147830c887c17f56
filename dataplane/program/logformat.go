package program

import "strings"

// AccessLog is what a stage writes of every call (reference/api-gateway.md 7.3).
type AccessLog struct {
	// Destination is the name of the log group or of the Firehose delivery stream.
	Destination string
	Format      LogFormat
}

// LogFormat is the format of an access log, cut at its variables.
type LogFormat []LogPart

// LogPart is text with a variable behind it: the name in $context.name, "" for
// none.
type LogPart struct{ Text, Variable string }

// ParseLogFormat cuts a format at its $context variables. Everything else is
// text.
func ParseLogFormat(format string) LogFormat {
	const mark = "$context."
	var parts LogFormat
	format = strings.TrimRight(format, "\r\n")
	text := 0 // where the text before the next variable begins
	for at := 0; ; {
		i := strings.Index(format[at:], mark)
		if i < 0 {
			break
		}
		start := at + i
		name := variableName(format[start+len(mark):])
		at = start + len(mark) + len(name)
		if name != "" {
			parts = append(parts, LogPart{format[text:start], name})
			text = at
		}
	}
	if text < len(format) {
		parts = append(parts, LogPart{Text: format[text:]})
	}
	return parts
}

// variableName returns the name that a text begins with: letters, digits, "_"
// and full stops within. The names of an authorizer's properties may have
// hyphens, too.
func variableName(text string) string {
	hyphens := strings.HasPrefix(text, "authorizer.")
	n := 0
	for n < len(text) && (isWord(text[n]) || text[n] == '.' || hyphens && text[n] == '-') {
		n++
	}
	return strings.TrimRight(text[:n], ".-")
}

func isWord(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
}

// LogDestination returns the name of a log group or delivery stream in its ARN;
// an ARN of anything else is its own name.
func LogDestination(arn string) string {
	if _, name, ok := strings.Cut(arn, ":log-group:"); ok {
		return strings.TrimSuffix(name, ":*")
	}
	if _, name, ok := strings.Cut(arn, ":deliverystream/"); ok {
		return name
	}
	return arn
}

// LogLevel is what a stage writes of the calls of a method.
type LogLevel uint8

// Values of LogLevel.
const (
	LogOff   LogLevel = iota
	LogError          // of failed calls why they failed
	LogInfo           // every step
)
