package lambda

import (
	"bufio"
	"io"
	"strings"
)

// maxLogLine bounds a line of a function's output; longer ones are cut.
const maxLogLine = 16 << 10

// log writes what a process prints to our log, line by line, until it prints no
// more.
func (w *worker) log(output io.Reader) {
	lines := bufio.NewReaderSize(output, maxLogLine)
	long := false // in the middle of a line that was cut
	for {
		line, err := lines.ReadSlice('\n')
		if len(line) > 0 && !long {
			w.logLine(string(line))
		}
		long = err == bufio.ErrBufferFull
		if err != nil && !long {
			return
		}
	}
}

func (w *worker) logLine(line string) {
	line = strings.ToValidUTF8(strings.TrimRight(line, "\r\n"), "\uFFFD")
	if line == "" {
		return
	}
	id := "-" // while it comes up
	if latest := w.latest.Load(); latest != nil {
		id = *latest
	}
	w.f.owner.log.Info("function says", "function", w.f.config.Name, "request_id", id, "line", line)
}
