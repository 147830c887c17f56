package gateway

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/lambda"
	"drawbridge/dataplane/program"
)

// maxPrelude bounds what a streamed answer may say before its body
// (AWS: "Lambda proxy integration format for response streaming").
const maxPrelude = 16 << 10

// preludeEnd stands between a streamed answer's prelude and its body.
var preludeEnd = [8]byte{}

// streamLambda calls a function whose answer is handed on as it comes: the
// prelude has to come within the integration's timeout, the whole within what a
// streamed answer may take.
func (c *call) streamLambda(ctx context.Context, integration *program.Integration, in *lambdaRequest) (result, *Refusal) {
	ctx, cancel := context.WithTimeout(ctx, streamTotal)
	late := time.AfterFunc(timeoutOf(integration), cancel)
	answer, err := c.gateway.options.Invoke(ctx, c.invocation(in))
	out, refusal := result{}, (*Refusal)(nil)
	switch {
	case err != nil && ctx.Err() == nil:
		refusal = c.lambdaRefusal(ctx, err)
	case err != nil:
		refusal = &Refusal{Type: IntegrationFailure, Reason: reasonNetwork}
	default:
		out, refusal = c.streamResult(ctx, answer, cancel)
	}
	if !late.Stop() {
		refusal = &Refusal{Type: IntegrationTimeout, Reason: reasonTimeout}
	}
	if refusal != nil {
		if out.stream != nil {
			_ = out.stream.Close()
		}
		cancel()
		return result{}, refusal
	}
	c.x.Record.OriginStatus = answer.Status
	c.integrated.requestID = answer.RequestID
	return out, nil
}

// streamResult reads the prelude of a streamed answer; what follows is the body.
func (c *call) streamResult(ctx context.Context, answer *lambda.Answer, cancel context.CancelFunc) (result, *Refusal) {
	if answer.FunctionError != "" {
		return result{}, functionFailed(answer)
	}
	if answer.Stream == nil {
		answer.Stream = io.NopCloser(bytes.NewReader(answer.Payload))
	}
	stop := context.AfterFunc(ctx, func() { _ = answer.Stream.Close() })
	in := bufio.NewReaderSize(answer.Stream, maxPrelude+len(preludeEnd))
	prelude, err := readPrelude(in)
	if err != nil {
		stop()
		_ = answer.Stream.Close()
		return result{}, malformed()
	}
	said, ok := parseFunctionAnswer(prelude, "cookies")
	if !ok {
		stop()
		_ = answer.Stream.Close()
		return result{}, malformed()
	}
	body := exchange.Stream(&functionStream{Reader: in, source: answer.Stream, stop: stop, end: cancel}, -1)
	return result{status: said.status, header: said.header, stream: &body, proxy: true, traced: true, function: true}, nil
}

var errPrelude = errors.New("the answer has no prelude")

// readPrelude reads up to eight NULs, and leaves what follows them.
func readPrelude(in *bufio.Reader) ([]byte, error) {
	var prelude []byte
	for len(prelude) < maxPrelude+len(preludeEnd) {
		b, err := in.ReadByte()
		if err != nil {
			return nil, err
		}
		prelude = append(prelude, b)
		if b == 0 && bytes.HasSuffix(prelude, preludeEnd[:]) {
			return prelude[:len(prelude)-len(preludeEnd)], nil
		}
	}
	return nil, errPrelude
}

// functionStream is the body of a streamed answer; closing it ends the call.
type functionStream struct {
	io.Reader
	source io.Closer
	stop   func() bool
	end    context.CancelFunc
}

// Close gives the answer up.
func (s *functionStream) Close() error {
	s.stop()
	defer s.end()
	return s.source.Close()
}
