package lock

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	cdntypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	iam "drawbridge/engine/policy"
)

// Outcome is what became of a probe at the gateway's lock.
type Outcome int

// The outcomes.
const (
	Unclear  Outcome = iota // throttled, another guard answered, no answer
	Refused                 // by the lock
	Admitted                // past the lock, whatever the backend said
)

// Outcome judges an answer. The lock refuses by 403 with one of two error
// types (api-gateway.md 3.5, 4.1); what lacks credentials for another guard, or
// meets no route, says nothing about the lock.
func (a Answer) Outcome() Outcome {
	kind := a.Header.Get("x-amzn-errortype")
	switch {
	case a.Status == http.StatusForbidden && (kind == "ForbiddenException" || kind == "AccessDeniedException"):
		return Refused
	case a.Status == http.StatusTooManyRequests, a.Status == http.StatusUnauthorized:
		return Unclear
	case a.Status == http.StatusForbidden && kind != "":
		return Unclear
	case a.Status >= http.StatusBadRequest && a.Header.Get("x-cache") != "" && a.Header.Get("x-amzn-requestid") == "":
		return Unclear // the edge's own: signed URLs, a web ACL, no answer from the gateway
	}
	return Admitted
}

// way is one method of the stage as requests reach it.
type way struct {
	verb   string // of the requests: ANY is asked by GET
	method string // "ANY"
	path   string // of the resource: "/users/{id}"
	key    bool   // needs an API key
	direct Probe
	edge   *Probe // nil: no behavior of the distribution leads here by a name that can be asked
}

func (w way) String() string { return w.method + " " + w.path }

// safeVerbs may be asked without changing anything (RFC 9110 section 9.2.1).
var safeVerbs = []string{http.MethodGet, http.MethodHead, http.MethodOptions}

// ways are the stage's methods without another guard (authorization NONE) that
// can be asked safely; every one with unsafe. GET comes first, then paths
// without parameters.
func (t *target) ways(a *Account, unsafe bool) []way {
	var found []way
	for _, resource := range slices.Sorted(maps.Keys(t.deployed)) {
		for verb, method := range t.deployed[resource] {
			if kind := aws.ToString(method.AuthorizationType); kind != "" && kind != "NONE" {
				continue
			}
			one := way{verb: verb, method: verb, path: resource, key: method.ApiKeyRequired}
			if verb == "ANY" {
				one.verb = http.MethodGet
			}
			if !unsafe && !slices.Contains(safeVerbs, one.verb) {
				continue
			}
			asked := sample(resource)
			one.direct = t.directProbe(a, one.verb, asked)
			one.edge = t.edgeProbe(one.verb, asked)
			found = append(found, one)
		}
	}
	rank := func(w way) int {
		return 2*slices.Index(slices.Concat(safeVerbs, verbs), w.verb) + strings.Count(w.path, "{")
	}
	slices.SortStableFunc(found, func(a, b way) int {
		if by := rank(a) - rank(b); by != 0 {
			return by
		}
		return strings.Compare(a.path+a.method, b.path+b.method)
	})
	return found
}

// sample is a path that a resource matches.
func sample(resource string) string {
	segments := strings.Split(resource, "/")
	for i, segment := range segments {
		if strings.HasPrefix(segment, "{") {
			segments[i] = "drawbridge-probe"
		}
	}
	return strings.Join(segments, "/")
}

// directProbe asks the API by its own name, or by a custom domain's if that is
// the only one left.
func (t *target) directProbe(a *Account, verb, asked string) Probe {
	probe := Probe{Method: verb, Host: a.apiHost(t.api), Path: "/" + t.stage + strings.TrimSuffix(asked, "/")}
	if !t.rest.DisableExecuteApiEndpoint {
		return probe
	}
	for i := range t.domains {
		for _, m := range t.domains[i].mappings {
			if aws.ToString(m.RestApiId) == t.api && aws.ToString(m.Stage) == t.stage {
				base := strings.TrimPrefix(aws.ToString(m.BasePath), "(none)")
				probe.Host, probe.Path = aws.ToString(t.domains[i].DomainName.DomainName), path.Join("/", base, asked)
				return probe
			}
		}
	}
	return probe
}

// edgeProbe asks by way of the distribution; nil if no behavior leads there.
func (t *target) edgeProbe(verb, asked string) *Probe {
	d := t.distribution
	if !aws.ToBool(d.Enabled) || aws.ToBool(d.Staging) {
		return nil // a staging copy answers nobody by its own name
	}
	for _, origin := range t.origins(d) {
		viewed := asked
		originPath := strings.TrimPrefix(aws.ToString(origin.OriginPath), "/")
		if executeAPI.MatchString(aws.ToString(origin.DomainName)) {
			rest, ok := strings.CutPrefix("/"+t.stage+asked, strings.TrimSuffix("/"+originPath, "/"))
			if !ok {
				continue
			}
			viewed = rest
		}
		if viewed == "" {
			viewed = "/"
		}
		if behaviorTarget(d, viewed) == aws.ToString(origin.Id) {
			return &Probe{Method: verb, Host: aws.ToString(d.DomainName), Path: viewed}
		}
	}
	return nil
}

