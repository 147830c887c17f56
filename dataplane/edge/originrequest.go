package edge

import (
	"strings"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
	"drawbridge/dataplane/upstream"
)

// userAgent is what origins see unless the viewer's User-Agent is forwarded.
const userAgent = "Amazon CloudFront"

// loopID is our identifier in CDN-Loop (RFC 8586); each distribution adds one
// with its id.
const loopID = "CloudFront"

// treatment is what becomes of a viewer's field on its way to an origin when no
// policy selects it. The two columns of the table are ForwardedValues (the
// legacy table of reference/cloudfront.md section 2.6) and a cache policy.
type treatment uint8

const (
	// dropped: not sent unless a policy selects the field.
	dropped treatment = iota
	// kept: sent anyway.
	kept
	// keptForWrites: sent with DELETE, PATCH, POST, PUT, and OPTIONS where it is
	// not cached; with others dropped.
	keptForWrites
	// owned: never sent as it came. It is the edge's own, belongs to one
	// connection, or would let a viewer speak for the edge.
	owned
	// condition: sent only where the edge does not keep the answer, because the
	// conditions of a kept object are the edge's own.
	condition
)

// fieldRule is a row of the table.
type fieldRule struct{ legacy, policy treatment }

// fieldRules is the table; a field that is not in it is kept with
// ForwardedValues and dropped with a cache policy. The last rows are what a body
// needs to be understood, and what was seen to pass with no origin request
// policy (reference/cloudfront.md section 2.6).
var fieldRules = map[string]fieldRule{
	"accept":                 {dropped, dropped},
	"accept-charset":         {dropped, dropped},
	"accept-language":        {dropped, dropped},
	"referer":                {dropped, dropped},
	"x-http-method-override": {dropped, dropped},
	"authorization":          {keptForWrites, dropped},
	"accept-encoding":        {owned, owned},
	"cdn-loop":               {owned, owned},
	"connection":             {owned, owned},
	"cookie":                 {owned, owned},
	"expect":                 {owned, owned},
	"host":                   {owned, owned},
	"keep-alive":             {owned, owned},
	"proxy-authenticate":     {owned, owned},
	"proxy-authorization":    {owned, owned},
	"proxy-connection":       {owned, owned},
	"te":                     {owned, owned},
	"trailer":                {owned, owned},
	"transfer-encoding":      {owned, owned},
	"upgrade":                {owned, owned},
	"user-agent":             {owned, owned},
	"via":                    {owned, owned},
	"x-amz-cf-id":            {owned, owned},
	"x-forwarded-for":        {owned, owned},
	"x-forwarded-proto":      {owned, owned},
	"x-real-ip":              {owned, owned},
	"if-match":               {condition, dropped},
	"if-modified-since":      {condition, dropped},
	"if-none-match":          {condition, dropped},
	"if-unmodified-since":    {condition, dropped},
	"if-range":               {kept, kept},
	"range":                  {kept, kept},
	"request-range":          {kept, dropped},
	"cache-control":          {kept, kept},
	"content-encoding":       {kept, kept},
	"content-language":       {kept, kept},
	"content-length":         {kept, kept},
	"content-md5":            {kept, kept},
	"content-type":           {kept, kept},
	"origin":                 {kept, kept},
	"pragma":                 {kept, kept},
}

// ask is what a fetch sends, free of the exchange it came from.
type ask struct {
	request
	coding coding
	// keep tells that the answer may be kept: the viewer's conditions stay here.
	keep bool
	// ranged tells that Range goes to the origin.
	ranged bool
	// revalidate is the object to be revalidated; nil: none.
	revalidate *object
}

