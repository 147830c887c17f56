package audit

import (
	"regexp"
	"strconv"
	"strings"
)

// cfnResolver works out a template's values: parameters by their defaults,
// references between resources by logical ids. What only a deployment knows
// becomes text that begins with SymbolPrefix.
type cfnResolver struct {
	doc    tree
	budget int
}

// noValue is AWS::NoValue: the member is not there.
type noValue struct{}

const maxCFNDepth = 64

func symbol(name string) string { return SymbolPrefix + name }

// value resolves intrinsic functions all the way down.
func (c *cfnResolver) value(v any, depth int) any {
	if c.budget--; c.budget < 0 || depth > maxCFNDepth {
		return symbol("too deep")
	}
	switch v := v.(type) {
	case []any:
		out := make([]any, 0, len(v))
		for _, item := range v {
			if r := c.value(item, depth+1); r != (noValue{}) {
				out = append(out, r)
			}
		}
		return out
	case map[string]any:
		if len(v) == 1 {
			for name, argument := range v {
				if r, ok := c.intrinsic(name, argument, depth); ok {
					return r
				}
			}
		}
		out := make(map[string]any, len(v))
		for name, item := range v {
			if r := c.value(item, depth+1); r != (noValue{}) {
				out[name] = r
			}
		}
		return out
	}
	return v
}

func (c *cfnResolver) text(v any, depth int) string { return tree{c.value(v, depth)}.text() }

func (c *cfnResolver) intrinsic(name string, argument any, depth int) (any, bool) {
	list := tree{argument}.list()
	switch name {
	case "Ref":
		return c.ref(tree{argument}.text(), depth+1), true
	case "Fn::GetAtt":
		if s, ok := argument.(string); ok {
			resource, attribute, _ := strings.Cut(s, ".")
			return c.attribute(resource, attribute, depth), true
		}
		if len(list) == 2 {
			return c.attribute(list[0].text(), list[1].text(), depth), true
		}
	case "Fn::Sub":
		if len(list) == 2 {
			return c.sub(list[0].text(), list[1], depth+1), true
		}
		return c.sub(tree{argument}.text(), tree{}, depth+1), true
	case "Fn::Join":
		if len(list) == 2 {
			var parts []string
			for _, item := range (tree{c.value(list[1].value, depth+1)}).list() {
				parts = append(parts, item.text())
			}
			return strings.Join(parts, list[0].text()), true
		}
	case "Fn::Split":
		if len(list) == 2 {
			var out []any
			for _, part := range strings.Split(c.text(list[1].value, depth+1), list[0].text()) {
				out = append(out, part)
			}
			return out, true
		}
	case "Fn::Select":
		if len(list) == 2 {
			items := tree{c.value(list[1].value, depth+1)}.list()
			if i, err := strconv.Atoi(c.text(list[0].value, depth+1)); err == nil && i >= 0 && i < len(items) {
				return items[i].value, true
			}
		}
	case "Fn::If":
		if len(list) == 3 {
			return c.choose(list, depth), true
		}
	case "Fn::FindInMap":
		if len(list) >= 3 {
			m := c.doc.at("Mappings", c.text(list[0].value, depth+1), c.text(list[1].value, depth+1), c.text(list[2].value, depth+1))
			if m.exists() {
				return m.value, true
			}
		}
	default:
		if !strings.HasPrefix(name, "Fn::") {
			return nil, false
		}
	}
	return symbol(name + " " + tree{argument}.json()), true
}

// ref is what Ref gives, as far as this package has a use for it.
func (c *cfnResolver) ref(name string, depth int) any {
	switch name {
	case "AWS::Region":
		return "us-east-1"
	case "AWS::AccountId":
		return "000000000000"
	case "AWS::Partition":
		return "aws"
	case "AWS::URLSuffix":
		return "amazonaws.com"
	case "AWS::NoValue":
		return noValue{}
	}
	if p := c.doc.at("Parameters", name); p.exists() {
		// A NoEcho default is a placeholder, and an SSM one a name.
		if d := p.at("Default"); d.exists() && !p.at("NoEcho").flag() && !strings.HasPrefix(p.at("Type").text(), "AWS::SSM::") {
			if strings.Contains(p.at("Type").text(), "List") {
				var items []any
				for _, item := range strings.Split(d.text(), ",") {
					items = append(items, item)
				}
				return items
			}
			return d.value
		}
		return symbol(name)
	}
	switch resource := c.doc.at("Resources", name); resource.at("Type").text() {
	case "AWS::ApiGateway::RestApi":
		return strings.ToLower(name)
	case "AWS::ApiGateway::Stage":
		return c.value(resource.at("Properties", "StageName").value, depth)
	case "AWS::ApiGateway::DomainName":
		return c.value(resource.at("Properties", "DomainName").value, depth)
	case "AWS::ApiGateway::Resource", "AWS::ApiGateway::ApiKey", "AWS::ApiGateway::UsagePlan",
		"AWS::CloudFront::CachePolicy", "AWS::CloudFront::OriginRequestPolicy", "AWS::CloudFront::Distribution":
		return name
	}
	return symbol(name)
}

