package cloudfront_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/cloudfront"
	"drawbridge/store/memory"
)

// multiTenant makes a distribution for tenants, with a parameter that has a
// default and one that has none.
func multiTenant(t testing.TB, s *cloudfront.Service, reference string) *string {
	t.Helper()
	c := config(reference)
	tenantOnly(c, func(c *distributionConfig) {
		define(c, "tenant", "tier")
		c.TenantConfig.ParameterDefinitions[1].Definition.StringSchema.DefaultValue = new("free")
		origin(c).OriginPath = new("/{{tenant}}/{{tier}}")
	})
	return create(t, s, account, c).Distribution.Id
}

func tenant(distribution *string, name string, domains ...string) *cloudfrontapi.CreateDistributionTenantRequest {
	in := &cloudfrontapi.CreateDistributionTenantRequest{
		DistributionId: distribution, Name: &name, Parameters: []cloudfrontapi.Parameter{{Name: new("tenant"), Value: new("v")}},
	}
	for _, domain := range domains {
		in.Domains = append(in.Domains, cloudfrontapi.DomainItem{Domain: &domain})
	}
	return in
}

// TestTenantRules: what a tenant alone, or beside its distribution, is refused for.
func TestTenantRules(t *testing.T) {
	acl := "arn:aws:wafv2:us-east-1:111122223333:global/webacl/one/0a1b2c3d-0000-4000-8000-000000000000"
	for _, test := range []struct {
		name string
		edit func(*cloudfrontapi.CreateDistributionTenantRequest)
		code string
		text string
	}{
		{"no distribution", func(in *cloudfrontapi.CreateDistributionTenantRequest) { in.DistributionId = nil }, invalidArgument, "The parameter DistributionId is required."},
		{"no domain", func(in *cloudfrontapi.CreateDistributionTenantRequest) { in.Domains = nil }, invalidArgument, "The parameter Domains is required."},
		{"name", func(in *cloudfrontapi.CreateDistributionTenantRequest) { in.Name = new("a b") }, invalidArgument, "The parameter Name is not valid."},
		{"domain twice", func(in *cloudfrontapi.CreateDistributionTenantRequest) {
			in.Domains = append(in.Domains, in.Domains[0])
		}, invalidArgument, "The parameter Domain is not valid."},
		{"many domains", func(in *cloudfrontapi.CreateDistributionTenantRequest) {
			for i := range 100 {
				in.Domains = append(in.Domains, cloudfrontapi.DomainItem{Domain: new(fmt.Sprintf("d%d.example.com", i))})
			}
		}, "EntityLimitExceeded", "The entity limit has been exceeded."},
		{"AWS's domain", func(in *cloudfrontapi.CreateDistributionTenantRequest) {
			in.Domains[0].Domain = new("sts.amazonaws.com")
		}, invalidArgument, ""},
		{"parameter missing", func(in *cloudfrontapi.CreateDistributionTenantRequest) { in.Parameters = nil }, invalidArgument,
			"The parameter Parameters has no value for tenant, which the distribution requires."},
		{"parameter unknown", func(in *cloudfrontapi.CreateDistributionTenantRequest) {
			in.Parameters = append(in.Parameters, cloudfrontapi.Parameter{Name: new("x"), Value: new("y")})
		}, invalidArgument, "The parameter Parameters has a name that the distribution does not define."},
		{"parameter twice", func(in *cloudfrontapi.CreateDistributionTenantRequest) {
			in.Parameters = append(in.Parameters, in.Parameters[0])
		}, invalidArgument, "The parameter Parameters is not valid."},
		{"parameter value", func(in *cloudfrontapi.CreateDistributionTenantRequest) { in.Parameters[0].Value = new("a\r\nb") }, invalidArgument, ""},
		{"web ACL action", func(in *cloudfrontapi.CreateDistributionTenantRequest) {
			in.Customizations = &cloudfrontapi.Customizations{WebAcl: &cloudfrontapi.WebAclCustomization{Action: new("override")}}
		}, invalidArgument, "The parameter WebAcl is not valid."},
		{"web ACL disabled and named", func(in *cloudfrontapi.CreateDistributionTenantRequest) {
			in.Customizations = &cloudfrontapi.Customizations{WebAcl: &cloudfrontapi.WebAclCustomization{Action: new("disable"), Arn: &acl}}
		}, invalidArgument, "The parameter WebAcl is not valid."},
		{"geo", func(in *cloudfrontapi.CreateDistributionTenantRequest) {
			in.Customizations = &cloudfrontapi.Customizations{GeoRestrictions: &cloudfrontapi.GeoRestrictionCustomization{RestrictionType: new("none"), Locations: []string{"DE"}}}
		}, invalidArgument, "The parameter GeoRestrictions is not valid."},
		{"certificate", func(in *cloudfrontapi.CreateDistributionTenantRequest) {
			in.Customizations = &cloudfrontapi.Customizations{Certificate: &cloudfrontapi.Certificate{Arn: new("x")}}
		}, invalidArgument, ""},
		{"managed certificate", func(in *cloudfrontapi.CreateDistributionTenantRequest) {
			in.ManagedCertificateRequest = &cloudfrontapi.ManagedCertificateRequest{ValidationTokenHost: new("cloudfront"), PrimaryDomainName: new("other.example.com")}
		}, invalidArgument, "The parameter ManagedCertificateRequest is not valid."},
		{"tags", func(in *cloudfrontapi.CreateDistributionTenantRequest) {
			in.Tags = &cloudfrontapi.Tags{Items: []cloudfrontapi.Tag{{Key: new("aws:x"), Value: new("y")}}}
		}, "InvalidTagging", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newService(t, cloudfront.Options{})
			distribution := multiTenant(t, s, "r")
			in := tenant(distribution, "t", "a.example.com")
			test.edit(in)
			_, err := s.CreateDistributionTenant(call(account), in)
			wantError(t, err, test.code, 400, test.text)
			if _, err := s.CreateDistributionTenant(call(account), tenant(distribution, "t", "a.example.com")); err != nil {
				t.Errorf("something was left behind: %v", err)
			}
		})
	}
}

