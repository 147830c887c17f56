package audit

import (
	"regexp"
	"slices"
	"strings"
)

// The header fields that can carry a secret to an API.
const (
	headerKey       = "x-api-key"
	headerReferer   = "Referer"
	headerUserAgent = "User-Agent"
)

// secretHeaders in the order they are looked for.
var secretHeaders = [...]string{headerKey, headerReferer, headerUserAgent}

// serving is a snapshot of a stage with the judgement of each method.
type serving struct {
	snapshot *Snapshot
	policy   *guard // nil: not known
	why      string // policy nil, or methods unread: why
	methods  []judged
}

// judged is a method and who may call it without the secret.
type judged struct {
	*Method
	verdict Verdict
	needs   string
	why     string
	witness string
	// byPolicy and byKey tell what locks it.
	byPolicy, byKey bool
	excluded        bool
}

func (j *judged) name() string { return j.Verb + " " + j.Path }

// isOpen: a way in without the secret, other than on purpose.
func (j *judged) isOpen() bool { return (j.verdict == Open || j.verdict == SideDoor) && !j.excluded }

func (v *view) judgeSnapshot(s *stageView, snapshot *Snapshot) *serving {
	out := &serving{snapshot: snapshot}
	if !snapshot.Methods.Known() {
		out.why = snapshot.Methods.Reason()
		return out
	}
	if snapshot.Policy.Known() {
		out.policy, out.why = v.newGuard(s, snapshot.Policy.Value)
	} else {
		out.why = snapshot.Policy.Reason()
	}
	for i := range snapshot.Methods.Value {
		m := &snapshot.Methods.Value[i]
		j := v.judge(s, out, m)
		j.Method = m
		j.excluded = v.excluded(m)
		out.methods = append(out.methods, j)
	}
	return out
}

func (v *view) excluded(m *Method) bool {
	return slices.ContainsFunc(v.options.Exclude, func(e string) bool {
		verb, path, _ := strings.Cut(strings.TrimSpace(e), " ")
		return strings.EqualFold(verb, m.Verb) && strings.TrimSpace(path) == m.Path
	})
}

// judge decides one method: by policy, by key, by what else guards it.
func (v *view) judge(s *stageView, in *serving, m *Method) judged {
	var answer outcome
	if in.policy != nil {
		answer = in.policy.strangers(v, s, m)
		if answer.never {
			return judged{verdict: Locked, needs: in.policy.needs(), byPolicy: true, why: "the resource policy refuses every request without the secret"}
		}
	}
	if m.APIKeyRequired {
		return v.judgeKeyed(s, in)
	}
	switch {
	case m.Authorization != "" && m.Authorization != AuthNone:
		return judged{verdict: CannotTell, needs: guardName(m.Authorization), why: "guarded by " + guardName(m.Authorization) + ", not by the lock"}
	case s.stage.WebACL != "" && !v.stack.Drawbridge:
		return judged{verdict: CannotTell, needs: "what the web ACL lets through", why: "a web ACL may refuse requests without the secret; its rules are not read"}
	case s.api.private():
		return judged{verdict: CannotTell, needs: "a VPC endpoint", why: "a private endpoint: who may reach it is decided in the VPC"}
	case in.policy == nil:
		return judged{verdict: CannotTell, needs: "unknown", why: "the deployed resource policy is not known: " + in.why}
	case in.policy.empty:
		return judged{verdict: Open, needs: "nothing", why: "no API key is demanded and no resource policy is deployed",
			witness: strings.ReplaceAll(m.Verb, "ANY", "GET") + " /" + s.stage.Name + concrete(m.Path) + " without any header"}
	case answer.undecided != "":
		return judged{verdict: CannotTell, needs: "unknown", why: "the resource policy is undecided: " + answer.undecided}
	}
	return judged{verdict: Open, needs: "nothing", why: "the resource policy allows requests without the secret", witness: answer.witness}
}

func (v *view) judgeKeyed(s *stageView, in *serving) judged {
	source := in.snapshot.KeySource
	switch {
	case !source.Known():
		return judged{verdict: CannotTell, needs: headerKey, why: "where the API key comes from is not known: " + source.Reason()}
	case source.Value == "AUTHORIZER":
		return judged{verdict: CannotTell, needs: "an authorizer", why: "the API key comes from an authorizer, not from x-api-key"}
	}
	if others := v.otherKeys(s); len(others) > 0 {
		return judged{verdict: SideDoor, needs: headerKey, byKey: true,
			why: "API key " + others[0].label() + " opens it too, which no distribution sends"}
	}
	return judged{verdict: Locked, needs: headerKey, byKey: true, why: "an API key is demanded"}
}

var pathParameter = regexp.MustCompile(`\{[^}]*\}`)

// concrete is a path that a resource serves.
func concrete(path string) string { return pathParameter.ReplaceAllString(path, "x") }

func guardName(authorization string) string {
	switch authorization {
	case AuthIAM:
		return "an IAM signature"
	case AuthCustom:
		return "an authorizer"
	case AuthCognito:
		return "a Cognito token"
	}
	return authorization
}

func (k *Key) label() string {
	if k.Name != "" {
		return k.Name + " (" + k.ID + ")"
	}
	return k.ID
}

// validKeys are the enabled keys of usage plans that hold the stage.
func (v *view) validKeys(s *stageView) []*Key {
	var out []*Key
	for _, p := range v.stack.Plans {
		if !slices.Contains(p.Stages, s.ref()) {
			continue
		}
		for _, id := range p.Keys {
			if k := v.key(id); k != nil && k.Enabled && !slices.Contains(out, k) {
				out = append(out, k)
			}
		}
	}
	return out
}

func (v *view) key(id string) *Key {
	for i := range v.stack.Keys {
		if v.stack.Keys[i].ID == id {
			return &v.stack.Keys[i]
		}
	}
	return nil
}

// otherKeys are valid keys of the stage that no chosen distribution sends. A
// value that was not read may be any: as many keys as there are such values on
// the other end are taken to be those.
func (v *view) otherKeys(s *stageView) []*Key {
	sent, unread := v.sent(s.api, headerKey), 0
	for _, l := range v.links {
		if value, ok := l.origin.header(headerKey); l.api == s.api && l.chosen && ok && !value.Known() {
			unread++
		}
	}
	if v.stack.Static && len(v.links) == 0 {
		return nil // one end alone: who sends what is not in the document
	}
	matched := map[string]bool{}
	var known, blind []*Key
	for _, k := range v.validKeys(s) {
		switch {
		case !k.Value.Known():
			blind = append(blind, k)
		case slices.ContainsFunc(sent, k.Value.Value.Equal):
			matched[k.Value.Value.Reveal()] = true
		default:
			known = append(known, k)
		}
	}
	unmatched := map[string]bool{}
	for _, value := range sent {
		if !matched[value.Reveal()] {
			unmatched[value.Reveal()] = true
		}
	}
	known = known[min(unread, len(known)):]
	return append(known, blind[min(len(unmatched)+unread, len(blind)):]...)
}

// sent are the values of a header that chosen distributions send to an API.
func (v *view) sent(api *API, header string) []Secret {
	var out []Secret
	for _, l := range v.links {
		if l.api != api || !l.chosen {
			continue
		}
		if value, ok := l.origin.header(header); ok && value.Known() && !value.Value.IsEmpty() {
			out = append(out, value.Value)
		}
	}
	return out
}
