package lock

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxPolicy is how long a resource policy may be (api-gateway.md 3.1).
const maxPolicy = 8192

// Statements of ours begin their Sid with this and end it with the stage.
const (
	sidLock  = "DrawbridgeLock"
	sidAllow = "DrawbridgeAllow"
)

// sid is a statement's id for a stage: letters and digits only, as IAM wants.
func sid(prefix, stage string) string {
	var b strings.Builder
	b.WriteString(prefix)
	for _, r := range stage {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "x%x", r)
		}
	}
	return b.String()
}

// policy is a resource policy whose statements can be edited one by one; what
// is not edited stays as it was.
type policy struct {
	members    map[string]json.RawMessage // all but Statement
	statements []map[string]any
}

// parsePolicy reads a document; "" is a policy without statements.
func parsePolicy(text string) (*policy, error) {
	p := &policy{members: map[string]json.RawMessage{"Version": json.RawMessage(`"2012-10-17"`)}}
	if text == "" {
		return p, nil
	}
	p.members = nil
	if err := json.Unmarshal([]byte(text), &p.members); err != nil {
		return nil, errors.New("the resource policy is no JSON object")
	}
	statement := p.members["Statement"]
	delete(p.members, "Statement")
	if trimmed := bytes.TrimSpace(statement); len(trimmed) > 0 && trimmed[0] == '{' {
		statement = slices.Concat([]byte("["), trimmed, []byte("]"))
	}
	if len(statement) == 0 {
		return p, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(statement))
	decoder.UseNumber()
	if err := decoder.Decode(&p.statements); err != nil {
		return nil, errors.New("the resource policy's Statement is no list of objects")
	}
	return p, nil
}

// text writes the document; a policy without statements is "".
func (p *policy) text() string {
	if len(p.statements) == 0 {
		return ""
	}
	document := map[string]any{"Statement": p.statements}
	for name, value := range p.members {
		document[name] = value
	}
	return compactJSON(document)
}

// compactJSON writes members by name, and no <, > or & as an escape.
func compactJSON(value any) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic("BUG: a decoded document that does not encode: " + err.Error())
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// eachReferer calls edit with every list of values that a condition compares
// aws:Referer with, and stores what it returns.
func (p *policy) eachReferer(edit func(statement map[string]any, operator string, values []string) []string) {
	for _, statement := range p.statements {
		conditions, _ := statement["Condition"].(map[string]any)
		for operator, keys := range conditions {
			keys, _ := keys.(map[string]any)
			for key, value := range keys {
				if strings.EqualFold(key, "aws:Referer") {
					was := texts(value)
					if now := edit(statement, operator, was); !slices.Equal(was, now) {
						keys[key] = now
					}
				}
			}
		}
	}
}

// texts are a condition's values: a string, or a list of them.
func texts(value any) []string {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []string:
		return v
	case []any:
		list := make([]string, 0, len(v))
		for _, one := range v {
			if text, ok := one.(string); ok {
				list = append(list, text)
			}
		}
		return list
	}
	return nil
}

// referers are all values that conditions compare aws:Referer with.
func (p *policy) referers() []string {
	var found []string
	p.eachReferer(func(_ map[string]any, _ string, values []string) []string {
		for _, value := range values {
			if !slices.Contains(found, value) {
				found = append(found, value)
			}
		}
		return values
	})
	return found
}

// accept has every condition that knows one value know another, too: a Deny
// with StringNotEquals refuses what is none of its values, an Allow with
// StringEquals admits what is one of them.
func (p *policy) accept(known, another string) {
	p.eachReferer(func(_ map[string]any, _ string, values []string) []string {
		if !slices.Contains(values, known) || slices.Contains(values, another) {
			return values
		}
		return append(slices.Clone(values), another)
	})
}

// forget takes a value out of every condition that knows another one as well.
func (p *policy) forget(value string) {
	p.eachReferer(func(_ map[string]any, _ string, values []string) []string {
		if len(values) < 2 {
			return values
		}
		return slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == value })
	})
}

// demand is what a stage's statement says.
type demand struct {
	arn     string   // "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5"
	stage   string   // the one that demands the secret
	others  []string // the API's other stages, which do not
	exclude []string // "GET/health": VERB/path below the stage, with * for parameters
	value   string   // the secret
}

// lock merges the demand into the policy: a Deny of requests without the
// secret, and, where no statement was, an Allow of the others.
func (p *policy) lock(d demand) {
	p.unlock(d.stage)
	if len(p.statements) == 0 {
		p.statements = append(p.statements, map[string]any{
			"Sid": sid(sidAllow, d.stage), "Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke",
			"Resource": d.arn + "/*",
		})
	}
	deny := map[string]any{
		"Sid": sid(sidLock, d.stage), "Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke",
		"Condition": map[string]any{"StringNotEquals": map[string]any{"aws:Referer": d.value}},
	}
	if len(d.exclude) == 0 {
		deny["Resource"] = d.arn + "/" + d.stage + "/*"
	} else {
		// All but the excluded: a method that is added later is not forgotten.
		var but []string
		for _, one := range d.exclude {
			but = append(but, d.arn+"/"+d.stage+"/"+one)
		}
		for _, other := range d.others {
			but = append(but, d.arn+"/"+other+"/*")
		}
		deny["NotResource"] = but
	}
	p.statements = append(p.statements, deny)
}