// TestQuotas: each one lower, one too many.
func TestQuotas(t *testing.T) {
	limits := cloudfront.Limits{
		StagingDistributions: 1, ContinuousDeploymentPolicies: 1, MultiTenantDistributions: 1, DistributionTenants: 1,
		ConnectionGroups: 2, ConnectionGroupsPerAnycast: 1, AnycastIPLists: 1, VPCOrigins: 1, TrustStores: 1,
	}
	s := newService(t, cloudfront.Options{Limits: limits})
	staging := func(reference string) error {
		c := config(reference)
		c.Staging = new(true)
		_, err := s.CreateDistribution(call(account), &cloudfrontapi.CreateDistributionRequest{DistributionConfig: c})
		return err
	}
	distribution := multiTenant(t, s, "m")
	list := func(name string) (*cloudfrontapi.CreateAnycastIpListResult, error) {
		return s.CreateAnycastIpList(call(account), &cloudfrontapi.CreateAnycastIpListRequest{Name: &name, IpCount: new(int32(3))})
	}
	ips, err := list("first")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, code string
		make       func(string) error
	}{
		{"staging", "TooManyDistributions", staging},
		{"tenants", "EntityLimitExceeded", func(n string) error {
			_, err := s.CreateDistributionTenant(call(account), tenant(distribution, n, n+".example.com"))
			return err
		}},
		{"groups on a list", "EntityLimitExceeded", func(n string) error {
			_, err := s.CreateConnectionGroup(call(account), &cloudfrontapi.CreateConnectionGroupRequest{Name: new("g" + n), AnycastIpListId: ips.AnycastIpList.Id})
			return err
		}},
		{"VPC origins", "EntityLimitExceeded", func(n string) error {
			_, err := s.CreateVpcOrigin(call(account), &cloudfrontapi.CreateVpcOriginRequest{VpcOriginEndpointConfig: vpcConfig(n)})
			return err
		}},
		{"trust stores", "EntityLimitExceeded", func(n string) error {
			_, err := s.CreateTrustStore(call(account), trustStore(n))
			return err
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := test.make("one"); err != nil {
				t.Fatal(err)
			}
			wantError(t, test.make("two"), test.code, 400, "")
		})
	}
	_, err = list("second")
	wantError(t, err, "EntityLimitExceeded", 400, "")
	_, err = s.CreateConnectionGroup(call(account), &cloudfrontapi.CreateConnectionGroupRequest{Name: new("third")})
	wantError(t, err, "EntityLimitExceeded", 400, "") // the default group and "gone" are two
	c := config("m2")
	tenantOnly(c, func(*distributionConfig) {})
	_, err = s.CreateDistribution(call(account), &cloudfrontapi.CreateDistributionRequest{DistributionConfig: c})
	wantError(t, err, "TooManyDistributions", 400, "")
}

