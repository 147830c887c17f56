package gateway

import (
	"math/rand/v2"
	"strings"

	"drawbridge/dataplane/program"
)

// place is where a call is addressed to.
type place struct {
	api        *program.API
	stage      *program.Stage
	deployment *program.Deployment
	path       string // behind the stage, as sent: "", "/" or "/pets/"
	split      bool   // the stage has a canary,
	canary     bool   // and the call is one of its
}

// locate finds API, stage and deployment: the stage is the first segment of the
// path unless a path form or a base path mapping has named it
// (reference/api-gateway.md 2.1).
func (c *call) locate() *Refusal {
	owner := &c.x.Owner
	if owner.API == nil {
		return &Refusal{Type: Forbidden, Reason: reasonNoAPI}
	}
	if d := owner.Domain; d != nil && d.MutualTLS != nil && !c.cameFor(d) {
		return &Refusal{Type: Forbidden, Reason: reasonClientCertificate}
	}
	c.x.Record.API = owner.API.ID
	name, path := owner.Stage, owner.Path
	if name == "" {
		name, path = cutStage(c.x.Request.Path)
	}
	stage := owner.API.Stages[name]
	if stage == nil {
		return &Refusal{Type: Forbidden, Reason: reasonNoStage}
	}
	c.x.Record.Stage = stage.Name
	var canary bool
	split := stage.Canary != nil
	if split && stage.Canary.Takes(rand.Float64()) {
		stage, canary = stage.Canary.Stage, true
		c.x.Trail.Add("stage", "canary")
	}
	if stage.Deployment == nil {
		return &Refusal{Type: Forbidden, Reason: reasonNoDeployment}
	}
	c.place = place{api: owner.API, stage: stage, deployment: stage.Deployment, path: path, split: split, canary: canary}
	if stage.Deployment.DisableExecuteAPIEndpoint && owner.Domain == nil {
		return &Refusal{Type: Forbidden, Reason: reasonEndpointDisabled}
	}
	c.x.Trail.Add("stage", "found")
	return nil
}

// cutStage cuts the first segment off a path. Extra slashes before it do not
// count (reference/api-gateway.md 2.2).
func cutStage(path string) (stage, rest string) {
	path = strings.TrimLeft(path, "/")
	if i := strings.IndexByte(path, '/'); i >= 0 {
		return path[:i], path[i:]
	}
	return path, ""
}
