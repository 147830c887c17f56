package audit

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"drawbridge/engine/policy"
)

// guard is a resource policy that can be asked about.
type guard struct {
	empty    bool // there is no policy
	text     Secret
	document *policy.Document
	compiled *policy.Policy
	account  string
	region   string
	part     string
}

// outcome is the answer about one method: all its verbs and paths.
type outcome struct {
	never     bool
	witness   string
	undecided string
}

// newGuard reads a policy; the text says why it cannot be used.
func (v *view) newGuard(s *stageView, text Secret) (*guard, string) {
	g := &guard{text: text, account: v.stack.Account, region: v.stack.Region, part: v.stack.Partition}
	plain := plainPolicy(text.Reveal())
	if plain == "" {
		g.empty = true
		return g, ""
	}
	g.place(plain, s.api.ID)
	document, err := policy.Parse([]byte(plain), policy.Options{ResourceBased: true, Expand: g.expand(s.api.ID)})
	if err != nil {
		return nil, err.Error()
	}
	if g.compiled, err = policy.Compile(document); err != nil {
		return nil, err.Error()
	}
	g.document = document
	return g, ""
}

// plainPolicy undoes GetRestApi's second escaping (api-gateway.md 3.1).
func plainPolicy(text string) string {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, `{\"`) {
		var plain string
		if json.Unmarshal([]byte(`"`+text+`"`), &plain) == nil {
			return plain
		}
	}
	return text
}

var policyARN = regexp.MustCompile(`"arn:([a-z-]+):execute-api:([a-z0-9-]+):([0-9]{12}):`)

// place fills in what a document without an account does not say, from the
// policy's own ARNs if it has any.
func (g *guard) place(text, api string) {
	if m := policyARN.FindStringSubmatch(text); m != nil && (g.account == "" || g.region == "") {
		g.part, g.region, g.account = m[1], m[2], m[3]
	}
	if g.part == "" {
		g.part = "aws"
	}
	if g.region == "" {
		g.region = "us-east-1"
	}
	if g.account == "" {
		g.account = "000000000000"
	}
}

func (g *guard) arn(api string) string {
	return "arn:" + g.part + ":execute-api:" + g.region + ":" + g.account + ":" + api + "/"
}

// expand writes the short forms in full (api-gateway.md 3.1).
func (g *guard) expand(api string) func(string) string {
	return func(resource string) string {
		if rest, ok := strings.CutPrefix(resource, "execute-api:/"); ok {
			return g.arn(api) + rest
		}
		return resource
	}
}

// mentions tells whether a condition reads a key.
func (g *guard) mentions(k policy.Key) bool { return !g.empty && g.compiled.Uses(k) }

// needs names what the policy demands.
func (g *guard) needs() string {
	switch {
	case g.mentions(policy.KeyReferer):
		return headerReferer
	case g.mentions(policy.KeyUserAgent):
		return headerUserAgent
	}
	return "what the resource policy demands"
}

// strangers asks whether anybody who does not know a secret gets through.
// Secrets are what the distributions send and what the policy compares with,
// unless anybody could guess it: then it is no secret.
func (g *guard) strangers(v *view, s *stageView, m *Method) outcome {
	if g.empty {
		return outcome{}
	}
	return g.ask(v, s, m, func(r policy.KeyRange, header string, k policy.Key) policy.KeyRange {
		var parts []string
		for _, value := range v.sent(s.api, header) {
			if !guessable(value.Reveal()) {
				parts = append(parts, value.Reveal())
			}
		}
		for _, text := range g.compiled.Literals(k) {
			// A User-Agent is a name more often than a secret.
			if !guessable(text) && (k == policy.KeyReferer || weakness(secretOf(text)) == "") {
				parts = append(parts, text)
			}
		}
		return r.WithoutParts(parts...)
	})
}

// others asks whether a request gets through whose secret is not exactly the
// one that the distributions send; with variants also not that in another case
// or within a longer text.
func (g *guard) others(v *view, s *stageView, m *Method, variants bool) outcome {
	return g.ask(v, s, m, func(r policy.KeyRange, header string, _ policy.Key) policy.KeyRange {
		var values []string
		for _, value := range v.sent(s.api, header) {
			values = append(values, value.Reveal())
		}
		if variants {
			return r.WithoutParts(values...)
		}
		return r.Without(values...)
	})
}

type narrow func(r policy.KeyRange, header string, k policy.Key) policy.KeyRange

func (g *guard) ask(v *view, s *stageView, m *Method, narrow narrow) outcome {
	q := policy.Question{
		Action:    "execute-api:Invoke",
		NotDenied: m.Authorization != "" && m.Authorization != AuthNone,
		Keys: []policy.KeyRange{
			narrow(policy.AnyText(policy.KeyReferer.String(), 2), headerReferer, policy.KeyReferer),
			narrow(policy.AnyText(policy.KeyUserAgent.String(), 2), headerUserAgent, policy.KeyUserAgent),
			policy.AnyAddress(policy.KeySourceIP),
			policy.AnyTime(v.now),
			policy.OneOf(policy.KeySecureTransport.String(), []string{"true"}),
			policy.OneOf(policy.KeyRequestedRegion.String(), nil, []string{g.region}),
		},
	}
	if s.api.private() {
		q.Keys = append(q.Keys, policy.AnyAddress(policy.KeyVpcSourceIP))
	}
	q.Keys = append(q.Keys, g.unknownKeys(s, q.NotDenied)...)
	if q.NotDenied {
		q.Principals = []policy.Principal{{}, {Type: policy.User, Account: g.account, ARN: "arn:" + g.part + ":iam::" + g.account + ":user/somebody"}}
	}
	for _, verb := range verbs(m.Verb) {
		q.Resource = resourceOf(g.arn(s.api.ID)+s.stage.Name+"/"+verb+"/", m.Path)
		answer, err := g.compiled.Ask(q)
		switch {
		case err != nil:
			return outcome{undecided: err.Error()}
		case answer.Verdict == policy.Undecided:
			return outcome{undecided: answer.Why}
		case answer.Verdict == policy.Possible:
			return outcome{witness: g.describe(answer)}
		}
	}
	return outcome{never: true}
}

