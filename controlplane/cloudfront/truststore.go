package cloudfront

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"regexp"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

// ObjectLocation says where in S3 something lies: a trust store's CA
// certificates, or the pairs of a new key value store.
type ObjectLocation struct{ Bucket, Key, Region, Version string }

// A CA bundle's bounds (reference/cloudfront.md section 6).
const (
	maxBundleBytes        = 64 << 10
	maxBundleCertificates = 25
)

var (
	entityName   = regexp.MustCompile(`\A[0-9A-Za-z._-]{1,64}\z`)
	bucketName   = regexp.MustCompile(`\A[0-9a-z][0-9a-z.-]{1,61}[0-9a-z]\z`)
	bucketRegion = regexp.MustCompile(`\A[a-z]{2}(-[a-z]+)+-[0-9]\z`)
)

// trustConfig is what is stored of a trust store. The bundle is read once,
// when it is named; its certificates are public.
type trustConfig struct {
	Source       ObjectLocation
	Bundle       []byte // PEM; nil when it could not be read
	Certificates int32
	Reason       string // why it failed; "": active
	OCSP         *bool
}

func (s *Service) trustStoreFamily() *entityFamily[trustConfig] {
	return &entityFamily[trustConfig]{
		service: s, kind: KindTrustStore, arnType: "trust-store", idKind: IDTrustStore,
		limit: s.limits.TrustStores, noSuch: entityNotFound, tooMany: entityLimit,
	}
}

func trustStatus(config *trustConfig) (status, reason *string) {
	if config.Reason != "" {
		return new(cloudfrontapi.TrustStoreStatusFailed), new(config.Reason)
	}
	return new(cloudfrontapi.TrustStoreStatusActive), nil
}

func (s *Service) showTrustStore(call *api.Call, r *EntityRecord[trustConfig]) *cloudfrontapi.TrustStore {
	status, reason := trustStatus(&r.Config)
	return &cloudfrontapi.TrustStore{
		Id: new(r.ID), Arn: new(s.trustStoreFamily().arn(call, r.ID)), Name: new(r.Name), Status: status, Reason: reason,
		NumberOfCaCertificates: new(r.Config.Certificates), LastModifiedTime: new(r.LastModifiedTime),
		UseClientCertificateOCSPEndpoint: r.Config.OCSP,
	}
}

// CreateTrustStore makes a trust store of a bundle in S3. One that cannot be
// read makes a trust store that has failed, as on AWS.
func (s *Service) CreateTrustStore(call *api.Call, in *cloudfrontapi.CreateTrustStoreRequest) (*cloudfrontapi.CreateTrustStoreResult, error) {
	if !entityName.MatchString(value(in.Name)) {
		return nil, badParameter("Name is not valid.")
	}
	config, err := s.readTrust(call, in.CaCertificatesBundleSource)
	if err != nil {
		return nil, err
	}
	config.OCSP = in.UseClientCertificateOCSPEndpoint
	family := s.trustStoreFamily()
	var record *EntityRecord[trustConfig]
	_, err = s.write(call, func(c *change) error {
		var err error
		if record, err = family.create(call, c, *in.Name, config); err != nil {
			return err
		}
		return s.putTags(c, entityTagsKey(call.Account, family.arnType, record.ID), in.Tags)
	})
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.CreateTrustStoreResult{TrustStore: s.showTrustStore(call, record), ETag: new(record.ETag)}, nil
}

// GetTrustStore shows a trust store by id, name or ARN.
func (s *Service) GetTrustStore(call *api.Call, in *cloudfrontapi.GetTrustStoreRequest) (*cloudfrontapi.GetTrustStoreResult, error) {
	found, err := s.trustStoreFamily().identify(call, in.Identifier)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetTrustStoreResult{TrustStore: s.showTrustStore(call, found.EntityRecord), ETag: new(found.ETag)}, nil
}

