package compile

import (
	"slices"
	"strings"

	"drawbridge/controlplane/api/cloudfrontapi"
)

// The gaps: what a distribution, a cache behavior or an origin can ask for and
// the edge does not do yet, of all that decides who gets in or what is sent.
// When the edge does it, its row goes.
var (
	distributionGaps = []gap[cloudfrontapi.DistributionConfig]{
		{"web ACL", func(c *cloudfrontapi.DistributionConfig) bool { return given(c.WebACLId) }},
		{"Anycast IP list", func(c *cloudfrontapi.DistributionConfig) bool { return given(c.AnycastIpListId) }},
		{"viewer mTLS", func(c *cloudfrontapi.DistributionConfig) bool { return c.ViewerMtlsConfig != nil }},
		{"connection function", func(c *cloudfrontapi.DistributionConfig) bool {
			return c.ConnectionFunctionAssociation != nil && given(c.ConnectionFunctionAssociation.Id)
		}},
		{"standard logs (no bucket gets any)", func(c *cloudfrontapi.DistributionConfig) bool {
			return c.Logging != nil && value(c.Logging.Enabled)
		}},
		{"HTTP/3", func(c *cloudfrontapi.DistributionConfig) bool {
			return slices.Contains([]string{cloudfrontapi.HttpVersionHttp3, cloudfrontapi.HttpVersionHttp2and3}, value(c.HttpVersion))
		}},
	}
	behaviorGaps = []gap[cloudfrontapi.CacheBehavior]{
		{"Lambda@Edge", func(b *cloudfrontapi.CacheBehavior) bool {
			return b.LambdaFunctionAssociations != nil && len(b.LambdaFunctionAssociations.Items) > 0
		}},
		{"trusted signers (their accounts' keys are not known: nobody gets in)", func(b *cloudfrontapi.CacheBehavior) bool {
			return b.TrustedSigners != nil && value(b.TrustedSigners.Enabled)
		}},
		{"field-level encryption", func(b *cloudfrontapi.CacheBehavior) bool { return given(b.FieldLevelEncryptionId) }},
		{"real-time logs", func(b *cloudfrontapi.CacheBehavior) bool { return given(b.RealtimeLogConfigArn) }},
		{"gRPC", func(b *cloudfrontapi.CacheBehavior) bool { return b.GrpcConfig != nil && value(b.GrpcConfig.Enabled) }},
		{"Smooth Streaming", func(b *cloudfrontapi.CacheBehavior) bool { return value(b.SmoothStreaming) }},
	}
	originGaps = []gap[cloudfrontapi.Origin]{
		{"VPC origin (called by its domain name)", func(o *cloudfrontapi.Origin) bool { return o.VpcOriginConfig != nil }},
		{"Origin Shield", func(o *cloudfrontapi.Origin) bool { return o.OriginShield != nil && value(o.OriginShield.Enabled) }},
	}
)

// gap is something that a part of a distribution can ask for and does not get.
type gap[C any] struct {
	name string
	asks func(*C) bool
}

func given(text *string) bool { return value(text) != "" }

// unenforced names what a distribution asks for and the edge does not do yet:
// nobody is to believe that it holds (design.md section 8). Nil: the edge does
// all of it.
func unenforced(config *cloudfrontapi.DistributionConfig) []string {
	names := asked(behaviorGaps, behaviors(config))
	names = append(names, asked(distributionGaps, []cloudfrontapi.DistributionConfig{*config})...)
	if config.Origins != nil {
		names = append(names, asked(originGaps, config.Origins.Items)...)
	}
	return names
}

// asked names the gaps that one of the parts asks for.
func asked[C any](gaps []gap[C], parts []C) []string {
	var names []string
	for _, g := range gaps {
		for i := range parts {
			if g.asks(&parts[i]) {
				names = append(names, g.name)
				break
			}
		}
	}
	return names
}

// Warning is what a unit asks for and is not done.
type Warning struct {
	Unit string // "distribution E1…"
	Text string
}

func (p *pending) warn(unit string, names []string) {
	if len(names) > 0 {
		p.update.Warnings = append(p.update.Warnings, Warning{unit, strings.Join(names, ", ")})
	}
}
