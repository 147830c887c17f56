package telemetry

import (
	"strconv"
	"time"
)

// WriteEvents adds the events of a log group, one JSON object a line: logGroup,
// timestamp in milliseconds since 1970, message.
func (l *Lines) WriteEvents(group string, at time.Time, messages []string) {
	l.Add(func(b []byte) []byte {
		for _, message := range messages {
			b = append(b, `{"timestamp":`...)
			b = strconv.AppendInt(b, at.UnixMilli(), 10)
			b = appendText(b, "logGroup", group)
			b = appendText(b, "message", message)
			b = append(b, "}\n"...)
		}
		return b
	})
}
