package audit

import (
	"fmt"
	"regexp"
	"strings"
)

// cfn reads a template's resources into a stack.
type cfn struct {
	resolver cfnResolver
	stack    *Stack
	apis     map[string]*draft // by API id: the logical id in lower case
	order    []string
}

// ReadCloudFormation reads a template, YAML or JSON, as the stack that creating
// it makes. References between its resources, Sub, Join, Select, Split, If and
// FindInMap are worked out, parameters by their defaults; what only a
// deployment knows is unknown, or a symbol that equals itself.
func ReadCloudFormation(text []byte, file string) (*Stack, error) {
	doc, err := parseTree(text)
	if err != nil {
		return nil, err
	}
	if len(doc.at("Resources").names()) == 0 {
		return nil, fmt.Errorf("the document %w: no Resources", errNotThis)
	}
	c := &cfn{
		resolver: cfnResolver{doc: doc, budget: maxNodes},
		stack:    &Stack{Source: "CloudFormation template " + file, File: file, Static: true, Region: "us-east-1"},
		apis:     map[string]*draft{},
	}
	c.each("AWS::ApiGateway::RestApi", c.api)
	c.methods()
	c.stages()
	c.keys()
	c.domains()
	c.each("AWS::CloudFront::Distribution", c.distribution)
	c.each("AWS::WAFv2::WebACLAssociation", c.webACL)
	for _, id := range c.order {
		c.stack.APIs = append(c.stack.APIs, c.apis[id].finish())
	}
	for _, kind := range []string{"AWS::Serverless::Api", "AWS::Serverless::Function", "AWS::CloudFormation::Stack"} {
		c.each(kind, func(name string, _ tree) {
			c.stack.Gaps = append(c.stack.Gaps, Gap{Resource: name, Reason: kind + " is not unfolded: audit the processed template"})
		})
	}
	if c.resolver.budget < 0 {
		return nil, fmt.Errorf("the template has more than %d nodes", maxNodes)
	}
	return c.stack, nil
}

// each calls with the resources of a type and their resolved properties.
func (c *cfn) each(kind string, visit func(name string, p tree)) {
	all := c.resolver.doc.at("Resources")
	for _, name := range all.names() {
		resource := all.at(name)
		if resource.at("Type").text() != kind {
			continue
		}
		if condition := resource.at("Condition").text(); condition != "" {
			holds, known := c.resolver.condition(condition, 0)
			if !known {
				c.stack.Gaps = append(c.stack.Gaps, Gap{Resource: name, Reason: "whether it is made is decided by parameters (condition " + condition + ")"})
			} else if !holds {
				continue
			}
		}
		visit(name, tree{c.resolver.value(resource.at("Properties").value, 0)})
	}
}

func (c *cfn) api(name string, p tree) {
	d := &draft{api: API{ID: strings.ToLower(name)}, methods: Known[[]Method](nil)}
	d.api.Policy = Known(NewSecret(""))
	if body := p.at("Body"); body.exists() {
		if from, err := openAPI(body); err == nil {
			*d = *from
		} else {
			d.methods = Unknown[[]Method](err.Error())
		}
	} else if p.at("BodyS3Location").exists() {
		d.methods = Unknown[[]Method]("the body is in S3")
	}
	d.api.ID = strings.ToLower(name)
	if text := p.at("Name").text(); text != "" {
		d.api.Name = text
	}
	if source := p.at("ApiKeySourceType").text(); source != "" {
		d.api.KeySource = source
	}
	if types := p.at("EndpointConfiguration", "Types").texts(); types != nil {
		d.api.EndpointTypes = types
	}
	if p.at("DisableExecuteApiEndpoint").flag() {
		d.api.DefaultEndpointDisabled = true
	}
	d.api.Policy = cfnPolicy(p.at("Policy"), d.api.Policy)
	c.apis[d.api.ID] = d
	c.order = append(c.order, d.api.ID)
}

func cfnPolicy(p tree, without Maybe[Secret]) Maybe[Secret] {
	switch text := p.text(); {
	case !p.exists():
		return without
	case strings.HasPrefix(text, SymbolPrefix):
		return Unknown[Secret]("the policy is decided when the stack is made: " + strings.TrimPrefix(text, SymbolPrefix))
	case text != "":
		return Known(secretText(text))
	}
	return Known(secretText(p.json()))
}

