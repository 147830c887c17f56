package awsproto

import (
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"drawbridge/controlplane/api"
	"drawbridge/engine/sigv4"
)

// Credential is one identity that may call the control plane.
type Credential struct {
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string // empty: a long-lived key
	PrincipalARN    string // empty: the account's root
	AccountID       string // empty: the server's account
}

// caller is who signed a request.
type caller struct {
	accessKeyID  string
	account      string
	principalARN string
	region       string
}

// authenticator tells who signed a request. Without configured credentials any
// well-formed signature passes (design: loopback only, which app enforces).
type authenticator struct {
	account     string
	credentials map[string]Credential
	keys        *sigv4.Keyring
}

var (
	accountPattern = regexp.MustCompile(`\A[0-9]{12}\z`)
	keyIDPattern   = regexp.MustCompile(`\A[A-Za-z0-9_.-]{1,128}\z`)
	// regions become part of ARNs and of store keys
	regionPattern = regexp.MustCompile(`\A[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?\z`)
)

func newAuthenticator(account string, credentials []Credential) (*authenticator, error) {
	a := &authenticator{account: account, credentials: map[string]Credential{}}
	for i, c := range credentials {
		if !keyIDPattern.MatchString(c.AccessKeyID) || c.SecretAccessKey == "" {
			return nil, fmt.Errorf("credential %d: access key id or secret access key is missing or not well-formed", i+1)
		}
		if c.AccountID != "" && !accountPattern.MatchString(c.AccountID) {
			return nil, fmt.Errorf("credential %d: account id is not 12 digits", i+1)
		}
		if _, twice := a.credentials[c.AccessKeyID]; twice {
			return nil, fmt.Errorf("credential %d: access key id appears twice", i+1)
		}
		a.credentials[c.AccessKeyID] = c
	}
	keys, err := sigv4.New(sigv4.Options{})
	if err != nil {
		return nil, fmt.Errorf("signing keys: %w", err)
	}
	a.keys = keys
	return a, nil
}

// authenticate gives the caller. hostService is the service that the host
// names, empty if it names none. The error is a *sigv4.Error.
func (a *authenticator) authenticate(r *request, hostService string, now time.Time) (caller, error) {
	presented, err := sigv4.Parse(r.signed())
	if err != nil {
		return caller{}, err
	}
	if !keyIDPattern.MatchString(presented.AccessKeyID) {
		return caller{}, sigv4.UnknownKey()
	}
	if presented.Region != "" && !regionPattern.MatchString(presented.Region) {
		return caller{}, badRegion(presented.Region)
	}
	out := caller{accessKeyID: presented.AccessKeyID, account: a.account, region: presented.Region}
	if len(a.credentials) == 0 {
		if accountPattern.MatchString(presented.AccessKeyID) {
			out.account = presented.AccessKeyID
		}
		return out, nil
	}
	if err := presented.CheckScope("", hostService); err != nil {
		return caller{}, err
	}
	known, ok := a.credentials[presented.AccessKeyID]
	if !ok {
		return caller{}, sigv4.UnknownKey()
	}
	if known.AccountID != "" {
		out.account = known.AccountID
	}
	out.principalARN = known.PrincipalARN
	return out, a.keys.Verify(sigv4.VerifyInput{
		Request: r.signed(), Presented: presented, Body: r.body, Now: now, DoubleEncodePath: true,
		Credential: sigv4.Credential{SecretKey: known.SecretAccessKey, SessionToken: known.SessionToken},
		// The key value store's data API is of no region (reference/cloudfront.md 5.3).
		AllowV4A: presented.Service == "cloudfront-keyvaluestore",
	})
}

func badRegion(region string) *sigv4.Error {
	return &sigv4.Error{Reason: sigv4.ReasonScope, Code: sigv4.CodeInvalidSignature,
		Message: "Credential should be scoped to a valid region, not '" + short(region) + "'. "}
}

// signatureError puts a refused signature into the codes of a protocol. All
// are 403, but CloudFront's and STS's IncompleteSignature is 400 (AWS's list of
// common errors).
func signatureError(err error, protocol api.Protocol) *api.Error {
	refused := new(sigv4.Error)
	if !errors.As(err, &refused) {
		return internalFailure(err)
	}
	e := &api.Error{Code: refused.Code, Message: refused.Message, Status: 403}
	if protocol != api.RestJSON && protocol != api.JSON11 {
		e.Code = refused.QueryCode()
		if e.Code == "IncompleteSignature" {
			e.Status = 400
		}
	}
	return e
}

// partitionOf gives the partition of a region.
func partitionOf(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// userID is what GetCallerIdentity shows: the account for root, else an id of
// AWS's form that follows from the ARN (AIDA… for users, AROA…:session for
// roles).
func userID(account, arn string) string {
	_, resource, _ := strings.Cut(arn, "::"+account+":")
	if arn == "" || resource == "root" {
		return account
	}
	hashed := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return base32.StdEncoding.EncodeToString(sum[:])[:17]
	}
	if role, ok := strings.CutPrefix(resource, "assumed-role/"); ok {
		name, session, _ := strings.Cut(role, "/")
		return "AROA" + hashed(account+"/"+name) + ":" + session
	}
	return "AIDA" + hashed(arn)
}
