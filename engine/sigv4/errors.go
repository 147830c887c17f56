package sigv4

import (
	"crypto/sha256"
	"encoding/base64"
)

// Reason says why a request's signature was refused. It is the value that logs
// and tests read; Code and Message of an [Error] are what the client reads.
type Reason int

// The reasons, in the order in which a request can meet them.
const (
	ReasonMissing        Reason = iota + 1 // no signature at all
	ReasonMalformed                        // an Authorization header or query that is no SigV4
	ReasonIncomplete                       // SigV4 with parts missing or unreadable
	ReasonNotSupported                     // an algorithm that is not taken here
	ReasonScope                            // region, service, date or terminator of the scope
	ReasonUnsignedHost                     // host is not among the signed headers
	ReasonExpired                          // too old
	ReasonNotYetCurrent                    // from the future
	ReasonUnknownKey                       // access key id unknown or inactive
	ReasonToken                            // session token is not the key's
	ReasonExpiredToken                     // session token is the key's, but over
	ReasonPayload                          // payload hash is not the body's, or unsigned where it must be signed
	ReasonHeaderNotThere                   // a signed header is not in the request
	ReasonMismatch                         // the signature itself
)

// reasonWords is the short text of each reason: safe to log, unlike Message,
// which repeats what the client sent.
var reasonWords = [...]string{
	ReasonMissing:        "no signature",
	ReasonMalformed:      "authorization is not SigV4",
	ReasonIncomplete:     "signature incomplete",
	ReasonNotSupported:   "signing algorithm not supported",
	ReasonScope:          "wrong credential scope",
	ReasonUnsignedHost:   "host not signed",
	ReasonExpired:        "signature expired",
	ReasonNotYetCurrent:  "signature not yet current",
	ReasonUnknownKey:     "unknown access key",
	ReasonToken:          "wrong session token",
	ReasonExpiredToken:   "session token expired",
	ReasonPayload:        "payload hash is not the body's",
	ReasonHeaderNotThere: "signed header not in the request",
	ReasonMismatch:       "signature does not match",
}

// String gives the short text of the reason.
func (r Reason) String() string {
	if r <= 0 || int(r) >= len(reasonWords) {
		return "unknown reason"
	}
	return reasonWords[r]
}

// The codes of AWS's JSON protocols (reference/api-gateway.md 6.4).
const (
	CodeMissingAuthenticationToken = "MissingAuthenticationTokenException"
	CodeIncompleteSignature        = "IncompleteSignatureException"
	CodeInvalidSignature           = "InvalidSignatureException"
	CodeUnrecognizedClient         = "UnrecognizedClientException"
	CodeExpiredToken               = "ExpiredTokenException"
)

// Error is a refused signature.
type Error struct {
	Reason Reason
	// Code is the x-amzn-errortype of the JSON protocols.
	Code string
	// Message is AWS's text for the client. It repeats parts of the request
	// (the canonical string among them), so it goes into the answer, never
	// into a log.
	Message string
}

// Error gives code and reason, without anything the client sent.
func (e *Error) Error() string { return e.Code + ": " + e.Reason.String() }

// QueryCode is the code by which the query and REST-XML services (STS,
// CloudFront) name the same error.
func (e *Error) QueryCode() string {
	switch e.Code {
	case CodeMissingAuthenticationToken:
		return "MissingAuthenticationToken"
	case CodeIncompleteSignature:
		return "IncompleteSignature"
	case CodeUnrecognizedClient:
		return "InvalidClientTokenId"
	case CodeExpiredToken:
		return "ExpiredToken"
	default:
		return "SignatureDoesNotMatch"
	}
}

// UnknownKey is the answer to an access key id that the caller's own table
// does not know.
func UnknownKey() *Error {
	return &Error{ReasonUnknownKey, CodeUnrecognizedClient, "The security token included in the request is invalid."}
}

// ExpiredToken is the answer to temporary credentials that are over.
func ExpiredToken() *Error {
	return &Error{ReasonExpiredToken, CodeExpiredToken, "The security token included in the request is expired"}
}

func missingToken() *Error {
	return &Error{ReasonMissing, CodeMissingAuthenticationToken, "Missing Authentication Token"}
}

func incomplete(message string) *Error {
	return &Error{ReasonIncomplete, CodeIncompleteSignature, message}
}

func invalid(reason Reason, message string) *Error {
	return &Error{reason, CodeInvalidSignature, message}
}

// mismatch is the long text that shows the client both strings, so that it can
// compare them with its own (reference/api-gateway.md 6.4).
func mismatch(reason Reason, canonical, toSign string) *Error {
	return invalid(reason, "The request signature we calculated does not match the signature you provided."+
		" Check your AWS Secret Access Key and signing method. Consult the service documentation for details."+
		"\n\nThe Canonical String for this request should have been\n'"+canonical+
		"'\n\nThe String-to-Sign should have been\n'"+toSign+"'\n")
}

// hashed is how AWS repeats an Authorization header since 2023: SHA-256, in
// standard Base64.
func hashed(value string) string {
	sum := sha256.Sum256([]byte(value))
	return base64.StdEncoding.EncodeToString(sum[:])
}
