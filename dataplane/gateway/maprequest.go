package gateway

import (
	"errors"

	"drawbridge/dataplane/program"
	"drawbridge/engine/vtl"
)

// requestTemplate chooses the template by the media type of the body, which is
// JSON unless it says otherwise, then "$default"; without one the passthrough
// behavior decides.
func (c *call) requestTemplate(integration *program.Integration) (program.Template, bool, *Refusal) {
	media := mediaType(c.x.Request.Header.Get("Content-Type"))
	if media == "" {
		media = "application/json"
	}
	if template, ok := integration.RequestTemplates.For(media); ok {
		return template, true, nil
	}
	if template, ok := integration.RequestTemplates.For("$default"); ok {
		return template, true, nil
	}
	some := len(integration.RequestTemplates) > 0
	if integration.Passthrough == program.Never || some && integration.Passthrough == program.WhenNoTemplates {
		return program.Template{}, false, &Refusal{Type: UnsupportedMediaType, Reason: reasonNoTemplate}
	}
	return program.Template{}, false, nil
}

// render renders a template. A body that had to be JSON is the caller's fault,
// everything else is of type kind.
func (c *call) render(template program.Template, kind Type, input func() (*vtl.Input, *Refusal)) (string, *Refusal) {
	if template.Err != nil {
		return "", &Refusal{Type: kind, Reason: reasonTemplateFailed}
	}
	t := template.VTL
	if text, ok := t.Static(); ok {
		return text, nil
	}
	roots, refusal := c.roots(t, input)
	if refusal != nil {
		return "", refusal
	}
	text, err := t.Render(vtl.Env{Roots: roots})
	var body *vtl.BodyError
	switch {
	case errors.As(err, &body):
		return "", &Refusal{Type: BadRequestBody, Reason: reasonBodyNotJSON, Message: "Could not parse request body into json."}
	case err != nil:
		return "", &Refusal{Type: kind, Reason: reasonTemplateFailed}
	}
	return text, nil
}
