package awsproto

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sort"
	"strconv"
	"strings"
	"time"

	"drawbridge/controlplane/api"
)

// Service is one AWS service: its generated table and what implements it.
type Service struct {
	Table *api.Service // apigatewayapi.Table, cloudfrontapi.Table, stsapi.Table
	Impl  any          // implements the Service interface of the same package
}

// Options of a [Handler].
type Options struct {
	Services []Service
	Account  string // 12 digits: the account of callers whose credentials name none
	Region   string // of calls whose signature and host name none

	// Credentials verify every call when there are any; without them any
	// well-formed signature passes, and a 12-digit access key id names its own
	// account.
	Credentials []Credential

	Now          func() time.Time // nil: time.Now
	NewRequestID func() string    // nil: random UUIDs
	Log          *slog.Logger     // nil: slog.Default
}

// Handler is the control plane's http.Handler.
type Handler struct {
	services map[string]*service
	names    string // for the answer to other services' calls
	auth     *authenticator
	region   string

	now          func() time.Time
	newRequestID func() string
	log          *slog.Logger
}

type service struct {
	Service
	codec
	validator *validator
}

// New makes a Handler.
func New(o Options) (*Handler, error) {
	if !accountPattern.MatchString(o.Account) {
		return nil, fmt.Errorf("awsproto: account %q is not 12 digits", o.Account)
	}
	if !regionPattern.MatchString(o.Region) {
		return nil, fmt.Errorf("awsproto: region %q is not a region name", o.Region)
	}
	auth, err := newAuthenticator(o.Account, o.Credentials)
	if err != nil {
		return nil, fmt.Errorf("awsproto: %w", err)
	}
	h := &Handler{services: map[string]*service{}, auth: auth, region: o.Region,
		now: o.Now, newRequestID: o.NewRequestID, log: o.Log}
	var names []string
	for _, s := range o.Services {
		if s.Table == nil || s.Impl == nil || !s.Table.Implements(s.Impl) {
			return nil, fmt.Errorf("awsproto: %T does not implement the operations of its table", s.Impl)
		}
		codec, err := newCodec(s.Table)
		if err != nil {
			return nil, fmt.Errorf("awsproto: %s: %w", s.Table.Name, err)
		}
		rules, err := newValidator(s.Table)
		if err != nil {
			return nil, fmt.Errorf("awsproto: %s: %w", s.Table.Name, err)
		}
		h.services[s.Table.Name] = &service{Service: s, codec: codec, validator: rules}
		names = append(names, s.Table.Name)
	}
	sort.Strings(names)
	h.names = strings.Join(names, ", ")
	if h.now == nil {
		h.now = time.Now
	}
	if h.newRequestID == nil {
		h.newRequestID = newUUID
	}
	if h.log == nil {
		h.log = slog.Default()
	}
	return h, nil
}

// newUUID makes a random UUID (RFC 9562 section 5.4).
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	b[6], b[8] = b[6]&0x0F|0x40, b[8]&0x3F|0x80
	t := hex.EncodeToString(b[:])
	return t[:8] + "-" + t[8:12] + "-" + t[12:16] + "-" + t[16:20] + "-" + t[20:]
}

// spelling gives AWS's case of the header names that net/http would change.
var spelling = map[string]string{
	"X-Amzn-Requestid": "x-amzn-RequestId", "X-Amzn-Errortype": "x-amzn-ErrorType", "X-Amz-Apigw-Id": "x-amz-apigw-id",
	"Etag": "ETag", "Ettag": "ETtag",
}

// ServeHTTP answers one control-plane call.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	requestID := h.newRequestID()
	in, err := readRequest(w, r)
	answer := h.answer(r.Context(), in, err, requestID)
	if answer.body == nil {
		answer.body = []byte{}
	}
	for name, values := range answer.header {
		if spelled, ok := spelling[name]; ok {
			name = spelled
		}
		w.Header()[name] = values
	}
	if answer.status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(answer.body)))
	}
	w.WriteHeader(answer.status)
	if answer.status != http.StatusNoContent {
		_, _ = w.Write(answer.body) // an error here is the client's, who is gone
	}
}

