package audit

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// view is a stack with its two ends put together.
type view struct {
	stack   *Stack
	options Options
	now     time.Time
	links   []*link
	stages  []*stageView // of every API in scope, in the stack's order
}

// link is an origin that leads to an API.
type link struct {
	dist   *Distribution
	origin *Origin
	api    *API
	domain *Domain // when the origin names a custom domain
	// stage is the one that origin path or mapping chooses; empty: the viewer's
	// path does.
	stage string
	// behaviors target the origin, directly or by a group.
	behaviors []*Behavior
	// firstOf is the group's first member when this origin is a later one.
	firstOf *Origin
	// chosen: of a distribution that the audit is about.
	chosen bool
}

// stageView is a stage with what was found out about it.
type stageView struct {
	api    *API
	stage  *Stage
	target bool // the audit is about it; false: another stage of the same API
	links  []*link
	live   *serving
	canary *serving // nil: none
}

func (s *stageView) ref() StageRef { return StageRef{s.api.ID, s.stage.Name} }
func (s *stageView) name() string  { return "api " + s.ref().String() }

func newView(stack *Stack, o Options) *view {
	v := &view{stack: stack, options: o, now: o.Now}
	for i := range stack.Distributions {
		v.linkDistribution(&stack.Distributions[i])
	}
	for i := range stack.APIs {
		api := &stack.APIs[i]
		if !v.inScope(api) {
			continue
		}
		for j := range api.Stages {
			s := &stageView{api: api, stage: &api.Stages[j]}
			for _, l := range v.links {
				if l.api == api && (l.stage == "" || l.stage == s.stage.Name) {
					s.links = append(s.links, l)
				}
			}
			v.stages = append(v.stages, s)
		}
	}
	for _, s := range v.stages {
		s.target = v.isTarget(s)
		s.live = v.judgeSnapshot(s, &s.stage.Deployed)
		if c := s.stage.Canary; c != nil && c.Percent > 0 {
			s.canary = v.judgeSnapshot(s, &c.Deployed)
		}
	}
	return v
}

// inScope: chosen by name, or linked to a chosen distribution; without any
// choice every API that a distribution leads to, and if there is none all.
func (v *view) inScope(api *API) bool {
	if v.options.All {
		return true
	}
	if len(v.options.Stages) > 0 {
		return slices.ContainsFunc(v.options.Stages, func(r StageRef) bool { return r.API == api.ID })
	}
	if len(v.links) == 0 {
		return len(v.options.Distributions) == 0
	}
	return slices.ContainsFunc(v.links, func(l *link) bool { return l.chosen && l.api == api })
}

// isTarget: chosen by name, or a stage that a chosen distribution leads to; all
// stages of an API if neither says one.
func (v *view) isTarget(s *stageView) bool {
	named, linked := false, false
	for _, r := range v.options.Stages {
		if r.API == s.api.ID && r.Stage != "" {
			if r.Stage == s.stage.Name {
				return true
			}
			named = true
		}
	}
	if named {
		return false
	}
	for _, l := range v.links {
		if l.api == s.api && l.chosen {
			if l.stage == "" || l.stage == s.stage.Name {
				return true
			}
			linked = true
		}
	}
	return !linked
}

func (v *view) chosenDistribution(d *Distribution) bool {
	if len(v.options.Distributions) == 0 {
		return true
	}
	return slices.Contains(v.options.Distributions, d.ID) || d.Staging && slices.Contains(v.options.Distributions, d.PrimaryID)
}

func (v *view) linkDistribution(d *Distribution) {
	for i := range d.Origins {
		o := &d.Origins[i]
		api, domain, stage := v.lookUp(o)
		if api == nil {
			continue
		}
		l := &link{dist: d, origin: o, api: api, domain: domain, stage: stage, chosen: v.chosenDistribution(d)}
		targets := []string{o.ID}
		for _, g := range d.Groups {
			if at := slices.Index(g.Members, o.ID); at >= 0 {
				targets = append(targets, g.ID)
				if first := slices.IndexFunc(d.Origins, func(x Origin) bool { return x.ID == g.Members[0] }); at > 0 && first >= 0 {
					l.firstOf = &d.Origins[first]
				}
			}
		}
		for j := range d.Behaviors {
			if slices.Contains(targets, d.Behaviors[j].TargetID) {
				l.behaviors = append(l.behaviors, &d.Behaviors[j])
			}
		}
		v.links = append(v.links, l)
	}
}

