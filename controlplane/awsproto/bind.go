package awsproto

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"drawbridge/controlplane/api"
)

// badBinding is a label, query parameter or header whose text is not of its
// member's type.
type badBinding struct {
	member *api.Member
	cause  error
}

func (e *badBinding) Error() string { return "member " + e.member.Name + ": " + e.cause.Error() }
func (e *badBinding) Unwrap() error { return e.cause }

// bindHTTP fills what travels outside the body: labels, query, headers.
func bindHTTP(m matched, r *request, v reflect.Value) error {
	shape := m.route.operation.Input
	for i := range shape.Members {
		member, field := &shape.Members[i], v.Field(i)
		var err error
		switch member.In {
		case api.InLabel:
			err = bindLabel(m, member, field)
		case api.InQuery:
			err = bindQuery(r.query, member, field)
		case api.InQueryMap:
			bindQueryMap(m.route, r.query, field)
		case api.InHeader:
			if values := r.header.Values(member.Wire); len(values) > 0 {
				err = setText(field, &member.Type, headerInput(&member.Type, values[0]))
			}
		}
		if err != nil {
			return &badBinding{member, err}
		}
	}
	return nil
}

// headerInput gives a header's value as setText reads it. The AWS CLI writes
// booleans in headers as Python does, "True".
func headerInput(t *api.Type, text string) string {
	text = strings.TrimSpace(text)
	if t.Kind == api.KindBoolean {
		return strings.ToLower(text)
	}
	return text
}

func bindLabel(m matched, member *api.Member, field reflect.Value) error {
	for i, name := range m.route.labels {
		if name == member.Name {
			return setText(field, &member.Type, m.values[i])
		}
	}
	return fmt.Errorf("label is not in %s", m.route.operation.URI)
}

func bindQuery(query url.Values, member *api.Member, field reflect.Value) error {
	values, there := query[member.Wire]
	if !there {
		return nil
	}
	if member.Type.Kind == api.KindList {
		list := reflect.MakeSlice(field.Type(), len(values), len(values))
		for i, text := range values {
			if err := setText(list.Index(i), member.Type.Item, text); err != nil {
				return err
			}
		}
		field.Set(list)
		return nil
	}
	if values[0] == "" && member.Type.Kind != api.KindString {
		return nil // "?limit=" is no limit
	}
	return setText(field, &member.Type, values[0])
}

// bindQueryMap takes the parameters that neither another member nor the URI
// nor a presigned signature names.
func bindQueryMap(r *route, query url.Values, field reflect.Value) {
	out := map[string]string{}
	for name, values := range query {
		if r.isFixed(name) || isQueryMember(r.operation.Input, name) || strings.HasPrefix(name, "X-Amz-") {
			continue
		}
		out[name] = values[0]
	}
	if len(out) > 0 {
		field.Set(reflect.ValueOf(out))
	}
}

func isQueryMember(shape *api.Shape, name string) bool {
	for i := range shape.Members {
		if m := &shape.Members[i]; m.In == api.InQuery && m.Wire == name {
			return true
		}
	}
	return false
}

// payloadMember gives the index of the member that is the whole body, or -1.
func payloadMember(shape *api.Shape) int {
	for i := range shape.Members {
		if shape.Members[i].In == api.InPayload {
			return i
		}
	}
	return -1
}

// hasBody tells whether a structure has members in an input's body.
func hasBody(shape *api.Shape) bool {
	for i := range shape.Members {
		if shape.Members[i].In == api.InBody {
			return true
		}
	}
	return false
}

// setHeaders writes an output's header members.
func setHeaders(shape *api.Shape, v reflect.Value, header http.Header) {
	for i := range shape.Members {
		m := &shape.Members[i]
		value, set := present(v.Field(i))
		if m.In != api.InHeader || !set {
			continue
		}
		text := headerText(textOf(value, &m.Type))
		header.Set(m.Wire, text)
		if m.Wire == "ETtag" {
			// The model misspells UpdateFunction's header and SDKs read exactly
			// that (reference/cloudfront.md 1.4); people read the right one.
			header.Set("ETag", text)
		}
	}
}

// headerText keeps a value on its line (RFC 9110 section 5.5).
func headerText(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7F {
			return ' '
		}
		return r
	}, s)
}

// outputValue gives the structure behind an operation's answer; false if there
// is none.
func outputValue(out any) (reflect.Value, bool) {
	v := reflect.ValueOf(out)
	if !v.IsValid() || v.Kind() != reflect.Pointer || v.IsNil() {
		return reflect.Value{}, false
	}
	return v.Elem(), true
}
