// Package sigv4 reads, verifies and makes AWS Signature Version 4
// signatures, in the Authorization header and in the presigned query form, and
// verifies those of Version 4A.
//
// Its place on the way: the server asks [Scope] for the region and service of
// a request that nobody has verified yet (design "Whose request is it"), the
// control plane and the gateway's authorise step call [Parse], look the access
// key up themselves and then call [Keyring.Verify]; upstream calls
// [Keyring.Sign] for requests that Drawbridge itself sends.
//
// It must not know where credentials are kept, what a caller may do, or how an
// error becomes bytes: an [Error] carries AWS's code and text and nothing
// about status lines or envelopes.
//
// Sources: reference/api-gateway.md 1.10, 6.4 and Appendix C; IAM User Guide,
// "Create a signed AWS API request".
package sigv4