// executeAPI is an API's default host name (api-gateway.md 2.1), with the forms
// that Drawbridge and other local clouds take.
var executeAPI = regexp.MustCompile(`^([a-z0-9]+)(?:-vpce-[0-9a-f]+)?\.execute-api\.`)

// lookUp finds the API that an origin names, by default name or custom domain.
func (v *view) lookUp(o *Origin) (*API, *Domain, string) {
	id := o.API
	host := strings.ToLower(strings.TrimSuffix(o.DomainName, "."))
	if id == "" {
		if m := executeAPI.FindStringSubmatch(host); m != nil {
			id = m[1]
		}
	}
	path := strings.Trim(o.Path, "/")
	stage, _, _ := strings.Cut(path, "/")
	if api := v.api(id); api != nil && id != "" {
		return api, nil, stage
	}
	for i := range v.stack.Domains {
		d := &v.stack.Domains[i]
		if !strings.EqualFold(d.Name, host) && !strings.EqualFold(d.RegionalName, host) {
			continue
		}
		if m := d.mapping(path); m != nil {
			if m.Stage != "" {
				stage = m.Stage
			} else {
				stage, _, _ = strings.Cut(strings.Trim(strings.TrimPrefix(path, m.base()), "/"), "/")
			}
			return v.api(m.API), d, stage
		}
	}
	return nil, nil, ""
}

func (m *Mapping) base() string {
	if m.BasePath == "(none)" {
		return ""
	}
	return strings.Trim(m.BasePath, "/")
}

// mapping is the one with the longest base path that begins the path
// (api-gateway.md 1.13), or the only one.
func (d *Domain) mapping(path string) *Mapping {
	var best *Mapping
	for i := range d.Mappings {
		m := &d.Mappings[i]
		fits := m.base() == "" || path == m.base() || strings.HasPrefix(path, m.base()+"/")
		if fits && (best == nil || len(m.base()) > len(best.base())) {
			best = m
		}
	}
	if best == nil && len(d.Mappings) == 1 {
		return &d.Mappings[0]
	}
	return best
}

func (v *view) api(id string) *API {
	for i := range v.stack.APIs {
		if v.stack.APIs[i].ID == id {
			return &v.stack.APIs[i]
		}
	}
	return nil
}

// header is an origin custom header by name, in any case.
func (o *Origin) header(name string) (Maybe[Secret], bool) {
	for _, h := range o.Headers {
		if strings.EqualFold(h.Name, name) {
			return h.Value, true
		}
	}
	return Maybe[Secret]{}, false
}

// has tells whether the set takes this field of the viewer's request along.
func (h HeaderSet) has(name string) bool {
	listed := slices.ContainsFunc(h.Names, func(n string) bool { return strings.EqualFold(n, name) })
	switch h.Mode {
	case HeadersAllViewer, HeadersAllViewerAndEdges:
		return true
	case HeadersAllExcept:
		return !listed
	case HeadersWhitelist:
		return listed || slices.Contains(h.Names, "*")
	}
	return false
}

// lists tells whether the set names this field, not only takes it with all.
func (h HeaderSet) lists(name string) bool {
	return h.Mode == HeadersWhitelist && h.has(name) && !slices.Contains(h.Names, "*")
}

// endpoint is the host of an API's default endpoint.
func (v *view) endpoint(api *API) string {
	region := v.stack.Region
	if region == "" {
		region = "REGION"
	}
	return api.ID + ".execute-api." + region + ".amazonaws.com"
}

func (a *API) private() bool { return slices.Contains(a.EndpointTypes, "PRIVATE") }