// unlock takes a stage's own statement out.
func (p *policy) unlock(stage string) {
	p.statements = slices.DeleteFunc(p.statements, func(s map[string]any) bool { return s["Sid"] == sid(sidLock, stage) })
}

// release takes out what demands the value for the stage: the statement of
// ours, and by hand Deny statements whose one condition is that the Referer is
// not this value and that speak of this stage alone. With the last Deny of ours
// the Allow of ours goes. kept are the statements that still know the value,
// each with what speaks against taking it out.
func (p *policy) release(d demand) (kept []string) {
	p.unlock(d.stage)
	p.statements = slices.DeleteFunc(p.statements, func(s map[string]any) bool {
		return !isOurLock(s) && slices.Contains(refererTexts(s), d.value) && d.against(s) == ""
	})
	if !slices.ContainsFunc(p.statements, func(s map[string]any) bool { return s["Effect"] != "Allow" || !isOurAllow(s) }) {
		p.statements = nil
	}
	for i, s := range p.statements {
		if !isOurLock(s) && slices.Contains(refererTexts(s), d.value) {
			name, _ := s["Sid"].(string)
			kept = append(kept, fmt.Sprintf("statement %d %q %s", i+1, name, d.against(s)))
		}
	}
	return kept
}

// against is why a statement written by hand cannot be taken out whole when the
// demand ends; "": nothing but the demand goes with it.
func (d demand) against(s map[string]any) string {
	conditions, _ := s["Condition"].(map[string]any)
	keys, _ := conditions["StringNotEquals"].(map[string]any)
	if s["Effect"] != "Deny" || len(conditions) != 1 || len(keys) != 1 {
		return "is an Allow or has further conditions: edit its Condition"
	}
	if len(refererTexts(s)) != 1 {
		return "admits further values of aws:Referer: take the secret out of its Condition"
	}
	resources := texts(s["Resource"])
	if s["NotResource"] != nil || len(resources) == 0 {
		return "covers all but its NotResource: have it name by Resource what stays locked"
	}
	for _, one := range resources {
		if !d.covers(one) {
			return fmt.Sprintf("covers more than stage %s: have its Resource name the other stages in place of %s", d.stage, one)
		}
	}
	return ""
}

// covers tells whether a Resource reaches no other stage; the * of one spans
// slashes, so the stage must stand before the first. Without other stages all of
// the API is the stage.
func (d demand) covers(resource string) bool {
	if resource == "*" {
		return len(d.others) == 0
	}
	below, ok := strings.CutPrefix(resource, d.arn+"/")
	if !ok {
		below, ok = strings.CutPrefix(resource, "execute-api:/")
	}
	if !ok {
		return false
	}
	stage, _, _ := strings.Cut(below, "/")
	return stage == d.stage && below != stage || strings.HasPrefix(below, "*") && len(d.others) == 0
}

func isOurLock(s map[string]any) bool {
	name, _ := s["Sid"].(string)
	return strings.HasPrefix(name, sidLock)
}

func isOurAllow(s map[string]any) bool {
	name, _ := s["Sid"].(string)
	return strings.HasPrefix(name, sidAllow)
}

// refererTexts are all values that a statement compares aws:Referer with.
func refererTexts(s map[string]any) []string {
	one := policy{statements: []map[string]any{s}}
	return one.referers()
}

// without is the policy as it would read without a stage's statement and
// without some values: what comparing two states of one lock is about.
func (p *policy) without(stage string, values ...string) string {
	p.unlock(stage)
	if !slices.ContainsFunc(p.statements, func(s map[string]any) bool { return !isOurAllow(s) }) {
		p.statements = nil
	}
	p.eachReferer(func(_ map[string]any, _ string, list []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(v string) bool { return slices.Contains(values, v) })
	})
	return p.canonical()
}

// canonical is the policy in a form in which equal ones are equal: lists of one
// are scalars (AWS rewrites some), lists of texts are sorted.
func (p *policy) canonical() string {
	var plain any
	text := p.text()
	if text == "" {
		return ""
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&plain); err != nil {
		panic("BUG: a policy of ours that is no JSON: " + err.Error())
	}
	return compactJSON(canonical(plain))
}

func canonical(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			v[name] = canonical(member)
		}
		return v
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = canonical(v[i])
		}
		if len(list) == 1 {
			return list[0]
		}
		slices.SortStableFunc(list, func(a, b any) int { return strings.Compare(compactJSON(a), compactJSON(b)) })
		return list
	}
	return value
}
