package gateway

import (
	"strings"

	"drawbridge/dataplane/program"
)

// validate checks that the required parameters are there and not blank, when a
// request validator asks for it (reference/api-gateway.md 7.1).
func (c *call) validate(route route) *Refusal {
	if !route.method.ValidateParameters {
		return nil
	}
	var missing []string
	for _, p := range route.method.Required {
		if strings.TrimSpace(c.parameter(p)) == "" {
			missing = append(missing, p.Name)
		}
	}
	if missing == nil {
		c.x.Trail.Add("validate", "valid")
		return nil
	}
	return &Refusal{
		Type: BadRequestParameters, Reason: reasonMissingParameters,
		Message: "Missing required request parameters: [" + strings.Join(missing, ", ") + "]",
	}
}

// parameter returns a request parameter's value, "" when it is absent.
func (c *call) parameter(p program.Parameter) string {
	switch p.Place {
	case program.PlaceHeader:
		return c.x.Request.Header.Get(p.Name)
	case program.PlaceQuery:
		return c.queryParameters().last(p.Name)
	case program.PlacePath:
		return c.variable(p.Name)
	}
	return ""
}

// variable returns a path variable's raw value.
func (c *call) variable(name string) string {
	for _, v := range c.route.vars {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}
