package cloudfront

import (
	"net/netip"
	"strings"

	"drawbridge/controlplane/api/cloudfrontapi"
)

func originIDs(c *distributionCheck) error {
	origins := c.config.Origins.Items
	switch {
	case len(origins) == 0:
		return badParameter("Origins is required.")
	case len(origins) > c.limits.Origins:
		return cloudfrontapi.TooManyOrigins("Your request contains more Origins than are allowed per distribution.")
	}
	ids := make([]string, 0, len(origins))
	for i := range origins {
		ids = append(ids, value(origins[i].Id))
	}
	for i := range c.config.OriginGroups.Items {
		ids = append(ids, value(c.config.OriginGroups.Items[i].Id))
	}
	seen := make(map[string]bool, len(ids))
	for _, id := range ids {
		switch {
		case id == "":
			return badParameter("originId is required.")
		case len(id) > maxIDBytes:
			return badParameter("originId is too big.")
		case seen[id]:
			return badParameter("originId with value %s is used more than once.", id)
		}
		seen[id] = true
	}
	return nil
}

// originKinds: an origin is exactly one of S3, custom and VPC
// (reference/cloudfront.md 1.9).
func originKinds(c *distributionCheck) error {
	for _, origin := range c.config.Origins.Items {
		kinds := 0
		for _, is := range []bool{origin.S3OriginConfig != nil, origin.CustomOriginConfig != nil, origin.VpcOriginConfig != nil} {
			if is {
				kinds++
			}
		}
		if kinds != 1 {
			return cloudfrontapi.InvalidOrigin("The specified origin server does not exist or is not valid.")
		}
	}
	return nil
}

// originDomains: a domain name without scheme, port or path, and no IP
// address (reference/cloudfront.md 1.7 and 1.9). Names of one label are taken,
// which AWS could not resolve: they are how services are named inside private
// networks.
func originDomains(c *distributionCheck) error {
	for _, origin := range c.config.Origins.Items {
		name := c.untemplated(value(origin.DomainName))
		if isAddress(name) {
			return badParameter("origin name cannot be an IP address")
		}
		if !isDomainName(name) {
			return badParameter("origin name must be a domain name.")
		}
		if origin.S3OriginConfig != nil && !isBucket(strings.ToLower(name)) {
			return badParameter("Origin DomainName does not refer to a valid S3 bucket.")
		}
	}
	return nil
}

// isBucket tells whether a name is that of a bucket's REST endpoint; website
// endpoints are custom origins (reference/cloudfront.md 1.9).
func isBucket(name string) bool {
	return s3Domain.MatchString(name) && !strings.Contains(name, ".s3-website")
}

// isAddress sees IP addresses in every form that a resolver may take for one,
// so also 127.1 and 0x7f000001.
func isAddress(name string) bool {
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return true
	}
	name = strings.TrimSuffix(name, ".")
	last := strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
	if hex, isHex := strings.CutPrefix(last, "0x"); isHex {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}

func isDomainName(name string) bool {
	if len(name) > maxDomainBytes {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if !labelPattern.MatchString(label) {
			return false
		}
	}
	return true
}

// originPaths: "" or "/…" without a "/" at the end.
func originPaths(c *distributionCheck) error {
	for _, origin := range c.config.Origins.Items {
		path := c.untemplated(value(origin.OriginPath))
		if path == "" {
			continue
		}
		if len(path) > maxPathBytes || path[0] != '/' || strings.HasSuffix(path, "/") || !isURLPath(path) {
			return cloudfrontapi.InvalidRelativePath(
				"The relative path is too big, is not URL-encoded, or does not begin with a slash (/).")
		}
	}
	return nil
}

// isURLPath tells whether a path consists of what may stand in a request line:
// visible ASCII without what begins a query or a fragment.
func isURLPath(path string) bool {
	for i := range len(path) {
		if c := path[i]; c <= ' ' || c > '~' || strings.IndexByte(`?#"<>\^{}|`+"`", c) >= 0 {
			return false
		}
	}
	return true
}

// originAccess: an origin access control or an origin access identity that
// exists, never both; a control for the kind of origin.
func originAccess(c *distributionCheck) error {
	for _, origin := range c.config.Origins.Items {
		control, identity := value(origin.OriginAccessControlId), ""
		if origin.S3OriginConfig != nil {
			identity = value(origin.S3OriginConfig.OriginAccessIdentity)
		}
		if control != "" && identity != "" {
			return cloudfrontapi.IllegalOriginAccessConfiguration(
				"An origin cannot contain both an origin access control (OAC) and an origin access identity (OAI).")
		}
		if control != "" {
			config := c.policies.control[control]
			switch {
			case config == nil:
				return cloudfrontapi.InvalidOriginAccessControl(
					"The specified origin access control does not exist or is not valid.")
			case !signableDomain(value(config.OriginAccessControlOriginType), value(origin.DomainName)):
				return cloudfrontapi.InvalidDomainNameForOriginAccessControl(
					"An origin access control is associated with an origin whose domain name is not supported.")
			}
		}
		if identity != "" {
			id, wellFormed := strings.CutPrefix(identity, originAccessIdentityPath)
			if !wellFormed || !c.policies.has(KindOriginAccessIdentity, id) {
				return invalidOriginAccessIdentity()
			}
		}
	}
	return nil
}

