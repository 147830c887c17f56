package gateway

import (
	"crypto/tls"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
)

const (
	// maxLogValue bounds one variable of an access log line, maxLogLine the line.
	maxLogValue = 4 << 10
	maxLogLine  = 64 << 10
)

// integrated is what the integration did for a call.
type integrated struct {
	began     time.Time // zero: no backend was asked
	requestID string    // the backend's id of the call, of an AWS service
	status    int       // that it answered with; of a proxied function its own, not Lambda's
}

// authorised is what authorization did for a call.
type authorised struct {
	took   time.Duration
	status int // of the outcome; 0: the method asks for none
	// function is what a Lambda authorizer's function took and answered; zero: it
	// was not asked, its word was kept.
	function struct {
		took      time.Duration
		status    int
		requestID string
	}
}

// attend has the exchange's end noticed, if the call's stage writes something of
// it.
func (c *call) attend() {
	stage := c.place.stage
	if stage == nil {
		return
	}
	accessLog := stage.AccessLog != nil
	if accessLog && c.gateway.options.AccessLog == nil {
		c.gateway.unheardAccess.Do(func() {
			c.gateway.options.Logger.Warn("a stage writes an access log, which goes nowhere: set --api-access-log", "api", c.place.api.ID, "stage", stage.Name)
		})
		accessLog = false
	}
	spans := stage.Tracing && c.gateway.options.Span != nil
	if accessLog || spans || c.log != nil {
		c.x.Finished = c.finished
	}
}

// finished writes what the stage wants written of a call, when its last byte has
// gone.
func (c *call) finished(x *exchange.Exchange) {
	if c.log != nil {
		c.deliverLog()
	}
	stage := c.place.stage
	if stage.AccessLog != nil && c.gateway.options.AccessLog != nil {
		name := stage.AccessLog.Destination
		if c.place.canary {
			name += "/Canary" // reference/api-gateway.md 7.8
		}
		c.gateway.options.AccessLog(name, c.appendAccessLine(nil, stage.AccessLog.Format))
	}
	if stage.Tracing && c.gateway.options.Span != nil && c.traced().sampled {
		c.spans(x)
	}
}

// deliverLog hands the execution log on.
func (c *call) deliverLog() {
	if len(c.log.lines) == 0 {
		return
	}
	group := "API-Gateway-Execution-Logs_" + c.place.api.ID + "/" + c.place.stage.Name
	if c.place.canary {
		group += "/Canary"
	}
	for i, line := range c.log.lines {
		c.log.lines[i] = "(" + c.requestID + ") " + line
	}
	c.gateway.options.ExecutionLog(group, c.now, c.log.lines)
}

// appendAccessLine appends the line of a finished call. Values are escaped as in
// a JSON string; what there is no value for is "-".
func (c *call) appendAccessLine(b []byte, format program.LogFormat) []byte {
	begin := len(b)
	for _, part := range format {
		b = append(b, part.Text...)
		if part.Variable == "" {
			continue
		}
		value := c.logValue(part.Variable)
		switch {
		case value == "":
			b = append(b, '-')
		case part.Variable == "error.messageString": // quoted already
			b = append(b, value...)
		default:
			b = appendEscaped(b, value)
		}
		if len(b)-begin > maxLogLine {
			b = b[:begin+maxLogLine]
			break
		}
	}
	return append(b, '\n')
}

// appendEscaped appends a value so that it stays within quotes and on its line.
func appendEscaped(b []byte, value string) []byte {
	if len(value) > maxLogValue {
		value = value[:maxLogValue]
	}
	const digits = "0123456789abcdef"
	for i := 0; i < len(value); {
		switch ch := value[i]; {
		case ch == '"' || ch == '\\':
			b = append(b, '\\', ch)
			i++
		case ch < ' ' || ch == 0x7f:
			b = append(b, '\\', 'u', '0', '0', digits[ch>>4], digits[ch&15])
			i++
		case ch < utf8.RuneSelf:
			b = append(b, ch)
			i++
		default:
			r, size := utf8.DecodeRuneInString(value[i:])
			b = utf8.AppendRune(b, r)
			i += size
		}
	}
	return b
}

