package audit

import (
	"fmt"
)

// tf reads a plan's resources into a stack.
type tf struct {
	plan   *tfPlan
	stack  *Stack
	drafts map[*tfResource]*draft
	order  []*draft
}

// ReadTerraformPlan reads `terraform show -json` of a plan as the stack that
// applying it makes. What is known after apply is followed by its references:
// a header whose value is random_password.x.result equals a key's that is too.
func ReadTerraformPlan(text []byte, file string) (*Stack, error) {
	doc, err := parseTree(text)
	if err != nil {
		return nil, err
	}
	if !doc.at("planned_values").exists() {
		return nil, fmt.Errorf("the document %w: no planned_values (write it by `terraform show -json PLAN`)", errNotThis)
	}
	t := &tf{plan: readTFPlan(doc), stack: &Stack{Source: "Terraform plan " + file, File: file, Static: true}, drafts: map[*tfResource]*draft{}}
	t.plan.each("aws_api_gateway_rest_api", t.api)
	t.plan.each("aws_api_gateway_rest_api_policy", func(r *tfResource) {
		if d := t.apiOf(r, "rest_api_id"); d != nil {
			d.api.Policy = t.policy(r, "policy")
		}
	})
	t.plan.each("aws_api_gateway_method", t.method)
	t.plan.each("aws_api_gateway_integration", t.integration)
	t.plan.each("aws_api_gateway_stage", t.stage)
	t.plan.each("aws_api_gateway_deployment", t.stage) // stage_name: the old way
	t.plan.each("aws_api_gateway_method_settings", t.settings)
	t.plan.each("aws_wafv2_web_acl_association", t.webACL)
	t.keys()
	t.domains()
	t.plan.each("aws_cloudfront_distribution", t.distribution)
	for _, d := range t.order {
		t.stack.APIs = append(t.stack.APIs, d.finish())
	}
	return t.stack, nil
}

const restAPI = "aws_api_gateway_rest_api"

func (t *tf) api(r *tfResource) {
	d := &draft{methods: Known[[]Method](nil)}
	d.api.Policy = Known(NewSecret(""))
	if body := r.values.at("body").text(); body != "" {
		doc, err := parseTree([]byte(body))
		if err == nil {
			var from *draft
			if from, err = openAPI(doc); err == nil {
				*d = *from
			}
		}
		if err != nil {
			d.methods = Unknown[[]Method]("body: " + err.Error())
		}
	} else if r.expressions.at("body").exists() {
		d.methods = Unknown[[]Method]("the body is known after apply")
	}
	d.api.ID = r.values.at("id").text()
	if d.api.ID == "" {
		d.api.ID = identifier(r.module + r.name + tfIndex.FindString(r.address[len(r.module):]))
	}
	d.api.Name = r.values.at("name").text()
	if source := r.values.at("api_key_source").text(); source != "" {
		d.api.KeySource = source
	}
	d.api.DefaultEndpointDisabled = d.api.DefaultEndpointDisabled || r.values.at("disable_execute_api_endpoint").flag()
	if types := r.values.at("endpoint_configuration").first().at("types").texts(); types != nil {
		d.api.EndpointTypes = types
	}
	if r.values.at("policy").text() != "" || r.expressions.at("policy").exists() {
		d.api.Policy = t.policy(r, "policy")
	}
	t.drafts[r] = d
	t.order = append(t.order, d)
}

func (t *tf) policy(r *tfResource, name string) Maybe[Secret] {
	if text := r.values.at(name).text(); text != "" {
		return Known(secretText(text))
	}
	return Unknown[Secret]("the policy is known after apply")
}

// apiOf is the API that an attribute names, directly or by a stage or deployment.
func (t *tf) apiOf(r *tfResource, name string) *draft {
	return t.apiBehind(r, r.values.at(name).text(), r.expressions.at(name))
}

func (t *tf) apiBehind(r *tfResource, value string, expression tree) *draft {
	to := t.plan.pointsTo(r, value, expression, restAPI, "aws_api_gateway_stage", "aws_api_gateway_deployment")
	switch {
	case to == nil:
		return nil
	case to.kind == restAPI:
		return t.drafts[to]
	case to == r:
		return nil
	}
	return t.apiOf(to, "rest_api_id")
}

// path is a resource's path, up its parents.
func (t *tf) path(r *tfResource, name string) string {
	out := ""
	for range len(t.plan.resources) {
		parent := t.plan.attributePointsTo(r, name, "aws_api_gateway_resource")
		if parent == nil {
			break
		}
		if known := parent.values.at("path").text(); known != "" {
			return known + out
		}
		out = "/" + parent.values.at("path_part").text() + out
		r, name = parent, "parent_id"
	}
	if out == "" {
		return "/"
	}
	return out
}

func (t *tf) method(r *tfResource) {
	d := t.apiOf(r, "rest_api_id")
	if d == nil || !d.methods.Known() {
		t.stack.Gaps = append(t.stack.Gaps, Gap{Resource: r.address, Reason: "its API is not in the plan"})
		return
	}
	d.methods.Value = append(d.methods.Value, Method{
		Path: t.path(r, "resource_id"), Verb: r.values.at("http_method").text(),
		Authorization:  r.values.at("authorization").text(),
		APIKeyRequired: r.values.at("api_key_required").flag(),
	})
}

