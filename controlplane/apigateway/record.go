package apigateway

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"

	"drawbridge/controlplane/api/apigatewayapi"
)

// Kind is a kind of record, and the word that stands for it in keys.
type Kind string

// The kinds. All keys but those of KindOwner and KindHost are
// apigateway/<account>/<region>/<kind>/[<parent>/]<id>.
const (
	KindRestAPI    Kind = "restapis"      // id: API id; APIRecord
	KindDeployment Kind = "deployments"   // parent: API id; DeploymentRecord
	KindStage      Kind = "stages"        // parent: API id; id: stage name; StageRecord
	KindKey        Kind = "apikeys"       // KeyRecord
	KindKeyValue   Kind = "apikeyvalues"  // id: ValueHash of the value; KeyValueRecord
	KindPlan       Kind = "usageplans"    // PlanRecord
	KindPlanKey    Kind = "usageplankeys" // parent: plan id; id: key id; PlanKeyRecord
	KindOwner      Kind = "owner"         // apigateway-ids/<API id>; OwnerRecord

	KindAccount       Kind = "account"                      // id: "settings"; AccountRecord
	KindVpcLink       Kind = "vpclinks"                     // VpcLinkRecord
	KindCertificate   Kind = "clientcertificates"           // CertificateRecord
	KindDocumentation Kind = "documentationversions"        // parent: API id; id: version; DocumentationRecord
	KindDomain        Kind = "domainnames"                  // id: the name; DomainRecord
	KindHost          Kind = "host"                         // apigateway-hosts/<host name>; HostRecord
	KindAssociation   Kind = "domainnameaccessassociations" // id: its ARN; AssociationRecord
)

// Prefixes of all keys of this package.
const (
	Root      = "apigateway/"
	OwnerRoot = "apigateway-ids/"
	HostRoot  = "apigateway-hosts/"
)

// Ref names one record.
type Ref struct {
	Account, Region string // "" for KindOwner and KindHost
	Kind            Kind
	Parent          string // API id or plan id; "" for kinds without a parent
	ID              string
}

// hasParent says whether records of the kind live below another.
func (k Kind) hasParent() bool {
	return k == KindDeployment || k == KindStage || k == KindPlanKey || k == KindDocumentation
}

// Key is the record's key in the store. Each part is escaped, so that no client
// can reach another record by an id with a slash in it.
func (r Ref) Key() string {
	switch {
	case r.Kind == KindOwner:
		return OwnerRoot + url.PathEscape(r.ID)
	case r.Kind == KindHost:
		return HostRoot + url.PathEscape(r.ID)
	case r.Kind.hasParent():
		return Below(r.Account, r.Region, r.Kind, r.Parent) + url.PathEscape(r.ID)
	}
	return Prefix(r.Account, r.Region, r.Kind) + url.PathEscape(r.ID)
}

// Prefix is what the keys of all records of a kind start with.
func Prefix(account, region string, kind Kind) string {
	return Root + url.PathEscape(account) + "/" + url.PathEscape(region) + "/" + string(kind) + "/"
}

// Below is what the keys of the records below one API or plan start with.
func Below(account, region string, kind Kind, parent string) string {
	return Prefix(account, region, kind) + url.PathEscape(parent) + "/"
}

// ParseKey is the inverse of Ref.Key; false for a key of another shape.
func ParseKey(key string) (Ref, bool) {
	if rest, ok := strings.CutPrefix(key, OwnerRoot); ok {
		id, err := url.PathUnescape(rest)
		return Ref{Kind: KindOwner, ID: id}, err == nil && id != ""
	}
	if rest, ok := strings.CutPrefix(key, HostRoot); ok {
		id, err := url.PathUnescape(rest)
		return Ref{Kind: KindHost, ID: id}, err == nil && id != ""
	}
	rest, ok := strings.CutPrefix(key, Root)
	if !ok {
		return Ref{}, false
	}
	parts := strings.Split(rest, "/")
	for i, part := range parts {
		text, err := url.PathUnescape(part)
		if err != nil || text == "" {
			return Ref{}, false
		}
		parts[i] = text
	}
	if len(parts) < 4 {
		return Ref{}, false
	}
	ref := Ref{Account: parts[0], Region: parts[1], Kind: Kind(parts[2]), ID: parts[len(parts)-1]}
	switch ref.Kind {
	case KindRestAPI, KindKey, KindKeyValue, KindPlan,
		KindAccount, KindVpcLink, KindCertificate, KindDomain, KindAssociation:
		return ref, len(parts) == 4
	case KindDeployment, KindStage, KindPlanKey, KindDocumentation:
		ref.Parent = parts[3]
		return ref, len(parts) == 5
	}
	return Ref{}, false
}

