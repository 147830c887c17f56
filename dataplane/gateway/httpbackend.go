package gateway

import "drawbridge/dataplane/program"

// mapHTTP makes the call of an HTTP integration.
func (c *call) mapHTTP(*program.Integration) (request, *Refusal) {
	return request{}, &Refusal{Type: APIConfigurationError, Reason: reasonNotBuilt}
}
