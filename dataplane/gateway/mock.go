package gateway

import "drawbridge/dataplane/program"

// mapMock makes the request of a MOCK: the text that tells its status.
func (c *call) mapMock(integration *program.Integration) (request, *Refusal) {
	template, found, refusal := c.requestTemplate(integration)
	switch {
	case refusal != nil:
		return request{}, refusal
	case found && template.Mock != nil && c.seesText(integration):
		return request{mock: template.Mock}, nil
	}
	text, refusal := c.integrationBody(integration)
	return request{text: string(text)}, refusal
}

// seesText tells whether a template gets the client's body as it came, as text.
// With a binary body a MOCK fails, too (reference/api-gateway.md 5.3).
func (c *call) seesText(integration *program.Integration) bool {
	switch integration.ContentHandling {
	case program.ConvertToText:
		return true
	case program.ConvertToBinary:
		return false
	}
	types := c.binaryTypes()
	return len(types) == 0 || !isBinary(types, mediaType(c.x.Request.Header.Get("Content-Type")))
}

// mockResult is what a MOCK answers (reference/api-gateway.md 5.4).
func mockResult(r request) (result, *Refusal) {
	if r.mock != nil {
		return result{status: r.mock.Status, mock: r.mock, mocked: true}, nil
	}
	status, ok := program.MockStatus(r.text)
	if !ok {
		return result{}, &Refusal{Type: APIConfigurationError, Reason: reasonMockStatus}
	}
	return result{status: status, mocked: true}, nil
}
