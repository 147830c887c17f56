package lambda

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"drawbridge/engine/sigv4"
)

// Endpoint is a place that speaks Lambda's API: AWS, another local cloud, or
// `sam local start-lambda`.
type Endpoint struct {
	URL string // "http://127.0.0.1:3001"
	// Credential signs the calls. Without one they carry a signature by "test",
	// which local clouds take.
	Credential sigv4.Credential
}

// remote is an endpoint in use.
type remote struct {
	base       *url.URL
	region     string // for names without one
	credential sigv4.Credential
	keys       *sigv4.Keyring
	client     *http.Client
	log        *slog.Logger
}

func newRemote(e Endpoint, region string, log *slog.Logger) (*remote, error) {
	base, err := url.Parse(strings.TrimRight(e.URL, "/"))
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, fmt.Errorf("lambda endpoint %q: write http://HOST:PORT or https://HOST", e.URL)
	}
	keys, err := sigv4.New(sigv4.Options{})
	if err != nil {
		return nil, err
	}
	if e.Credential.AccessKeyID == "" {
		e.Credential = sigv4.Credential{AccessKeyID: "test", SecretKey: "test"}
	}
	return &remote{
		base: base, region: region, credential: e.Credential, keys: keys, log: log,
		client: &http.Client{
			Transport:     &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: 10 * time.Second, Proxy: http.ProxyFromEnvironment},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

func (e *remote) close() { e.client.CloseIdleConnections() }

// invoke calls a function by Invoke, or by InvokeWithResponseStream (Lambda API
// reference).
func (e *remote) invoke(ctx context.Context, name Name, in Invocation) (*Answer, error) {
	request, err := e.request(ctx, name, in)
	if err != nil {
		return nil, &Error{Kind: Unreachable, Err: err}
	}
	response, err := e.client.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, failed(Unreachable, "call %s: %w", e.base, err)
	}
	if response.StatusCode >= 300 {
		defer response.Body.Close()
		return nil, refused(name, response)
	}
	answer := &Answer{
		Status: response.StatusCode, RequestID: response.Header.Get("X-Amzn-Requestid"), FunctionError: response.Header.Get("X-Amz-Function-Error"),
	}
	e.logTail(name, answer.RequestID, response.Header.Get("X-Amz-Log-Result"))
	if in.Stream && in.Type == RequestResponse {
		answer.Stream = newEventReader(response.Body)
		return answer, nil
	}
	defer response.Body.Close()
	answer.Payload, err = io.ReadAll(io.LimitReader(response.Body, maxPayload+1))
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err == nil && len(answer.Payload) > maxPayload:
		err = errors.New("its answer is longer than Lambda's can be")
	}
	if err != nil {
		return nil, failed(Unreachable, "read the answer of %s: %w", e.base, err)
	}
	return answer, nil
}

// request makes the signed request of an invocation.
func (e *remote) request(ctx context.Context, name Name, in Invocation) (*http.Request, error) {
	region := name.Region
	if region == "" {
		region = e.region
	}
	function := name.Function
	if name.Account != "" && name.Region != "" {
		function = "arn:aws:lambda:" + name.Region + ":" + name.Account + ":function:" + name.Function
	}
	path := e.base.EscapedPath() + "/2015-03-31/functions/" + url.PathEscape(function) + "/invocations"
	if in.Stream && in.Type == RequestResponse {
		path = e.base.EscapedPath() + "/2021-11-15/functions/" + url.PathEscape(function) + "/response-streaming-invocations"
	}
	query := ""
	if name.Qualifier != "" {
		query = "Qualifier=" + url.QueryEscape(name.Qualifier)
	}
	target := e.base.Scheme + "://" + e.base.Host + path
	if query != "" {
		target += "?" + query
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(in.Payload))
	if err != nil {
		return nil, err
	}
	header := request.Header
	header.Set("Content-Type", "application/json")
	header.Set("X-Amz-Invocation-Type", [...]string{"RequestResponse", "Event", "DryRun"}[in.Type])
	if in.Type == RequestResponse && !in.Stream {
		header.Set("X-Amz-Log-Type", "Tail")
	}
	if in.TraceID != "" {
		header.Set("X-Amzn-Trace-Id", in.TraceID)
	}
	sum := sha256.Sum256(in.Payload)
	fields, err := e.keys.Sign(sigv4.SignInput{
		Request: sigv4.Request{
			Method: http.MethodPost, RawPath: path, RawQuery: query, Host: e.base.Host, Header: sigv4.MapHeader(header),
		},
		BodyHash: hex.EncodeToString(sum[:]), Credential: e.credential, Region: region, Service: "lambda",
		Now: time.Now(), DoubleEncodePath: true,
	})
	if err != nil {
		return nil, err
	}
	for _, field := range fields {
		header.Set(field.Name, field.Value)
	}
	return request, nil
}

// refused turns an error of the endpoint into ours.
func refused(name Name, response *http.Response) *Error {
	body, _ := io.ReadAll(io.LimitReader(response.Body, 4<<10)) // for the log only
	var said struct {
		Message string `json:"message"`
		Upper   string `json:"Message"`
	}
	_ = json.Unmarshal(body, &said)
	kind, _, _ := strings.Cut(response.Header.Get("X-Amzn-Errortype"), ":")
	text := strings.TrimSpace(kind + " " + said.Message + said.Upper)
	kinds := map[int]Kind{404: NotFound, 403: Denied, 429: Throttled, 413: TooLarge}
	if k, ok := kinds[response.StatusCode]; ok {
		return failed(k, "function %s: status %d %s", name, response.StatusCode, text)
	}
	return failed(Unreachable, "function %s: status %d %s", name, response.StatusCode, text)
}

// logTail writes the end of a function's log, as Lambda sends it, to ours.
func (e *remote) logTail(name Name, requestID, encoded string) {
	tail, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return // a log is not worth failing a call
	}
	for line := range strings.Lines(string(tail)) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			e.log.Info("function says", "function", name.String(), "request_id", requestID, "line", strings.ToValidUTF8(line, "\uFFFD"))
		}
	}
}
