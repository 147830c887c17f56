package lock

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/apigateway"
)

// merged is the working copy's policy with the demand in it.
func (r *applying) merged() (string, error) {
	p, err := parsePolicy(r.t.policy)
	if err != nil {
		return "", err
	}
	if r.demanded(p) {
		return r.t.policy, nil
	}
	d := demand{arn: r.account.executeARN(r.t.api), stage: r.t.stage, others: r.t.otherStages, value: r.value}
	for _, e := range r.exclude {
		verb, path := e.verb, strings.TrimPrefix(e.path, "/")
		if verb == "ANY" {
			verb = "*"
		}
		d.exclude = append(d.exclude, verb+"/"+anyParameter(path))
	}
	p.lock(d)
	return p.text(), nil
}

// anyParameter writes * for the parameters of a resource's path.
func anyParameter(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if strings.HasPrefix(segment, "{") {
			segments[i] = "*"
		}
	}
	return strings.Join(segments, "/")
}

// demanded tells whether a policy knows the secret already and nothing is to be
// excluded from it: a lock by hand is left as it is.
func (r *applying) demanded(p *policy) bool {
	return len(r.exclude) == 0 && slices.Contains(p.referers(), r.value)
}

// demandReferer merges the demand into the working copy's policy.
func (r *applying) demandReferer(ctx context.Context) (changed bool, err error) {
	merged, err := r.merged()
	if err != nil {
		return false, err
	}
	wanted, err := parsePolicy(merged)
	if err != nil {
		return false, err
	}
	now, err := parsePolicy(r.t.policy)
	if err != nil {
		return false, err
	}
	if now.canonical() != wanted.canonical() {
		r.note(LineNote, "The resource policy denies requests without the secret, in the working copy. Other statements stay.")
		if err := r.putPolicy(ctx, merged); err != nil {
			return false, err
		}
		before := r.t.policy
		r.undo = append(r.undo, undo{"the working copy's policy is as before", func(ctx context.Context) error { return r.putPolicy(ctx, before) }})
	}
	deployed := r.t.deployedPolicy()
	return deployed == nil || deployed.canonical() != wanted.canonical(), nil
}

// putPolicy writes the working copy's resource policy.
func (w *work) putPolicy(ctx context.Context, text string) error {
	_, err := alter(ctx, w, call(w.account.APIGateway.UpdateRestApi, &apigateway.UpdateRestApiInput{
		RestApiId: &w.t.api, PatchOperations: replace("/policy", text),
	}))
	return err
}
