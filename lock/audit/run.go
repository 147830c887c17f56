package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"drawbridge/engine/policy"
)

// Run judges a stack. It never fails: what it cannot tell it says.
func Run(stack *Stack, o Options) *Report {
	v := newView(stack, o)
	r := &Report{Source: stack.Source, File: stack.File, Findings: []Finding{}, Doors: v.allDoors()}
	for _, c := range checks() {
		c.run(v, func(f Finding) {
			f.ID = c.id
			if f.Mend == "" {
				f.Mend = c.mend
			}
			if !slices.Contains(r.Findings, f) { // two origins may show one thing
				r.Findings = append(r.Findings, f)
			}
		})
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return cmp.Compare(b.Severity, a.Severity) })
	for _, gap := range stack.Gaps {
		if !gap.Minor {
			r.unread = append(r.unread, gap.Resource+": "+gap.Reason)
		}
	}
	r.unread = append(r.unread, v.strangeAPIs()...)
	if len(v.stages) == 0 {
		r.unread = append(r.unread, "no API stage: nothing to judge")
	}
	for _, s := range v.stages {
		if !s.live.snapshot.Methods.Known() {
			r.unread = append(r.unread, s.name()+": "+s.live.why)
		}
		if s.canary != nil && !s.canary.snapshot.Methods.Known() {
			r.unread = append(r.unread, s.name()+", canary: "+s.canary.why)
		}
	}
	r.conclude()
	return r
}

// strangeAPIs are APIs that a chosen distribution leads to and that were not
// read: of another region or account, or no REST APIs.
func (v *view) strangeAPIs() []string {
	if len(v.options.Stages) > 0 {
		return nil // the others were not asked for
	}
	var out []string
	for i := range v.stack.Distributions {
		d := &v.stack.Distributions[i]
		if !d.Enabled || !v.chosenDistribution(d) {
			continue
		}
		for k := range d.Origins {
			host, name := strings.ToLower(d.Origins[k].DomainName), "distribution "+d.ID+" origin "+d.Origins[k].ID
			if api, _, _ := v.lookUp(&d.Origins[k]); api != nil {
				continue
			}
			switch {
			case executeAPI.MatchString(host):
				out = append(out, name+": "+host+" is no REST API that was read")
			case strings.Contains(host, SymbolPrefix):
				out = append(out, name+": where it leads is known only later")
			}
		}
	}
	return out
}

// conclude makes the verdict of the doors and of what could not be read.
func (r *Report) conclude() {
	var open, unknown []string
	locked := 0
	for i := range r.Doors {
		d := &r.Doors[i]
		if d.Analysis == FrontDoor || d.Analysis == OnPurpose {
			continue
		}
		switch d.settled() {
		case Open, SideDoor:
			open = append(open, d.String())
		case CannotTell:
			unknown = append(unknown, d.String())
		default:
			locked++
		}
	}
	unknown = append(unknown, r.unread...)
	switch {
	case len(open) > 0:
		r.Verdict, r.Why = Open, fmt.Sprintf("%d of %d doors open without the secret, first %s", len(open), len(open)+len(unknown)+locked, open[0])
	case len(unknown) > 0:
		r.Verdict, r.Why = CannotTell, "cannot tell about "+unknown[0]
		if len(unknown) > 1 {
			r.Why += fmt.Sprintf(" and %d more", len(unknown)-1)
		}
	default:
		r.Verdict, r.Why = Locked, fmt.Sprintf("each of %d doors needs the secret", locked)
		if locked == 0 {
			r.Why = "no door but the distribution's"
		}
	}
}

// String is "GET https://host/path".
func (d *Door) String() string { return d.Method + " https://" + d.Host + d.Path }

// settled is what is known of a door after analysis and probe.
func (d *Door) settled() Verdict {
	switch {
	case d.probe == Open:
		return Open
	case d.Analysis == CannotTell && d.probe == Locked:
		return Locked
	}
	return d.Analysis
}

// allDoors are the ways to every method in scope.
func (v *view) allDoors() []Door {
	out := []Door{}
	for _, s := range v.stages {
		for i := range s.live.methods {
			j := &s.live.methods[i]
			out = append(out, v.directDoors(s, j)...)
			if s.target && !j.excluded {
				out = append(out, v.frontDoors(s, j)...)
			}
		}
		out = append(out, v.canaryDoors(s)...)
	}
	return out
}