// behaviorTarget is the origin that a viewer's path leads to; of an origin
// group the first member.
func behaviorTarget(d *cdntypes.DistributionSummary, viewed string) string {
	id := ""
	if d.DefaultCacheBehavior != nil {
		id = aws.ToString(d.DefaultCacheBehavior.TargetOriginId)
	}
	if d.CacheBehaviors != nil {
		for _, b := range d.CacheBehaviors.Items {
			if matchesPattern(aws.ToString(b.PathPattern), viewed) {
				id = aws.ToString(b.TargetOriginId)
				break
			}
		}
	}
	if d.OriginGroups != nil {
		for _, group := range d.OriginGroups.Items {
			if aws.ToString(group.Id) == id && group.Members != nil && len(group.Members.Items) > 0 {
				return aws.ToString(group.Members.Items[0].OriginId)
			}
		}
	}
	return id
}

// matchesPattern matches a behavior's path pattern: * is any run of characters,
// ? is one; the leading slash may be left out (cloudfront.md 2.3).
func matchesPattern(pattern, viewed string) bool {
	if !strings.HasPrefix(pattern, "/") && !strings.HasPrefix(pattern, "*") {
		pattern = "/" + pattern
	}
	return iam.Like(pattern, viewed)
}

// with is a probe that sends a secret as well.
func (p Probe) with(header, value string) Probe {
	p.Fields = append(slices.Clone(p.Fields), Field{header, value})
	return p
}

// bare asks past the distribution with all that its origins send to the stage
// but one header: who is refused then is refused for the want of that one, and
// not of another that the stage demands as well.
func (w *work) bare(one way, header string) Probe {
	p := one.direct
	p.Fields = slices.Clone(p.Fields)
	for _, origin := range w.t.origins(w.t.distribution) {
		if origin.CustomHeaders == nil {
			continue
		}
		for _, h := range origin.CustomHeaders.Items {
			name := aws.ToString(h.HeaderName)
			known := slices.ContainsFunc(p.Fields, func(f Field) bool { return strings.EqualFold(f.Name, name) })
			if !known && !strings.EqualFold(name, header) {
				p.Fields = append(p.Fields, Field{name, aws.ToString(h.HeaderValue)})
			}
		}
	}
	return p
}

// showing are those of ways where a header makes the difference: not those that
// demand a key of the customers' own, which no probe has.
func (t *target) showing(ways []way, header string) []way {
	if header == APIKey.header() || t.sent(APIKey.header()) != "" {
		return ways
	}
	return slices.DeleteFunc(slices.Clone(ways), func(w way) bool { return w.key })
}

// look sends a probe over a connection of its own.
func (w *work) look(ctx context.Context, p Probe) (Outcome, string) {
	answer, err := w.account.Sampler.Do(ctx, p)
	if err != nil {
		return Unclear, err.Error()
	}
	return answer.Outcome(), answer.Seen()
}

// ErrNoWay says that the stage has no method that can be asked without doing
// something.
var ErrNoWay = errors.New("no GET, HEAD or OPTIONS method without an authorizer and without keys of customers: nothing to probe by")

// maxCandidates bounds the search for a way that shows the lock.
const maxCandidates = 20

// lockedWay finds a way where the lock shows: refused without the secret, let
// in with it.
func (w *work) lockedWay(ctx context.Context, header, value string) (way, error) {
	candidates := w.t.showing(w.t.ways(w.account, false), header)
	if len(candidates) == 0 {
		return way{}, ErrNoWay
	}
	last := ""
	for _, one := range candidates[:min(len(candidates), maxCandidates)] {
		bare := w.bare(one, header)
		without, seen := w.look(ctx, bare)
		last = fmt.Sprintf("%s: without the secret %s", one, seen)
		if without != Refused {
			continue
		}
		with, seen := w.look(ctx, bare.with(header, value))
		last += ", with it " + seen
		if with == Admitted {
			return one, nil
		}
	}
	return way{}, fmt.Errorf("no method refuses without the secret and lets in with it (last: %s)", last)
}

// askable takes the way by the distribution out where the distribution itself
// refuses who asks: by signed URLs, geography, a web ACL.
func (w *work) askable(ctx context.Context, one way) way {
	if one.edge == nil {
		return one
	}
	if got, seen := w.look(ctx, *one.edge); got == Unclear {
		w.note(LineNote, "Note: the distribution answers %s by itself; only the gateway's end is proved.", seen)
		one.edge = nil
	}
	return one
}

// holds is a sample of a lock that is complete: direct without the secret
// refused, with it let in, by way of the distribution let in.
func (w *work) holds(one way, header, value string) func(context.Context) (bool, string) {
	bare := w.bare(one, header)
	return func(ctx context.Context) (bool, string) {
		if got, seen := w.look(ctx, bare); got != Refused {
			return false, "direct without the secret: " + seen
		}
		if got, seen := w.look(ctx, bare.with(header, value)); got != Admitted {
			return false, "direct with the secret: " + seen
		}
		if one.edge != nil {
			if got, seen := w.look(ctx, *one.edge); got != Admitted {
				return false, "by way of the distribution: " + seen
			}
		}
		return true, ""
	}
}
