package audit

import "strings"

func (t *tf) distribution(r *tfResource) {
	d := Distribution{ID: r.address, DomainName: r.values.at("domain_name").text(), Aliases: r.values.at("aliases").texts(),
		Enabled: r.values.at("enabled").flag(), Deployed: true, Staging: r.values.at("staging").flag(), WebACL: r.values.at("web_acl_id").text()}
	if d.DomainName == "" {
		d.DomainName = identifier(r.module+r.name) + ".cloudfront.net"
	}
	for _, pair := range block(r.values, r.expressions, "origin", "origin_id") {
		d.Origins = append(d.Origins, t.origin(r, pair[0], pair[1]))
	}
	for _, g := range r.values.at("origin_group").list() {
		group := OriginGroup{ID: g.at("origin_id").text()}
		for _, m := range g.at("member").list() {
			group.Members = append(group.Members, m.at("origin_id").text())
		}
		d.Groups = append(d.Groups, group)
	}
	for _, pair := range block(r.values, r.expressions, "ordered_cache_behavior", "path_pattern") {
		d.Behaviors = append(d.Behaviors, t.behavior(r, pair[0], pair[1]))
	}
	for _, pair := range block(r.values, r.expressions, "default_cache_behavior", "") {
		d.Behaviors = append(d.Behaviors, t.behavior(r, pair[0], pair[1]))
	}
	t.stack.Distributions = append(t.stack.Distributions, d)
}

func (t *tf) origin(r *tfResource, values, expressions tree) Origin {
	custom := values.at("custom_origin_config").first()
	o := Origin{ID: values.at("origin_id").text(), DomainName: values.at("domain_name").text(), Path: t.plan.text(r, values, expressions, "origin_path"),
		Protocol: custom.at("origin_protocol_policy").text(), SSLProtocols: custom.at("origin_ssl_protocols").texts()}
	if o.DomainName == "" { // known after apply: the reference tells whose it is
		if d := t.apiBehind(r, "", expressions.at("domain_name")); d != nil {
			o.API = d.api.ID
			o.DomainName = d.api.ID + ".execute-api.REGION.amazonaws.com"
		} else if domain := t.plan.pointsTo(r, "", expressions.at("domain_name"), "aws_api_gateway_domain_name"); domain != nil {
			o.DomainName = regionalOf + domain.address
		} else {
			o.DomainName = t.plan.text(r, values, expressions, "domain_name")
		}
	}
	if strings.HasPrefix(o.Path, SymbolPrefix) {
		o.Path = "" // an unknown stage: the viewer's path may say any
	}
	for _, pair := range block(values, expressions, "custom_header", "name") {
		text := t.plan.text(r, pair[0], pair[1], "value")
		h := Header{Name: pair[0].at("name").text(), Value: Known(secretText(text))}
		if text == "" {
			h.Value = Unknown[Secret]("known after apply")
		}
		o.Headers = append(o.Headers, h)
	}
	return o
}

func (t *tf) behavior(r *tfResource, values, expressions tree) Behavior {
	b := Behavior{PathPattern: values.at("path_pattern").text(), TargetID: values.at("target_origin_id").text(),
		ViewerProtocol: values.at("viewer_protocol_policy").text(), AllowedMethods: values.at("allowed_methods").texts(),
		RealtimeLog: values.at("realtime_log_config_arn").text()}
	if b.PathPattern == "" {
		b.PathPattern = "*"
	}
	if forwarded := values.at("forwarded_values"); len(forwarded.list()) > 0 {
		b.KeyHeaders = Known(whitelist(forwarded.first().at("headers").texts()))
		b.ForwardedHeaders = b.KeyHeaders
		return b
	}
	b.KeyHeaders = t.headers(r, values, expressions, tfPolicy{"cache_policy_id", "aws_cloudfront_cache_policy", ManagedCacheKeyHeaders})
	b.ForwardedHeaders = t.headers(r, values, expressions, tfPolicy{"origin_request_policy_id", "aws_cloudfront_origin_request_policy", ManagedOriginRequestHeaders})
	return b
}

// tfPolicy is how a behavior names a policy of a kind.
type tfPolicy struct {
	attribute, kind string
	managed         func(string) (HeaderSet, bool)
}

func (t *tf) headers(r *tfResource, values, expressions tree, p tfPolicy) Maybe[HeaderSet] {
	id := values.at(p.attribute).text()
	if set, ok := p.managed(id); ok {
		return Known(set)
	}
	to := t.plan.pointsTo(r, id, expressions.at(p.attribute), p.kind, "data."+p.kind)
	if to == nil {
		if id == "" && !expressions.at(p.attribute).exists() {
			return Known(HeaderSet{Mode: HeadersNone})
		}
		return Unknown[HeaderSet]("the policy is not in the plan")
	}
	if set, ok := p.managed(to.values.at("id").text()); ok {
		return Known(set)
	}
	config := to.values.at("headers_config").first()
	if p.kind == "aws_cloudfront_cache_policy" {
		config = to.values.at("parameters_in_cache_key_and_forwarded_to_origin").first().at("headers_config").first()
	}
	return Known(HeaderSet{Mode: HeaderMode(config.at("header_behavior").text()), Names: config.at("headers").first().at("items").texts()})
}
