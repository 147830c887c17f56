package audit

import (
	"regexp"
	"slices"
	"strings"
)

// tfResource is a resource of a plan: the values that are known, and the
// expressions of the configuration for those that are known after apply.
type tfResource struct {
	address     string // with module and index: module.x.aws_api_gateway_stage.prod[0]
	module      string // "module.x." or ""
	kind, name  string
	values      tree
	expressions tree
}

// tfPlan is the resources of a plan with their references.
type tfPlan struct {
	resources []*tfResource
	// modules are by address without indexes: "" is the root, "module.x." a child.
	modules map[string]tfModule
}

// tfModule is a module's configuration and how its parent calls it.
type tfModule struct {
	config tree
	parent string
	inputs tree // the parent's expressions for its variables
}

var tfIndex = regexp.MustCompile(`\[[^\]]*\]`)

func readTFPlan(doc tree) *tfPlan {
	p := &tfPlan{modules: map[string]tfModule{"": {config: doc.at("configuration", "root_module")}}}
	p.module(doc.at("planned_values", "root_module"), doc.at("configuration", "root_module"), "")
	// Data sources that were read stand in the prior state.
	p.module(doc.at("prior_state", "values", "root_module"), tree{}, "")
	return p
}

func (p *tfPlan) module(values, config tree, prefix string) {
	for _, r := range values.at("resources").list() {
		if p.byAddress(r.at("address").text()) != nil {
			continue // planned values before those of the prior state
		}
		out := &tfResource{address: r.at("address").text(), module: prefix, kind: r.at("type").text(), name: r.at("name").text(), values: r.at("values")}
		if r.at("mode").text() == "data" {
			out.kind = "data." + out.kind
		}
		for _, c := range config.at("resources").list() {
			if c.at("type").text() == r.at("type").text() && c.at("name").text() == out.name && c.at("mode").text() == r.at("mode").text() {
				out.expressions = c.at("expressions")
			}
		}
		p.resources = append(p.resources, out)
	}
	for _, child := range values.at("child_modules").list() {
		address := child.at("address").text() // module.a.module.b[0]
		parts := strings.Split(tfIndex.ReplaceAllString(strings.TrimPrefix(address, strings.TrimSuffix(prefix, ".")), ""), "module.")
		name := strings.Trim(parts[len(parts)-1], ".")
		call := config.at("module_calls", name)
		inside := tfIndex.ReplaceAllString(address+".", "")
		if _, known := p.modules[inside]; !known {
			p.modules[inside] = tfModule{call.at("module"), tfIndex.ReplaceAllString(prefix, ""), call.at("expressions")}
		}
		p.module(child, call.at("module"), address+".")
	}
}

func (p *tfPlan) byAddress(address string) *tfResource {
	for _, r := range p.resources {
		if r.address == address {
			return r
		}
	}
	return nil
}

func (p *tfPlan) each(kind string, visit func(*tfResource)) {
	for _, r := range p.resources {
		if r.kind == kind {
			visit(r)
		}
	}
}

// reference is what an expression refers to: a resource of the plan and the
// attribute.
type reference struct {
	to        *tfResource
	attribute string
	text      string // as written: "random_password.secret.result"
}

// references of an expression, the most precise of each. What a module is given
// or gives is followed to where it comes from.
func (p *tfPlan) references(from *tfResource, expression tree) []reference {
	return p.follow(from.module, expression, 0)
}

// maxFollow bounds the way through modules.
const maxFollow = 20

