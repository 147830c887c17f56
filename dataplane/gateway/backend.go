package gateway

import (
	"context"
	"errors"
	"io"
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
	"drawbridge/dataplane/upstream"
)

// defaultTimeout is the timeout of an integration that names none
// (reference/api-gateway.md 5.1).
const defaultTimeout = 29 * time.Second

// timeoutOf returns the timeout of an integration, which covers its whole answer.
func timeoutOf(integration *program.Integration) time.Duration {
	if integration.Timeout > 0 {
		return integration.Timeout
	}
	return defaultTimeout
}

// callBackend performs a call within the integration's timeout, which covers
// the whole answer.
func (c *call) callBackend(ctx context.Context, integration *program.Integration, call *upstream.Call) (result, *Refusal) {
	proxy := integration.Type == program.IntegrationHTTPProxy
	if proxy && integration.Stream {
		return c.streamBackend(ctx, integration, call)
	}
	timeout := timeoutOf(integration)
	call.ConnectTimeout, call.ReadTimeout = timeout, timeout
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	response, err := c.gateway.options.Do(ctx, call)
	if err == nil {
		c.x.Record.OriginStatus = response.Status
		var body []byte
		if body, err = c.readAll(response.Body, maxPayload); err == nil {
			if proxy {
				body = c.proxyBody(response.Header, body)
			}
			return result{status: response.Status, header: response.Header, body: body, proxy: proxy, traced: !proxy}, nil
		}
		_ = response.Body.Close()
	}
	return result{}, backendRefusal(ctx, err)
}

// What a streamed answer may take (reference/api-gateway.md 7.9).
const (
	streamIdle  = 5 * time.Minute
	streamTotal = 15 * time.Minute
)

// streamBackend performs a call whose answer's head has to come within the
// integration's timeout and whose body is handed on as it comes.
func (c *call) streamBackend(ctx context.Context, integration *program.Integration, call *upstream.Call) (result, *Refusal) {
	timeout := timeoutOf(integration)
	call.ConnectTimeout, call.ReadTimeout = timeout, streamIdle
	ctx, cancel := context.WithTimeout(ctx, streamTotal)
	late := time.AfterFunc(timeout, cancel)
	response, err := c.gateway.options.Do(ctx, call)
	inTime := late.Stop()
	if err != nil || !inTime {
		if err == nil {
			_ = response.Body.Close()
		}
		cancel()
		if !inTime {
			return result{}, &Refusal{Type: IntegrationTimeout, Reason: reasonTimeout}
		}
		return result{}, backendRefusal(ctx, err)
	}
	c.x.Record.OriginStatus = response.Status
	body := exchange.Stream(&streamedBody{response.Body.Reader(), cancel}, response.Body.Length())
	return result{status: response.Status, header: response.Header, stream: &body, proxy: true}, nil
}

// streamedBody is a backend's body that ends its call when it is closed.
type streamedBody struct {
	io.ReadCloser
	end context.CancelFunc
}

// Close ends the call.
func (b *streamedBody) Close() error {
	defer b.end()
	return b.ReadCloser.Close()
}

// backendRefusal returns the refusal for a call that failed
// (reference/api-gateway.md 2.6, 5.9): a backend that cannot be reached is a
// configuration error, one that breaks off a network error.
func backendRefusal(ctx context.Context, err error) *Refusal {
	if errors.Is(err, exchange.ErrBodyTooLarge) {
		return &Refusal{Type: APIConfigurationError, Reason: reasonResponseTooLong}
	}
	if errors.Is(err, errNoRoom) {
		return &Refusal{Type: Unavailable, Reason: reasonNoRoom}
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
