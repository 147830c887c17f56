package lock

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
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
	if d.exclude, err = r.openPatterns(); err != nil {
		return "", err
	}
	p.lock(d)
	return p.text(), nil
}

// openPatterns are the resources of the methods that stay open: a pattern for
// each verb, as "*" in its place would stand for "GET/admin" as well. The "*" of
// a parameter spans slashes, so what it would open beside is an error.
func (r *applying) openPatterns() ([]string, error) {
	var patterns []string
	for _, e := range r.exclude {
		chosen := []string{e.verb}
		if e.verb == "ANY" {
			chosen = verbs
		}
		for _, verb := range chosen {
			pattern := verb + anyParameter(e.path)
			if other := r.opensBeside(verb, pattern); other != "" {
				return nil, fmt.Errorf("--exclude '%s %s' would open %s too, because the * of a policy spans slashes; exclude that as well, or use --method api-key", e.verb, e.path, other)
			}
			patterns = append(patterns, pattern)
		}
	}
	return patterns, nil
}

// opensBeside names a method that is not excluded and that a pattern reaches.
func (r *applying) opensBeside(verb, pattern string) string {
	for i := range r.t.resources {
		path := aws.ToString(r.t.resources[i].Path)
		for _, of := range sortedMethods(&r.t.resources[i]) {
			if of != "ANY" && of != verb || r.excluded(of, path) || of == "ANY" && r.excluded(verb, path) {
				continue
			}
			if overlap(pattern, served(verb, path)) {
				return of + " " + path
			}
		}
	}
	return ""
}

// parameter stands in a pattern for any text without a slash.
const parameter = '\x00'

// served is what requests to a resource look like to a policy: * for a greedy
// parameter, parameter for another.
func served(verb, path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if strings.HasPrefix(segment, "{") {
			segments[i] = string(parameter)
			if strings.HasSuffix(segment, "+}") {
				segments[i] = "*"
			}
		}
	}
	return verb + strings.Join(segments, "/")
}

// overlap tells whether a text matches both patterns.
func overlap(a, b string) bool {
	seen := make(map[[2]int]bool)
	wild := func(c byte) bool { return c == '*' || c == parameter }
	var from func(i, j int) bool
	from = func(i, j int) bool {
		if seen[[2]int{i, j}] {
			return false // nothing came of it
		}
		seen[[2]int{i, j}] = true
		switch {
		case i == len(a) && j == len(b):
			return true
		case i < len(a) && wild(a[i]):
			return from(i+1, j) || j < len(b) && (wild(b[j]) || a[i] == '*' || b[j] != '/') && from(i, j+1)
		case j < len(b) && wild(b[j]):
			return from(i, j+1) || i < len(a) && (b[j] == '*' || a[i] != '/') && from(i+1, j)
		}
		return i < len(a) && j < len(b) && a[i] == b[j] && from(i+1, j+1)
	}
	return from(0, 0)
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