// methods reads resources first, for the methods' paths.
func (c *cfn) methods() {
	type node struct{ parent, part string }
	nodes := map[string]node{}
	c.each("AWS::ApiGateway::Resource", func(name string, p tree) {
		nodes[name] = node{p.at("ParentId").text(), p.at("PathPart").text()}
	})
	path := func(id string) string {
		out := ""
		for range len(nodes) + 1 {
			n, ok := nodes[id]
			if !ok {
				break
			}
			out, id = "/"+n.part+out, n.parent
		}
		if out == "" {
			return "/"
		}
		return out
	}
	c.each("AWS::ApiGateway::Method", func(name string, p tree) {
		d := c.apis[p.at("RestApiId").text()]
		if d == nil || !d.methods.Known() {
			c.stack.Gaps = append(c.stack.Gaps, Gap{Resource: name, Reason: "its API is not in the template"})
			return
		}
		m := Method{
			Path: path(p.at("ResourceId").text()), Verb: strings.ToUpper(p.at("HttpMethod").text()),
			Authorization:  strings.ToUpper(p.at("AuthorizationType").text()),
			APIKeyRequired: p.at("ApiKeyRequired").flag(),
		}
		if i := p.at("Integration"); i.exists() {
			m.Integration = &Integration{
				Type: strings.ToUpper(i.at("Type").text()), URI: i.at("Uri").text(),
				RequestParameters: i.at("RequestParameters").textMap(), RequestTemplates: i.at("RequestTemplates").textMap(),
				PassthroughBehavior: i.at("PassthroughBehavior").text(),
			}
		}
		d.methods.Value = append(d.methods.Value, m)
	})
}

func (c *cfn) stages() {
	c.each("AWS::ApiGateway::Stage", func(_ string, p tree) {
		d := c.apis[p.at("RestApiId").text()]
		if d == nil {
			return
		}
		s := Stage{Name: p.at("StageName").text(), AccessLogFormat: p.at("AccessLogSetting", "Format").text(),
			ClientCertificate: p.at("ClientCertificateId").text(), MethodSettings: map[string]MethodSetting{}}
		for _, m := range p.at("MethodSettings").list() {
			path := strings.TrimPrefix(m.at("ResourcePath").text(), "/") + "/" + m.at("HttpMethod").text()
			s.MethodSettings[path] = MethodSetting{LoggingLevel: m.at("LoggingLevel").text(), DataTrace: m.at("DataTraceEnabled").flag()}
		}
		d.stages = append(d.stages, s)
	})
	c.each("AWS::ApiGateway::Deployment", func(_ string, p tree) {
		if d := c.apis[p.at("RestApiId").text()]; d != nil && p.at("StageName").text() != "" {
			d.stages = append(d.stages, Stage{Name: p.at("StageName").text(),
				AccessLogFormat: p.at("StageDescription", "AccessLogSetting", "Format").text()})
		}
	})
}

func (c *cfn) keys() {
	c.each("AWS::ApiGateway::ApiKey", func(name string, p tree) {
		k := Key{ID: name, Name: p.at("Name").text(), Enabled: p.at("Enabled").flag()}
		k.Value = Unknown[Secret]("the value is made when the stack is")
		if text := p.at("Value").text(); text != "" {
			k.Value = Known(secretText(text))
		}
		c.stack.Keys = append(c.stack.Keys, k)
	})
	c.each("AWS::ApiGateway::UsagePlan", func(name string, p tree) {
		plan := UsagePlan{ID: name, Name: p.at("UsagePlanName").text()}
		for _, s := range p.at("ApiStages").list() {
			plan.Stages = append(plan.Stages, StageRef{s.at("ApiId").text(), s.at("Stage").text()})
		}
		c.stack.Plans = append(c.stack.Plans, plan)
	})
	c.each("AWS::ApiGateway::UsagePlanKey", func(_ string, p tree) {
		for i := range c.stack.Plans {
			if c.stack.Plans[i].ID == p.at("UsagePlanId").text() {
				c.stack.Plans[i].Keys = append(c.stack.Plans[i].Keys, p.at("KeyId").text())
			}
		}
	})
}

func (c *cfn) domains() {
	c.each("AWS::ApiGateway::DomainName", func(name string, p tree) {
		c.stack.Domains = append(c.stack.Domains, Domain{Name: p.at("DomainName").text(), RegionalName: regionalOf + name,
			MutualTLS: p.at("MutualTlsAuthentication", "TruststoreUri").exists()})
	})
	c.each("AWS::ApiGateway::BasePathMapping", func(_ string, p tree) {
		for i := range c.stack.Domains {
			if d := &c.stack.Domains[i]; d.Name == p.at("DomainName").text() {
				d.Mappings = append(d.Mappings, Mapping{BasePath: p.at("BasePath").text(), API: p.at("RestApiId").text(), Stage: p.at("Stage").text()})
			}
		}
	})
}