// logValue returns the value of a variable of an access log: those of $context,
// and those that only logs have (reference/api-gateway.md 5.5, 7.3).
func (c *call) logValue(name string) string {
	if value, ok := logVariables[name]; ok {
		return value(c)
	}
	switch {
	case strings.HasPrefix(name, "error."):
		if c.refusal == nil {
			return ""
		}
		return c.errorText(strings.TrimPrefix(name, "error."))
	case strings.HasPrefix(name, "requestOverride."), strings.HasPrefix(name, "responseOverride."):
		return ""
	}
	return c.contextText(name)
}

// logVariables are the variables that do not stand in $context, and those that
// are asked for in every log.
var logVariables = map[string]func(*call) string{
	"requestId":               func(c *call) string { return c.requestID },
	"extendedRequestId":       func(c *call) string { return c.extendedID },
	"httpMethod":              func(c *call) string { return c.verb },
	"path":                    (*call).requestPath,
	"protocol":                func(c *call) string { return c.x.Request.Protocol.String() },
	"requestTime":             func(c *call) string { return c.now.UTC().Format(clfTime) },
	"requestTimeEpoch":        func(c *call) string { return strconv.FormatInt(c.now.UnixMilli(), 10) },
	"resourcePath":            func(c *call) string { return c.x.Record.Resource },
	"stage":                   func(c *call) string { return c.x.Record.Stage },
	"apiId":                   func(c *call) string { return c.x.Record.API },
	"domainName":              func(c *call) string { return c.x.Request.Host },
	"identity.sourceIp":       func(c *call) string { return c.sourceIP() },
	"identity.userAgent":      func(c *call) string { return c.x.Request.Header.Get("User-Agent") },
	"identity.caller":         signerValue((*Identity).user), // so that most lines need no $context tree
	"identity.user":           signerValue((*Identity).user),
	"identity.userArn":        signerValue(func(i *Identity) string { return i.ARN }),
	"identity.apiKey":         func(c *call) string { return masked(c.apiKey()) },
	"identity.apiKeyId":       func(c *call) string { return c.x.Record.APIKeyID },
	"status":                  func(c *call) string { return statusText(c.x.Record.Status) },
	"responseLength":          func(c *call) string { return strconv.FormatInt(c.x.Record.BytesSent, 10) },
	"responseLatency":         func(c *call) string { return milliseconds(c.x.Record.Duration) },
	"awsEndpointRequestId":    func(c *call) string { return c.integrated.requestID },
	"integration.requestId":   func(c *call) string { return c.integrated.requestID },
	"integrationLatency":      (*call).integrationLatency,
	"integration.latency":     (*call).integrationLatency,
	"integrationStatus":       func(c *call) string { return statusText(c.x.Record.OriginStatus) },
	"integration.status":      func(c *call) string { return statusText(c.integrated.status) },
	"integrationErrorMessage": (*call).integrationError,
	"integration.error":       (*call).integrationError,
	"integration.integrationStatus": func(c *call) string {
		return statusText(c.x.Record.OriginStatus)
	},
	"integration.responseTransferMode": (*call).transferMode,
	"integration.timeToAllHeaders":     (*call).timeToHeaders,
	"endpointType":                     func(*call) string { return "REGIONAL" }, // EDGE APIs answer as REGIONAL
	"authorizer.latency":               authorizerValue(func(c *call) string { return milliseconds(c.authorised.took) }),
	"authorizer.integrationLatency":    authorizerFunction(func(c *call) string { return milliseconds(c.authorised.function.took) }),
	"authorizer.status":                authorizerValue(func(c *call) string { return statusText(c.authorised.status) }),
	"authorizer.integrationStatus":     func(c *call) string { return statusText(c.authorised.function.status) },
	"authorizer.error":                 authorizerValue((*call).authoriseError),
	"authorizer.requestId":             func(c *call) string { return c.authorised.function.requestID },
	"authenticate.latency":             iamValue(func(c *call) string { return milliseconds(c.authorised.took) }),
	"authenticate.status":              iamValue((*call).authenticateStatus),
	"authenticate.error":               iamValue((*call).authenticateError),
	"authorize.latency":                authorizeValue(func(*call) string { return "0" }), // within authentication's millisecond
	"authorize.status":                 authorizeValue(func(c *call) string { return statusText(c.authorised.status) }),
	"authorize.error":                  authorizeValue((*call).authoriseError),
	"customDomain.basePathMatched":     (*call).basePath,
	"tlsVersion":                       (*call).tlsVersion,
	"cipherSuite":                      (*call).cipherSuite,
	"xrayTraceId":                      (*call).xrayTrace,
}

