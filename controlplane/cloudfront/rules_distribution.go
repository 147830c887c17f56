package cloudfront

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"drawbridge/controlplane/api/cloudfrontapi"
)

func defaultRootObject(c *distributionCheck) error {
	name := value(c.config.DefaultRootObject)
	if len(name) > maxPathBytes || strings.HasPrefix(name, "/") || !rootObject.MatchString(name) {
		return cloudfrontapi.InvalidDefaultRootObject(
			"The default root object file name is too big or contains an invalid character.")
	}
	return nil
}

func comment(c *distributionCheck) error {
	if utf8.RuneCountInString(value(c.config.Comment)) > maxComment {
		return badParameter("Comment is too big.")
	}
	return nil
}

// aliasNames: lower-case domain names, "*" as the first label only; names that
// a server must never give away are refused (design.md section 2).
func aliasNames(c *distributionCheck) error {
	aliases := c.config.Aliases.Items
	if len(aliases) > c.limits.Aliases {
		return cloudfrontapi.TooManyDistributionCNAMEs(
			"Your request contains more CNAMEs than are allowed per distribution.")
	}
	for i, alias := range aliases {
		if !aliasAllowed(alias) || slices.Contains(aliases[:i], alias) {
			return badParameter("CNAME contains one or more parameters that are not valid.")
		}
	}
	return nil
}

func aliasAllowed(alias string) bool {
	name := strings.TrimPrefix(alias, "*.")
	return alias == strings.ToLower(alias) && strings.Contains(name, ".") && len(alias) <= maxDomainBytes &&
		isDomainName(name) && !isAddress(name) && !reservedName(name)
}

// reservedName tells whether a name is one of localhost's or of AWS's services.
func reservedName(name string) bool {
	for _, domain := range []string{
		"localhost", "localhost.localdomain", "localhost.localstack.cloud",
		"amazonaws.com", "amazonaws.com.cn", "cloudfront.net", "aws",
	} {
		if name == domain || strings.HasSuffix(name, "."+domain) {
			return true
		}
	}
	return false
}

// viewerCertificate: at most one certificate, and aliases only with one of the
// owner's. Whether an ACM certificate exists and covers the aliases is not
// looked at before ACM is built; its ARN must be of us-east-1.
func viewerCertificate(c *distributionCheck) error {
	v := c.config.ViewerCertificate
	acm, iam, own := value(v.ACMCertificateArn), value(v.IAMCertificateId), value(v.CloudFrontDefaultCertificate)
	named := 0
	for _, is := range []bool{acm != "", iam != "", own} {
		if is {
			named++
		}
	}
	switch {
	case named > 1:
		return cloudfrontapi.InvalidViewerCertificate("You cannot specify more than one of ACMCertificateArn, " +
			"IAMCertificateId, or CloudFrontDefaultCertificate.")
	case acm != "" && !acmARN.MatchString(acm), len(iam) > maxIDBytes:
		return cloudfrontapi.InvalidViewerCertificate("The specified SSL certificate doesn't exist, isn't in us-east-1 " +
			"region, isn't valid, or doesn't include a valid certificate chain.")
	case own && len(c.config.Aliases.Items) > 0:
		return cloudfrontapi.InvalidViewerCertificate("The certificate that is attached to your distribution doesn't cover " +
			"the alternate domain name (CNAME) that you're trying to add. For more details, see: " +
			"https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/CNAMEs.html#alternate-domain-names-requirements")
	case own:
		return nil
	}
	return certificateSettings(v)
}

func certificateSettings(v *cloudfrontapi.ViewerCertificate) error {
	method, version := value(v.SSLSupportMethod), value(v.MinimumProtocolVersion)
	switch {
	case method == "":
		return badParameter("ViewerCertificate Unsupported value for the SSLSupportMethod field: null.")
	case !oneOf(method, cloudfrontapi.SSLSupportMethodValues):
		return badParameter("ViewerCertificate Unsupported value for the SSLSupportMethod field: %s.", quote(method))
	case !oneOf(version, cloudfrontapi.MinimumProtocolVersionValues):
		return cloudfrontapi.InvalidMinimumProtocolVersion("The minimum protocol version specified is not valid.")
	case version == cloudfrontapi.MinimumProtocolVersionSSLv3 && method == cloudfrontapi.SSLSupportMethodSniOnly:
		return cloudfrontapi.InvalidProtocolSettings("You cannot specify SSLv3 as the minimum protocol version if you only " +
			"want to support only clients that support Server Name Indication (SNI).")
	}
	return nil
}