// door is a method's door with the judgement of the method.
func (v *view) door(s *stageView, j *judged, host, path string) Door {
	d := Door{Host: host, Path: path, Method: j.Verb, Needs: j.needs, Analysis: j.verdict,
		Stage: s.ref(), Resource: j.Path, Direct: true}
	switch {
	case j.excluded:
		d.Analysis = OnPurpose
	case j.verdict == Open && !s.target:
		d.Analysis = SideDoor
	case j.verdict == Locked && s.canary != nil:
		if c := s.canary.method(j.Method); c != nil && c.isOpen() {
			d.Analysis = SideDoor
		}
	}
	return d
}

func (in *serving) method(like *Method) *judged {
	for i := range in.methods {
		if m := &in.methods[i]; m.Path == like.Path && m.Verb == like.Verb {
			return m
		}
	}
	return nil
}

func (v *view) directDoors(s *stageView, j *judged) []Door {
	var out []Door
	if off := s.live.snapshot.DefaultEndpointDisabled; !off.Known() || !off.Value {
		out = append(out, v.door(s, j, v.endpoint(s.api), "/"+s.stage.Name+j.Path))
	}
	v.eachMapping(s, func(d *Domain, m *Mapping) {
		door := v.door(s, j, d.Name, m.path(s.stage.Name, j.Path))
		if d.MutualTLS {
			door.Needs += " and a client certificate"
			if door.Analysis == Open || door.Analysis == SideDoor {
				door.Analysis = CannotTell
			}
		}
		out = append(out, door)
	})
	return out
}

func (v *view) eachMapping(s *stageView, visit func(*Domain, *Mapping)) {
	for i := range v.stack.Domains {
		d := &v.stack.Domains[i]
		for k := range d.Mappings {
			if m := &d.Mappings[k]; m.API == s.api.ID && (m.Stage == "" || m.Stage == s.stage.Name) {
				visit(d, m)
			}
		}
	}
}

// path is where a mapping shows a resource.
func (m *Mapping) path(stage, resource string) string {
	path := ""
	if base := m.base(); base != "" {
		path = "/" + base
	}
	if m.Stage == "" {
		path += "/" + stage
	}
	return path + resource
}

// frontDoors go by distributions: the chosen ones are the way in; with a
// choice, any other that brings the secret is a side door.
func (v *view) frontDoors(s *stageView, j *judged) []Door {
	var out []Door
	for _, l := range s.links {
		if !l.dist.Enabled || l.dist.Staging || l.firstOf != nil || len(l.behaviors) == 0 {
			continue
		}
		path := l.viewerPath(s.stage.Name, j.Path)
		if path == "" {
			continue
		}
		d := Door{Host: l.dist.DomainName, Path: path, Method: j.Verb, Needs: "nothing", Analysis: FrontDoor, Stage: s.ref(), Resource: j.Path}
		if !l.chosen {
			if !v.brings(l, j) {
				continue
			}
			d.Analysis = SideDoor
		}
		out = append(out, d)
	}
	return out
}

// brings tells whether requests by this link have what the method needs.
func (v *view) brings(l *link, j *judged) bool {
	header := headerReferer
	switch {
	case j.byKey:
		header = headerKey
	case j.needs == headerUserAgent:
		header = headerUserAgent
	case !j.byPolicy:
		return j.verdict == Open
	}
	_, ok := l.origin.header(header)
	return ok
}

// viewerPath is the path at the distribution that leads to a resource; empty
// when none does.
func (l *link) viewerPath(stage, resource string) string {
	path := resource
	if l.domain == nil && l.stage == "" {
		path = "/" + stage + resource
	} else if _, rest, ok := strings.Cut(strings.Trim(l.origin.Path, "/"), "/"); ok && l.domain == nil {
		// the origin path goes on after the stage
		if path, ok = strings.CutPrefix(resource, "/"+rest); !ok || path == "" {
			return ""
		}
	}
	for _, b := range l.behaviors {
		if b.matches(path) {
			return path
		}
	}
	return ""
}

// matches is a path pattern of * and ? (cloudfront.md 2.3).
func (b *Behavior) matches(path string) bool {
	return policy.Like(strings.TrimPrefix(b.PathPattern, "/"), strings.TrimPrefix(path, "/"))
}

// canaryDoors are methods that only the canary's deployment has.
func (v *view) canaryDoors(s *stageView) []Door {
	if s.canary == nil {
		return nil
	}
	var out []Door
	for i := range s.canary.methods {
		if j := &s.canary.methods[i]; s.live.method(j.Method) == nil {
			for _, d := range v.directDoors(s, j) {
				if d.Analysis == Open {
					d.Analysis = SideDoor
				}
				out = append(out, d)
			}
		}
	}
	return out
}
