package apigateway

import (
	"math"
	"slices"
	"strings"

	"drawbridge/controlplane/api/apigatewayapi"
)

// What AWS says about stage paths it does not know; the missing commas are its
// own (reference/api-gateway.md 1.9).
const (
	stagePathsText = "[/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId, " +
		"/accessLogSettings, /accessLogSettings/destinationArn, /accessLogSettings/format, " +
		"/{resourcePath}/{httpMethod}/metrics/enabled, /{resourcePath}/{httpMethod}/logging/dataTrace, " +
		"/{resourcePath}/{httpMethod}/logging/loglevel, /{resourcePath}/{httpMethod}/throttling/burstLimit" +
		"/{resourcePath}/{httpMethod}/throttling/rateLimit/{resourcePath}/{httpMethod}/caching/ttlInSeconds, " +
		"/{resourcePath}/{httpMethod}/caching/enabled, /{resourcePath}/{httpMethod}/caching/dataEncrypted, " +
		"/{resourcePath}/{httpMethod}/caching/requireAuthorizationForCacheControl, " +
		"/{resourcePath}/{httpMethod}/caching/unauthorizedCacheControlHeaderStrategy, " +
		"/*/*/metrics/enabled, /*/*/logging/dataTrace, /*/*/logging/loglevel, " +
		"/*/*/throttling/burstLimit /*/*/throttling/rateLimit /*/*/caching/ttlInSeconds, /*/*/caching/enabled, " +
		"/*/*/caching/dataEncrypted, /*/*/caching/requireAuthorizationForCacheControl, " +
		"/*/*/caching/unauthorizedCacheControlHeaderStrategy, /variables/{variable_name}, /tracingEnabled]"
	accessLogText = "Invalid accessLogSettings path. Must be one of : [/accessLogSettings/destinationArn, /accessLogSettings/format]"
)

// stageDraft is a stage under a patch.
type stageDraft struct {
	stage *apigatewayapi.Stage
	// needDeployment finds out whether the API has a deployment, and holds the
	// write to it.
	needDeployment func(id string) error
}

func stageWording() wording {
	unknown := func(e *edit) error {
		switch e.op {
		case opAdd:
			return badRequest("Invalid add operation with path: %s", e.path)
		case opRemove:
			return badRequest("Cannot remove method setting %s because there is no method setting for this method ",
				strings.TrimPrefix(e.path, "/"))
		case opCopy:
			return badRequest("Invalid copy operation with path: %s and from %s. Valid copy:path are [/deploymentId, /variables] "+
				"and valid copy:from are [/canarySettings/deploymentId, /canarySettings/stageVariableOverrides]", e.path, e.from)
		}
		return badRequest("Invalid method setting path: %s. Must be one of: %s", e.path, stagePathsText)
	}
	return wording{unknown: unknown, badOp: func(e *edit, _ []op) error { return unknown(e) }}
}

// onStage makes a rule for a stage's member one for its draft.
func onStage(r rule[apigatewayapi.Stage]) rule[stageDraft] {
	return rule[stageDraft]{path: r.path, ops: r.ops, apply: func(d *stageDraft, e *edit) error { return r.apply(d.stage, e) }}
}

