package gateway

import (
	"drawbridge/dataplane/program"
	"drawbridge/engine/vtl"
)

// mapMock makes the request of a MOCK: the text that tells its status.
func (c *call) mapMock(integration *program.Integration) (request, *Refusal) {
	template, found, refusal := c.requestTemplate(integration)
	switch {
	case refusal != nil:
		return request{}, refusal
	case found && template.Mock != nil:
		return request{mock: template.Mock}, nil
	case found && !template.Empty():
		text, refusal := c.render(template, APIConfigurationError, func() (*vtl.Input, *Refusal) {
			body, refusal := c.bodyText()
			return vtl.NewInput(body, c.inputParams()), refusal
		})
		return request{text: text}, refusal
	}
	text, refusal := c.bodyText()
	return request{text: text}, refusal
}

// mockResult is what a MOCK answers (reference/api-gateway.md 5.4).
func mockResult(r request) (result, *Refusal) {
	if r.mock != nil {
		return result{status: r.mock.Status, mock: r.mock}, nil
	}
	status, ok := program.MockStatus(r.text)
	if !ok {
		return result{}, &Refusal{Type: APIConfigurationError, Reason: reasonMockStatus}
	}
	return result{status: status}, nil
}