// errorCodes are those that have custom error responses (reference/cloudfront.md 1.9).
func errorCodes() []string {
	return []string{"400", "403", "404", "405", "414", "416", "500", "501", "502", "503", "504"}
}

// errorResponses: known codes, each once; page and status together or neither.
func errorResponses(c *distributionCheck) error {
	var codes []string
	for _, r := range c.config.CustomErrorResponses.Items {
		codes = append(codes, strconv.Itoa(int(value(r.ErrorCode))))
		path, status := value(r.ResponsePagePath), value(r.ResponseCode)
		switch {
		case status != "" && status != "200" && !oneOf(status, errorCodes()):
			return cloudfrontapi.InvalidResponseCode("A response code is not valid.")
		case (path == "") != (status == ""):
			return badParameter("ResponsePagePath and ResponseCode must both be specified or both be left out.")
		case path != "" && (len(path) > maxPathBytes || path[0] != '/' || !isURLPath(path)):
			return badParameter("ResponsePagePath is not valid.")
		case value(r.ErrorCachingMinTTL) < 0:
			return badParameter("ErrorCachingMinTTL is not valid.")
		}
	}
	if !distinctOf(codes, errorCodes()) {
		return cloudfrontapi.InvalidErrorCode("An invalid error code was specified.")
	}
	return nil
}

func geoRestriction(c *distributionCheck) error {
	geo := c.config.Restrictions.GeoRestriction
	none := value(geo.RestrictionType) == cloudfrontapi.GeoRestrictionTypeNone
	if !oneOf(value(geo.RestrictionType), cloudfrontapi.GeoRestrictionTypeValues) || none != (len(geo.Items) == 0) {
		return cloudfrontapi.InvalidGeoRestrictionParameter("The specified geo restriction parameter is not valid.")
	}
	for i, code := range geo.Items {
		if !countryCode.MatchString(code) || slices.Contains(geo.Items[:i], code) {
			return cloudfrontapi.InvalidLocationCode("The location code specified is not valid.")
		}
	}
	return nil
}

// logging: a bucket's domain name where logging is on; everything is stored
// and echoed.
func logging(c *distributionCheck) error {
	l := c.config.Logging
	bucket := value(l.Bucket)
	if value(l.Enabled) && bucket == "" || bucket != "" && !isBucket(bucket) {
		return badParameter("Logging Bucket does not refer to a valid S3 bucket.")
	}
	if prefix := value(l.Prefix); len(prefix) > 256 || strings.HasPrefix(prefix, "/") {
		return badParameter("Logging Prefix is not valid.")
	}
	return nil
}

func webACLID(c *distributionCheck) error {
	if id := value(c.config.WebACLId); id != "" && !webACL.MatchString(id) {
		return cloudfrontapi.InvalidWebACLId("A web ACL ID specified is not valid.")
	}
	return nil
}

// distributionReferences: what a distribution can name and what cannot exist
// yet, and values that no issue gives a meaning to yet.
func distributionReferences(c *distributionCheck) error {
	config := c.config
	notFound := func() error { return cloudfrontapi.EntityNotFound("The entity was not found.") }
	mtls, function := config.ViewerMtlsConfig, config.ConnectionFunctionAssociation
	switch {
	case value(config.AnycastIpListId) != "" && !c.policies.has(KindAnycastIPList, *config.AnycastIpListId),
		mtls != nil && mtls.TrustStoreConfig != nil && !c.policies.has(KindTrustStore, value(mtls.TrustStoreConfig.TrustStoreId)),
		function != nil && !c.policies.has(KindConnectionFunction, value(function.Id)):
		return notFound()
	case mtls != nil && value(mtls.Mode) != "":
		return cloudfrontapi.UnsupportedOperation("Viewer mTLS is not implemented by Drawbridge yet.")
	case config.CacheTagConfig != nil && !tokenPattern.MatchString(value(config.CacheTagConfig.HeaderName)):
		return badParameter("CacheTagConfig HeaderName is not valid.")
	case !oneOf(value(config.HttpVersion), cloudfrontapi.HttpVersionValues):
		return badParameter("HttpVersion is not valid.")
	case !oneOf(value(config.PriceClass), cloudfrontapi.PriceClassValues):
		return badParameter("PriceClass is not valid.")
	}
	return nil
}
