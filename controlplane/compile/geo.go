package compile

import (
	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/dataplane/program"
)

// geoRestriction compiles which countries are served; nil: all.
func geoRestriction(config *cloudfrontapi.DistributionConfig) *program.GeoRestriction {
	if !restrictsCountries(config) {
		return nil
	}
	geo := config.Restrictions.GeoRestriction
	g := &program.GeoRestriction{
		Countries: make(map[string]bool, len(geo.Items)),
		Allow:     value(geo.RestrictionType) == cloudfrontapi.GeoRestrictionTypeWhitelist,
	}
	for _, country := range geo.Items {
		g.Countries[country] = true
	}
	return g
}

// restrictsCountries tells whether a distribution has a geo restriction.
func restrictsCountries(config *cloudfrontapi.DistributionConfig) bool {
	if config.Restrictions == nil || config.Restrictions.GeoRestriction == nil {
		return false
	}
	kind := config.Restrictions.GeoRestriction.RestrictionType
	return given(kind) && *kind != cloudfrontapi.GeoRestrictionTypeNone
}
