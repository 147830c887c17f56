package gateway

import (
	"strings"

	"drawbridge/dataplane/program"
)

// validate checks what the method's request validator asks for: that the
// required parameters are there and not blank, and then that the body fits the
// model of its content type (reference/api-gateway.md 7.1).
func (c *call) validate(route route) *Refusal {
	method := route.method
	if !method.ValidateParameters && len(method.Models) == 0 {
		return nil
	}
	if method.ValidateParameters {
		if refusal := c.validateParameters(method); refusal != nil {
			return refusal
		}
	}
	if refusal := c.validateBody(method); refusal != nil {
		return refusal
	}
	c.x.Trail.Add("validate", "valid")
	return nil
}

func (c *call) validateParameters(method *program.Method) *Refusal {
	var missing []string
	for _, p := range method.Required {
		if strings.TrimSpace(c.parameter(p)) == "" {
			missing = append(missing, p.Name)
		}
	}
	if missing == nil {
		return nil
	}
	return &Refusal{
		Type: BadRequestParameters, Reason: reasonMissingParameters,
		Message: "Missing required request parameters: [" + strings.Join(missing, ", ") + "]",
	}
}

// validateBody holds the body to its model. A body without a content type
// counts as JSON; one of a type without a model is not looked at.
func (c *call) validateBody(method *program.Method) *Refusal {
	if len(method.Models) == 0 {
		return nil
	}
	media := c.contentType()
	model := method.Models.For(media)
	if model == nil {
		return nil
	}
	if model.Err != nil {
		return &Refusal{Type: APIConfigurationError, Reason: reasonModel}
	}
	body, refusal := c.body()
	if refusal != nil {
		return refusal
	}
	if err := model.Validate(body); err != nil {
		return &Refusal{Type: BadRequestBody, Reason: reasonInvalidBody, Validation: err.Error()}
	}
	return nil
}

// contentType is the media type of the request's body; without one it is JSON.
func (c *call) contentType() string {
	if media := mediaType(c.x.Request.Header.Get("Content-Type")); media != "" {
		return media
	}
	return defaultContentType
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
