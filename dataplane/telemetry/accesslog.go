package telemetry

import (
	"io"
	"strconv"
	"unicode/utf8"

	"drawbridge/dataplane/exchange"
)

// AccessLog writes one JSON line for each exchange.
type AccessLog struct {
	*Lines
	kept *recent
}

// NewAccessLog starts an access log that writes to out. Close ends it.
func NewAccessLog(out io.Writer) *AccessLog {
	kept := &recent{out: out}
	return &AccessLog{NewLines(kept), kept}
}

// Write adds the line of a finished exchange.
func (l *AccessLog) Write(x *exchange.Exchange) {
	l.Add(func(b []byte) []byte { return appendLine(b, x) })
}

// appendLine appends x as one line of JSON. Paths are shortened to 2 KiB; the
// query string is left out, because it may carry secrets.
func appendLine(b []byte, x *exchange.Exchange) []byte {
	r := &x.Record
	b = append(b, `{"time":"`...)
	b = x.Start.UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
	b = append(b, `","plane":"`...)
	b = append(b, x.Owner.Plane.String()...)
	b = append(b, '"')
	b = appendText(b, "id", x.RequestID)
	b = appendText(b, "client", clientAddress(x))
	if x.Request != nil {
		b = appendText(b, "method", x.Request.Method)
		b = appendText(b, "host", x.Request.Host)
		b = appendText(b, "path", x.Request.Path)
		b = appendText(b, "protocol", x.Request.Protocol.String())
	}
	b = append(b, `,"status":`...)
	b = strconv.AppendInt(b, int64(r.Status), 10)
	b = append(b, `,"bytes":`...)
	b = strconv.AppendInt(b, r.BytesSent, 10)
	b = append(b, `,"ms":`...)
	b = strconv.AppendFloat(b, float64(r.Duration.Microseconds())/1000, 'f', 3, 64)
	b = appendText(b, "result", r.Result)
	b = appendText(b, "reason", r.Reason)
	b = appendText(b, "distribution", r.Distribution)
	b = appendText(b, "api", r.API)
	b = appendText(b, "stage", r.Stage)
	b = appendText(b, "resource", r.Resource)
	b = appendText(b, "key", r.APIKeyID)
	b = appendText(b, "cache", r.Cache)
	if r.OriginStatus != 0 {
		b = append(b, `,"origin_status":`...)
		b = strconv.AppendInt(b, int64(r.OriginStatus), 10)
	}
	if r.Aborted {
		b = append(b, `,"aborted":true`...)
	}
	b = append(b, `,"revision":`...)
	b = strconv.AppendInt(b, r.Revision, 10)
	return append(b, '}', '\n')
}

func clientAddress(x *exchange.Exchange) string {
	if x.Conn == nil || !x.Conn.RemoteAddr.IsValid() {
		return ""
	}
	return x.Conn.RemoteAddr.Addr().Unmap().String()
}

// maxText bounds one text of a line.
const maxText = 2048

// appendText appends ,"name":"text" with JSON escaping, nothing for "".
func appendText(b []byte, name, text string) []byte {
	if text == "" {
		return b
	}
	b = append(b, ',', '"')
	b = append(b, name...)
	return appendString(append(b, '"', ':'), text)
}

// appendString appends a text as a JSON string.
func appendString(b []byte, text string) []byte {
	if len(text) > maxText {
		text = text[:maxText]
	}
	b = append(b, '"')
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
			i++
		case c < 0x20 || c == 0x7f:
			const hex = "0123456789abcdef"
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			i++
		case c < utf8.RuneSelf:
			b = append(b, c)
			i++
		default:
			r, size := utf8.DecodeRuneInString(text[i:])
			b = utf8.AppendRune(b, r) // an invalid byte becomes U+FFFD
			i += size
		}
	}
	return append(b, '"')
}