// call makes the request to one origin. Custom headers come last and overwrite:
// whatever the viewer sent under such a name, in any case and any number, is gone
// (reference/cloudfront.md section 2.6). Each origin of a group has its own.
func (e *Edge) call(a ask, o *program.Origin) *upstream.Call {
	q := a.asked
	scheme, port := originScheme(o, q.Scheme)
	c := &upstream.Call{
		Scheme: scheme, Host: o.DomainName, Port: port, Authority: o.DomainName,
		Method: q.Method, Path: o.Path + a.path, Body: q.Body,
		Attempts: max(1, o.Attempts), ConnectTimeout: o.ConnectTimeout, ReadTimeout: o.ReadTimeout,
		IdleTimeout: o.KeepAlive, Hops: a.x.Hops + 1, CallerAddress: e.edgeAddress,
	}
	c.RawQuery, c.HasQuery = originQuery(a.behavior, q)
	if takesField(a.behavior, "host") {
		c.Authority, c.ServerName = authority(q), q.Host
	}
	if o.HostHeader != "" {
		c.Authority = o.HostHeader
	}
	if o.ServerName != "" {
		c.ServerName = o.ServerName
	}
	c.CertificateNames, c.MinTLS, c.IPVersion = o.CertificateNames, o.MinTLS, o.IPVersion
	h := viewerFields(a)
	h = appendOwnFields(h, a)
	for _, custom := range o.CustomHeaders {
		if !strings.EqualFold(custom.Name, "CDN-Loop") { // ours ends loops and stays (RFC 8586 section 2)
			h.Del(custom.Name)
		}
	}
	for _, custom := range o.CustomHeaders {
		h.Add(custom.Name, custom.Value)
	}
	c.Header = h
	e.signCall(a, o, c)
	return c
}

// originScheme says how an origin is spoken to (OriginProtocolPolicy).
func originScheme(o *program.Origin, viewer string) (scheme string, port int) {
	https := o.Protocol == program.OriginHTTPSOnly || o.Protocol == program.OriginMatchViewer && viewer == "https"
	if https {
		return "https", o.HTTPSPort
	}
	return "http", o.HTTPPort
}

// takesField tells whether a policy of the behavior selects a field (name in
// lower case): the union of what makes the key and what the origin request
// policy adds.
func takesField(b *program.Behavior, name string) bool {
	return b.Cache.Headers.Takes(name) || b.Request.Headers.Takes(name)
}

// viewerFields returns the viewer's fields that go to the origin, in their order.
func viewerFields(a ask) exchange.Header {
	q := a.asked
	h := make(exchange.Header, 0, len(q.Header)+12)
	for _, f := range q.Header {
		if passes(a, strings.ToLower(f.Name)) {
			h = append(h, f)
		}
	}
	return h
}

// passes tells whether a field of the viewer's goes to the origin as it came.
func passes(a ask, name string) bool {
	if strings.HasPrefix(name, "x-edge-") || strings.HasPrefix(name, cloudFrontPrefix) {
		return false
	}
	rule, known := fieldRules[name]
	if !known && a.behavior.Cache.Legacy {
		return true
	}
	t := rule.policy
	if a.behavior.Cache.Legacy {
		t = rule.legacy
	}
	switch {
	case t == owned:
		return false
	case isCondition(name) && (a.keep || a.revalidate != nil):
		return false
	case name == "range" || name == "if-range":
		return a.ranged
	case takesField(a.behavior, name), t == kept, t == condition:
		return true
	case t == keptForWrites:
		return !isRead(a)
	}
	return false
}

// isRead tells the methods whose answers may be kept: for them Authorization is
// not the legacy table's to forward.
func isRead(a ask) bool {
	m := a.asked.Method
	return m == "GET" || m == "HEAD" || m == "OPTIONS" && a.behavior.Cached.Has(m)
}

// isCondition tells the fields that make a request conditional (RFC 9110 section 13.1).
func isCondition(name string) bool {
	switch name {
	case "if-match", "if-none-match", "if-modified-since", "if-unmodified-since":
		return true
	}
	return false
}