func stagePatches() patchTable[stageDraft] {
	type stage = apigatewayapi.Stage
	replace := func(path string, apply func(d *stageDraft, e *edit) error) rule[stageDraft] {
		return rule[stageDraft]{path: path, ops: []op{opReplace}, apply: apply}
	}
	rules := []rule[stageDraft]{
		onStage(replaceText("/description", func(st *stage) **string { return &st.Description }, nil)),
		onStage(replaceText("/documentationVersion", func(st *stage) **string { return &st.DocumentationVersion }, nil)),
		onStage(replaceText("/clientCertificateId", func(st *stage) **string { return &st.ClientCertificateId }, nil)),
		onStage(replaceTruth("/tracingEnabled", func(st *stage) **bool { return &st.TracingEnabled })),
		replace("/cacheClusterEnabled", func(d *stageDraft, e *edit) error {
			setCacheCluster(d.stage, new(e.truth()), nil)
			return nil
		}),
		onStage(replaceText("/cacheClusterSize", func(st *stage) **string { return &st.CacheClusterSize },
			oneOf("CacheClusterSize", apigatewayapi.CacheClusterSizeValues))),
		replace("/deploymentId", func(d *stageDraft, e *edit) error {
			d.stage.DeploymentId = new(e.text())
			return d.needDeployment(e.text())
		}),
		{path: "/deploymentId", ops: []op{opCopy}, apply: promote},
		{path: "/variables", ops: []op{opCopy}, apply: promote},
		{path: "/variables", ops: []op{opRemove}, apply: func(d *stageDraft, _ *edit) error {
			if d.stage.Variables == nil {
				return errNoRule
			}
			d.stage.Variables = nil
			return nil
		}},
		{path: "/variables/{name}", ops: []op{opReplace, opRemove}, apply: func(d *stageDraft, e *edit) error {
			return patchVariable(&d.stage.Variables, e)
		}},
	}
	rules = append(rules, accessLogRules()...)
	rules = append(rules, canaryRules()...)
	rules = append(rules,
		rule[stageDraft]{path: "/{setting...}", ops: []op{opReplace}, apply: patchMethodSetting},
		rule[stageDraft]{path: "/{setting...}", ops: []op{opRemove}, apply: removeMethodSetting})
	return patchTable[stageDraft]{wording: stageWording(), rules: rules}
}

// patchVariable replaces or removes one variable.
func patchVariable(variables *map[string]string, e *edit) error {
	if e.op == opRemove {
		if _, ok := (*variables)[e.args[0]]; !ok {
			return errNoRule
		}
		delete(*variables, e.args[0])
		if len(*variables) == 0 {
			*variables = nil
		}
		return nil
	}
	if *variables == nil {
		*variables = map[string]string{}
	}
	(*variables)[e.args[0]] = e.text()
	return nil
}

// promote is copy: from the canary to the stage.
func promote(d *stageDraft, e *edit) error {
	deployment := e.path == "/deploymentId" && e.from == "/canarySettings/deploymentId"
	variables := e.path == "/variables" && e.from == "/canarySettings/stageVariableOverrides"
	switch {
	case !deployment && !variables:
		return errNoRule
	case d.stage.CanarySettings == nil:
		return badRequest("Promotion not available. Canary does not exist.")
	case deployment:
		d.stage.DeploymentId = d.stage.CanarySettings.DeploymentId
		return d.needDeployment(val(d.stage.DeploymentId))
	}
	promoteVariables(d.stage)
	return nil
}

// accessLogRules: the settings go as a whole, their members cannot be removed
// (recorded; the documentation says otherwise).
func accessLogRules() []rule[stageDraft] {
	set := []op{opAdd, opReplace}
	member := func(path string, member func(*apigatewayapi.AccessLogSettings) **string, check func(string) error) rule[stageDraft] {
		return rule[stageDraft]{path: path, ops: set, apply: func(d *stageDraft, e *edit) error {
			if e.text() == "" {
				return badRequest("Access Log value must not be empty")
			}
			if err := check(e.text()); err != nil {
				return err
			}
			if d.stage.AccessLogSettings == nil {
				d.stage.AccessLogSettings = &apigatewayapi.AccessLogSettings{}
			}
			*member(d.stage.AccessLogSettings) = new(e.text())
			return nil
		}}
	}
	refuse := func(*stageDraft, *edit) error { return badRequest(accessLogText) }
	return []rule[stageDraft]{
		member("/accessLogSettings/destinationArn", func(a *apigatewayapi.AccessLogSettings) **string { return &a.DestinationArn },
			func(value string) error {
				if !strings.HasPrefix(value, "arn:") {
					return badRequest("Invalid ARN specified in the request")
				}
				return nil
			}),
		member("/accessLogSettings/format", func(a *apigatewayapi.AccessLogSettings) **string { return &a.Format },
			checkLogFormat),
		{path: "/accessLogSettings", ops: []op{opRemove}, apply: func(d *stageDraft, _ *edit) error {
			if d.stage.AccessLogSettings == nil {
				return errNoRule
			}
			d.stage.AccessLogSettings = nil
			return nil
		}},
		{path: "/accessLogSettings", ops: set, apply: refuse},
		{path: "/accessLogSettings/{rest...}", ops: set, apply: refuse},
	}
}

