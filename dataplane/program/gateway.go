package program

import (
	"crypto/sha256"
	"crypto/subtle"
	"maps"
	"strings"
)

// Gateway is the program of a gateway cell: APIs with their stages, custom
// domains, API keys and usage plans. The zero value has none.
type Gateway struct {
	Revision int64 // store revision this program stands for
	apis     map[string]*API
	domains  map[string]*Domain
	keys     map[[sha256.Size]byte]*APIKey // by SHA-256 of the value
	keyIDs   map[string]*APIKey
	vpcLinks map[string]*VPCLink
}

// GatewayChange lists the units that replace those with the same id; a nil
// value removes one. Keys are by key id, APIs by API id, domains by name.
type GatewayChange struct {
	APIs    map[string]*API
	Domains map[string]*Domain
	Keys    map[string]*APIKey
	// VPCLinks are by id.
	VPCLinks map[string]*VPCLink
}

// Empty tells that nothing changes.
func (c *GatewayChange) Empty() bool {
	return len(c.APIs)+len(c.Domains)+len(c.Keys)+len(c.VPCLinks) == 0
}

// With returns a program in which the changed units stand in place of the old
// ones; g itself does not change.
func (g *Gateway) With(revision int64, change GatewayChange) *Gateway {
	next := &Gateway{
		Revision: revision,
		apis:     replaced(g.apis, change.APIs),
		domains:  replaced(g.domains, change.Domains),
		keyIDs:   replaced(g.keyIDs, change.Keys),
		keys:     g.keys,
		vpcLinks: replaced(g.vpcLinks, change.VPCLinks),
	}
	if len(change.Keys) == 0 {
		return next
	}
	next.keys = make(map[[sha256.Size]byte]*APIKey, len(next.keyIDs))
	for _, key := range next.keyIDs {
		next.keys[sha256.Sum256([]byte(key.Value))] = key
	}
	return next
}

// replaced returns old with changes applied, or old itself when there are none.
func replaced[V any](old, changes map[string]*V) map[string]*V {
	if len(changes) == 0 {
		return old
	}
	next := maps.Clone(old)
	if next == nil {
		next = make(map[string]*V, len(changes))
	}
	for id, v := range changes {
		if v == nil {
			delete(next, id)
		} else {
			next[id] = v
		}
	}
	return next
}

// API returns the API with this id (ids are case-sensitive).
func (g *Gateway) API(id string) (*API, bool) {
	api, ok := g.apis[id]
	return api, ok
}

// VPCLink returns the VPC link with this id.
func (g *Gateway) VPCLink(id string) (*VPCLink, bool) {
	link, ok := g.vpcLinks[id]
	return link, ok
}

// Domain returns the custom domain that owns a host: its name, its regional
// name, or a name one label below a wildcard ("*.example.com").
func (g *Gateway) Domain(host string) (*Domain, bool) {
	d, ok := g.domains[host]
	if ok || len(g.domains) == 0 {
		return d, ok
	}
	if dot := strings.IndexByte(host, '.'); dot > 0 {
		d, ok = g.domains["*"+host[dot:]]
	}
	return d, ok
}

// Key returns the API key with this value. The index is by hash, so that the
// time of a lookup tells nothing about the value; the comparison behind it is
// of constant time.
func (g *Gateway) Key(value string) (*APIKey, bool) {
	key, ok := g.keys[sha256.Sum256([]byte(value))]
	if !ok || subtle.ConstantTimeCompare([]byte(key.Value), []byte(value)) != 1 {
		return nil, false
	}
	return key, true
}

// KeyByID returns the API key with this id.
func (g *Gateway) KeyByID(id string) (*APIKey, bool) {
	key, ok := g.keyIDs[id]
	return key, ok
}

// VPCLink leads the calls of integrations to load balancers.
type VPCLink struct {
	ID      string
	Targets []string // ARNs of network load balancers
}

// API is a REST API as it is called: its live stages.
type API struct {
	ID, Region, Account string
	// Partition is "aws"; it stands in ARNs.
	Partition string
	Stages    map[string]*Stage
}

// WithStage returns a copy of the API in which a stage is replaced, or removed
// when stage is nil.
func (a *API) WithStage(name string, stage *Stage) *API {
	next := *a
	next.Stages = replaced(a.Stages, map[string]*Stage{name: stage})
	return &next
}

// Domain is a custom domain name with its base path mappings.
type Domain struct {
	Name, RegionalName string
	Mappings           []BasePathMapping // longest base path first; "" is the catch-all
	MutualTLS          *MutualTLS        // nil: callers need no certificate
	// Certificates (ARNs, of Account) are those that the domain shows, the first
	// that fits.
	Account      string
	Certificates []string
}

// MutualTLS asks the callers of a custom domain for certificates that come from
// those in a truststore.
type MutualTLS struct {
	TruststoreURI     string // "s3://bucket/key"
	TruststoreVersion string // of the object; "": the current one
}

// BasePathMapping leads a base path of a custom domain to an API and, unless
// Stage is "", to one of its stages.
type BasePathMapping struct {
	BasePath, APIID, Stage string
}

// APIKey is an API key with the usage plans it belongs to.
type APIKey struct {
	ID, Name, CustomerID string
	Value                string
	Enabled              bool
	Plans                []*UsagePlan
}

// PlanFor returns the usage plan that lets the key call a stage, with the
// plan's entry for that stage. A key belongs to at most one plan per stage
// (reference/api-gateway.md section 4.1).
func (k *APIKey) PlanFor(apiID, stage string) (*UsagePlan, *PlanStage) {
	for _, plan := range k.Plans {
		for i := range plan.Stages {
			if plan.Stages[i].APIID == apiID && plan.Stages[i].Stage == stage {
				return plan, &plan.Stages[i]
			}
		}
	}
	return nil, nil
}

// UsagePlan is a usage plan: what its keys may call and how often.
type UsagePlan struct {
	ID, Name string
	Stages   []PlanStage
	Throttle *Throttle // nil: none
	Quota    *Quota    // nil: none
}

// PlanStage is one API stage of a usage plan.
type PlanStage struct {
	APIID, Stage string
	// Methods are the per-method throttles by "path/VERB" ("//GET" for the root).
	Methods map[string]Throttle
}

// Throttle is a token bucket's shape: Rate tokens a second, Burst capacity.
type Throttle struct {
	Rate  float64
	Burst int
}

// QuotaPeriod is the period a quota counts over.
type QuotaPeriod uint8

// Values of QuotaPeriod.
const (
	QuotaDay QuotaPeriod = iota
	QuotaWeek
	QuotaMonth
)

// Quota is the number of requests a key may make in a period; Offset is taken
// off the first one.
type Quota struct {
	Limit, Offset int64
	Period        QuotaPeriod
}
