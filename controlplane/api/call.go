package api

import (
	"context"
	"net/netip"
	"time"
)

// Call is the caller of one control-plane call and the moment of it. awsproto
// fills it after authentication; an operation reads it and never changes it.
type Call struct {
	// Context ends when the client goes away or the server drains.
	context.Context

	Service   string // signing name: "apigateway", "cloudfront", "sts"
	Operation string // "CreateRestApi"

	Account   string // 12 digits
	Region    string // of the credential scope or the host, else the server's
	Partition string // "aws", "aws-cn", "aws-us-gov", by region

	AccessKeyID  string
	PrincipalARN string // "arn:aws:iam::000000000000:root" without configured credentials
	UserID       string // what sts GetCallerIdentity answers as UserId

	RequestID string // UUID, also in the answer's headers
	Now       time.Time
	SourceIP  netip.Addr // the zero Addr when the transport does not know it
	UserAgent string
}