// attribute is what Fn::GetAtt gives.
func (c *cfnResolver) attribute(name, attribute string, depth int) any {
	switch kind := c.doc.at("Resources", name, "Type").text(); kind + "." + attribute {
	case "AWS::ApiGateway::RestApi.RootResourceId":
		return rootOf + strings.ToLower(name)
	case "AWS::ApiGateway::RestApi.RestApiId":
		return strings.ToLower(name)
	case "AWS::CloudFront::Distribution.DomainName":
		return strings.ToLower(name) + ".cloudfront.net"
	case "AWS::ApiGateway::DomainName.RegionalDomainName", "AWS::ApiGateway::DomainName.DistributionDomainName":
		return regionalOf + name
	case "AWS::ApiGateway::ApiKey.APIKeyId", "AWS::ApiGateway::UsagePlan.Id", "AWS::ApiGateway::Resource.ResourceId",
		"AWS::CloudFront::CachePolicy.Id", "AWS::CloudFront::OriginRequestPolicy.Id", "AWS::CloudFront::Distribution.Id":
		return name
	}
	return symbol(name + "." + attribute)
}

// rootOf and regionalOf mark ids that have no logical id of their own.
const (
	rootOf     = "root:"
	regionalOf = "regional:"
)

var cfnPlaceholder = regexp.MustCompile(`\$\{([^}]*)\}`)

// sub is Fn::Sub: ${Name}, ${Name.Attribute}, ${!literal}.
func (c *cfnResolver) sub(text string, own tree, depth int) string {
	return cfnPlaceholder.ReplaceAllStringFunc(text, func(whole string) string {
		name := strings.TrimSpace(whole[2 : len(whole)-1])
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + literal + "}"
		}
		if v := own.at(name); v.exists() {
			return c.text(v.value, depth+1)
		}
		if resource, attribute, ok := strings.Cut(name, "."); ok {
			return tree{c.attribute(resource, attribute, depth+1)}.text()
		}
		return tree{c.ref(name, depth+1)}.text()
	})
}

// choose is Fn::If; a condition that only a deployment decides leaves a symbol.
func (c *cfnResolver) choose(list []tree, depth int) any {
	holds, known := c.condition(list[0].text(), depth+1)
	switch {
	case !known:
		return symbol("condition " + list[0].text())
	case holds:
		return c.value(list[1].value, depth+1)
	}
	return c.value(list[2].value, depth+1)
}

func (c *cfnResolver) condition(name string, depth int) (holds, known bool) {
	return c.test(c.doc.at("Conditions", name), depth)
}

func (c *cfnResolver) test(t tree, depth int) (holds, known bool) {
	if c.budget--; c.budget < 0 || depth > maxCFNDepth {
		return false, false
	}
	for _, name := range t.names() {
		list := t.at(name).list()
		switch {
		case name == "Condition":
			return c.condition(t.at(name).text(), depth+1)
		case name == "Fn::Equals" && len(list) == 2:
			a, b := c.text(list[0].value, depth+1), c.text(list[1].value, depth+1)
			return a == b, !strings.Contains(a+b, SymbolPrefix)
		case name == "Fn::Not" && len(list) == 1:
			holds, known = c.test(list[0], depth+1)
			return !holds, known
		case name == "Fn::And", name == "Fn::Or":
			any := name == "Fn::Or"
			known = true
			for _, item := range list {
				h, k := c.test(item, depth+1)
				if k && h == any {
					return any, true
				}
				known = known && k
			}
			return !any, known
		}
	}
	return false, false
}
