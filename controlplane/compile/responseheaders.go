package compile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/cloudfront"
	"drawbridge/dataplane/program"
)

// behaviorResponsePolicy compiles the response headers policy a behavior names.
func behaviorResponsePolicy(account string, b *cloudfrontapi.CacheBehavior, known policies) (*program.ResponseHeadersPolicy, error) {
	id := value(b.ResponseHeadersPolicyId)
	if id == "" {
		return nil, nil
	}
	config, ok := known.responseHeadersPolicy(account, id)
	if !ok {
		return nil, fmt.Errorf("unknown response headers policy %s", id)
	}
	p := &program.ResponseHeadersPolicy{ID: id, CORS: cors(config.CorsConfig), Headers: securityHeaders(config.SecurityHeadersConfig)}
	if custom := config.CustomHeadersConfig; custom != nil {
		for _, h := range custom.Items {
			p.Headers = append(p.Headers, program.PolicyHeader{Name: value(h.Header), Value: value(h.Value), Override: value(h.Override)})
		}
	}
	if remove := config.RemoveHeadersConfig; remove != nil {
		for _, h := range remove.Items {
			p.Remove = append(p.Remove, strings.ToLower(value(h.Header)))
		}
	}
	if timing := config.ServerTimingHeadersConfig; timing != nil {
		p.ServerTiming, p.Sampling = value(timing.Enabled), value(timing.SamplingRate)
	}
	return p, nil
}

// cors compiles what a policy says to cross-origin requests.
func cors(config *cloudfrontapi.ResponseHeadersPolicyCorsConfig) *program.CORS {
	if config == nil {
		return nil
	}
	c := &program.CORS{Credentials: value(config.AccessControlAllowCredentials), Override: value(config.OriginOverride)}
	if origins := config.AccessControlAllowOrigins; origins != nil {
		c.AnyOrigin = slices.Contains(origins.Items, "*")
		for _, origin := range origins.Items {
			c.Origins = append(c.Origins, program.NewCORSOrigin(origin))
		}
	}
	if headers := config.AccessControlAllowHeaders; headers != nil {
		c.Headers = headers.Items
	}
	if methods := config.AccessControlAllowMethods; methods != nil {
		names := methods.Items
		if slices.Contains(names, "ALL") {
			names = []string{"GET", "DELETE", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
		}
		c.Methods = strings.Join(names, ", ")
	}
	if expose := config.AccessControlExposeHeaders; expose != nil {
		c.ExposeHeaders = strings.Join(expose.Items, ", ")
	}
	if config.AccessControlMaxAgeSec != nil {
		c.MaxAge = strconv.Itoa(int(*config.AccessControlMaxAgeSec))
	}
	return c
}

// securityHeaders writes the headers of a policy's security part, in the order
// of AWS's model (reference/cloudfront.md section 5.1).
func securityHeaders(config *cloudfrontapi.ResponseHeadersPolicySecurityHeadersConfig) []program.PolicyHeader {
	if config == nil {
		return nil
	}
	var headers []program.PolicyHeader
	add := func(name, text string, override *bool) {
		headers = append(headers, program.PolicyHeader{Name: name, Value: text, Override: value(override)})
	}
	if xss := config.XSSProtection; xss != nil {
		add("X-XSS-Protection", xssProtection(xss), xss.Override)
	}
	if frame := config.FrameOptions; frame != nil {
		add("X-Frame-Options", value(frame.FrameOption), frame.Override)
	}
	if referrer := config.ReferrerPolicy; referrer != nil {
		add("Referrer-Policy", value(referrer.ReferrerPolicy), referrer.Override)
	}
	if csp := config.ContentSecurityPolicy; csp != nil {
		add("Content-Security-Policy", value(csp.ContentSecurityPolicy), csp.Override)
	}
	if options := config.ContentTypeOptions; options != nil {
		add("X-Content-Type-Options", "nosniff", options.Override)
	}
	if sts := config.StrictTransportSecurity; sts != nil {
		text := "max-age=" + strconv.Itoa(int(value(sts.AccessControlMaxAgeSec)))
		if value(sts.IncludeSubdomains) {
			text += "; includeSubDomains"
		}
		if value(sts.Preload) {
			text += "; preload"
		}
		add("Strict-Transport-Security", text, sts.Override)
	}
	return headers
}

func xssProtection(xss *cloudfrontapi.ResponseHeadersPolicyXSSProtection) string {
	switch report := value(xss.ReportUri); {
	case !value(xss.Protection):
		return "0"
	case value(xss.ModeBlock):
		return "1; mode=block"
	case report != "":
		return "1; report=" + report
	}
	return "1"
}

func (u *used) responseHeadersPolicy(account, id string) (*cloudfrontapi.ResponseHeadersPolicyConfig, bool) {
	if config, ok := cloudfront.ManagedResponseHeadersPolicy(id); ok {
		return config, true
	}
	u.note(cloudfront.KindResponseHeadersPolicy, account+"/"+id)
	config, ok := u.state.responseHeaders[account+"/"+id]
	return config, ok
}
