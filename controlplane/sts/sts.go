package sts

import (
	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/stsapi"
)

// Options of a Service: none yet.
type Options struct{}

// Service is STS. Operations that it does not define answer "not implemented"
// (stsapi.Unimplemented).
type Service struct {
	stsapi.Unimplemented
}

var _ stsapi.Service = (*Service)(nil)

// New returns a Service. It never fails; the error is there because every
// constructor has one.
func New(Options) (*Service, error) { return &Service{}, nil }

// GetCallerIdentity answers who the caller is: it needs no permission and
// cannot fail.
func (*Service) GetCallerIdentity(call *api.Call, _ *stsapi.GetCallerIdentityRequest) (*stsapi.GetCallerIdentityResponse, error) {
	return &stsapi.GetCallerIdentityResponse{
		Account: new(call.Account), Arn: new(call.PrincipalARN), UserId: new(call.UserID),
	}, nil
}
