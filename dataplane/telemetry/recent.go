package telemetry

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"sync"
)

// maxRecent bounds the lines that are kept to be looked at.
const maxRecent = 1000

// recent hands lines on and keeps the last ones of them.
type recent struct {
	out io.Writer

	mu    sync.Mutex
	lines [][]byte // a ring once it is full
	next  int
}

// Write takes whole lines.
func (r *recent) Write(b []byte) (int, error) {
	r.mu.Lock()
	rest := bytes.Clone(b) // the caller uses b again
	if n := bytes.Count(rest, newline); n > maxRecent {
		for ; n > maxRecent; n-- {
			_, rest, _ = bytes.Cut(rest, newline)
		}
		rest = bytes.Clone(rest)
	}
	for len(rest) > 0 {
		var line []byte
		line, rest, _ = bytes.Cut(rest, newline)
		if len(r.lines) < maxRecent {
			r.lines = append(r.lines, line)
			continue
		}
		r.lines[r.next] = line
		r.next = (r.next + 1) % maxRecent
	}
	r.mu.Unlock()
	return r.out.Write(b)
}

var newline = []byte("\n")

// last returns at most n lines, the oldest first.
func (r *recent) last(n int) [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	ordered := append(append([][]byte(nil), r.lines[r.next:]...), r.lines[:r.next]...)
	return ordered[max(0, len(ordered)-n):]
}

// Recent answers with the last records as JSON, the oldest first:
// {"records":[…]}; ?limit=N asks for fewer than 1000. Those of the last second
// may be missing.
func (l *AccessLog) Recent(w http.ResponseWriter, r *http.Request) {
	limit := maxRecent
	if text := r.URL.Query().Get("limit"); text != "" {
		var err error
		if limit, err = strconv.Atoi(text); err != nil || limit < 0 {
			http.Error(w, "limit is a number of records", http.StatusBadRequest)
			return
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"records":[`)
	_, _ = w.Write(bytes.Join(l.kept.last(limit), []byte(",")))
	_, _ = io.WriteString(w, "]}")
}
