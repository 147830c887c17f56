package jsfunc

import (
	"net/url"
	"strings"
)

// The two events that CloudFront Functions exist for.
const (
	ViewerRequest  = "viewer-request"
	ViewerResponse = "viewer-response"
)

// Event is what a function is called with. Request is always there, Response
// in a viewer-response only.
type Event struct {
	Context  Context
	ViewerIP string
	Request  *Request
	Response *Response
}

// Context is the event's context member.
type Context struct {
	DistributionDomainName string // of a standard distribution
	Endpoint               string // of a multi-tenant distribution
	DistributionID         string
	EventType              string // ViewerRequest or ViewerResponse
	RequestID              string
}

// FieldValue is one value of a header, a cookie or a query parameter;
// Attributes belong to cookies that are set ("Secure; Path=/").
type FieldValue struct {
	Value      string
	Attributes string
}

// Field is a name with its values, of which there is at least one. Names of
// headers are lower case.
type Field struct {
	Name   string
	Values []FieldValue
}

// Request is the event's request. Query values are as they stand in the URL,
// not decoded.
type Request struct {
	Method  string
	URI     string
	Query   []Field
	Headers []Field // without Cookie
	Cookies []Field

	// RawQuery is the query as the viewer sent it, for rawQueryString(); nil:
	// the URL has no "?".
	RawQuery *string

	// QueryText replaces Query when a function returned the query as a string;
	// only in results.
	QueryText *string
}

// Response is the event's response, or what a function generates.
type Response struct {
	StatusCode        int
	StatusDescription string
	Headers           []Field // without Set-Cookie
	Cookies           []Field

	// Body is what a function wants sent instead; nil: it set none. Events
	// carry no bodies.
	Body *Body
}

// Body is a body of a function's response.
type Body struct {
	Encoding string // "text" or "base64", as the function said
	Data     []byte // decoded
}

// QueryString builds the query for the URL, without "?".
func (r *Request) QueryString() string {
	if r.QueryText != nil {
		return *r.QueryText
	}
	var b strings.Builder
	for _, field := range r.Query {
		for _, value := range field.Values {
			if b.Len() > 0 {
				b.WriteByte('&')
			}
			b.WriteString(field.Name)
			if value.Value != "" {
				b.WriteByte('=')
				b.WriteString(value.Value)
			}
		}
	}
	return b.String()
}

// ParseQuery takes a raw query apart, without decoding anything.
func ParseQuery(raw string) []Field {
	var fields []Field
	at := map[string]int{}
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if pair == "" {
			continue
		}
		i, known := at[name]
		if !known {
			i = len(fields)
			at[name] = i
			fields = append(fields, Field{Name: name})
		}
		fields[i].Values = append(fields[i].Values, FieldValue{Value: value})
	}
	return fields
}

// find gives the field of that name.
func find(fields []Field, name string) *Field {
	for i := range fields {
		if fields[i].Name == name {
			return &fields[i]
		}
	}
	return nil
}

// validURI tells whether text can be a request's path: it begins with "/", has
// no space, control character, "#" or "?", and what is percent-encoded in it is
// well-formed.
func validURI(text string) bool {
	if !strings.HasPrefix(text, "/") || !cleanText(text) || strings.ContainsAny(text, " #?") {
		return false
	}
	_, err := url.PathUnescape(text)
	return err == nil
}

// cleanText tells whether text has no control characters.
func cleanText(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f })
}