// appendOwnFields appends what the edge itself says to the origin.
func appendOwnFields(h exchange.Header, a ask) exchange.Header {
	q, b := a.asked, a.behavior
	if value := originEncoding(a); value != "" {
		h.Add("Accept-Encoding", value)
	}
	if forwardsCookies(b) {
		if cookies := cookiesOf(q.Header, takesCookie(b)); len(cookies) > 0 {
			h.Add("Cookie", cookieHeader(cookies))
		}
	}
	agent := userAgent
	if takesField(b, "user-agent") {
		agent = q.Header.Get("User-Agent")
	}
	if agent != "" {
		h.Add("User-Agent", agent)
	}
	h.Add("X-Amz-Cf-Id", a.x.RequestID)
	h.Add("Via", joinList(q.Header.Joined("Via"), q.Protocol.ViaVersion()+" "+viaHost(a.via)+" (CloudFront)", ", "))
	h.Add("X-Forwarded-For", joinList(q.Header.Joined("X-Forwarded-For"), viewerIP(a.x.Conn), ","))
	h.Add("CDN-Loop", joinList(q.Header.Joined("CDN-Loop"), loopID+";distribution="+a.distribution.ID, ", "))
	h = appendViewerFacts(h, a)
	if o := a.revalidate; o != nil {
		if o.OriginETag != "" {
			h.Add("If-None-Match", o.OriginETag)
		}
		if o.LastModified != "" {
			h.Add("If-Modified-Since", o.LastModified)
		}
	}
	return h
}

// appendViewerFacts appends the CloudFront-* fields that the policies name.
func appendViewerFacts(h exchange.Header, a ask) exchange.Header {
	b := a.behavior
	add := func(name string) {
		lower := strings.ToLower(name)
		if strings.HasPrefix(lower, cloudFrontPrefix) && !h.Has(name) {
			if value := viewerFact(a.request, lower); value != "" {
				h.Add(canonicalFact(lower), value)
			}
		}
	}
	for _, selection := range []program.Selection{b.Cache.Headers, b.Request.Headers} {
		if selection.Mode == program.SelectOnly {
			for _, name := range selection.Names {
				add(name)
			}
		}
	}
	for _, name := range b.Request.CloudFront {
		add(name)
	}
	return h
}

// canonicalFact writes a CloudFront-* name as AWS spells it.
func canonicalFact(lower string) string {
	words := strings.Split(lower, "-")
	for i, w := range words {
		switch w {
		case "cloudfront":
			words[i] = "CloudFront"
		case "tls", "asn":
			words[i] = strings.ToUpper(w)
		case "ios":
			words[i] = "IOS"
		case "smarttv":
			words[i] = "SmartTV"
		case "":
		default:
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, "-")
}

// originEncoding returns the Accept-Encoding for the origin: the reduced one
// where the policy has codings; the viewer's own where it is selected; with
// ForwardedValues that do not cache, gzip if the viewer has it
// (reference/cloudfront.md section 2.6).
func originEncoding(a ask) string {
	q := a.asked
	switch {
	case a.ownsEncoding():
		return codingOf(q, &a.behavior.Cache).header()
	case takesField(a.behavior, "accept-encoding"):
		return q.Header.Joined("Accept-Encoding")
	case a.behavior.Cache.Legacy:
		if accepts(q.Header.Joined("Accept-Encoding"), "gzip") {
			return "gzip"
		}
	}
	return ""
}

// joinList appends an element to a list field.
func joinList(list, element, separator string) string {
	if list == "" {
		return element
	}
	return list + separator + element
}

// loops tells a request that went through this distribution before, or through
// too many (RFC 8586, reference/cloudfront.md section 2.1).
func loops(h exchange.Header, id string) Fault {
	hops := 0
	for line := range h.All("CDN-Loop") {
		for line != "" {
			var element string
			element, line, _ = strings.Cut(line, ",")
			cdn, parameter, _ := strings.Cut(strings.TrimSpace(element), ";")
			name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
			if !strings.EqualFold(strings.TrimSpace(cdn), loopID) || name != "distribution" {
				continue
			}
			if value == id {
				return faultLoop
			}
			hops++
		}
	}
	if hops >= maxHops {
		return faultTooManyHops
	}
	return faultNone
}
