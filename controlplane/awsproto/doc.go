// Package awsproto speaks AWS's wire protocols to clients: REST-JSON (API
// Gateway), REST-XML (CloudFront) and the query protocol (STS).
//
// Its place on the way: the server hands it every request that belongs to the
// control plane. [Handler.ServeHTTP] is the way: identify the service →
// authenticate → route → decode → validate → invoke the service's operation →
// encode, and it is the one place where a control-plane error becomes bytes.
// All of it reads the generated tables of controlplane/api.
//
// It must not know any resource: neither what an operation does nor where
// anything is stored. It does not decide whether a request belongs to the
// control plane, and it knows no browser rules; both are the server's.
package awsproto
