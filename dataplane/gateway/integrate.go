package gateway

import (
	"context"
	"errors"
	"strconv"
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
	"drawbridge/dataplane/upstream"
)

// result is what the integration answered.
type result struct {
	status int
	header exchange.Header
	body   []byte
	// proxy tells that the backend's answer is the method's: nothing is
	// selected or mapped.
	proxy bool
	mock  *program.MockAnswer // of a constant template: the selection is known
}

// integrate asks the integration.
func (c *call) integrate(ctx context.Context, route route, request request) (result, *Refusal) {
	if request.call != nil {
		c.x.Trail.Add("integrate", "backend")
		return c.callBackend(ctx, route.method.Integration, request.call)
	}
	c.x.Trail.Add("integrate", "mock")
	if request.mock != nil {
		return result{status: request.mock.Status, mock: request.mock}, nil
	}
	status, ok := program.MockStatus(request.text)
	if !ok {
		return result{}, &Refusal{Type: APIConfigurationError, Reason: reasonMockStatus}
	}
	return result{status: status}, nil
}

// callBackend performs a call within the integration's timeout, which covers
// the whole answer.
func (c *call) callBackend(ctx context.Context, integration *program.Integration, call *upstream.Call) (result, *Refusal) {
	timeout := integration.Timeout
	if timeout <= 0 {
		timeout = 29 * time.Second
	}
	call.ConnectTimeout, call.ReadTimeout = timeout, timeout
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	response, err := c.gateway.options.Do(ctx, call)
	if err == nil {
		c.x.Record.OriginStatus = response.Status
		var body []byte
		if body, err = response.Body.ReadAll(maxPayload); err == nil {
			c.noteLatency()
			return result{status: response.Status, header: response.Header, body: body, proxy: true}, nil
		}
		_ = response.Body.Close()
	}
	c.noteLatency()
	return result{}, backendRefusal(ctx, err)
}

func (c *call) noteLatency() {
	c.x.Record.OriginLatency = c.gateway.options.Now().Sub(c.now)
}

// backendRefusal returns the refusal for a call that failed
// (reference/api-gateway.md 2.6, 5.9): a backend that cannot be reached is a
// configuration error, one that breaks off a network error.
func backendRefusal(ctx context.Context, err error) *Refusal {
	if errors.Is(err, exchange.ErrBodyTooLarge) {
		return &Refusal{Type: APIConfigurationError, Reason: reasonResponseTooLong}
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &Refusal{Type: IntegrationTimeout, Reason: reasonTimeout}
	}
	var failed *upstream.Error
	if !errors.As(err, &failed) {
		return &Refusal{Type: IntegrationFailure, Reason: reasonNetwork}
	}
	switch failed.Kind {
	case upstream.Timeout:
		return &Refusal{Type: IntegrationTimeout, Reason: reasonTimeout}
	case upstream.ResolveFailed, upstream.ConnectFailed:
		return &Refusal{Type: APIConfigurationError, Reason: reasonUnreachable}
	case upstream.AddressRefused:
		return &Refusal{Type: APIConfigurationError, Reason: reasonAddressRefused}
	}
	return &Refusal{Type: IntegrationFailure, Reason: reasonNetwork}
}

// selected is the integration's answer with the integration response that maps
// it; nil for a proxy integration.
type selected struct {
	result   result
	response *program.IntegrationResponse
}

// selectResponse chooses the integration response by the backend's status
// (reference/api-gateway.md 5.2).
func (c *call) selectResponse(route route, r result) (selected, *Refusal) {
	if r.proxy {
		return selected{result: r}, nil
	}
	var response *program.IntegrationResponse
	if r.mock != nil {
		response = r.mock.Response
	} else {
		response = route.method.Integration.Select(strconv.Itoa(r.status))
	}
	if response == nil {
		return selected{}, &Refusal{Type: APIConfigurationError, Reason: reasonNoResponse}
	}
	if !response.Declared {
		return selected{}, &Refusal{Type: APIConfigurationError, Reason: reasonUndeclared}
	}
	return selected{r, response}, nil
}
