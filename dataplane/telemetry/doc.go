// Package telemetry receives finished exchanges and makes an access log line
// and metrics of them. It is a leaf: nothing waits for it, and a slow disk or a
// slow scraper never slows an answer down beyond a bounded buffer.
//
// It must not know how an exchange is answered. No secret reaches it: a record
// holds ids and decisions, never header values of its own choosing.
package telemetry