const clfTime = "02/Jan/2006:15:04:05 -0700"

func statusText(status int) string {
	if status == 0 {
		return ""
	}
	return strconv.Itoa(status)
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

func (c *call) sourceIP() string { return c.x.Conn.RemoteAddr.Addr().Unmap().String() }

func (c *call) apiKey() string {
	if c.key == nil {
		return ""
	}
	return c.key.Value
}

func (c *call) integrationLatency() string {
	if c.integrated.began.IsZero() {
		return ""
	}
	return milliseconds(c.x.Record.OriginLatency)
}

// integrationError is why the integration failed, in the execution log's words.
func (c *call) integrationError() string {
	if c.refusal == nil || c.route.method == nil {
		return ""
	}
	switch c.refusal.Type {
	case IntegrationTimeout, IntegrationFailure, FunctionFailure, APIConfigurationError:
		return c.failureText(c.refusal)
	}
	return ""
}

func (c *call) transferMode() string {
	if c.route.method == nil || c.route.method.Integration == nil {
		return ""
	}
	if c.route.method.Integration.Stream {
		return "STREAM"
	}
	return "BUFFERED"
}

// timeToHeaders is when a streamed answer's head was there.
func (c *call) timeToHeaders() string {
	if c.transferMode() != "STREAM" {
		return ""
	}
	return c.integrationLatency()
}

// authorizerValue is a value of calls that an authorizer was asked about.
func authorizerValue(value func(*call) string) func(*call) string {
	return func(c *call) string {
		if c.route.method == nil || c.authorised.status == 0 || c.route.method.Authorizer == nil {
			return ""
		}
		return value(c)
	}
}

// authorizerFunction is a value of calls that an authorizer's function was asked
// about.
func authorizerFunction(value func(*call) string) func(*call) string {
	return authorizerValue(func(c *call) string {
		if c.authorised.function.status == 0 {
			return ""
		}
		return value(c)
	})
}

// signerValue is a value of calls that somebody has signed.
func signerValue(value func(*Identity) string) func(*call) string {
	return func(c *call) string {
		if c.identified == nil {
			return ""
		}
		return value(c.identified)
	}
}

// iamValue is a value of calls of AWS_IAM methods.
func iamValue(value func(*call) string) func(*call) string {
	return func(c *call) string {
		if c.route.method == nil || c.authorised.status == 0 || c.route.method.Authorization != program.AuthorizationIAM {
			return ""
		}
		return value(c)
	}
}

// authorizeValue is a value of AWS_IAM calls whose caller is known.
func authorizeValue(value func(*call) string) func(*call) string {
	return iamValue(func(c *call) string {
		if c.identified == nil {
			return ""
		}
		return value(c)
	})
}

func (c *call) authenticateStatus() string {
	if c.identified != nil {
		return "200"
	}
	return statusText(c.authorised.status)
}

func (c *call) authenticateError() string {
	if c.identified != nil {
		return ""
	}
	return c.authoriseError()
}

// authoriseError is the text of a refusal by authorization.
func (c *call) authoriseError() string {
	if c.authorised.status == 200 || c.refusal == nil {
		return ""
	}
	text, _ := c.message()
	return text
}

// basePath is the base path of a custom domain that led to the call's stage.
func (c *call) basePath() string {
	owner := &c.x.Owner
	if owner.Domain == nil {
		return ""
	}
	path := strings.TrimLeft(c.x.Request.Path, "/")
	for _, m := range owner.Domain.Mappings { // the longest first, as the owner was found
		rest, ok := strings.CutPrefix(path, m.BasePath)
		if m.BasePath == "" || ok && (rest == "" || rest[0] == '/') {
			return m.BasePath
		}
	}
	return ""
}

func (c *call) tlsVersion() string {
	if c.x.Conn.TLS == nil {
		return ""
	}
	return strings.Replace(tls.VersionName(c.x.Conn.TLS.Version), "TLS ", "TLSv", 1)
}

func (c *call) cipherSuite() string {
	if c.x.Conn.TLS == nil {
		return ""
	}
	return tls.CipherSuiteName(c.x.Conn.TLS.CipherSuite)
}
