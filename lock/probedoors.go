package lock

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"drawbridge/lock/audit"
)

// wrongSecret is sent where a wrong one must be refused.
const wrongSecret = "drawbridge-probe-of-a-wrong-secret"

// ProbeDoors sends real requests to every door of a report: without the secret,
// with a wrong one and with the right one where it is known. Methods that may
// change something are asked only if unsafe. What was seen goes into the report.
func (a *Account) ProbeDoors(ctx context.Context, stack *audit.Stack, report *audit.Report, unsafe bool) error {
	seen := make([]audit.Probe, len(report.Doors))
	err := inParallel(ctx, len(report.Doors), func(ctx context.Context, i int) error {
		seen[i] = a.probeDoor(ctx, stack, &report.Doors[i], unsafe)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := range seen {
		if seen[i].Without.Sent {
			report.AddProbe(i, seen[i])
		}
	}
	return nil
}

func (a *Account) probeDoor(ctx context.Context, stack *audit.Stack, door *audit.Door, unsafe bool) audit.Probe {
	verb := door.Method
	if verb == "ANY" {
		verb = http.MethodGet
	}
	if !unsafe && !slices.Contains(safeVerbs, verb) {
		return audit.Probe{}
	}
	probe := Probe{Method: verb, Host: door.Host, Path: sample(door.Path)}
	if probe.Path == "" {
		probe.Path = "/"
	}
	seen := audit.Probe{Without: a.see(ctx, probe)}
	if !door.Direct {
		return seen
	}
	for _, method := range []Method{APIKey, Referer} {
		if !strings.EqualFold(door.Needs, method.header()) && !strings.Contains(strings.ToLower(door.Needs), strings.ToLower(method.header())) {
			continue
		}
		seen.Wrong = a.see(ctx, probe.with(method.header(), wrongSecret))
		if secretOf(stack, door.Stage, method.header()) != "" {
			seen.With = a.see(ctx, withSecrets(stack, door, probe))
		}
	}
	return seen
}

// withSecrets is a probe that sends all the secrets the distributions send to
// the stage, as a stage may demand both.
func withSecrets(stack *audit.Stack, door *audit.Door, probe Probe) Probe {
	for _, method := range []Method{APIKey, Referer} {
		if value := secretOf(stack, door.Stage, method.header()); value != "" {
			probe = probe.with(method.header(), value)
		}
	}
	return probe
}

// see sends a probe. Too many requests, and no answer, show nothing.
func (a *Account) see(ctx context.Context, p Probe) audit.Seen {
	answer, err := a.Prober.Do(ctx, p)
	if err != nil || answer.Status == http.StatusTooManyRequests {
		return audit.Seen{}
	}
	outcome := answer.Outcome()
	if outcome == Unclear && answer.Status >= http.StatusInternalServerError {
		return audit.Seen{}
	}
	return audit.Seen{Sent: true, Admitted: outcome == Admitted, Answer: answer.Seen()}
}

// secretOf is the value that a distribution sends to a stage in a header.
func secretOf(stack *audit.Stack, stage audit.StageRef, header string) string {
	for i := range stack.Distributions {
		for k := range stack.Distributions[i].Origins {
			origin := &stack.Distributions[i].Origins[k]
			m := executeAPI.FindStringSubmatch(strings.ToLower(origin.DomainName))
			first, _, _ := strings.Cut(strings.TrimPrefix(origin.Path, "/"), "/")
			byName := m != nil && m[1] == stage.API && (first == "" || first == stage.Stage)
			if !byName && !slices.ContainsFunc(stack.Domains, func(d audit.Domain) bool {
				return (d.Name == origin.DomainName || d.RegionalName == origin.DomainName) && slices.ContainsFunc(d.Mappings, func(m audit.Mapping) bool {
					return m.API == stage.API && (m.Stage == "" || m.Stage == stage.Stage)
				})
			}) {
				continue
			}
			for _, h := range origin.Headers {
				if strings.EqualFold(h.Name, header) && h.Value.Known() {
					return h.Value.Value.Reveal()
				}
			}
		}
	}
	return ""
}