func vpcConfig(name string) *cloudfrontapi.VpcOriginEndpointConfig {
	return &cloudfrontapi.VpcOriginEndpointConfig{
		Name: &name, Arn: new("arn:aws:ec2:us-east-1:111122223333:instance/i-0123456789abcdef0"),
		HTTPPort: new(int32(80)), HTTPSPort: new(int32(443)), OriginProtocolPolicy: new("https-only"),
	}
}

func trustStore(name string) *cloudfrontapi.CreateTrustStoreRequest {
	return &cloudfrontapi.CreateTrustStoreRequest{Name: &name, CaCertificatesBundleSource: &cloudfrontapi.CaCertificatesBundleSource{
		CaCertificatesBundleS3Location: &cloudfrontapi.CaCertificatesBundleS3Location{Bucket: new("certs"), Key: new("ca.pem"), Region: new("us-east-1")}}}
}

// TestTrustStoreBundles: a bundle that was read makes a trust store active;
// otherwise it says why not.
func TestTrustStoreBundles(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	certificate := func(isCA bool) []byte {
		template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: isCA, BasicConstraintsValid: true}
		der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
	for _, test := range []struct {
		name           string
		bundle         []byte
		err            error
		status, reason string
		count          int32
	}{
		{"two", slices.Concat(certificate(true), certificate(true)), nil, "active", "", 2},
		{"unreadable", nil, errors.New("no such bucket"), "failed", "The CA certificates bundle could not be used: no such bucket", 0},
		{"empty", nil, nil, "failed", "The CA certificates bundle could not be used: it has 0 certificates; allowed are 1 to 25", 0},
		{"leaf", certificate(false), nil, "failed", "The CA certificates bundle could not be used: item 1 is not a CA certificate", 0},
		{"26", slices.Repeat(certificate(true), 26), nil, "failed", "The CA certificates bundle could not be used: it has 26 certificates; allowed are 1 to 25", 0},
		{"large", make([]byte, 64<<10+1), nil, "failed", "The CA certificates bundle could not be used: it is larger than 65536 bytes", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newService(t, cloudfront.Options{ReadObject: func(_ context.Context, from cloudfront.ObjectLocation, _ int) ([]byte, error) {
				if from != (cloudfront.ObjectLocation{Bucket: "certs", Key: "ca.pem", Region: "us-east-1"}) {
					t.Errorf("read %+v", from)
				}
				return test.bundle, test.err
			}})
			out, err := s.CreateTrustStore(call(account), trustStore("t"))
			if err != nil {
				t.Fatal(err)
			}
			reason := ""
			if out.TrustStore.Reason != nil {
				reason = *out.TrustStore.Reason
			}
			if *out.TrustStore.Status != test.status || reason != test.reason || *out.TrustStore.NumberOfCaCertificates != test.count {
				t.Errorf("%s, %q, %d", *out.TrustStore.Status, reason, *out.TrustStore.NumberOfCaCertificates)
			}
		})
	}
}

