package api

import "strconv"

// Fault says on whose side an error lies, as the XML envelopes print it
// (reference/cloudfront.md 1.6).
type Fault string

// The two faults of AWS's error envelopes.
const (
	FaultSender   Fault = "Sender"
	FaultReceiver Fault = "Receiver"
)

// Error is what a failed operation answers: a code of the service's model (or
// one AWS answers outside its model), the text for the client and the HTTP
// status. The generated packages have a constructor for each code.
type Error struct {
	Code    string
	Message string
	Status  int // HTTP status

	// RetryAfterSeconds goes to the Retry-After header when it is above 0
	// (reference/api-gateway.md 1.1).
	RetryAfterSeconds int

	// Cause is for the log only, never for the client.
	Cause error
}

// Error gives code, status and text; the cause stays with Unwrap.
func (e *Error) Error() string {
	return e.Code + " (" + strconv.Itoa(e.Status) + "): " + e.Message
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Fault is derived from the status: 5xx lies with the receiver.
func (e *Error) Fault() Fault {
	if e.Status >= 500 {
		return FaultReceiver
	}
	return FaultSender
}