// anyVerbs are the verbs of ANY (api-gateway.md 2.2).
var anyVerbs = []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}

func verbs(of string) []string {
	if of == "ANY" {
		return anyVerbs
	}
	return []string{of}
}

// resourceOf describes the resources that requests to a method are evaluated
// as: the path as sent, without its leading slash, trailing slashes kept
// (api-gateway.md 3.2).
func resourceOf(head, path string) []policy.Piece {
	out := []policy.Piece{policy.Exactly(head)}
	for i, segment := range strings.Split(strings.Trim(path, "/"), "/") {
		if i > 0 {
			out = append(out, policy.Exactly("/"))
		}
		switch {
		case strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "+}"):
			return append(out, policy.Rest())
		case strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}"):
			out = append(out, policy.Segment())
		default:
			out = append(out, policy.Exactly(segment))
		}
	}
	return append(out, policy.Slashes())
}

var (
	rangedKeys = []policy.Key{policy.KeyReferer, policy.KeyUserAgent, policy.KeySourceIP, policy.KeyVpcSourceIP,
		policy.KeyCurrentTime, policy.KeyEpochTime, policy.KeySecureTransport, policy.KeyRequestedRegion}
	vpcKeys = []policy.Key{policy.KeySourceVpc, policy.KeySourceVpce, policy.KeyVpceAccount, policy.KeyVpceOrgID, policy.KeyVpceOrgPaths}
)

var variableName = regexp.MustCompile(`\$\{\s*([A-Za-z0-9-]+:[^},]+?)\s*[},]`)

// unknownKeys are the other keys that the policy reads and that a caller may
// have: those of the VPC on a private endpoint, those of a signed caller where
// somebody is authenticated. For everybody else they are absent.
func (g *guard) unknownKeys(s *stageView, authenticated bool) []policy.KeyRange {
	var names []string
	add := func(name string) {
		k, known := policy.LookupKey(name)
		vpc := known && slices.Contains(vpcKeys, k)
		switch {
		case known && slices.Contains(rangedKeys, k): // ask gives these their ranges
		case vpc && !s.api.private(), !vpc && !authenticated: // nobody has them
		case !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }):
			names = append(names, name)
		}
	}
	for _, statement := range g.document.Statements {
		for _, c := range statement.Conditions {
			add(c.Key)
		}
	}
	for _, m := range variableName.FindAllStringSubmatch(string(g.document.Canonical()), -1) {
		add(m[1])
	}
	var out []policy.KeyRange
	for _, name := range names {
		out = append(out, policy.AnyText(name, 1))
	}
	return out
}

// describe words a witness. A value that the policy itself names is not shown:
// it may be a secret, though a weak one.
func (g *guard) describe(a policy.Answer) string {
	resource := strings.SplitN(a.Witness.Resource, ":", 6)[5]
	parts := strings.SplitN(resource, "/", 4) // api, stage, verb, path
	path := ""
	if len(parts) == 4 {
		path = parts[3]
	}
	text := parts[2] + " /" + parts[1] + "/" + path
	for _, c := range a.Chosen {
		value := strings.Join(c.Values, " and ")
		switch {
		case strings.EqualFold(c.Key, "aws:Referer"):
			text += g.field(headerReferer, policy.KeyReferer, c.Values)
		case strings.EqualFold(c.Key, "aws:UserAgent"):
			if g.mentions(policy.KeyUserAgent) {
				text += g.field(headerUserAgent, policy.KeyUserAgent, c.Values)
			}
		case strings.EqualFold(c.Key, "aws:SourceIp") && g.mentions(policy.KeySourceIP):
			text += ", from " + value
		case strings.EqualFold(c.Key, "aws:CurrentTime") && (g.mentions(policy.KeyCurrentTime) || g.mentions(policy.KeyEpochTime)):
			text += ", at " + value
		case strings.HasPrefix(strings.ToLower(c.Key), "aws:sourcevpc") && value != "":
			text += ", by " + value
		}
	}
	return text
}

func (g *guard) field(name string, k policy.Key, values []string) string {
	switch {
	case len(values) == 0:
		return ", no " + name
	case values[0] == "" && len(values) == 1:
		return ", empty " + name
	}
	for _, v := range values {
		for _, literal := range g.compiled.Literals(k) {
			if len(literal) >= 4 && !public(literal) && strings.Contains(strings.ToLower(v), strings.ToLower(literal)) {
				return ", " + name + ": a value that the policy names"
			}
		}
	}
	return ", " + name + ": " + strings.Join(values, " and ")
}

// samePolicy compares two policies of one API as documents.
func samePolicy(a, b *guard) bool {
	if a.empty || b.empty {
		return a.empty == b.empty
	}
	return string(a.document.Canonical()) == string(b.document.Canonical())
}

// demanded are the values that the policy compares its header with.
func (g *guard) demanded() []string {
	if g.needs() == headerReferer {
		return g.compiled.Literals(policy.KeyReferer)
	}
	return g.compiled.Literals(policy.KeyUserAgent)
}

// secretOf is a text of a policy as a secret; a reference's name in it stands
// for a value that is not known.
func secretOf(text string) Secret {
	return Secret{text: text, symbolic: strings.Contains(text, SymbolPrefix)}
}