func (c *cfn) distribution(name string, p tree) {
	config := p.at("DistributionConfig")
	d := Distribution{ID: name, DomainName: strings.ToLower(name) + ".cloudfront.net", Aliases: config.at("Aliases").texts(),
		Enabled: config.at("Enabled").flag(), Deployed: true, Staging: config.at("Staging").flag(), WebACL: config.at("WebACLId").text()}
	for _, o := range config.at("Origins").list() {
		custom := o.at("CustomOriginConfig")
		origin := Origin{ID: o.at("Id").text(), DomainName: o.at("DomainName").text(), Path: o.at("OriginPath").text(),
			Protocol: custom.at("OriginProtocolPolicy").text(), SSLProtocols: custom.at("OriginSSLProtocols").texts()}
		for _, h := range o.at("OriginCustomHeaders").list() {
			origin.Headers = append(origin.Headers, Header{h.at("HeaderName").text(), Known(secretText(h.at("HeaderValue").text()))})
		}
		d.Origins = append(d.Origins, origin)
	}
	for _, g := range config.at("OriginGroups", "Items").list() {
		group := OriginGroup{ID: g.at("Id").text()}
		for _, m := range g.at("Members", "Items").list() {
			group.Members = append(group.Members, m.at("OriginId").text())
		}
		d.Groups = append(d.Groups, group)
	}
	for _, b := range append(config.at("CacheBehaviors").list(), config.at("DefaultCacheBehavior")) {
		behavior := Behavior{PathPattern: b.at("PathPattern").text(), TargetID: b.at("TargetOriginId").text(),
			ViewerProtocol: b.at("ViewerProtocolPolicy").text(), AllowedMethods: b.at("AllowedMethods").texts(),
			RealtimeLog: b.at("RealtimeLogConfigArn").text()}
		if behavior.PathPattern == "" {
			behavior.PathPattern = "*"
		}
		if names := b.at("ForwardedValues", "Headers").texts(); b.at("ForwardedValues").exists() {
			behavior.KeyHeaders = Known(whitelist(names))
			behavior.ForwardedHeaders = behavior.KeyHeaders
		} else {
			behavior.KeyHeaders = c.headerPolicy(b.at("CachePolicyId").text(), ManagedCacheKeyHeaders, "CachePolicyConfig", "ParametersInCacheKeyAndForwardedToOrigin")
			behavior.ForwardedHeaders = c.headerPolicy(b.at("OriginRequestPolicyId").text(), ManagedOriginRequestHeaders, "OriginRequestPolicyConfig")
		}
		d.Behaviors = append(d.Behaviors, behavior)
	}
	c.stack.Distributions = append(c.stack.Distributions, d)
}

// whitelist is a list of names; none forwards nothing.
func whitelist(names []string) HeaderSet {
	if len(names) == 0 {
		return HeaderSet{Mode: HeadersNone}
	}
	return HeaderSet{Mode: HeadersWhitelist, Names: names}
}

// headerPolicy is the header set of a policy: managed, or one of the template.
func (c *cfn) headerPolicy(id string, managed func(string) (HeaderSet, bool), path ...string) Maybe[HeaderSet] {
	if id == "" {
		return Known(HeaderSet{Mode: HeadersNone})
	}
	if set, ok := managed(id); ok {
		return Known(set)
	}
	p := c.resolver.doc.at("Resources", id, "Properties")
	if !p.exists() {
		return Unknown[HeaderSet]("policy " + id + " is not in the template")
	}
	headers := tree{c.resolver.value(p.value, 0)}.at(path...).at("HeadersConfig")
	return Known(HeaderSet{Mode: HeaderMode(headers.at("HeaderBehavior").text()), Names: headers.at("Headers").texts()})
}

var stageARN = regexp.MustCompile(`/restapis/([^/]+)/stages/([^/]+)$`)

func (c *cfn) webACL(_ string, p tree) {
	m := stageARN.FindStringSubmatch(p.at("ResourceArn").text())
	if m == nil || c.apis[m[1]] == nil {
		return
	}
	for i := range c.apis[m[1]].stages {
		if s := &c.apis[m[1]].stages[i]; s.Name == m[2] {
			s.WebACL = p.at("WebACLArn").text()
		}
	}
}