// TestCertificateOfAliases: existing and covering, on create and on update.
func TestCertificateOfAliases(t *testing.T) {
	names := []string{"*.example.com"}
	s := newService(t, cloudfront.Options{Certificate: func(_ context.Context, in, reference string) (cloudfront.Certificate, error) {
		if in != account || reference != certificate {
			return cloudfront.Certificate{}, cloudfront.ErrNoCertificate
		}
		return cloudfront.Certificate{Names: names}, nil
	}})
	try := func(account, alias string) error {
		c := config(account + alias)
		setAliases(c, alias)
		_, err := s.CreateDistribution(call(account), &cloudfrontapi.CreateDistributionRequest{DistributionConfig: c})
		return err
	}
	for _, alias := range []string{"www.example.com", "*.example.com"} {
		if err := try(account, alias); err != nil {
			t.Errorf("%s: %v", alias, err)
		}
	}
	const uncovered = "The certificate that is attached to your distribution doesn't cover the alternate domain name (CNAME) that you're trying to add. " +
		"For more details, see: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/CNAMEs.html#alternate-domain-names-requirements"
	for _, alias := range []string{"example.com", "a.www.example.com", "www.example.org", "*.www.example.com"} {
		wantError(t, try(account, alias), "InvalidViewerCertificate", 400, uncovered)
	}
	wantError(t, try(otherAccount, "www.example.net"), "InvalidViewerCertificate", 400,
		"The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid, or doesn't include a valid certificate chain.")
}

// TestNothingIsLeft: tenants, groups, staging and policies go without a trace.
func TestNothingIsLeft(t *testing.T) {
	st, err := memory.New(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := newService(t, cloudfront.Options{Store: st})
	distribution := multiTenant(t, s, "m")
	group, err := s.CreateConnectionGroup(call(account), &cloudfrontapi.CreateConnectionGroupRequest{Name: new("g"), Enabled: new(false)})
	if err != nil {
		t.Fatal(err)
	}
	before := keys(t, st)
	in := tenant(distribution, "t", "a.example.com", "b.example.com")
	in.ConnectionGroupId, in.Enabled = group.ConnectionGroup.Id, new(false)
	in.Tags = tags("k", "v")
	in.Customizations = &cloudfrontapi.Customizations{Certificate: &cloudfrontapi.Certificate{Arn: new(certificate)}}
	made, err := s.CreateDistributionTenant(call(account), in)
	if err != nil {
		t.Fatal(err)
	}
	if users, _, err := s.CertificateUsers(context.Background(), account, certificate); err != nil || len(users) != 2 {
		t.Errorf("users of the certificate: %v, %v", users, err)
	}
	if _, err := s.CreateInvalidationForDistributionTenant(call(account), &cloudfrontapi.CreateInvalidationForDistributionTenantRequest{
		Id: made.DistributionTenant.Id, InvalidationBatch: &cloudfrontapi.InvalidationBatch{
			CallerReference: new("1"), Paths: &cloudfrontapi.Paths{Quantity: new(int32(1)), Items: []string{"/"}}}}); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteDistributionTenant(call(account), &cloudfrontapi.DeleteDistributionTenantRequest{Id: made.DistributionTenant.Id, IfMatch: made.ETag}); err != nil {
		t.Fatal(err)
	}
	if after := keys(t, st); !slices.Equal(before, after) {
		t.Errorf("before\n%s\nafter\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
	}
}

// TestTenantsAtOnce: many at a time count right, and a domain goes to one.
func TestTenantsAtOnce(t *testing.T) {
	s := newService(t, cloudfront.Options{})
	distribution := multiTenant(t, s, "m")
	var group sync.WaitGroup
	errs := make([]error, 16)
	for i := range errs {
		group.Go(func() {
			_, errs[i] = s.CreateDistributionTenant(call(account), tenant(distribution, fmt.Sprint("t", i), fmt.Sprintf("d%d.example.com", i/2)))
		})
	}
	group.Wait()
	made := 0
	for _, err := range errs {
		var refused *api.Error
		switch {
		case err == nil:
			made++
		case !errors.As(err, &refused) || refused.Code != "CNAMEAlreadyExists":
			t.Error(err)
		}
	}
	if made != 8 {
		t.Errorf("%d tenants for 8 domains", made)
	}
}
