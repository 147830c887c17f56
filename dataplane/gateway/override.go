package gateway

import (
	"strconv"
	"strings"

	"drawbridge/engine/jsonpath"
)

// overrideRequest applies what a request template wrote into
// $context.requestOverride: header, querystring and path, each over its mapping;
// a list means several values (reference/api-gateway.md 5.5, 5.6).
func (c *call) overrideRequest(m *mapped) {
	overrides := c.overrides("requestOverride")
	if overrides == nil {
		return
	}
	eachOverride(overrides, "header", func(name string, values []string) {
		if isForbiddenTarget(c.route.method.Integration.Type, name) {
			return
		}
		m.header.Del(name)
		for _, value := range values {
			if isFieldText(name, value) {
				m.header.Add(name, value)
			}
		}
	})
	eachOverride(overrides, "querystring", func(name string, values []string) {
		m.query = m.query.without(name)
		for _, value := range values {
			m.query = append(m.query, parameter{name, value})
		}
	})
	eachOverride(overrides, "path", func(name string, values []string) {
		m.setPath(name, strings.Join(values, ","))
	})
}

// overrideResponse applies what templates wrote into $context.responseOverride:
// an integer status, and header values.
func (c *call) overrideResponse(out *answer) {
	overrides := c.overrides("responseOverride")
	if overrides == nil {
		return
	}
	if value, ok := overrides.Get("status"); ok {
		text, _ := jsonpath.Scalar(value)
		if status, err := strconv.Atoi(text); err == nil && status >= 100 && status <= 599 {
			out.status = max(status, 200) // 1xx cannot end an exchange
		}
	}
	eachOverride(overrides, "header", func(name string, values []string) {
		for i, value := range values {
			if i == 0 {
				out.set(name, value)
			} else if isFieldText(name, value) && !remappedMapped[strings.ToLower(name)] {
				out.header.Add(name, value)
			}
		}
	})
}

// overrides returns an object of $context, nil when no template has looked at it.
func (c *call) overrides(name string) *jsonpath.Object {
	if c.context == nil {
		return nil
	}
	value, _ := c.context.Get(name)
	object, _ := value.(*jsonpath.Object)
	return object
}

// eachOverride calls set with every entry of one kind of override.
func eachOverride(overrides *jsonpath.Object, kind string, set func(name string, values []string)) {
	value, _ := overrides.Get(kind)
	entries, ok := value.(*jsonpath.Object)
	if !ok {
		return
	}
	for name, value := range entries.All() {
		var values []string
		if list, many := value.(*jsonpath.List); many {
			for _, item := range list.Items {
				text, _ := jsonpath.Scalar(item)
				values = append(values, text)
			}
		} else if text, ok := jsonpath.Scalar(value); ok {
			values = []string{text}
		}
		if len(values) > 0 {
			set(name, values)
		}
	}
}
