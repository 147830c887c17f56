package cloudfront

import (
	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

// CreateMonitoringSubscription turns a distribution's additional metrics on or
// off. Saying again what holds already is refused.
func (s *Service) CreateMonitoringSubscription(call *api.Call, in *cloudfrontapi.CreateMonitoringSubscriptionRequest) (*cloudfrontapi.CreateMonitoringSubscriptionResult, error) {
	if in.MonitoringSubscription == nil {
		return nil, missingBody()
	}
	metrics := in.MonitoringSubscription.RealtimeMetricsSubscriptionConfig
	if metrics == nil {
		return nil, badParameter("RealtimeMetricsSubscriptionConfig is required.")
	}
	status := value(metrics.RealtimeMetricsSubscriptionStatus)
	if !oneOf(status, cloudfrontapi.RealtimeMetricsSubscriptionStatusValues) {
		return nil, badParameter("RealtimeMetricsSubscriptionStatus is not valid.")
	}
	_, err := s.write(call, func(c *change) error {
		found, err := s.distribution(call, in.DistributionId)
		if err != nil {
			return err
		}
		key := Key(call.Account, KindMonitoringSubscription, found.ID)
		old, revision, err := read[MonitoringSubscriptionRecord](call, s, key)
		if err != nil {
			return err
		}
		if old != nil && value(old.Subscription.RealtimeMetricsSubscriptionConfig.RealtimeMetricsSubscriptionStatus) == status {
			return cloudfrontapi.MonitoringSubscriptionAlreadyExists(
				"A monitoring subscription already exists for the specified distribution.")
		}
		c.expect(Key(call.Account, KindDistribution, found.ID), found.revision)
		c.expect(key, revision)
		c.put(key, MonitoringSubscriptionRecord{Subscription: *in.MonitoringSubscription})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.CreateMonitoringSubscriptionResult{MonitoringSubscription: in.MonitoringSubscription}, nil
}

// GetMonitoringSubscription shows whether a distribution has additional metrics.
func (s *Service) GetMonitoringSubscription(call *api.Call, in *cloudfrontapi.GetMonitoringSubscriptionRequest) (*cloudfrontapi.GetMonitoringSubscriptionResult, error) {
	record, _, err := s.monitoringSubscription(call, in.DistributionId)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetMonitoringSubscriptionResult{MonitoringSubscription: &record.Subscription}, nil
}

// DeleteMonitoringSubscription turns a distribution's additional metrics off.
func (s *Service) DeleteMonitoringSubscription(call *api.Call, in *cloudfrontapi.DeleteMonitoringSubscriptionRequest) (*cloudfrontapi.DeleteMonitoringSubscriptionResult, error) {
	_, err := s.write(call, func(c *change) error {
		_, revision, err := s.monitoringSubscription(call, in.DistributionId)
		if err != nil {
			return err
		}
		key := Key(call.Account, KindMonitoringSubscription, value(in.DistributionId))
		c.expect(key, revision)
		c.delete(key)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.DeleteMonitoringSubscriptionResult{}, nil
}

// monitoringSubscription reads the subscription of a distribution.
func (s *Service) monitoringSubscription(call *api.Call, id *string) (*MonitoringSubscriptionRecord, int64, error) {
	found, err := s.distribution(call, id)
	if err != nil {
		return nil, 0, err
	}
	record, revision, err := read[MonitoringSubscriptionRecord](call, s, Key(call.Account, KindMonitoringSubscription, found.ID))
	if err == nil && record == nil {
		err = cloudfrontapi.NoSuchMonitoringSubscription(
			"A monitoring subscription does not exist for the specified distribution.")
	}
	return record, revision, err
}
