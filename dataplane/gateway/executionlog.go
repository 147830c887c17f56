package gateway

import (
	"strconv"
	"strings"
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
)

const (
	// maxEvent bounds a line of a stage's execution log (reference/api-gateway.md
	// section 8), maxFieldsText a map of header fields in any log.
	maxEvent      = 1024
	maxFieldsText = 998
	truncated     = " [TRUNCATED]"
)

// executionLog is what a call writes down of itself: the lines that
// TestInvokeMethod shows and those of a stage's execution log are the same
// (reference/api-gateway.md 7.4, 7.5). A call that nobody listens to has none.
type executionLog struct {
	test  bool             // of a test invocation, not of a stage
	level program.LogLevel // LogError keeps only what was written by fail
	trace bool             // headers and bodies, too
	begun bool             // the method's execution has begun
	lines []string
}

// listen starts the call's execution log, if the stage wants one of the method.
func (c *call) listen() {
	if c.setting.Log == program.LogOff {
		return
	}
	if c.gateway.options.ExecutionLog == nil {
		c.gateway.unheardExecution.Do(func() {
			c.gateway.options.Logger.Warn("a stage writes execution logs, which go nowhere: set --api-execution-log", "api", c.place.api.ID, "stage", c.place.stage.Name)
		})
		return
	}
	c.log = &executionLog{level: c.setting.Log, trace: c.setting.DataTrace}
	c.log.info("Extended Request Id: " + c.extendedID)
}

// info adds a line that tells of a step.
func (l *executionLog) info(text string) {
	if l.level == program.LogInfo {
		l.lines = append(l.lines, l.bounded(text))
	}
}

// data adds a line that shows headers or a body.
func (l *executionLog) data(label, text string) {
	if l.trace {
		l.info(label + text)
	}
}

// fail adds a line that tells why a call failed.
func (l *executionLog) fail(text string) { l.lines = append(l.lines, l.bounded(text)) }

// bounded cuts a line of a stage's log to the size of an event and keeps it one
// line.
func (l *executionLog) bounded(text string) string {
	if l.test {
		return text
	}
	if len(text) > maxEvent {
		text = strings.ToValidUTF8(text[:maxEvent-len(truncated)], "") + truncated
	}
	return text
}

// logAuthorizer writes that an authorizer is going to be asked.
func (c *call) logAuthorizer() {
	m := c.route.method
	if c.log == nil || m.Authorizer == nil {
		return
	}
	c.log.info("Starting authorizer: " + m.Authorizer.ID + " for request: " + c.requestID)
	if len(m.Authorizer.Sources) > 0 {
		c.log.info("Incoming identity: " + masked(c.identityValue(&m.Authorizer.Sources[0])))
	}
}

// logAuthorised writes what came of authorization.
func (c *call) logAuthorised(refusal *Refusal) {
	if c.log == nil || c.route.method.Authorization == program.AuthorizationNone {
		return
	}
	switch {
	case refusal != nil && refusal.Type == Unauthorized:
		c.log.fail("Unauthorized request: " + c.requestID)
	case refusal == nil && c.granted != nil && c.granted.principal != "":
		c.log.info("Using valid authorizer policy for principal: " + masked(c.granted.principal))
	}
}

// logMetered writes what key and usage plan came to.
func (c *call) logMetered(refusal *Refusal) {
	if c.log == nil {
		return
	}
	key, at := masked(c.keyValue()), c.place.api.ID+"/"+c.place.stage.Name
	method := "'" + c.verb + " " + c.route.method.ResourcePath + "'"
	c.log.info("Verifying Usage Plan for request: " + c.requestID + ". API Key: " + key + " API Stage: " + at)
	switch {
	case refusal != nil && refusal.Type == InvalidAPIKey && refusal.Reason == reasonNoKey:
		c.log.fail("API Key " + key + " not authorized because method " + method + " requires API Key and no API Key was sent")
	case refusal != nil && refusal.Type == InvalidAPIKey:
		c.log.fail("API Key " + key + " not authorized because method " + method + " requires API Key and API Key is not associated with a Usage Plan for API Stage " +
			at + ": No Usage Plan found for key and API Stage")
	case refusal != nil:
		c.log.fail("Usage Plan check failed for API Key " + key + " and API Stage " + at + ": " + refusal.Type.row().message)
	case c.route.method.APIKeyRequired:
		c.log.info("API Key " + key + " authorized because method " + method + " requires API Key. Request will contribute to throttle or quota limits")
		c.log.info("Usage Plan check succeeded for API Key " + key + " and API Stage " + at)
	default:
		c.log.info("API Key " + key + " authorized because method " + method + " does not require API Key. Request will not contribute to throttle or quota limits")
		c.log.info("Usage Plan check succeeded for API Key " + key + " and API Stage " + at)
	}
}

