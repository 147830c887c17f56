package audit

import "strings"

// check is one thing an audit looks for. Its id names its page in docs/checks.
type check struct {
	id    string
	title string // what is wrong when it finds something
	mend  string // unless the finding knows better
	run   func(v *view, found func(Finding))
}

// checks in the order of docs/lock-audit.md: the edge's end, methods, keys,
// policies, other doors, the secret itself, what others guard, probes.
func checks() []check {
	return []check{
		{"header-missing", "an origin does not send the secret", "add the header to the origin's custom headers", headerMissing},
		{"header-missing-failover", "a group's second origin does not send the secret", "add the first origin's custom header to the second one", headerMissingFailover},
		{"origin-not-https", "the secret may travel in the clear", "set OriginProtocolPolicy to https-only", originNotHTTPS},
		{"origin-tls-old", "the origin may be called with an old TLS", "set OriginSslProtocols to TLSv1.2 only", originTLSOld},
		{"header-whitelisted", "the viewer's header of the same name is forwarded", "take the header out of the origin request policy's list", headerWhitelisted},
		{"host-forwarded", "the viewer's Host is forwarded, which execute-api refuses", "use the managed policy AllViewerExceptHostHeader", hostForwarded},
		{"method-open", "a method demands no API key", "set apiKeyRequired on the method and deploy", methodOpen},
		{"options-open", "OPTIONS demands no API key", "set apiKeyRequired on OPTIONS too: preflights by the distribution bring the key", optionsOpen},
		{"deployment-stale", "the stage serves another definition than the working copy", "create a deployment to the stage", deploymentStale},
		{"key-disabled", "the key that the distribution sends is disabled", "enable the key", keyDisabled},
		{"key-not-in-plan", "the key that the distribution sends opens nothing", "put key and stage into one usage plan", keyNotInPlan},
		{"key-shared", "other keys open the stage too", "give customers' keys a stage of their own, or lock by Referer instead", keyShared},
		{"source-authorizer", "keys are not read from x-api-key", "set the API's apiKeySource to HEADER and deploy", sourceAuthorizer},
		{"policy-absent", "nothing locks the stage", "lock it: `drawbridge lock apply`", policyAbsent},
		{"policy-not-deployed", "the resource policy is not in force", "create a deployment to the stage", policyNotDeployed},
		{"policy-too-wide", "the policy accepts other values than the secret", "compare with StringNotEquals and the one secret", policyTooWide},
		{"policy-witness", "the policy lets requests without the secret in", "deny with StringNotEquals on aws:Referer for every resource", policyWitness},
		{"other-stage", "another stage of the API is open", "lock or delete that stage: it has the same backends", otherStage},
		{"default-endpoint", "the default endpoint is a further door", "set disableExecuteApiEndpoint and deploy", defaultEndpoint},
		{"other-distribution", "another distribution brings the secret", "give each distribution its own secret and API, or take the header off", otherDistribution},
		{"custom-domain", "a custom domain leads to an open method", "lock the method, or delete the mapping", customDomain},
		{"canary-open", "the canary is open", "promote or remove the canary once the stage is locked", canaryOpen},
		{"secret-weak", "the secret can be guessed", "rotate to a random one: `drawbridge lock rotate`", secretWeak},
		{"secret-reused", "the secret is used elsewhere too", "give each API and origin its own secret", secretReused},
		{"secret-in-cache-key", "the secret's header is in the cache key", "take the header out of the cache policy", secretInCacheKey},
		{"secret-logged", "the secret is written to logs", "take it out of the log format, turn data trace off", secretLogged},
		{"secret-passed-to-backend", "the backend is sent the secret", "drop the header in the integration's request, or trust the backend with it", secretPassedToBackend},
		{"guarded-otherwise", "something else guards, which is not read", "lock the method too: `--probe` is a stranger, whom the guard refuses as well", guardedOtherwise},
		{"not-enforced-here", "Drawbridge does not enforce it", "do not rely on it here", notEnforcedHere},
		{"probe-contradicts", "a real request shows something else than the analysis", "see what was deployed meanwhile; audit again", func(*view, func(Finding)) {}},
	}
}

func checkByID(id string) check {
	for _, c := range checks() {
		if c.id == id {
			return c
		}
	}
	return check{}
}

// CheckIDs are the ids of all checks.
func CheckIDs() []string {
	var out []string
	for _, c := range checks() {
		out = append(out, c.id)
	}
	return out
}

// keyed: is the lock of this stage the API key, at least in part?
func (v *view) keyed(s *stageView) bool {
	for i := range s.live.methods {
		if s.live.methods[i].APIKeyRequired {
			return true
		}
	}
	return len(v.sent(s.api, headerKey)) > 0
}

// usesSecret: is there any lock on the stage by key or header?
func (v *view) usesSecret(s *stageView) bool {
	return v.keyed(s) || len(v.sent(s.api, headerReferer)) > 0 || s.live.policy != nil && s.live.policy.demandsHeader()
}

// demandsHeader: does the policy look at a header that a distribution can send?
func (g *guard) demandsHeader() bool {
	return !g.empty && (g.needs() == headerReferer || g.needs() == headerUserAgent)
}

// needed are the secret headers that a stage demands.
func (v *view) needed(s *stageView) []string {
	var out []string
	for i := range s.live.methods {
		source := s.live.snapshot.KeySource
		if s.live.methods[i].APIKeyRequired && source.Known() && source.Value != "AUTHORIZER" {
			out = append(out, headerKey)
			break
		}
	}
	if s.live.policy != nil && s.live.policy.demandsHeader() {
		out = append(out, s.live.policy.needs())
	}
	return out
}

// linksTo calls with every link that a chosen, enabled distribution uses, and the
// target stages it leads to.
func (v *view) linksTo(visit func(*link, []*stageView)) {
	for _, l := range v.links {
		if !l.chosen || !l.dist.Enabled || len(l.behaviors) == 0 {
			continue
		}
		var stages []*stageView
		for _, s := range v.stages {
			if s.target && s.api == l.api && (l.stage == "" || l.stage == s.stage.Name) {
				stages = append(stages, s)
			}
		}
		if len(stages) > 0 {
			visit(l, stages)
		}
	}
}

func (l *link) name() string { return "distribution " + l.dist.ID + " origin " + l.origin.ID }

func (v *view) targets(visit func(*stageView)) {
	for _, s := range v.stages {
		if s.target {
			visit(s)
		}
	}
}

// list is at most three names.
func list(names []string) string {
	if len(names) > 3 {
		return strings.Join(names[:3], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}
