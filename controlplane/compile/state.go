package compile

import (
	"crypto"
	"fmt"
	"strings"

	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/cloudfront"
	"drawbridge/dataplane/program"
	"drawbridge/engine/jsfunc"
	"drawbridge/store"
)

// State is the compiler's memory of the store: the sources that units are made
// of and who depends on whom. It is fed every change once, in order, by one
// goroutine.
type State struct {
	// Locates tells that the edge knows where addresses are, Signs that it has
	// credentials to sign requests to origins with.
	Locates, Signs bool
	distributions  map[string]source                                   // by distribution id
	users          map[string]map[string]bool                          // distributions by what they use: kind/account/name
	cachePolicies  map[string]*cloudfrontapi.CachePolicyConfig         // by account/id
	originRequests map[string]*cloudfrontapi.OriginRequestPolicyConfig // by account/id
	// responseHeaders are response headers policies by account/id.
	responseHeaders map[string]*cloudfrontapi.ResponseHeadersPolicyConfig
	accessControls  map[string]*cloudfrontapi.OriginAccessControlConfig // by account/id
	continuous      map[string]*continuousRecord                        // by account/id
	tenants         map[string]*tenantSource                            // by id
	groups          map[string]*cloudfront.ConnectionGroupRecord        // by account/id
	vpcOrigins      map[string]*vpcRecord                               // by account/id
	publicKeys      map[string]crypto.PublicKey                         // by account/id
	keyGroups       map[string]*cloudfrontapi.KeyGroupConfig            // by account/id
	functions       *jsfunc.Engine
	liveFunctions   map[string]*program.EdgeFunction // by account/name
	stores          map[string]*keyValues            // by store id
	gateway         gatewayState
}

// source is a stored record as it was last put; without a value it is gone.
type source struct {
	key      string
	value    []byte
	revision int64
}

// Update is what a change of the store means for the programs.
type Update struct {
	Edge     program.EdgeChange
	Gateway  program.GatewayChange
	Purges   []Purge
	Problems []Problem
	Warnings []Warning
}

// Purge is an invalidation that takes effect with this update.
type Purge struct {
	DistributionID string
	Paths          []string
}

// Problem is a unit that could not be compiled: it keeps its last good version.
type Problem struct {
	Unit string // "distribution E1…", "stage abc/prod"
	Err  error
}

// NewState returns the state of an empty store.
func NewState() *State {
	functions, err := jsfunc.New(jsfunc.Options{})
	if err != nil {
		panic("BUG: the function engine's own defaults: " + err.Error())
	}
	return &State{
		responseHeaders: make(map[string]*cloudfrontapi.ResponseHeadersPolicyConfig),
		accessControls:  make(map[string]*cloudfrontapi.OriginAccessControlConfig),
		continuous:      make(map[string]*continuousRecord),
		tenants:         make(map[string]*tenantSource),
		groups:          make(map[string]*cloudfront.ConnectionGroupRecord),
		vpcOrigins:      make(map[string]*vpcRecord),
		publicKeys:      make(map[string]crypto.PublicKey),
		keyGroups:       make(map[string]*cloudfrontapi.KeyGroupConfig),
		functions:       functions,
		liveFunctions:   make(map[string]*program.EdgeFunction),
		stores:          make(map[string]*keyValues),
		distributions:   make(map[string]source),
		users:           make(map[string]map[string]bool),
		cachePolicies:   make(map[string]*cloudfrontapi.CachePolicyConfig),
		originRequests:  make(map[string]*cloudfrontapi.OriginRequestPolicyConfig),
		gateway:         newGatewayState(),
	}
}

// Load feeds a snapshot of the whole store, as the first thing a State is fed.
func (s *State) Load(snapshot store.Snapshot) Update {
	changes := make([]store.Change, len(snapshot.Entries))
	revisions := make(map[string]int64, len(snapshot.Entries))
	for i, entry := range snapshot.Entries {
		changes[i] = store.Change{Key: entry.Key, Value: entry.Value}
		revisions[entry.Key] = entry.ModRevision
	}
	update := s.apply(changes, func(key string) int64 { return revisions[key] })
	update.Purges = nil // nothing is cached before the first program
	return update
}