// answer is the way of a call: identify → authenticate → route → decode →
// validate → invoke → encode. readErr is why the body is not there, if it is not.
func (h *Handler) answer(ctx context.Context, r *request, readErr error, requestID string) *response {
	now := h.now()
	to := identify(r)
	svc := h.services[to.service]
	if svc == nil && to.service != "" {
		return foreign(r, to.service, h.names, requestID)
	}
	if svc == nil {
		_, err := h.auth.authenticate(r, "", now)
		return unnamed(r, err, requestID)
	}
	if readErr != nil {
		return svc.fail(unread(readErr, svc.Table.Protocol), requestID)
	}
	who, err := h.auth.authenticate(r, to.hostService, now)
	if err != nil {
		return svc.fail(signatureError(err, svc.Table.Protocol), requestID)
	}
	m, refused := svc.route(r)
	if refused != nil {
		return svc.fail(refused, requestID)
	}
	op := m.route.operation
	in, refused := svc.decode(m, r)
	if refused != nil {
		return svc.fail(refused, requestID)
	}
	if message := svc.validator.check(op, in); message != "" {
		return svc.fail(svc.invalid(message), requestID)
	}
	call := h.call(ctx, r, to, who)
	call.Service, call.Operation, call.RequestID, call.Now = to.service, op.Name, requestID, now
	out, err := h.invoke(svc, op, call, in)
	if err != nil {
		return svc.fail(h.asError(call, err), requestID)
	}
	return svc.encode(op, out, requestID)
}

// unread is the answer to a body that is too large, or that broke off: its
// sender has gone, stayed silent too long, or only closed its sending side.
func unread(cause error, p api.Protocol) *api.Error {
	e := &api.Error{Code: "IncompleteBody", Status: 400, Message: "The request body ended, or stopped coming, before it was complete."}
	if errors.Is(cause, errTooLarge) {
		e = &api.Error{Code: "RequestEntityTooLarge", Status: 413, Message: "The request body is larger than 8 MiB."}
	}
	if p == api.RestJSON {
		e.Code += "Exception"
	}
	return e
}

// call describes the caller to the operation.
func (h *Handler) call(ctx context.Context, r *request, to destination, who caller) *api.Call {
	c := &api.Call{Context: ctx, Account: who.account, Region: who.region, AccessKeyID: who.accessKeyID,
		PrincipalARN: who.principalARN, SourceIP: r.source, UserAgent: r.header.Get("User-Agent")}
	if c.Region == "" {
		c.Region = to.region
	}
	if c.Region == "" {
		c.Region = h.region
	}
	c.Partition = partitionOf(c.Region)
	if c.PrincipalARN == "" {
		c.PrincipalARN = "arn:" + c.Partition + ":iam::" + c.Account + ":root"
	}
	c.UserID = userID(c.Account, c.PrincipalARN)
	return c
}

// errPanic is what a panic in an operation becomes.
var errPanic = errors.New("panic in an operation")

// invoke runs the operation. A panic ends this call only.
func (h *Handler) invoke(svc *service, op *api.Operation, call *api.Call, in any) (out any, err error) {
	defer func() {
		if p := recover(); p != nil {
			h.log.Error("control plane: panic", "requestId", call.RequestID, "service", call.Service,
				"operation", call.Operation, "panic", p, "stack", string(debug.Stack()))
			out, err = nil, internalFailure(errPanic)
		}
	}()
	return op.Invoke(svc.Impl, call, in)
}

// asError turns an operation's error into the client's. Whatever is not an
// *api.Error is an internal failure: its text is for the log, not for the
// client.
func (h *Handler) asError(call *api.Call, err error) *api.Error {
	e := new(api.Error)
	if !errors.As(err, &e) {
		e = internalFailure(err)
	}
	if e.Cause != nil && !errors.Is(e.Cause, errPanic) && !errors.Is(e.Cause, context.Canceled) {
		h.log.Error("control plane: operation failed", "requestId", call.RequestID, "service", call.Service,
			"operation", call.Operation, "code", e.Code, "error", e.Cause)
	}
	return e
}

// internalFailure has the code and text of AWS's list of common errors.
func internalFailure(cause error) *api.Error {
	return &api.Error{Code: "InternalFailure", Status: 500, Cause: cause,
		Message: "The request processing has failed because of an unknown error, exception or failure."}
}
