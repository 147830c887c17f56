package cloudfront

import (
	"encoding/json"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

// Resource policies share VPC origins, Anycast IP lists and other resources
// with other accounts. They are stored and shown; other accounts do not get at
// a resource by them.

// ResourcePolicyRecord is a stored resource policy.
type ResourcePolicyRecord struct {
	ResourceARN string
	Document    string
}

// maxPolicyDocument bounds a policy document, in bytes.
const maxPolicyDocument = 20 << 10

func resourcePolicyKey(account, arn string) string {
	return Key(account, KindResourcePolicy, escape(arn))
}

// PutResourcePolicy gives a resource a policy.
func (s *Service) PutResourcePolicy(call *api.Call, in *cloudfrontapi.PutResourcePolicyRequest) (*cloudfrontapi.PutResourcePolicyResult, error) {
	arn, document := value(in.ResourceArn), value(in.PolicyDocument)
	var policy struct{ Statement json.RawMessage }
	switch {
	case document == "":
		return nil, badParameter("PolicyDocument is required.")
	case len(document) > maxPolicyDocument || json.Unmarshal([]byte(document), &policy) != nil || len(policy.Statement) == 0:
		return nil, badParameter("PolicyDocument is not valid.")
	}
	_, err := s.write(call, func(c *change) error {
		if err := s.expectResource(call, c, arn); err != nil {
			return err
		}
		c.put(resourcePolicyKey(call.Account, arn), ResourcePolicyRecord{arn, document})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.PutResourcePolicyResult{ResourceArn: new(arn)}, nil
}

// expectResource demands that an ARN names a resource of the account that can
// be shared.
func (s *Service) expectResource(call *api.Call, c *change, arn string) error {
	rest, own := strings.CutPrefix(arn, arnPrefix(call))
	if !own {
		if !strings.HasPrefix(arn, "arn:") {
			return badParameter("ResourceArn is not valid.")
		}
		return entityNotFound()
	}
	arnType, id, _ := strings.Cut(rest, "/")
	kind, known := map[string]Kind{
		"vpcorigin": KindVPCOrigin, "anycast-ip-list": KindAnycastIPList, "distribution": KindDistribution,
		"distribution-tenant": KindDistributionTenant, "connection-group": KindConnectionGroup, "trust-store": KindTrustStore,
	}[arnType]
	if !known || id == "" {
		return entityNotFound()
	}
	key := Key(call.Account, kind, id)
	found, revision, err := s.readIndex(call, key)
	if err == nil && found == "" {
		err = entityNotFound()
	}
	c.expect(key, revision)
	return err
}

// GetResourcePolicy shows the policy of a resource.
func (s *Service) GetResourcePolicy(call *api.Call, in *cloudfrontapi.GetResourcePolicyRequest) (*cloudfrontapi.GetResourcePolicyResult, error) {
	record, _, err := s.resourcePolicy(call, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetResourcePolicyResult{ResourceArn: new(record.ResourceARN), PolicyDocument: new(record.Document)}, nil
}

func (s *Service) resourcePolicy(call *api.Call, arn *string) (*ResourcePolicyRecord, int64, error) {
	record, revision, err := read[ResourcePolicyRecord](call, s, resourcePolicyKey(call.Account, value(arn)))
	if err == nil && record == nil {
		err = entityNotFound()
	}
	return record, revision, err
}

// DeleteResourcePolicy takes the policy off a resource.
func (s *Service) DeleteResourcePolicy(call *api.Call, in *cloudfrontapi.DeleteResourcePolicyRequest) error {
	_, err := s.write(call, func(c *change) error {
		record, revision, err := s.resourcePolicy(call, in.ResourceArn)
		if err != nil {
			return err
		}
		key := resourcePolicyKey(call.Account, record.ResourceARN)
		c.expect(key, revision)
		c.delete(key)
		return nil
	})
	return err
}