// Apply feeds the changes of one revision.
func (s *State) Apply(event store.Event) Update {
	return s.apply(event.Changes, func(string) int64 { return event.Revision })
}

func (s *State) apply(changes []store.Change, revision func(key string) int64) Update {
	pending := newPending()
	for _, change := range changes {
		from := source{change.Key, change.Value, revision(change.Key)}
		if account, kind, name, ok := cloudfront.ParseKey(change.Key); ok {
			s.noteCloudFront(&pending, record{account, kind, name, from})
			continue
		}
		s.gateway.note(&pending, from)
	}
	for id := range pending.distributions {
		s.compileDistribution(&pending, id)
	}
	s.compileStores(&pending)
	s.gateway.compile(&pending)
	return pending.update
}

// pending collects which units a batch of changes touches.
type pending struct {
	distributions map[string]bool
	stores        map[string]bool
	stages        map[stageName]bool
	keys          map[string]bool // account/region whose keys or plans changed
	update        Update
}

func newPending() pending {
	return pending{
		distributions: make(map[string]bool), stores: make(map[string]bool), stages: make(map[stageName]bool), keys: make(map[string]bool),
		update: Update{
			Edge: program.EdgeChange{
				Distributions: make(map[string]*program.Distribution), Stores: make(map[string]*program.KeyValueStore),
			},
			Gateway: program.GatewayChange{
				APIs: make(map[string]*program.API), Domains: make(map[string]*program.Domain), Keys: make(map[string]*program.APIKey),
				VPCLinks: make(map[string]*program.VPCLink),
			},
		},
	}
}

func (p *pending) problem(unit string, err error) {
	p.update.Problems = append(p.update.Problems, Problem{unit, err})
}

// record is a changed record of CloudFront.
type record struct {
	account string
	kind    cloudfront.Kind
	name    string
	source
}

func (r *record) deleted() bool { return r.value == nil }

func (s *State) noteCloudFront(p *pending, r record) {
	switch r.kind {
	case cloudfront.KindDistribution:
		p.distributions[r.name] = true
		s.markUsers(p, r) // its tenants
		if r.deleted() {
			delete(s.distributions, r.name)
		} else {
			s.distributions[r.name] = r.source
		}
	case cloudfront.KindCachePolicy:
		keepPolicy(p, r, s.cachePolicies, func(c *cloudfront.CachePolicyRecord) *cloudfrontapi.CachePolicyConfig { return &c.Config })
		s.markUsers(p, r)
	case cloudfront.KindOriginRequestPolicy:
		keepPolicy(p, r, s.originRequests, func(c *cloudfront.OriginRequestPolicyRecord) *cloudfrontapi.OriginRequestPolicyConfig {
			return &c.Config
		})
		s.markUsers(p, r)
	case cloudfront.KindResponseHeadersPolicy:
		keepPolicy(p, r, s.responseHeaders, func(c *cloudfront.ResponseHeadersPolicyRecord) *cloudfrontapi.ResponseHeadersPolicyConfig {
			return &c.Config
		})
		s.markUsers(p, r)
	case cloudfront.KindOriginAccessControl:
		keepPolicy(p, r, s.accessControls, func(c *cloudfront.OriginAccessControlRecord) *cloudfrontapi.OriginAccessControlConfig {
			return &c.Config
		})
		s.markUsers(p, r)
	case cloudfront.KindContinuousDeploymentPolicy:
		keepPolicy(p, r, s.continuous, func(c *continuousRecord) *continuousRecord { return c })
		s.markUsers(p, r)
	case cloudfront.KindDistributionTenant:
		s.noteTenant(p, r)
	case cloudfront.KindConnectionGroup:
		keepPolicy(p, r, s.groups, func(c *cloudfront.ConnectionGroupRecord) *cloudfront.ConnectionGroupRecord { return c })
		s.markUsers(p, r)
	case cloudfront.KindVPCOrigin:
		keepPolicy(p, r, s.vpcOrigins, func(c *vpcRecord) *vpcRecord { return c })
		s.markUsers(p, r)
	case cloudfront.KindPublicKey:
		s.notePublicKey(p, r)
	case cloudfront.KindKeyGroup:
		keepPolicy(p, r, s.keyGroups, func(c *cloudfront.KeyGroupRecord) *cloudfrontapi.KeyGroupConfig { return &c.Config })
		s.markUsers(p, r)
	case cloudfront.KindLiveFunction:
		s.noteFunction(p, r)
		s.markUsers(p, r)
	case cloudfront.KindKeyValueSummary, cloudfront.KindKeyValue:
		s.noteKeyValue(p, r)
	case cloudfront.KindInvalidation:
		s.notePurge(p, r)
	}
}

