package cloudfront

import (
	"drawbridge/controlplane/api/cloudfrontapi"
)

// noteAttached notes the records of the newer families that a configuration
// names.
func noteAttached(config *cloudfrontapi.DistributionConfig, note func(family Kind, id string, managed bool)) {
	note(KindContinuousDeploymentPolicy, value(config.ContinuousDeploymentPolicyId), false)
	note(KindAnycastIPList, value(config.AnycastIpListId), false)
	if mtls := config.ViewerMtlsConfig; mtls != nil && mtls.TrustStoreConfig != nil {
		note(KindTrustStore, value(mtls.TrustStoreConfig.TrustStoreId), false)
	}
	if function := config.ConnectionFunctionAssociation; function != nil {
		note(KindConnectionFunction, value(function.Id), false)
	}
	if reference := certificateOf(config); reference != "" {
		note(KindCertificate, escape(reference), false) // another service's record: no revision to compare
	}
	for _, origin := range config.Origins.Items {
		if origin.VpcOriginConfig != nil {
			note(KindVPCOrigin, value(origin.VpcOriginConfig.VpcOriginId), false)
		}
	}
}

// Distributions that can use one record (reference/cloudfront.md section 6).
const (
	maxPrimariesPerPolicy    = 1
	maxVPCOriginUsers        = 50
	maxAnycastUsers          = 100
	maxTrustStoreUsers       = 25
	maxParameterNameBytes    = 128
	maxParameterValueBytes   = 1024
	maxParameterCommentBytes = 128
)

// roomForAttached is roomForUser for the newer families.
func roomForAttached(family Kind, n int) error {
	most := map[Kind]int{
		KindContinuousDeploymentPolicy: maxPrimariesPerPolicy, KindVPCOrigin: maxVPCOriginUsers,
		KindAnycastIPList: maxAnycastUsers, KindTrustStore: maxTrustStoreUsers,
	}[family]
	switch {
	case most == 0 || n < most:
		return nil
	case family == KindContinuousDeploymentPolicy:
		return continuousPolicyInUse()
	}
	return entityLimit()
}

// continuousAttached: a primary distribution's continuous deployment policy
// exists, and the distribution can be one (reference/cloudfront.md 5.9).
func continuousAttached(c *distributionCheck) error {
	id := value(c.config.ContinuousDeploymentPolicyId)
	switch {
	case id == "":
		return nil
	case !c.policies.has(KindContinuousDeploymentPolicy, id):
		return noSuchContinuousDeploymentPolicy()
	case value(c.config.Staging):
		return badParameter("ContinuousDeploymentPolicyId is not allowed for a staging distribution.")
	case oneOf(value(c.config.HttpVersion), []string{cloudfrontapi.HttpVersionHttp3, cloudfrontapi.HttpVersionHttp2and3}):
		return badParameter("HttpVersion cannot include HTTP/3 for a distribution with a continuous deployment policy.")
	}
	return nil
}

// vpcOrigins: each that is named exists.
func vpcOrigins(c *distributionCheck) error {
	for _, origin := range c.config.Origins.Items {
		vpc := origin.VpcOriginConfig
		switch {
		case vpc == nil:
		case len(value(vpc.VpcOriginId)) > maxIDBytes:
			return badParameter("VPC Origin Name is too big.")
		case !c.policies.has(KindVPCOrigin, value(vpc.VpcOriginId)):
			return entityNotFound()
		case value(vpc.OwnerAccountId) != "" && !accountNumber.MatchString(*vpc.OwnerAccountId):
			return badParameter("OwnerAccountId is not valid.")
		}
	}
	return nil
}
