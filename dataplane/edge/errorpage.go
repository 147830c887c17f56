package edge

import (
	"context"
	"strings"

	"drawbridge/dataplane/exchange"
)

// errorPage puts the distribution's custom error page in place of an error
// answer (reference/cloudfront.md section 3.5). The page is fetched like any
// object, by the behavior of its own path; if that fails, its failure is the
// answer. CloudFront's own refusals keep their page, but failures of origins
// have a custom one.
func (e *Edge) errorPage(ctx context.Context, r request, a answer) answer {
	status := a.status
	if a.fault != faultNone {
		if status = a.fault.row().status; !a.fault.row().hasErrorPage() {
			return a
		}
	}
	rule, ok := r.distribution.Errors[status]
	if !ok || rule.PagePath == "" || status < 400 || r.forErrorPage || a.generated {
		return a
	}
	a.drop()
	r.x.Trail.Add("error-page", rule.PagePath)
	got := e.fetchPage(ctx, r, rule.PagePath)
	if got.fault != faultNone || got.status >= 400 {
		got.stored = false
		return got
	}
	got.status, got.word, got.errorPage = status, wordError, true
	if rule.StatusCode != 0 {
		got.status = rule.StatusCode
	}
	got.stored, got.whole = false, false // the viewer's conditions are not about this page
	return got
}

// fetchPage asks for the page as the viewer would with GET.
func (e *Edge) fetchPage(ctx context.Context, r request, path string) answer {
	q := *r.asked
	q.Method, q.Path, q.RawQuery, q.HasQuery, q.Body = "GET", path, "", false, exchange.Body{}
	q.Header = make(exchange.Header, 0, len(r.asked.Header))
	for _, f := range r.asked.Header {
		switch name := strings.ToLower(f.Name); {
		case isCondition(name), name == "range", name == "if-range", name == "content-length",
			name == "content-type", name == "content-encoding", name == "content-md5":
		default:
			q.Header = append(q.Header, f)
		}
	}
	v := r.visit
	v.asked = &q
	b := v.distribution.Match(normalPath(path))
	page := request{visit: v, behavior: b, origin: b.Origin, group: b.Group, path: path, forErrorPage: true}
	key := keyOf(page, nil)
	return e.obtain(ctx, page, key, lookUp(page, key))
}