// canaryRules: the first setting written makes the canary, at the stage's own
// deployment and without traffic.
func canaryRules() []rule[stageDraft] {
	replace := func(path string, apply func(d *stageDraft, c *apigatewayapi.CanarySettings, e *edit) error) rule[stageDraft] {
		return rule[stageDraft]{path: "/canarySettings/" + path, ops: []op{opReplace}, apply: func(d *stageDraft, e *edit) error {
			c := d.stage.CanarySettings
			if c == nil {
				c = &apigatewayapi.CanarySettings{
					DeploymentId: d.stage.DeploymentId, PercentTraffic: new(0.0), UseStageCache: new(false),
				}
			}
			d.stage.CanarySettings = c
			return apply(d, c, e)
		}}
	}
	return []rule[stageDraft]{
		replace("deploymentId", func(d *stageDraft, c *apigatewayapi.CanarySettings, e *edit) error {
			c.DeploymentId = new(e.text())
			return d.needDeployment(e.text())
		}),
		replace("percentTraffic", func(_ *stageDraft, c *apigatewayapi.CanarySettings, e *edit) (err error) {
			c.PercentTraffic, err = decimal(e.text(), 0, 100, percentText)
			return err
		}),
		replace("useStageCache", func(_ *stageDraft, c *apigatewayapi.CanarySettings, e *edit) error {
			c.UseStageCache = new(e.truth())
			return nil
		}),
		replace("stageVariableOverrides/{name}", func(_ *stageDraft, c *apigatewayapi.CanarySettings, e *edit) error {
			return patchVariable(&c.StageVariableOverrides, e)
		}),
		{path: "/canarySettings/stageVariableOverrides/{name}", ops: []op{opRemove}, apply: func(d *stageDraft, e *edit) error {
			if d.stage.CanarySettings == nil {
				return errNoRule
			}
			return patchVariable(&d.stage.CanarySettings.StageVariableOverrides, e)
		}},
		{path: "/canarySettings", ops: []op{opRemove}, apply: func(d *stageDraft, _ *edit) error {
			if d.stage.CanarySettings == nil {
				return errNoRule
			}
			d.stage.CanarySettings = nil
			return nil
		}},
	}
}

// defaultMethodSetting is what the first setting written materialises
// (reference/api-gateway.md 1.7).
func defaultMethodSetting() apigatewayapi.MethodSetting {
	return apigatewayapi.MethodSetting{
		MetricsEnabled: new(false), DataTraceEnabled: new(false),
		ThrottlingBurstLimit: new(int32(5000)), ThrottlingRateLimit: new(10000.0),
		CachingEnabled: new(false), CacheTtlInSeconds: new(int32(300)), CacheDataEncrypted: new(false),
		RequireAuthorizationForCacheControl: new(true),
		UnauthorizedCacheControlHeaderStrategy: new(
			apigatewayapi.UnauthorizedCacheControlHeaderStrategySucceedWithResponseHeader),
	}
}

const allMethods = "*/*"

// settingKey takes "{path}/{verb}" for the key of a method setting; it is kept
// as written, with ~1 for a slash within the path or without.
func settingKey(s string) (string, bool) {
	path, verb, ok := lastCut(s)
	return s, ok && path != "" && (s == allMethods || validVerb(verb) || verb == "*")
}

