// Package certificates is ACM and IAM as far as CloudFront's viewer
// certificates need them: importing, requesting and describing certificates,
// and IAM's server certificates.
//
// Its place on the way: awsproto calls ACM and IAM with decoded inputs;
// CloudFront asks Find for the names that a certificate covers. Requested
// certificates are signed at once by the local authority, which app hands in.
//
// It must not know wire formats, who serves a certificate, nor distributions:
// whether a certificate is in use it asks a function.
package certificates
