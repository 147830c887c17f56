package sts

import (
	"testing"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/stsapi"
)

func TestGetCallerIdentity(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	call := &api.Call{Account: "123456789012", PrincipalARN: "arn:aws:iam::123456789012:user/ops", UserID: "AIDAEXAMPLE"}
	out, err := s.GetCallerIdentity(call, &stsapi.GetCallerIdentityRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if *out.Account != call.Account || *out.Arn != call.PrincipalARN || *out.UserId != call.UserID {
		t.Errorf("got %s, %s, %s", *out.Account, *out.Arn, *out.UserId)
	}
}

func TestOthersAreNotImplemented(t *testing.T) {
	s, _ := New(Options{})
	_, err := s.AssumeRole(&api.Call{}, &stsapi.AssumeRoleRequest{})
	if e, ok := err.(*api.Error); !ok || e.Status != 501 {
		t.Errorf("AssumeRole: got %v, want a typed error with status 501", err)
	}
}
