package gateway

import (
	"errors"
	"iter"

	"drawbridge/dataplane/program"
	"drawbridge/engine/sigv4"
)

// route is the method that serves a call.
type route struct {
	method *program.Method
	vars   []program.Variable // raw values
}

// findRoute finds the method for path and verb. X-HTTP-Method-Override stands
// in for the verb in all that follows, the resource policy included.
func (c *call) findRoute() (route, *Refusal) {
	if override := c.x.Request.Header.Get("X-HTTP-Method-Override"); override != "" {
		c.verb = override
	}
	method, vars := c.place.deployment.Routes.Match(c.place.path, c.verb)
	if method == nil {
		return route{}, c.noRoute()
	}
	c.x.Record.Resource = method.ResourcePath
	c.x.Trail.Add("route", "found")
	c.route = route{method, vars}
	return c.route, nil
}

// noRoute is the answer to an unknown path or verb. AWS looks at the
// Authorization field first and complains when it is no signature
// (reference/api-gateway.md 6.4, NOTE).
func (c *call) noRoute() *Refusal {
	if c.x.Request.Header.Has("Authorization") {
		if refusal := c.badSignature(); refusal != nil {
			return refusal
		}
	}
	return &Refusal{Type: MissingAuthenticationToken, Reason: reasonNoRoute}
}

// badSignature returns the refusal for a missing or malformed signature, or nil
// for one that could be verified.
func (c *call) badSignature() *Refusal {
	_, err := sigv4.Parse(c.signedRequest())
	if err == nil {
		return nil
	}
	var malformed *sigv4.Error
	if !errors.As(err, &malformed) || malformed.Code == MissingAuthenticationToken.row().errorType {
		return &Refusal{Type: MissingAuthenticationToken, Reason: reasonNoSignature}
	}
	return &Refusal{Type: InvalidSignature, Reason: reasonBadSignature, Message: malformed.Message, ErrorType: malformed.Code}
}

func (c *call) signedRequest() sigv4.Request {
	r := c.x.Request
	return sigv4.Request{
		Method: r.Method, RawPath: r.Path, RawQuery: r.RawQuery, Host: r.Authority, Header: c.allFields(),
	}
}

func (c *call) allFields() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, field := range c.x.Request.Header {
			if !yield(field.Name, field.Value) {
				return
			}
		}
	}
}