func originPorts(c *distributionCheck) error {
	allowed := func(port *int32) bool {
		p := value(port)
		return p == 80 || p == 443 || p >= 1024 && p <= 65535
	}
	for _, origin := range c.config.Origins.Items {
		custom := origin.CustomOriginConfig
		switch {
		case custom == nil:
		case !allowed(custom.HTTPPort):
			return badParameter("HTTPPort is not valid.")
		case !allowed(custom.HTTPSPort):
			return badParameter("HTTPSPort is not valid.")
		}
	}
	return nil
}

func originProtocols(c *distributionCheck) error {
	for _, origin := range c.config.Origins.Items {
		custom := origin.CustomOriginConfig
		if custom == nil {
			continue
		}
		if !oneOf(value(custom.OriginProtocolPolicy), cloudfrontapi.OriginProtocolPolicyValues) {
			return badParameter("OriginProtocolPolicy is not valid.")
		}
		protocols := custom.OriginSslProtocols.Items
		if len(protocols) == 0 {
			return badParameter("OriginSslProtocols is required.")
		}
		if !distinctOf(protocols, cloudfrontapi.SslProtocolValues) {
			return badParameter("OriginSslProtocols is not valid.")
		}
	}
	return nil
}

func originTimeouts(c *distributionCheck) error {
	within := func(p *int32, most int32) bool { return p == nil || *p >= 1 && *p <= most }
	for _, origin := range c.config.Origins.Items {
		read, keepalive := originReadTimeout(&origin)
		completion := value(origin.ResponseCompletionTimeout)
		switch {
		case !within(origin.ConnectionAttempts, 3):
			return badParameter("ConnectionAttempts is not valid.")
		case !within(origin.ConnectionTimeout, 10):
			return badParameter("ConnectionTimeout is not valid.")
		case !within(read, 120):
			return cloudfrontapi.InvalidOriginReadTimeout("The read timeout specified for the origin is not valid.")
		case !within(keepalive, 120):
			return cloudfrontapi.InvalidOriginKeepaliveTimeout("The keep alive timeout specified for the origin is not valid.")
		case completion < 0 || completion > 0 && completion < value(read):
			return badParameter("ResponseCompletionTimeout must not be less than OriginReadTimeout.")
		}
	}
	return nil
}

// originReadTimeout gives the read and keep-alive timeouts of whatever kind of
// origin it is, in seconds.
func originReadTimeout(origin *cloudfrontapi.Origin) (read, keepalive *int32) {
	switch {
	case origin.S3OriginConfig != nil:
		return origin.S3OriginConfig.OriginReadTimeout, nil
	case origin.CustomOriginConfig != nil:
		return origin.CustomOriginConfig.OriginReadTimeout, origin.CustomOriginConfig.OriginKeepaliveTimeout
	}
	if vpc := origin.VpcOriginConfig; vpc != nil {
		return vpc.OriginReadTimeout, vpc.OriginKeepaliveTimeout
	}
	return nil, nil
}

func originShield(c *distributionCheck) error {
	for _, origin := range c.config.Origins.Items {
		shield := origin.OriginShield
		region := value(shield.OriginShieldRegion)
		if value(shield.Enabled) && region == "" {
			return badParameter("OriginShieldRegion is required.")
		}
		if region != "" && !shieldRegion.MatchString(region) {
			return badParameter("OriginShieldRegion is not valid.")
		}
	}
	return nil
}

// originGroups: two different origins of the distribution and the codes to
// fail over on (reference/cloudfront.md 1.9).
func originGroups(c *distributionCheck) error {
	groups := c.config.OriginGroups.Items
	if len(groups) > c.limits.OriginGroups {
		return cloudfrontapi.TooManyOriginGroupsPerDistribution(
			"Processing your request would cause you to exceed the maximum number of origin groups allowed.")
	}
	origins := originsByID(c.config)
	for _, group := range groups {
		members := group.Members.Items
		if len(members) != 2 || value(members[0].OriginId) == value(members[1].OriginId) {
			return badParameter("OriginGroupMembers must name two different origins.")
		}
		for _, member := range members {
			if origins[value(member.OriginId)] == nil {
				return noSuchOrigin()
			}
		}
		codes := group.FailoverCriteria.StatusCodes.Items
		if len(codes) == 0 || !distinctOf(codes, []int32{400, 403, 404, 416, 429, 500, 502, 503, 504}) {
			return badParameter("StatusCodes of an origin group is not valid.")
		}
	}
	return nil
}

func originsByID(config *cloudfrontapi.DistributionConfig) map[string]*cloudfrontapi.Origin {
	origins := make(map[string]*cloudfrontapi.Origin, len(config.Origins.Items))
	for i := range config.Origins.Items {
		origins[value(config.Origins.Items[i].Id)] = &config.Origins.Items[i]
	}
	return origins
}

func noSuchOrigin() error {
	return cloudfrontapi.NoSuchOrigin("One or more of your origins or origin groups do not exist.")
}