func (t *tf) integration(r *tfResource) {
	d := t.apiOf(r, "rest_api_id")
	if d == nil {
		return
	}
	path, verb := t.path(r, "resource_id"), t.plan.text(r, r.values, r.expressions, "http_method")
	for i := range d.methods.Value {
		if m := &d.methods.Value[i]; m.Path == path && m.Verb == verb {
			m.Integration = &Integration{Type: r.values.at("type").text(), URI: r.values.at("uri").text(),
				RequestParameters: r.values.at("request_parameters").textMap(), RequestTemplates: r.values.at("request_templates").textMap(),
				PassthroughBehavior: r.values.at("passthrough_behavior").text()}
		}
	}
}

func (t *tf) stage(r *tfResource) {
	d, name := t.apiOf(r, "rest_api_id"), r.values.at("stage_name").text()
	if d == nil || name == "" {
		return
	}
	d.stages = append(d.stages, Stage{Name: name, AccessLogFormat: r.values.at("access_log_settings").first().at("format").text(),
		ClientCertificate: r.values.at("client_certificate_id").text(), MethodSettings: map[string]MethodSetting{}})
}

// stageOf finds a stage by its API and name.
func (d *draft) stageOf(name string) *Stage {
	for i := range d.stages {
		if d.stages[i].Name == name {
			return &d.stages[i]
		}
	}
	return nil
}

func (t *tf) settings(r *tfResource) {
	d := t.apiOf(r, "rest_api_id")
	if d == nil {
		return
	}
	if s := d.stageOf(t.plan.text(r, r.values, r.expressions, "stage_name")); s != nil && s.MethodSettings != nil {
		v := r.values.at("settings").first()
		s.MethodSettings[r.values.at("method_path").text()] = MethodSetting{LoggingLevel: v.at("logging_level").text(), DataTrace: v.at("data_trace_enabled").flag()}
	}
}

func (t *tf) webACL(r *tfResource) {
	to := t.plan.attributePointsTo(r, "resource_arn", "aws_api_gateway_stage")
	if to == nil {
		return
	}
	if d := t.apiOf(to, "rest_api_id"); d != nil {
		if s := d.stageOf(to.values.at("stage_name").text()); s != nil {
			s.WebACL = t.plan.text(r, r.values, r.expressions, "web_acl_arn")
		}
	}
}

func (t *tf) keys() {
	t.plan.each("aws_api_gateway_api_key", func(r *tfResource) {
		k := Key{ID: r.address, Name: r.values.at("name").text(), Enabled: !r.values.at("enabled").exists() || r.values.at("enabled").flag()}
		text := t.plan.text(r, r.values, r.expressions, "value")
		if text == "" { // generated: known by its own name
			text = symbol(tfIndex.ReplaceAllString(r.address, "") + ".value")
		}
		k.Value = Known(secretText(text))
		t.stack.Keys = append(t.stack.Keys, k)
	})
	plans := map[*tfResource]int{}
	t.plan.each("aws_api_gateway_usage_plan", func(r *tfResource) {
		plan := UsagePlan{ID: r.address, Name: r.values.at("name").text()}
		for _, pair := range block(r.values, r.expressions, "api_stages", "stage") {
			if d := t.apiBehind(r, pair[0].at("api_id").text(), pair[1].at("api_id")); d != nil {
				plan.Stages = append(plan.Stages, StageRef{d.api.ID, t.plan.text(r, pair[0], pair[1], "stage")})
			}
		}
		plans[r] = len(t.stack.Plans)
		t.stack.Plans = append(t.stack.Plans, plan)
	})
	t.plan.each("aws_api_gateway_usage_plan_key", func(r *tfResource) {
		plan := t.plan.attributePointsTo(r, "usage_plan_id", "aws_api_gateway_usage_plan")
		key := t.plan.attributePointsTo(r, "key_id", "aws_api_gateway_api_key")
		if i, ok := plans[plan]; ok && key != nil {
			t.stack.Plans[i].Keys = append(t.stack.Plans[i].Keys, key.address)
		}
	})
}

func (t *tf) domains() {
	t.plan.each("aws_api_gateway_domain_name", func(r *tfResource) {
		d := Domain{Name: r.values.at("domain_name").text(), RegionalName: regionalOf + r.address, MutualTLS: len(r.values.at("mutual_tls_authentication").list()) > 0}
		t.plan.each("aws_api_gateway_base_path_mapping", func(m *tfResource) {
			to := t.plan.attributePointsTo(m, "domain_name", "aws_api_gateway_domain_name")
			if to != r && m.values.at("domain_name").text() != d.Name {
				return
			}
			if api := t.apiOf(m, "api_id"); api != nil {
				d.Mappings = append(d.Mappings, Mapping{BasePath: m.values.at("base_path").text(), API: api.api.ID, Stage: t.plan.text(m, m.values, m.expressions, "stage_name")})
			}
		})
		t.stack.Domains = append(t.stack.Domains, d)
	})
}
