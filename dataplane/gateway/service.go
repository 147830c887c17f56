package gateway

import "drawbridge/dataplane/program"

// mapService makes the call of an AWS integration: a signed request to a service.
func (c *call) mapService(*program.Integration) (request, *Refusal) {
	return request{}, &Refusal{Type: APIConfigurationError, Reason: reasonNotBuilt}
}
