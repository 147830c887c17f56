package compile

import (
	"fmt"
	"strings"
	"time"

	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/cloudfront"
	"drawbridge/dataplane/program"
	"drawbridge/engine/jsfunc"
)

// noteFunction compiles what was published of a function. Code that does not
// compile is a function that fails, as on AWS: publishing does not run it.
func (s *State) noteFunction(p *pending, r record) {
	id := r.account + "/" + r.name
	if r.deleted() {
		delete(s.liveFunctions, id)
		return
	}
	stored, err := cloudfront.Decode[cloudfront.FunctionRecord](r.key, r.value)
	if err != nil {
		p.problem("function "+r.name, err)
		return
	}
	f := &program.EdgeFunction{Name: stored.Name, Store: storeOf(&stored.Config)}
	if f.Code, err = s.functions.Compile(jsfunc.Source{Code: stored.Code, Runtime: value(stored.Config.Runtime)}); err != nil {
		f.Code = nil
	}
	s.liveFunctions[id] = f
}

// storeOf returns the id of the key value store that a function is associated
// with: the last part of its ARN.
func storeOf(config *cloudfrontapi.FunctionConfig) string {
	if config.KeyValueStoreAssociations == nil {
		return ""
	}
	for _, association := range config.KeyValueStoreAssociations.Items {
		if _, id, ok := strings.Cut(value(association.KeyValueStoreARN), ":key-value-store/"); ok {
			return id
		}
	}
	return ""
}

// behaviorFunctions finds the functions of a behavior's two viewer events.
func behaviorFunctions(account string, config *cloudfrontapi.CacheBehavior, known policies) (request, response *program.EdgeFunction, err error) {
	if config.FunctionAssociations == nil {
		return nil, nil, nil
	}
	for _, association := range config.FunctionAssociations.Items {
		_, name, _ := strings.Cut(value(association.FunctionARN), ":function/")
		f, ok := known.function(account, name)
		if !ok {
			return nil, nil, fmt.Errorf("unknown function %s", name)
		}
		switch value(association.EventType) {
		case cloudfrontapi.EventTypeViewerRequest:
			request = f
		case cloudfrontapi.EventTypeViewerResponse:
			response = f
		}
	}
	return request, response, nil
}

func (u *used) function(account, name string) (*program.EdgeFunction, bool) {
	u.note(cloudfront.KindLiveFunction, account+"/"+name)
	f, ok := u.state.liveFunctions[account+"/"+name]
	return f, ok
}

// keyValues is the compiler's memory of one key value store.
type keyValues struct {
	pairs             map[string]cloudfront.KeyValueRecord // by stored key, which may be a hash of the pair's
	there             bool                                 // its summary is: the store exists
	created, modified time.Time
}

// noteKeyValue takes in a pair of a key value store, or what its pairs come to.
func (s *State) noteKeyValue(p *pending, r record) {
	id, pair, isPair := strings.Cut(r.name, "/")
	known := s.stores[id]
	if known == nil {
		known = &keyValues{pairs: map[string]cloudfront.KeyValueRecord{}}
		s.stores[id] = known
	}
	p.stores[id] = true
	var err error
	switch {
	case !isPair && r.deleted():
		known.there = false
	case !isPair:
		var summary *cloudfront.KeyValueSummary
		if summary, err = cloudfront.Decode[cloudfront.KeyValueSummary](r.key, r.value); err == nil {
			known.there, known.created, known.modified = true, summary.Created, summary.Modified
		}
	case r.deleted():
		delete(known.pairs, pair)
	default:
		var stored *cloudfront.KeyValueRecord
		if stored, err = cloudfront.Decode[cloudfront.KeyValueRecord](r.key, r.value); err == nil {
			known.pairs[pair] = *stored
		}
	}
	if err != nil {
		p.problem("key value store "+id, err)
	}
}

// compileStores makes the units of the stores that a batch of changes touches.
func (s *State) compileStores(p *pending) {
	for id := range p.stores {
		known := s.stores[id]
		if !known.there {
			p.update.Edge.Stores[id] = nil
			if len(known.pairs) == 0 {
				delete(s.stores, id)
			}
			continue
		}
		pairs := make(map[string]string, len(known.pairs))
		for _, pair := range known.pairs {
			pairs[pair.Key] = pair.Value
		}
		p.update.Edge.Stores[id] = &program.KeyValueStore{Pairs: pairs, Created: known.created, Modified: known.modified}
	}
}