// UpdateTrustStore reads the bundle anew.
func (s *Service) UpdateTrustStore(call *api.Call, in *cloudfrontapi.UpdateTrustStoreRequest) (*cloudfrontapi.UpdateTrustStoreResult, error) {
	family := s.trustStoreFamily()
	if _, err := family.current(call, in.Id, in.IfMatch); err != nil {
		return nil, err
	}
	config, err := s.readTrust(call, in.CaCertificatesBundleSource)
	if err != nil {
		return nil, err
	}
	var record *EntityRecord[trustConfig]
	_, err = s.write(call, func(c *change) error {
		old, err := family.current(call, in.Id, in.IfMatch)
		if err != nil {
			return err
		}
		config.OCSP = old.Config.OCSP
		if in.UseClientCertificateOCSPEndpoint != nil {
			config.OCSP = in.UseClientCertificateOCSPEndpoint
		}
		record = family.replace(call, c, old, config)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.UpdateTrustStoreResult{TrustStore: s.showTrustStore(call, record), ETag: new(record.ETag)}, nil
}

// DeleteTrustStore deletes a trust store that no distribution uses.
func (s *Service) DeleteTrustStore(call *api.Call, in *cloudfrontapi.DeleteTrustStoreRequest) error {
	return deleteUnused(call, s.trustStoreFamily(), in.Id, in.IfMatch)
}

// ListTrustStores lists the account's trust stores by id.
func (s *Service) ListTrustStores(call *api.Call, in *cloudfrontapi.ListTrustStoresRequest) (*cloudfrontapi.ListTrustStoresResult, error) {
	page, err := s.trustStoreFamily().list(call, pageQuery{in.Marker, in.MaxItems}, nil)
	if err != nil {
		return nil, err
	}
	out := &cloudfrontapi.ListTrustStoresResult{NextMarker: page.next}
	for _, t := range page.items {
		status, reason := trustStatus(&t.Config)
		out.TrustStoreList = append(out.TrustStoreList, cloudfrontapi.TrustStoreSummary{
			Id: new(t.ID), Arn: new(s.trustStoreFamily().arn(call, t.ID)), Name: new(t.Name), Status: status, Reason: reason,
			NumberOfCaCertificates: new(t.Config.Certificates), LastModifiedTime: new(t.LastModifiedTime), ETag: new(t.ETag),
		})
	}
	return out, nil
}

// noObjects is why nothing can be read from S3.
const noObjects = "Drawbridge has no Amazon S3 to read from: start it with --aws-endpoint s3=URL."

// readTrust reads a bundle where it is said to lie.
func (s *Service) readTrust(ctx context.Context, in *cloudfrontapi.CaCertificatesBundleSource) (trustConfig, error) {
	if in == nil || in.CaCertificatesBundleS3Location == nil {
		return trustConfig{}, badParameter("CaCertificatesBundleSource is required.")
	}
	from := in.CaCertificatesBundleS3Location
	config := trustConfig{Source: ObjectLocation{value(from.Bucket), value(from.Key), value(from.Region), value(from.Version)}}
	if !bucketName.MatchString(config.Source.Bucket) || config.Source.Key == "" || len(config.Source.Key) > 1024 ||
		!bucketRegion.MatchString(config.Source.Region) || len(config.Source.Version) > 1024 {
		return config, badParameter("CaCertificatesBundleS3Location is not valid.")
	}
	if s.readObject == nil {
		config.Reason = noObjects
		return config, nil
	}
	bundle, err := s.readObject(ctx, config.Source, maxBundleBytes+1)
	if err == nil {
		config.Certificates, err = countBundle(bundle)
	}
	if err != nil {
		config.Reason = quote(fmt.Sprintf("The CA certificates bundle could not be used: %v", err))
		return config, nil
	}
	config.Bundle = bundle
	return config, nil
}

// countBundle counts the CA certificates of a PEM bundle.
func countBundle(bundle []byte) (int32, error) {
	if len(bundle) > maxBundleBytes {
		return 0, fmt.Errorf("it is larger than %d bytes", maxBundleBytes)
	}
	n := int32(0)
	for rest := bundle; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil || block.Type != "CERTIFICATE" || !certificate.IsCA {
			return 0, fmt.Errorf("item %d is not a CA certificate", n+1)
		}
		n++
	}
	if n == 0 || n > maxBundleCertificates {
		return 0, fmt.Errorf("it has %d certificates; allowed are 1 to %d", n, maxBundleCertificates)
	}
	return n, nil
}