func lastCut(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, '/')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// MethodSettingFor takes the key of a method setting apart: the resource path
// ("*" for all) and the verb ("*" for all). Keys come as AWS clients write
// them: "pets/{id}/GET", "~1pets~1{id}/GET", "~1/GET" for the root.
func MethodSettingFor(key string) (path, verb string) {
	path, verb, _ = lastCut(key)
	if path == "*" {
		return path, verb
	}
	return "/" + strings.Trim(unescapePointer(path), "/"), verb
}

// patchMethodSetting replaces one setting; path is {path}/{verb}/{group}/{name}.
func patchMethodSetting(d *stageDraft, e *edit) error {
	rest, name, ok := lastCut(e.args[0])
	if !ok {
		return errNoRule
	}
	rest, group, ok := lastCut(rest)
	if !ok {
		return errNoRule
	}
	key, ok := settingKey(rest)
	if !ok {
		return errNoRule
	}
	for _, f := range methodSettingRules() {
		if f.path != group+"/"+name {
			continue
		}
		setting, ok := d.stage.MethodSettings[key]
		if !ok {
			setting, ok = d.stage.MethodSettings[allMethods]
		}
		if !ok {
			setting = defaultMethodSetting()
		}
		if err := f.apply(&setting, e); err != nil {
			return err
		}
		if d.stage.MethodSettings == nil {
			d.stage.MethodSettings = map[string]apigatewayapi.MethodSetting{}
		}
		if len(d.stage.MethodSettings) >= maxMethodSettings && !slices.Contains(sortedKeys(d.stage.MethodSettings), key) {
			return tooMany("method settings", "stage")
		}
		d.stage.MethodSettings[key] = setting
		return nil
	}
	return errNoRule
}

// maxMethodSettings bounds a stage's settings: more than the methods of an API
// with AWS's 300 resources.
const maxMethodSettings = 2500

func methodSettingRules() []rule[apigatewayapi.MethodSetting] {
	type target = apigatewayapi.MethodSetting
	return []rule[target]{
		replaceTruth("metrics/enabled", func(m *target) **bool { return &m.MetricsEnabled }),
		replaceTruth("logging/dataTrace", func(m *target) **bool { return &m.DataTraceEnabled }),
		replaceText("logging/loglevel", func(m *target) **string { return &m.LoggingLevel },
			oneOf("LoggingLevel", []string{"OFF", "ERROR", "INFO"})),
		{path: "throttling/burstLimit", apply: func(m *target, e *edit) (err error) {
			m.ThrottlingBurstLimit, err = whole(e.text(), -1, math.MaxInt32, "Invalid throttling burst limit specified")
			return err
		}},
		{path: "throttling/rateLimit", apply: func(m *target, e *edit) (err error) {
			m.ThrottlingRateLimit, err = decimal(e.text(), -1, math.MaxInt32, "Invalid throttling rate limit specified")
			return err
		}},
		replaceTruth("caching/enabled", func(m *target) **bool { return &m.CachingEnabled }),
		replaceTruth("caching/dataEncrypted", func(m *target) **bool { return &m.CacheDataEncrypted }),
		{path: "caching/ttlInSeconds", apply: func(m *target, e *edit) (err error) {
			m.CacheTtlInSeconds, err = whole(e.text(), 0, 3600, "Invalid cache TTL specified, must be between 0 and 3600 seconds")
			return err
		}},
		replaceTruth("caching/requireAuthorizationForCacheControl",
			func(m *target) **bool { return &m.RequireAuthorizationForCacheControl }),
		replaceText("caching/unauthorizedCacheControlHeaderStrategy",
			func(m *target) **string { return &m.UnauthorizedCacheControlHeaderStrategy },
			oneOf("UnauthorizedCacheControlHeaderStrategy", apigatewayapi.UnauthorizedCacheControlHeaderStrategyValues)),
	}
}

// removeMethodSetting removes all settings of "{path}/{verb}".
func removeMethodSetting(d *stageDraft, e *edit) error {
	if _, ok := d.stage.MethodSettings[e.args[0]]; !ok {
		return errNoRule
	}
	delete(d.stage.MethodSettings, e.args[0])
	return nil
}