// keepPolicy takes a policy in, or out.
func keepPolicy[R, C any](p *pending, r record, known map[string]*C, config func(*R) *C) {
	id := r.account + "/" + r.name
	if r.deleted() {
		delete(known, id)
		return
	}
	decoded, err := cloudfront.Decode[R](r.key, r.value)
	if err != nil {
		p.problem("policy "+r.name, err)
		return
	}
	known[id] = config(decoded)
}

// markUsers marks the distributions that use a record.
func (s *State) markUsers(p *pending, r record) {
	for user := range s.users[string(r.kind)+"/"+r.account+"/"+r.name] {
		p.distributions[user] = true
	}
}

func (s *State) notePurge(p *pending, r record) {
	if r.deleted() {
		return
	}
	invalidation, err := cloudfront.Decode[cloudfront.InvalidationRecord](r.key, r.value)
	if err != nil {
		p.problem("invalidation "+r.name, err)
		return
	}
	if paths := invalidation.Batch.Paths; paths != nil {
		p.update.Purges = append(p.update.Purges, Purge{invalidation.DistributionID, paths.Items})
		for tenant := range s.users[string(cloudfront.KindDistribution)+"/"+r.account+"/"+invalidation.DistributionID] {
			p.update.Purges = append(p.update.Purges, Purge{tenant, paths.Items})
		}
	}
}

func (s *State) compileDistribution(p *pending, id string) {
	if s.tenants[id] != nil {
		s.compileTenant(p, id)
		return
	}
	from, ok := s.distributions[id]
	if !ok {
		p.update.Edge.Distributions[id] = nil
		return
	}
	stored, err := cloudfront.Decode[cloudfront.DistributionRecord](from.key, from.value)
	if err == nil && !reachable(&stored.Config) {
		p.warn("distribution "+id, unenforced(&stored.Config))
		p.update.Edge.Distributions[id] = nil
		return
	}
	if err == nil {
		found := &used{state: s, user: id}
		var unit *program.Distribution
		if unit, err = distribution(stored, from.revision, found); err == nil {
			p.update.Edge.Distributions[id] = unit
			p.warn("distribution "+id, unenforced(&stored.Config))
			if unit.Geo != nil && !s.Locates {
				p.warn("distribution "+id, []string{"geo restriction (start with --geo-database FILE)"})
			}
			p.warn("distribution "+id, unsigned(unit, s.Signs))
			return
		}
	}
	p.problem("distribution "+id, err)
}

// used finds records for one distribution and remembers that it used them.
type used struct {
	state *State
	user  string
}

func (u *used) note(kind cloudfront.Kind, id string) {
	name := string(kind) + "/" + id
	if u.state.users[name] == nil {
		u.state.users[name] = make(map[string]bool)
	}
	u.state.users[name][u.user] = true
}

func (u *used) cachePolicy(account, id string) (*cloudfrontapi.CachePolicyConfig, bool) {
	if config, ok := cloudfront.ManagedCachePolicy(id); ok {
		return config, true
	}
	u.note(cloudfront.KindCachePolicy, account+"/"+id)
	config, ok := u.state.cachePolicies[account+"/"+id]
	return config, ok
}

func (u *used) originRequestPolicy(account, id string) (*cloudfrontapi.OriginRequestPolicyConfig, bool) {
	if config, ok := cloudfront.ManagedOriginRequestPolicy(id); ok {
		return config, true
	}
	u.note(cloudfront.KindOriginRequestPolicy, account+"/"+id)
	config, ok := u.state.originRequests[account+"/"+id]
	return config, ok
}

// String names the problem in one line.
func (p Problem) String() string {
	return fmt.Sprintf("%s: %v", p.Unit, strings.TrimSpace(p.Err.Error()))
}