func (p *tfPlan) follow(module string, expression tree, depth int) []reference {
	var out []reference
	if depth > maxFollow {
		return nil
	}
	inside := tfIndex.ReplaceAllString(module, "")
	for _, text := range expression.at("references").texts() {
		parts := strings.Split(tfIndex.ReplaceAllString(text, ""), ".")
		switch {
		case len(parts) == 3 && parts[0] == "module":
			child := inside + "module." + parts[1] + "."
			out = append(out, p.follow(child, p.modules[child].config.at("outputs", parts[2], "expression"), depth+1)...)
		case len(parts) == 2 && parts[0] == "var" && inside != "":
			m := p.modules[inside]
			out = append(out, p.follow(m.parent, m.inputs.at(parts[1]), depth+1)...)
		case len(parts) == 2 && (parts[0] == "var" || parts[0] == "local"):
			out = append(out, reference{text: inside + text})
		default:
			if r, ok := p.resourceReference(module, text); ok {
				out = append(out, r)
			}
		}
	}
	return out
}

// resourceReference reads "aws_api_gateway_stage.prod[0].stage_name". The
// resource alone is none: it stands behind its attribute in every list.
func (p *tfPlan) resourceReference(module, text string) (reference, bool) {
	plain := tfIndex.ReplaceAllString(text, "")
	parts := strings.Split(plain, ".")
	size := 2
	if parts[0] == "data" {
		size = 3
	}
	if len(parts) <= size {
		return reference{}, false
	}
	r := reference{text: tfIndex.ReplaceAllString(module, "") + plain, attribute: strings.Join(parts[size:], ".")}
	for _, candidate := range p.resources {
		// Without an index the module is any of its instances.
		same := candidate.module == module || tfIndex.ReplaceAllString(candidate.module, "") == module
		if !same || candidate.kind+"."+candidate.name != strings.Join(parts[:size], ".") {
			continue
		}
		if r.to == nil || candidate.address == candidate.module+text[:strings.LastIndex(text, "]")+1] {
			r.to = candidate
		}
	}
	return r, true
}

// text is an attribute as text: its value, or a symbol for what it refers to.
func (p *tfPlan) text(r *tfResource, values, expressions tree, name string) string {
	if v := values.at(name); v.exists() {
		return v.text()
	}
	refs := p.references(r, expressions.at(name))
	if len(refs) == 0 {
		return ""
	}
	if first := refs[0]; first.to != nil {
		if v := first.to.values.at(first.attribute); v.exists() {
			return v.text()
		}
	}
	return symbol(refs[0].text)
}

// pointsTo finds the resource of a kind that an attribute leads to, by id or by
// reference, through stages and deployments if need be.
func (p *tfPlan) pointsTo(r *tfResource, value string, expression tree, kinds ...string) *tfResource {
	if value != "" && !strings.HasPrefix(value, SymbolPrefix) {
		for _, candidate := range p.resources {
			if slices.Contains(kinds, candidate.kind) && candidate.values.at("id").text() == value {
				return candidate
			}
		}
	}
	for _, ref := range p.references(r, expression) {
		if ref.to != nil && slices.Contains(kinds, ref.to.kind) {
			return ref.to
		}
	}
	return nil
}

// attributePointsTo is pointsTo for an attribute of the resource itself.
func (p *tfPlan) attributePointsTo(r *tfResource, name string, kinds ...string) *tfResource {
	return p.pointsTo(r, r.values.at(name).text(), r.expressions.at(name), kinds...)
}

// block pairs the blocks of a name with their expressions. Terraform sorts
// blocks that are sets, so they are matched by what both say of a key.
func block(values, expressions tree, name, key string) [][2]tree {
	var out [][2]tree
	wanted := expressions.at(name).list()
	if single := expressions.at(name); len(wanted) == 0 && single.exists() {
		wanted = []tree{single}
	}
	for i, v := range values.at(name).list() {
		var match tree
		for _, e := range wanted {
			if c := e.at(key, "constant_value"); key != "" && c.exists() && c.text() == v.at(key).text() {
				match = e
			}
		}
		if !match.exists() && i < len(wanted) && !wanted[i].at(key, "constant_value").exists() {
			match = wanted[i]
		}
		if !match.exists() && len(wanted) == 1 && len(values.at(name).list()) == 1 {
			match = wanted[0]
		}
		out = append(out, [2]tree{v, match})
	}
	return out
}
