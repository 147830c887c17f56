package edge

import (
	"slices"
	"strings"

	"drawbridge/dataplane/exchange"
	"drawbridge/engine/jsfunc"
)

// requestEvent is a request as functions see it (reference/cloudfront.md
// section 5.2): header names in lower case, cookies apart, nothing decoded, and
// the CloudFront-* fields that the behavior's policies name.
func requestEvent(r request, kind string) *jsfunc.Event {
	q := r.asked
	headers := make(exchange.Header, 0, len(q.Header)+4)
	headers.Add("Host", authority(q))
	for _, f := range q.Header {
		if !strings.HasPrefix(strings.ToLower(f.Name), cloudFrontPrefix) {
			headers = append(headers, f)
		}
	}
	headers = appendViewerFacts(headers, ask{request: r})
	asked := &jsfunc.Request{Method: q.Method, URI: q.Path, Headers: eventFields(headers), Query: jsfunc.ParseQuery(q.RawQuery)}
	if q.HasQuery {
		asked.RawQuery = &q.RawQuery
	}
	for line := range q.Header.All("Cookie") {
		for pair := range strings.SplitSeq(line, ";") {
			if name, value, _ := strings.Cut(strings.Trim(pair, " \t"), "="); name != "" {
				asked.Cookies = addValue(asked.Cookies, name, jsfunc.FieldValue{Value: clean(value)})
			}
		}
	}
	context := jsfunc.Context{DistributionID: r.distribution.ID, EventType: kind, RequestID: r.x.RequestID}
	if r.distribution.Tenant != nil {
		context.Endpoint = r.distribution.DomainName
	} else {
		context.DistributionDomainName = r.distribution.DomainName
	}
	return &jsfunc.Event{Context: context, ViewerIP: viewerIP(r.x.Conn), Request: asked}
}

// eventFields are header fields as functions see them; cookies are not among them.
func eventFields(h exchange.Header) []jsfunc.Field {
	var out []jsfunc.Field
	for _, f := range h {
		if name := strings.ToLower(f.Name); inEvent(name) {
			out = addValue(out, name, jsfunc.FieldValue{Value: clean(f.Value)})
		}
	}
	return out
}

// inEvent tells whether a header field (name in lower case) stands in an event.
func inEvent(name string) bool {
	return name != "cookie" && name != "set-cookie" && !jsfunc.Hidden(name)
}

// clean is text as JavaScript can hold it.
func clean(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

func addValue(fields []jsfunc.Field, name string, value jsfunc.FieldValue) []jsfunc.Field {
	for i := range fields {
		if fields[i].Name == name {
			fields[i].Values = append(fields[i].Values, value)
			return fields
		}
	}
	return append(fields, jsfunc.Field{Name: name, Values: []jsfunc.FieldValue{value}})
}

// addSetCookie takes a Set-Cookie value apart: name, value, attributes.
func addSetCookie(cookies []jsfunc.Field, line string) []jsfunc.Field {
	pair, attributes, _ := strings.Cut(clean(line), ";")
	name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
	if name == "" {
		return cookies
	}
	return addValue(cookies, name, jsfunc.FieldValue{Value: value, Attributes: strings.TrimSpace(attributes)})
}

// changedRequest is a viewer's request as a function returned it. What the
// function left alone stays byte by byte as the viewer sent it.
func changedRequest(asked *exchange.Request, was, is *jsfunc.Request) *exchange.Request {
	out := *asked
	out.Path = is.URI
	if is.URI == was.URI {
		out.Path = asked.Path
	}
	if is.QueryText != nil || !sameFields(was.Query, is.Query) {
		out.RawQuery = is.QueryString()
		out.HasQuery = out.RawQuery != ""
	}
	out.Header = changedFields(asked.Header, was.Headers, is.Headers)
	if !sameFields(was.Cookies, is.Cookies) {
		out.Header.Del("Cookie")
		var pairs []string
		for _, c := range is.Cookies {
			for _, v := range c.Values {
				pairs = append(pairs, c.Name+"="+v.Value)
			}
		}
		if len(pairs) > 0 {
			out.Header.Add("Cookie", strings.Join(pairs, "; "))
		}
	}
	return &out
}

// changedFields puts what a function made of header fields in their place: those
// it did not see or did not change stay as they were, what it added comes last.
func changedFields(h exchange.Header, was, is []jsfunc.Field) exchange.Header {
	out := make(exchange.Header, 0, len(h)+4)
	placed := map[string]bool{"host": true}
	for _, f := range h {
		name := strings.ToLower(f.Name)
		if !inEvent(name) || isFraming(name) || strings.HasPrefix(name, cloudFrontPrefix) {
			out = append(out, f)
			continue
		}
		before, after := fieldOf(was, name), fieldOf(is, name)
		switch {
		case after == nil:
		case before != nil && slices.Equal(before.Values, after.Values):
			out = append(out, f)
		case !placed[name]:
			addValues(&out, *after)
		}
		placed[name] = true
	}
	for _, f := range is {
		if !placed[f.Name] && !isFraming(f.Name) && !strings.HasPrefix(f.Name, cloudFrontPrefix) {
			addValues(&out, f)
		}
	}
	return out
}

// isFraming tells the fields that follow from the body: a function does not
// set them.
func isFraming(name string) bool { return name == "content-length" || name == "transfer-encoding" }

func fieldOf(fields []jsfunc.Field, name string) *jsfunc.Field {
	if i := slices.IndexFunc(fields, func(f jsfunc.Field) bool { return f.Name == name }); i >= 0 {
		return &fields[i]
	}
	return nil
}

func sameFields(a, b []jsfunc.Field) bool {
	return slices.EqualFunc(a, b, func(a, b jsfunc.Field) bool {
		return a.Name == b.Name && slices.Equal(a.Values, b.Values)
	})
}

func addValues(h *exchange.Header, f jsfunc.Field) {
	for _, v := range f.Values {
		h.Add(titleCase(f.Name), v.Value)
	}
}

func addSetCookies(h *exchange.Header, cookies []jsfunc.Field) {
	for _, c := range cookies {
		for _, v := range c.Values {
			line := c.Name + "=" + v.Value
			if v.Attributes != "" {
				line += "; " + v.Attributes
			}
			h.Add("Set-Cookie", line)
		}
	}
}

// titleCase writes a header name as CloudFront does what a function set:
// "x-api-key" is "X-Api-Key" (reference/cloudfront.md section 5.2).
func titleCase(name string) string {
	out := []byte(name)
	up := true
	for i, c := range out {
		if up && 'a' <= c && c <= 'z' {
			out[i] = c - 'a' + 'A'
		}
		up = c == '-'
	}
	return string(out)
}
