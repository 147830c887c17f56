package policy

import "strings"

// Key is a well-known condition key, interned so that evaluation finds it
// without comparing names. The first keyTexts of them carry text and have room
// in every Context; the next carry lists; the last are typed.
type Key uint8

// The global condition keys (reference/api-gateway.md 3.4;
// reference_policies_condition-keys).
const (
	KeyReferer Key = iota
	KeyUserAgent
	KeySourceArn
	KeySourceAccount
	KeySourceOrgID
	KeySourceVpc
	KeySourceVpce
	KeyVpceAccount
	KeyVpceOrgID
	KeyPrincipalArn
	KeyPrincipalAccount
	KeyPrincipalType
	KeyPrincipalOrgID
	KeyPrincipalServiceName
	KeyUserID
	KeyUsername
	KeyRequestedRegion
	KeySourceIdentity
	KeyFederatedProvider
	KeyCalledViaFirst
	KeyCalledViaLast
	keyTexts // how many carry text

	KeyPrincipalOrgPaths Key = iota - 1
	KeyPrincipalServiceNamesList
	KeyVpceOrgPaths
	KeySourceOrgPaths
	KeyCalledVia
	KeyTagKeys

	KeySourceIP
	KeyVpcSourceIP
	KeyCurrentTime
	KeyEpochTime
	KeyTokenIssueTime
	KeySecureTransport
	KeyMultiFactorAuthPresent
	KeyViaAWSService
	KeyPrincipalIsAWSService
	KeyMultiFactorAuthAge
	keyCount

	// keyOther marks every other key: service keys, tags. They go by name.
	keyOther
)

var keyNames = [keyCount]string{
	KeyReferer:                   "aws:Referer",
	KeyUserAgent:                 "aws:UserAgent",
	KeySourceArn:                 "aws:SourceArn",
	KeySourceAccount:             "aws:SourceAccount",
	KeySourceOrgID:               "aws:SourceOrgID",
	KeySourceVpc:                 "aws:SourceVpc",
	KeySourceVpce:                "aws:SourceVpce",
	KeyVpceAccount:               "aws:VpceAccount",
	KeyVpceOrgID:                 "aws:VpceOrgID",
	KeyPrincipalArn:              "aws:PrincipalArn",
	KeyPrincipalAccount:          "aws:PrincipalAccount",
	KeyPrincipalType:             "aws:PrincipalType",
	KeyPrincipalOrgID:            "aws:PrincipalOrgID",
	KeyPrincipalServiceName:      "aws:PrincipalServiceName",
	KeyUserID:                    "aws:userid",
	KeyUsername:                  "aws:username",
	KeyRequestedRegion:           "aws:RequestedRegion",
	KeySourceIdentity:            "aws:SourceIdentity",
	KeyFederatedProvider:         "aws:FederatedProvider",
	KeyCalledViaFirst:            "aws:CalledViaFirst",
	KeyCalledViaLast:             "aws:CalledViaLast",
	KeyPrincipalOrgPaths:         "aws:PrincipalOrgPaths",
	KeyPrincipalServiceNamesList: "aws:PrincipalServiceNamesList",
	KeyVpceOrgPaths:              "aws:VpceOrgPaths",
	KeySourceOrgPaths:            "aws:SourceOrgPaths",
	KeyCalledVia:                 "aws:CalledVia",
	KeyTagKeys:                   "aws:TagKeys",
	KeySourceIP:                  "aws:SourceIp",
	KeyVpcSourceIP:               "aws:VpcSourceIp",
	KeyCurrentTime:               "aws:CurrentTime",
	KeyEpochTime:                 "aws:EpochTime",
	KeyTokenIssueTime:            "aws:TokenIssueTime",
	KeySecureTransport:           "aws:SecureTransport",
	KeyMultiFactorAuthPresent:    "aws:MultiFactorAuthPresent",
	KeyViaAWSService:             "aws:ViaAWSService",
	KeyPrincipalIsAWSService:     "aws:PrincipalIsAWSService",
	KeyMultiFactorAuthAge:        "aws:MultiFactorAuthAge",
}

var keysByName = func() map[string]Key {
	m := make(map[string]Key, keyCount)
	for k, name := range keyNames {
		m[strings.ToLower(name)] = Key(k)
	}
	return m
}()

// String is the key's name as AWS writes it.
func (k Key) String() string {
	if k < keyCount {
		return keyNames[k]
	}
	return "(other)"
}

// LookupKey finds a well-known key by its name, in any case.
func LookupKey(name string) (Key, bool) {
	k, ok := keysByName[strings.ToLower(name)]
	return k, ok
}

// keySet is a set of well-known keys; keyCount stays below 64.
type keySet uint64

func (s keySet) has(k Key) bool { return s&(1<<k) != 0 }
func (s *keySet) add(k Key)     { *s |= 1 << k }
func (s *keySet) remove(k Key)  { *s &^= 1 << k }

// intern splits a key name into its number and, for the others, its name.
func intern(name string) (Key, string) {
	if k, ok := LookupKey(name); ok {
		return k, ""
	}
	return keyOther, name
}

// isKeyName: a key has a prefix, a colon and a name
// (reference_policies_condition-keys), and no spaces but those of a tag key.
func isKeyName(name string) bool {
	prefix, rest, ok := strings.Cut(name, ":")
	return ok && prefix != "" && rest != "" && !strings.ContainsAny(prefix, " \t\r\n")
}
