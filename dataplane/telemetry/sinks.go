package telemetry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"
)

// SinkOptions configures NewSinks.
type SinkOptions struct {
	// Specs say where the lines of which log go: "[NAME=]WHERE". NAME is the name
	// of a log group or delivery stream, which has those below it ("NAME/Canary"),
	// too, and may end in "*"; without it a spec is for all names. WHERE is "-" (Stdout), an http or https URL, "off", or a file.
	// Of several that fit the first counts.
	Specs  []string
	Stdout io.Writer
}

// Sinks are the places that lines go to, by the name of their log.
type Sinks struct {
	routes  []sinkRoute
	writers []*Lines
	closers []func() error
}

type sinkRoute struct {
	pattern string // "" for all names
	lines   *Lines // nil: nowhere
}

// sinkName is the form of a log group's or delivery stream's name.
var sinkName = regexp.MustCompile(`^[A-Za-z0-9._/#-]+\*?$|^\*$`)

// CheckSinks tells whether specs have the form of SinkOptions.Specs.
func CheckSinks(specs []string) error {
	for _, spec := range specs {
		if _, where := splitSink(spec); where == "" {
			return fmt.Errorf("%q: write [NAME=]FILE, [NAME=]http://…, [NAME=]- or [NAME=]off", spec)
		} else if u, err := url.Parse(where); isURL(where) && (err != nil || u.Host == "") {
			return fmt.Errorf("%q: %q is no URL", spec, where)
		}
	}
	return nil
}

func isURL(where string) bool {
	return strings.HasPrefix(where, "http://") || strings.HasPrefix(where, "https://")
}

func splitSink(spec string) (name, where string) {
	name, where, named := strings.Cut(spec, "=")
	if !named || !sinkName.MatchString(name) {
		return "", spec
	}
	return name, where
}

// NewSinks opens the places. Close closes them.
func NewSinks(o SinkOptions) (*Sinks, error) {
	if err := CheckSinks(o.Specs); err != nil {
		return nil, err
	}
	s, open := &Sinks{}, make(map[string]*Lines)
	for _, spec := range o.Specs {
		name, where := splitSink(spec)
		lines := open[where]
		if lines == nil && where != "off" {
			out, err := s.open(where, o.Stdout)
			if err != nil {
				return nil, errors.Join(err, s.Close())
			}
			lines = NewLines(out)
			open[where] = lines
			s.writers = append(s.writers, lines)
			s.closers = append(s.closers, lines.Close)
		}
		s.routes = append(s.routes, sinkRoute{name, lines})
	}
	return s, nil
}

func (s *Sinks) open(where string, stdout io.Writer) (io.Writer, error) {
	switch {
	case where == "-":
		return stdout, nil
	case isURL(where):
		return &poster{url: where, client: &http.Client{Timeout: postTimeout}}, nil
	}
	file, err := os.OpenFile(where, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, file.Close)
	return file, nil
}

// Empty tells that no place is named at all.
func (s *Sinks) Empty() bool { return len(s.routes) == 0 }

// For returns where the lines of a log go; nil: nowhere.
func (s *Sinks) For(name string) *Lines {
	for _, route := range s.routes {
		prefix, open := strings.CutSuffix(route.pattern, "*")
		if below, ok := strings.CutPrefix(name, prefix); ok && (prefix == "" || open || below == "" || below[0] == '/') {
			return route.lines
		}
	}
	return nil
}

// Dropped returns how often lines were lost.
func (s *Sinks) Dropped() int64 {
	var n int64
	for _, lines := range s.writers {
		n += lines.Dropped()
	}
	return n
}

// Close writes what is pending and closes the places.
func (s *Sinks) Close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	s.closers = nil
	return errors.Join(errs...)
}

const postTimeout = 5 * time.Second

// poster sends lines to an HTTP endpoint, many at a time.
type poster struct {
	url         string
	contentType string // "" is text/plain
	client      *http.Client
}

// Write posts what it is given. A status that is no success is an error.
func (p *poster) Write(body []byte) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), postTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", p.contentType)
	if p.contentType == "" {
		request.Header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	response, err := p.client.Do(request)
	if err != nil {
		return 0, err
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20)) // so that the connection can be used again
	_ = response.Body.Close()
	if response.StatusCode/100 != 2 {
		return 0, fmt.Errorf("log endpoint answered %s", response.Status)
	}
	return len(body), nil
}
