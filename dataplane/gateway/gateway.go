package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/lambda"
	"drawbridge/dataplane/program"
	"drawbridge/dataplane/telemetry"
	"drawbridge/dataplane/upstream"
	"drawbridge/dataplane/usage"
	"drawbridge/engine/sigv4"
	"drawbridge/engine/vtl"
)

// Wording is an era of AWS's texts (reference/api-gateway.md 0.1).
type Wording uint8

// Values of Wording.
const (
	WordingCurrent Wording = iota
	Wording2022
)

// Options configures a Gateway.
type Options struct {
	// Do performs calls to HTTP backends: (*upstream.Client).Do.
	Do      func(ctx context.Context, call *upstream.Call) (*exchange.Response, error)
	Usage   *usage.Meter
	Wording Wording
	// AccountThrottle bounds the calls of each account in each region; nil: no bound.
	AccountThrottle *program.Throttle
	// Identities are those whose signatures AWS_IAM methods accept.
	Identities []Identity
	// Invoke calls Lambda functions, (*lambda.Invoker).Invoke; nil: there are none,
	// and what needs one fails.
	Invoke func(ctx context.Context, in lambda.Invocation) (*lambda.Answer, error)
	// Services is where AWS integrations find the services, by name ("sqs"),
	// AnyService for all others; calls to one that has no endpoint fail. Signer's
	// credentials sign the calls.
	Services map[string]ServiceEndpoint
	Signer   sigv4.Credential
	// VPCLinkTargets are the addresses of what VPC links lead to, by the id of the
	// link, or the ARN or the name of its load balancer.
	VPCLinkTargets map[string]LinkTarget
	// BodyBytes bounds what bodies of running calls take together; 0:
	// DefaultBodyBytes. A call that finds no room is answered 503.
	BodyBytes int64
	// UserPools is where Cognito user pools are instead of on AWS, "" for there:
	// a pool's keys are at UserPools/<pool id>/.well-known/jwks.json.
	UserPools string
	// CacheBytes bounds the RAM of all stages' caches; 0: DefaultCacheBytes.
	CacheBytes int64
	Now        func() time.Time // nil is time.Now
	// AccessLog takes a line, newline and all, of the access log of stages that
	// write to a log group or delivery stream of this name; nil: nobody does.
	AccessLog func(destination string, line []byte)
	// ExecutionLog takes the messages of one call for a log group; nil: nobody does.
	ExecutionLog func(group string, at time.Time, messages []string)
	// Span takes a span of a sampled call on a stage with tracing; nil: nobody does.
	Span func(telemetry.Span)
	// Logger hears of calls that fail by the API's configuration; nil hears nothing.
	Logger *slog.Logger
	// NewRequestID and NewExtendedID replace the random ids of answers:
	// x-amzn-RequestId, a UUID, and x-amz-apigw-id, 16 characters.
	NewRequestID  func() string
	NewExtendedID func() string
}

// Gateway answers what is addressed to execute-api. It is safe for concurrent use.
type Gateway struct {
	options  Options
	util     *vtl.Util
	date     atomic.Pointer[dateText]
	policies sync.Pool // of *policyRequest

	identities map[string]*Identity // by access key id
	keyring    *sigv4.Keyring
	grants     grants
	poolKeys   poolKeys

	compressors compressors
	answers     *answerCache
	bodies      bodyRoom

	sampler                         sampler
	unheardAccess, unheardExecution sync.Once // a log that nobody takes is told once
}

// New returns a gateway.
func New(o Options) (*Gateway, error) {
	if o.Do == nil || o.Usage == nil {
		return nil, errors.New("gateway: upstream and usage are needed")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	g := &Gateway{options: o, util: vtl.NewUtil()}
	g.bodies.max = cmp.Or(o.BodyBytes, DefaultBodyBytes)
	g.answers = newAnswerCache(cmp.Or(o.CacheBytes, DefaultCacheBytes))
	var err error
	if g.identities, err = newIdentities(o.Identities); err != nil {
		return nil, err
	}
	if g.keyring, err = sigv4.New(sigv4.Options{}); err != nil {
		return nil, fmt.Errorf("gateway: signing keys: %w", err)
	}
	g.policies.New = func() any { return new(policyRequest) }
	return g, nil
}

// Serve answers an exchange whose owner is the gateway. It never returns nil.
func (g *Gateway) Serve(ctx context.Context, x *exchange.Exchange) *exchange.Response {
	c := g.begin(x)
	defer c.release()
	answer, refusal := c.answer(ctx)
	var response *exchange.Response
	if refusal != nil {
		response = c.refuse(refusal)
		c.logRefusal(refusal, response)
	} else {
		c.logAnswer(answer)
		response = c.reply(c.compressed(answer))
	}
	c.attend()
	return c.leaves(response)
}

// Refuse makes the answer to a request that never became a call: the server's
// own refusals (400, 408, 413, 414, 431, 500, 503) in execute-api's form.
func (g *Gateway) Refuse(status int, x *exchange.Exchange) *exchange.Response {
	return g.begin(x).refuse(refusalOf(status))
}

// answer is the way of a call.
func (c *call) answer(ctx context.Context) (answer, *Refusal) {
	if refusal := c.locate(); refusal != nil {
		return answer{}, refusal
	}
	if refusal := c.admit(); refusal != nil {
		return answer{}, refusal
	}
	route, refusal := c.findRoute()
	if refusal != nil {
		return answer{}, refusal
	}
	if c.setting, _ = c.place.stage.Setting(route.method); c.setting.Metrics {
		c.x.Record.Method = route.method.Verb
	}
	c.listen()
	if refusal := c.authoriseTimed(ctx, route); refusal != nil {
		return answer{}, refusal
	}
	refusal = c.meter(route)
	c.logMetered(refusal)
	if refusal != nil {
		return answer{}, refusal
	}
	c.logStart()
	if refusal := c.decode(); refusal != nil {
		return answer{}, refusal
	}
	if refusal := c.validate(route); refusal != nil {
		return answer{}, refusal
	}
	return c.throughCache(ctx, route)
}

// invoke is the part of the way that TestInvokeMethod shares.
func (c *call) invoke(ctx context.Context, route route) (answer, *Refusal) {
	request, refusal := c.mapRequest(route)
	if refusal != nil {
		return answer{}, refusal
	}
	c.logRequest(request)
	result, refusal := c.integrateTimed(ctx, route, request)
	if refusal != nil {
		return answer{}, refusal
	}
	c.logResult(request, result)
	selected, refusal := c.selectResponse(route, result)
	if refusal != nil {
		return answer{}, refusal
	}
	return c.mapResponse(selected)
}
