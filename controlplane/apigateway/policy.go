package apigateway

import (
	"strings"
	"unicode/utf8"

	"drawbridge/controlplane/api"
	"drawbridge/engine/policy"
)

const badPolicyText = "Invalid policy document. Please check the policy syntax and ensure that Principals are valid."

// storedPolicy checks a resource policy and gives the form that is stored:
// canonical JSON with execute-api:/… written out as the full ARN
// (reference/api-gateway.md 3.1). An empty document is no policy.
func (s *Service) storedPolicy(call *api.Call, apiID, document string) (*string, error) {
	if document == "" {
		return nil, nil
	}
	if utf8.RuneCountInString(document) > s.limits.PolicyChars {
		return nil, badRequest(badPolicyText)
	}
	arn := "arn:" + call.Partition + ":execute-api:" + call.Region + ":" + call.Account + ":" + apiID + "/"
	doc, err := policy.Parse([]byte(document), policy.Options{
		ResourceBased: true,
		MaxBytes:      s.limits.PolicyChars * utf8.UTFMax,
		Expand: func(resource string) string {
			if rest, ok := strings.CutPrefix(resource, "execute-api:/"); ok {
				return arn + rest
			}
			return resource
		},
	})
	if err != nil {
		return nil, badRequest(badPolicyText)
	}
	return new(string(doc.Canonical())), nil
}

// shownPolicy is the stored form as the API shows it: its text escaped once
// more, as it would stand inside a JSON string (reference/api-gateway.md 3.1).
func shownPolicy(stored *string) *string {
	if stored == nil {
		return nil
	}
	return new(strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(*stored))
}