// logStart writes the method request.
func (c *call) logStart() {
	if c.log == nil {
		return
	}
	l, path := c.log, c.place.path
	if !l.test {
		path = c.route.method.ResourcePath
	}
	l.begun = true
	l.info("Starting execution for request: " + c.requestID)
	l.info("HTTP Method: " + c.verb + ", Resource Path: " + path)
	if !l.trace {
		return
	}
	vars := make([]string, 0, len(c.route.vars))
	for _, v := range c.route.vars {
		vars = append(vars, v.Name+"="+v.Value)
	}
	query := make([]string, 0, len(c.queryParameters()))
	for _, q := range c.queryParameters() {
		query = append(query, q.name+"="+q.value)
	}
	l.data("Method request path: ", "{"+strings.Join(vars, ", ")+"}")
	l.data("Method request query string: ", "{"+strings.Join(query, ", ")+"}")
	l.data("Method request headers: ", fieldsText(c.x.Request.Header))
	body, _ := c.body() // one that cannot be read fails the call elsewhere
	l.data("Method request body before transformations: ", string(body))
}

// logRequest writes what goes to a backend; a MOCK has none.
func (c *call) logRequest(r request) {
	if c.log == nil {
		return
	}
	switch l := c.log; {
	case r.call != nil:
		uri := r.call.Scheme + "://" + r.call.Authority + r.call.Path
		if r.call.HasQuery {
			uri += "?" + r.call.RawQuery
		}
		body, _ := r.call.Body.InMemory()
		l.data("Endpoint request URI: ", uri)
		l.data("Endpoint request headers: ", fieldsText(r.call.Header))
		l.data("Endpoint request body after transformations: ", string(body))
		l.info("Sending request to " + uri)
	case r.lambda != nil:
		uri := "https://lambda." + c.place.api.Region + ".amazonaws.com/2015-03-31/functions/" + r.lambda.function + "/invocations"
		l.data("Endpoint request URI: ", uri)
		l.data("Endpoint request headers: ", "{x-amzn-lambda-integration-tag="+c.requestID+", X-Amzn-Trace-Id="+c.trace()+"}")
		l.data("Endpoint request body after transformations: ", string(r.lambda.payload))
		l.info("Sending request to " + uri)
	}
}

// logResult writes what a backend answered.
func (c *call) logResult(request request, r result) {
	if c.log == nil || request.call == nil && request.lambda == nil {
		return
	}
	c.log.info("Received response. Status: " + strconv.Itoa(r.status) + ", Integration latency: " +
		strconv.FormatInt(c.x.Record.OriginLatency.Milliseconds(), 10) + " ms")
	c.log.data("Endpoint response headers: ", fieldsText(r.header))
	c.log.data("Endpoint response body before transformations: ", string(r.body))
}

// logAnswer writes the method response, without the fields that every answer
// has.
func (c *call) logAnswer(a answer) {
	if c.log == nil {
		return
	}
	if c.log.trace {
		c.log.data("Method response body after transformations: ", string(a.body))
		c.log.data("Method response headers: ", fieldsText(a.fields()))
	}
	c.log.info("Successfully completed execution")
	c.logEnd(a.status)
}

// fields returns the answer's header with its content type.
func (a *answer) fields() exchange.Header {
	return append(exchange.Header{{Name: "Content-Type", Value: a.contentType}}, a.header...)
}

// logRefusal writes why a call failed and what was answered.
func (c *call) logRefusal(refusal *Refusal, response *exchange.Response) {
	if c.log == nil {
		return
	}
	if c.log.begun || refusal.Log != "" {
		c.log.fail(c.failureText(refusal))
	}
	if !c.log.test && refusal.Type.row().name != "" {
		body, _ := response.Body.InMemory()
		c.log.fail("Gateway response type: " + refusal.Type.String() + " with status code: " + strconv.Itoa(response.Status))
		c.log.data("Gateway response body: ", string(body))
		c.log.data("Gateway response headers: ", fieldsText(response.Header))
	}
	c.logEnd(response.Status)
}

