package cloudfront

import (
	"regexp"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

// maxLogFields is how many fields a real-time log record can have
// (reference/cloudfront.md section 5, real-time logs).
const maxLogFields = 70

// Patterns of what a real-time log configuration names.
var (
	logConfigName = regexp.MustCompile(`\A[A-Za-z0-9_.-]{1,64}\z`)
	logConfigARN  = regexp.MustCompile(`\Aarn:aws[a-z-]*:cloudfront::([0-9]{12}):realtime-log-config/([A-Za-z0-9_.-]{1,64})\z`)
	roleARN       = regexp.MustCompile(`\Aarn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,512}\z`)
	streamARN     = regexp.MustCompile(`\Aarn:aws[a-z-]*:kinesis:[a-z0-9-]+:[0-9]{12}:stream/[A-Za-z0-9_.-]{1,128}\z`)
)

// realtimeLogConfigName takes the ARN of a real-time log configuration apart.
func realtimeLogConfigName(arn string) (account, name string) {
	if match := logConfigARN.FindStringSubmatch(arn); match != nil {
		return match[1], match[2]
	}
	return "", ""
}

func realtimeLogConfigARN(call *api.Call, name string) string {
	return arnPrefix(call) + "realtime-log-config/" + name
}

func (s *Service) realtimeLogConfigFamily() *recordFamily[cloudfrontapi.RealtimeLogConfig] {
	type config = cloudfrontapi.RealtimeLogConfig
	return &recordFamily[config]{
		service:     s,
		kind:        KindRealtimeLogConfig,
		unversioned: true,
		newID:       func(c *config) string { return value(c.Name) },
		name:        func(c *config) string { return value(c.Name) },
		prepare: func(c *config) error {
			for _, rule := range realtimeLogConfigRules() {
				if err := rule.check(c, &s.limits); err != nil {
					return err
				}
			}
			return nil
		},
		limit:  s.limits.RealtimeLogConfigs,
		noSuch: noSuchRealtimeLogConfig,
		exists: func() error {
			return cloudfrontapi.RealtimeLogConfigAlreadyExists("A real-time log configuration with this name already exists.")
		},
		inUse: func() error {
			return cloudfrontapi.RealtimeLogConfigInUse(
				"Cannot delete the real-time log configuration because it is attached to one or more cache behaviors.")
		},
		tooMany: func() error {
			return cloudfrontapi.TooManyRealtimeLogConfigs(
				"You have reached the maximum number of real-time log configurations for this Amazon Web Services account.")
		},
	}
}

func noSuchRealtimeLogConfig() error {
	return cloudfrontapi.NoSuchRealtimeLogConfig("The real-time log configuration does not exist.")
}

func realtimeLogConfigRules() []configRule[cloudfrontapi.RealtimeLogConfig] {
	type config = cloudfrontapi.RealtimeLogConfig
	return []configRule[config]{
		{"name", func(c *config, _ *Limits) error {
			if !logConfigName.MatchString(value(c.Name)) {
				return badParameter("Name is not valid.")
			}
			return nil
		}},
		{"sampling rate", func(c *config, _ *Limits) error {
			if rate := value(c.SamplingRate); rate < 1 || rate > 100 {
				return badParameter("SamplingRate is not valid.")
			}
			return nil
		}},
		{"end points", logEndPoints},
		{"fields", func(c *config, _ *Limits) error {
			if len(c.Fields) == 0 {
				return badParameter("Fields is required.")
			}
			for _, field := range c.Fields {
				if !logField(field) {
					return badParameter("Fields contains %s that is not valid.", quote(field))
				}
			}
			if len(c.Fields) > maxLogFields || !distinctOf(c.Fields, c.Fields) {
				return badParameter("Fields is not valid.")
			}
			return nil
		}},
	}
}

// logEndPoints: records go to one Kinesis data stream.
func logEndPoints(c *cloudfrontapi.RealtimeLogConfig, _ *Limits) error {
	if len(c.EndPoints) != 1 {
		return badParameter("EndPoints must contain exactly one end point.")
	}
	stream := c.EndPoints[0].KinesisStreamConfig
	switch {
	case value(c.EndPoints[0].StreamType) != "Kinesis":
		return badParameter("StreamType is not valid.")
	case stream == nil:
		return badParameter("KinesisStreamConfig is required.")
	case !roleARN.MatchString(value(stream.RoleARN)):
		return badParameter("RoleARN is not valid.")
	case !streamARN.MatchString(value(stream.StreamARN)):
		return badParameter("StreamARN is not valid.")
	}
	return nil
}

func logField(name string) bool {
	rest, cmcd := strings.CutPrefix(name, "cmcd-")
	return cmcd && tokenPattern.MatchString(rest) || oneOf(name, logFields())
}

// logFields are the fields of real-time log records (reference/cloudfront.md section 5).
func logFields() []string {
	return strings.Fields(`timestamp c-ip s-ip time-to-first-byte sc-status sc-bytes cs-method cs-protocol cs-host
		cs-uri-stem cs-bytes x-edge-location x-edge-request-id x-host-header time-taken cs-protocol-version c-ip-version
		cs-user-agent cs-referer cs-cookie cs-uri-query x-edge-response-result-type x-forwarded-for ssl-protocol
		ssl-cipher x-edge-result-type fle-encrypted-fields fle-status sc-content-type sc-content-len sc-range-start
		sc-range-end c-port x-edge-detailed-result-type c-country cs-accept-encoding cs-accept
		cache-behavior-path-pattern cs-headers cs-header-names cs-headers-count primary-distribution-id
		primary-distribution-dns-name origin-fbl origin-lbl asn r-host sr-reason x-edge-mqcs
		distribution-tenant-id connection-id`)
}

func realtimeLogConfig(call *api.Call, r *RealtimeLogConfigRecord) *cloudfrontapi.RealtimeLogConfig {
	shown := r.Config
	shown.ARN = new(realtimeLogConfigARN(call, r.ID))
	return &shown
}

// namedLogConfig finds which configuration a call means: by its name, else by
// its ARN, which must be of the caller's account.
func namedLogConfig(call *api.Call, name, arn *string) (*string, error) {
	if value(name) != "" {
		return name, nil
	}
	if value(arn) == "" {
		return nil, badParameter("Name or ARN is required.")
	}
	account, id := realtimeLogConfigName(value(arn))
	switch {
	case id == "":
		return nil, badParameter("ARN is not valid.")
	case account != call.Account:
		return nil, noSuchRealtimeLogConfig()
	}
	return &id, nil
}

// CreateRealtimeLogConfig makes a real-time log configuration.
func (s *Service) CreateRealtimeLogConfig(call *api.Call, in *cloudfrontapi.CreateRealtimeLogConfigRequest) (*cloudfrontapi.CreateRealtimeLogConfigResult, error) {
	record, err := s.realtimeLogConfigFamily().create(call, &cloudfrontapi.RealtimeLogConfig{
		Name: in.Name, SamplingRate: in.SamplingRate, EndPoints: in.EndPoints, Fields: in.Fields,
	})
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.CreateRealtimeLogConfigResult{RealtimeLogConfig: realtimeLogConfig(call, record)}, nil
}

// GetRealtimeLogConfig shows a real-time log configuration.
func (s *Service) GetRealtimeLogConfig(call *api.Call, in *cloudfrontapi.GetRealtimeLogConfigRequest) (*cloudfrontapi.GetRealtimeLogConfigResult, error) {
	id, err := namedLogConfig(call, in.Name, in.ARN)
	if err != nil {
		return nil, err
	}
	record, err := s.realtimeLogConfigFamily().get(call, id)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetRealtimeLogConfigResult{RealtimeLogConfig: realtimeLogConfig(call, record)}, nil
}

// UpdateRealtimeLogConfig replaces everything but name and ARN.
func (s *Service) UpdateRealtimeLogConfig(call *api.Call, in *cloudfrontapi.UpdateRealtimeLogConfigRequest) (*cloudfrontapi.UpdateRealtimeLogConfigResult, error) {
	id, err := namedLogConfig(call, in.Name, in.ARN)
	if err != nil {
		return nil, err
	}
	record, err := s.realtimeLogConfigFamily().update(call, recordUpdate[cloudfrontapi.RealtimeLogConfig]{
		id: id, config: &cloudfrontapi.RealtimeLogConfig{
			Name: id, SamplingRate: in.SamplingRate, EndPoints: in.EndPoints, Fields: in.Fields,
		},
	})
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.UpdateRealtimeLogConfigResult{RealtimeLogConfig: realtimeLogConfig(call, record)}, nil
}

// DeleteRealtimeLogConfig deletes a real-time log configuration that no behavior uses.
func (s *Service) DeleteRealtimeLogConfig(call *api.Call, in *cloudfrontapi.DeleteRealtimeLogConfigRequest) error {
	id, err := namedLogConfig(call, in.Name, in.ARN)
	if err != nil {
		return err
	}
	return s.realtimeLogConfigFamily().remove(call, id, nil)
}

// ListRealtimeLogConfigs lists the account's real-time log configurations by name.
func (s *Service) ListRealtimeLogConfigs(call *api.Call, in *cloudfrontapi.ListRealtimeLogConfigsRequest) (*cloudfrontapi.ListRealtimeLogConfigsResult, error) {
	page, err := s.realtimeLogConfigFamily().list(call, recordQuery{marker: in.Marker, maxItems: in.MaxItems})
	if err != nil {
		return nil, err
	}
	list := &cloudfrontapi.RealtimeLogConfigs{
		Marker: new(value(in.Marker)), MaxItems: page.maxItems, NextMarker: page.nextMarker,
		IsTruncated: new(page.nextMarker != nil),
	}
	for _, item := range page.items {
		list.Items = append(list.Items, *realtimeLogConfig(call, item.record))
	}
	return &cloudfrontapi.ListRealtimeLogConfigsResult{RealtimeLogConfigs: list}, nil
}