// ValueHash is the id under which a key value is indexed: the hex SHA-256, so
// that no secret stands in a key of the store.
func ValueHash(value string) string {
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:])
}

// APIRecord is the draft of a REST API: everything CreateDeployment freezes.
type APIRecord struct {
	// Api is as GetRestApi shows it, but Policy is the canonical JSON itself.
	Api apigatewayapi.RestApi

	Resources          map[string]apigatewayapi.Resource          // by resource id; Path is kept up to date
	Models             map[string]apigatewayapi.Model             `json:",omitzero"` // by name
	RequestValidators  map[string]apigatewayapi.RequestValidator  `json:",omitzero"` // by id
	Authorizers        map[string]apigatewayapi.Authorizer        `json:",omitzero"` // by id
	GatewayResponses   map[string]apigatewayapi.GatewayResponse   `json:",omitzero"` // by type; only customised ones
	DocumentationParts map[string]apigatewayapi.DocumentationPart `json:",omitzero"` // by id
}

// DeploymentRecord is a deployment: its own description and the frozen copy of
// the API it was made from (reference/api-gateway.md 1.12), without the
// documentation, which no call to the API ever needs.
type DeploymentRecord struct {
	Deployment apigatewayapi.Deployment
	Frozen     APIRecord
}

// StageRecord is a stage's live settings.
type StageRecord struct {
	Stage apigatewayapi.Stage
}

// KeyRecord is an API key with its value.
type KeyRecord struct {
	Key apigatewayapi.ApiKey
}

// KeyValueRecord says which key has a value.
type KeyValueRecord struct {
	KeyID string
}

// PlanRecord is a usage plan.
type PlanRecord struct {
	Plan apigatewayapi.UsagePlan
}

// PlanKeyRecord puts an API key into a usage plan. Name and value are the
// key's own.
type PlanKeyRecord struct {
	KeyID string
	Type  string // "API_KEY"
}

// OwnerRecord says whose an API id is; ids are unique over the whole server,
// because host names carry no account. It is also put again (unchanged) by
// every write that makes or drops a reference among an API's deployments,
// stages and usage plans: transactions that compare its revision exclude each
// other.
type OwnerRecord struct {
	Account, Region string
}

// AccountRecord is what UpdateAccount has set.
type AccountRecord struct {
	Account apigatewayapi.Account
}

// VpcLinkRecord is a VPC link.
type VpcLinkRecord struct {
	Link apigatewayapi.VpcLink
}

// CertificateRecord is a client certificate with its private key, which no
// operation ever shows.
type CertificateRecord struct {
	Certificate apigatewayapi.ClientCertificate
	PrivateKey  []byte // PKCS #8, DER
}

// DocumentationRecord is what a documentation version froze.
type DocumentationRecord struct {
	Version apigatewayapi.DocumentationVersion
	Parts   map[string]apigatewayapi.DocumentationPart // by id
}

// DomainRecord is a custom domain name with its base path mappings.
type DomainRecord struct {
	Domain   apigatewayapi.DomainName
	Mappings map[string]apigatewayapi.BasePathMapping `json:",omitzero"` // by base path, "(none)" for the empty one
}

// HostRecord says whose domain a host name leads to: a custom domain's own name
// or its regional name. Host names carry no account, so they are unique over
// the whole server.
type HostRecord struct {
	Account, Region string
	Domain          string
}

// AssociationRecord lets a VPC endpoint use a private custom domain.
type AssociationRecord struct {
	Association apigatewayapi.DomainNameAccessAssociation
}