func (c *call) logEnd(status int) {
	c.log.info("Method completed with status: " + strconv.Itoa(status))
	if c.log.test {
		return
	}
	if c.integrated.requestID != "" {
		c.log.info("AWS Integration Endpoint RequestId : " + c.integrated.requestID)
	}
	if root := c.xrayTrace(); root != "" {
		c.log.info("X-ray Tracing ID : " + root)
	}
}

// text is the log as TestInvokeMethod answers it.
func (l *executionLog) text(requestID string, now time.Time) string {
	at := now.UTC().Format("Mon Jan 02 15:04:05 UTC 2006") + " : "
	var b strings.Builder
	b.WriteString("Execution log for request " + requestID + "\n")
	for _, line := range l.lines {
		b.WriteString(at + line + "\n")
	}
	return b.String()
}

// maskedFields are the header fields whose values are credentials.
var maskedFields = map[string]bool{
	"authorization": true, "proxy-authorization": true, "x-api-key": true, "x-amz-security-token": true,
}

// fieldsText prints fields as Java prints a map, credentials masked.
func fieldsText(header exchange.Header) string {
	parts := make([]string, 0, len(header))
	for _, field := range header {
		value := field.Value
		if maskedFields[strings.ToLower(field.Name)] {
			value = masked(value)
		}
		parts = append(parts, field.Name+"="+value)
	}
	text := "{" + strings.Join(parts, ", ") + "}"
	if len(text) > maxFieldsText {
		text = strings.ToValidUTF8(text[:maxFieldsText], "") + truncated
	}
	return text
}

// masked hides a credential but for its last six characters; a short one wholly.
func masked(value string) string {
	const show = 6
	if len(value) <= 3*show {
		return strings.Repeat("*", len(value))
	}
	hidden := min(len(value)-show, 64)
	return strings.Repeat("*", hidden) + strings.ToValidUTF8(value[len(value)-show:], "*")
}

// failureTexts are the log's words for a refusal.
var failureTexts = map[Reason]string{
	reasonEndpoint:       "Invalid endpoint address",
	reasonUnreachable:    "Invalid endpoint address",
	reasonAddressRefused: "Invalid endpoint address",
	reasonBinaryTemplate: "Unable to transform request",
	reasonNotBase64:      "Unable to base64 decode the body.",
	reasonNoService:      "No endpoint is configured for the AWS service (drawbridge serve --aws-endpoint)",
	reasonNoSigner:       "No credentials to sign with (AWS_ACCESS_KEY_ID of drawbridge serve)",
	reasonNoLink:         "No such VPC link",
	reasonTemplateFailed: "Unable to transform request",
	reasonMockStatus:     "Unable to parse statusCode. It should be an integer that is defined in the request template.",
	reasonNoResponse:     "No match for output mapping and no default output mapping configured",
	reasonUndeclared:     "Output mapping refers to an invalid method response",
	reasonNoIntegration:  "No integration defined for method",
	reasonNoFunction:     "Invalid permissions on Lambda function",
	reasonFunctionDenied: "Invalid permissions on Lambda function",
}

// failureText is the line of a call that failed (reference/api-gateway.md 7.4).
func (c *call) failureText(r *Refusal) string {
	if r.Log != "" {
		return r.Log
	}
	switch r.Type {
	case IntegrationTimeout:
		return "Execution failed due to a timeout error"
	case IntegrationFailure:
		return "Execution failed due to a network error communicating with endpoint"
	case APIConfigurationError:
		if text, ok := failureTexts[r.Reason]; ok {
			return "Execution failed due to configuration error: " + text
		}
		return "Execution failed due to configuration error: " + string(r.Reason)
	}
	if r.Type == BadRequestBody && r.Validation != "" {
		return "Request body does not match model schema for content type " + c.contentType() + ": " + r.Validation
	}
	row := r.Type.row()
	if r.Message != "" {
		return "Execution failed: " + r.Message
	}
	return "Execution failed: " + row.message
}
