package cloudfront

import (
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

// Statuses of distributions and invalidations (reference/cloudfront.md 1.5).
const (
	statusInProgress = "InProgress"
	statusDeployed   = "Deployed"
	statusCompleted  = "Completed"
)

// domainLabel is the first label of a distribution's domain name.
func domainLabel(domainName string) string {
	label, _, _ := strings.Cut(domainName, ".")
	return label
}

func (s *Service) distributionStatus(revision int64) string {
	if s.deployed(revision) {
		return statusDeployed
	}
	return statusInProgress
}

// showDistribution makes the answer's form of a distribution.
func (s *Service) showDistribution(call *api.Call, d stored) (*cloudfrontapi.Distribution, error) {
	inProgress, err := s.invalidationsInProgress(call, d.ID)
	if err != nil {
		return nil, err
	}
	groups, err := s.activeKeyGroups(call, &d.Config)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.Distribution{
		Id: new(d.ID), ARN: new(distributionARN(call, d.ID)), Status: new(s.distributionStatus(d.revision)),
		LastModifiedTime: new(d.LastModifiedTime), InProgressInvalidationBatches: new(int32(inProgress)),
		DomainName:             new(d.DomainName),
		ActiveTrustedSigners:   behaviorSigners(&d.Config),
		ActiveTrustedKeyGroups: groups,
		DistributionConfig:     &d.Config,
		AliasICPRecordals:      recordals(d.Config.Aliases),
	}, nil
}

// recordals shows every alias as approved, as AWS does outside of China.
func recordals(aliases *cloudfrontapi.Aliases) []cloudfrontapi.AliasICPRecordal {
	var all []cloudfrontapi.AliasICPRecordal
	for _, alias := range aliases.Items {
		all = append(all, cloudfrontapi.AliasICPRecordal{
			CNAME: new(alias), ICPRecordalStatus: new(cloudfrontapi.ICPRecordalStatusApproved),
		})
	}
	return all
}

// distributionSummary makes the form of a distribution in lists
// (reference/cloudfront.md 1.2).
func (s *Service) distributionSummary(call *api.Call, d stored) *cloudfrontapi.DistributionSummary {
	c := &d.Config
	return &cloudfrontapi.DistributionSummary{
		Id: new(d.ID), ARN: new(distributionARN(call, d.ID)), ETag: new(d.ETag),
		Status: new(s.distributionStatus(d.revision)), LastModifiedTime: new(d.LastModifiedTime),
		DomainName: new(d.DomainName), Aliases: c.Aliases, Origins: c.Origins, OriginGroups: c.OriginGroups,
		DefaultCacheBehavior: c.DefaultCacheBehavior, CacheBehaviors: c.CacheBehaviors,
		CustomErrorResponses: c.CustomErrorResponses, Comment: c.Comment, PriceClass: c.PriceClass, Enabled: c.Enabled,
		ViewerCertificate: c.ViewerCertificate, Restrictions: c.Restrictions, WebACLId: c.WebACLId,
		HttpVersion: c.HttpVersion, IsIPV6Enabled: c.IsIPV6Enabled, AliasICPRecordals: recordals(c.Aliases),
		Staging: c.Staging, ConnectionMode: c.ConnectionMode, AnycastIpListId: c.AnycastIpListId,
		ViewerMtlsConfig: c.ViewerMtlsConfig, ConnectionFunctionAssociation: c.ConnectionFunctionAssociation,
	}
}
