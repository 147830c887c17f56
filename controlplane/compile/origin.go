package compile

import (
	"crypto/tls"
	"fmt"
	"strings"
	"time"

	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/cloudfront"
	"drawbridge/dataplane/program"
)

// origin compiles an origin. The numbers AWS fills in stand here too, for
// records of before (reference/cloudfront.md section 1.8).
func origin(account string, config *cloudfrontapi.Origin, known policies) (*program.Origin, error) {
	o := &program.Origin{
		ID:         value(config.Id),
		DomainName: strings.ToLower(value(config.DomainName)),
		Path:       value(config.OriginPath),
		Protocol:   program.OriginMatchViewer, // S3 origins match the viewer
		HTTPPort:   80, HTTPSPort: 443,
		Attempts:       int(valueOr(config.ConnectionAttempts, 3)),
		ConnectTimeout: seconds(valueOr(config.ConnectionTimeout, 10)),
		ReadTimeout:    30 * time.Second,
		KeepAlive:      5 * time.Second,

		CompletionTimeout: seconds(value(config.ResponseCompletionTimeout)),
	}
	if config.CustomHeaders != nil {
		for _, header := range config.CustomHeaders.Items {
			o.CustomHeaders = append(o.CustomHeaders, program.HeaderField{Name: value(header.HeaderName), Value: value(header.HeaderValue)})
		}
	}
	if vpc := config.VpcOriginConfig; vpc != nil {
		o.ReadTimeout = seconds(valueOr(vpc.OriginReadTimeout, 30))
		o.KeepAlive = seconds(valueOr(vpc.OriginKeepaliveTimeout, 5))
		if record, ok := known.vpcOrigin(account, value(vpc.VpcOriginId)); ok {
			vpcEndpoint(o, &record.Config)
		}
	}
	if custom := config.CustomOriginConfig; custom != nil {
		customOrigin(o, custom)
	}
	if s3 := config.S3OriginConfig; s3 != nil {
		o.ReadTimeout = seconds(valueOr(s3.OriginReadTimeout, 30))
		if given(s3.OriginAccessIdentity) {
			o.Sign = &program.OriginSigning{Service: "s3", Always: true}
		}
	}
	return o, signing(account, config, o, known)
}

func customOrigin(o *program.Origin, custom *cloudfrontapi.CustomOriginConfig) {
	o.HTTPPort = int(valueOr(custom.HTTPPort, 80))
	o.HTTPSPort = int(valueOr(custom.HTTPSPort, 443))
	o.ReadTimeout = seconds(valueOr(custom.OriginReadTimeout, 30))
	o.KeepAlive = seconds(valueOr(custom.OriginKeepaliveTimeout, 5))
	o.Protocol, o.IPVersion = originProtocol(value(custom.OriginProtocolPolicy)), ipVersion(value(custom.IpAddressType))
	if custom.OriginSslProtocols != nil {
		o.MinTLS = oldestTLS(custom.OriginSslProtocols.Items)
	}
	if custom.OriginMtlsConfig != nil {
		o.ClientCertificate = value(custom.OriginMtlsConfig.ClientCertificateArn)
	}
}

// vpcRecord is a stored VPC origin.
type vpcRecord = cloudfront.EntityRecord[cloudfrontapi.VpcOriginEndpointConfig]

// vpcEndpoint compiles what a VPC origin says of its endpoint. What its ARN
// stands for is not known here: it is called by the origin's domain name.
func vpcEndpoint(o *program.Origin, endpoint *cloudfrontapi.VpcOriginEndpointConfig) {
	o.HTTPPort = int(valueOr(endpoint.HTTPPort, 80))
	o.HTTPSPort = int(valueOr(endpoint.HTTPSPort, 443))
	o.Protocol, o.IPVersion = originProtocol(value(endpoint.OriginProtocolPolicy)), ipVersion(value(endpoint.IpAddressType))
	if endpoint.OriginSslProtocols != nil {
		o.MinTLS = oldestTLS(endpoint.OriginSslProtocols.Items)
	}
}

func originProtocol(policy string) program.OriginProtocolPolicy {
	switch policy {
	case cloudfrontapi.OriginProtocolPolicyHttpOnly:
		return program.OriginHTTPOnly
	case cloudfrontapi.OriginProtocolPolicyHttpsOnly:
		return program.OriginHTTPSOnly
	}
	return program.OriginMatchViewer
}

func ipVersion(kind string) int {
	switch kind {
	case cloudfrontapi.IpAddressTypeIpv4:
		return 4
	case cloudfrontapi.IpAddressTypeIpv6:
		return 6
	}
	return 0
}

func (u *used) vpcOrigin(account, id string) (*vpcRecord, bool) {
	u.note(cloudfront.KindVPCOrigin, account+"/"+id)
	record, ok := u.state.vpcOrigins[account+"/"+id]
	return record, ok
}

// oldestTLS returns the oldest version of a list; the newest is always taken.
// SSLv3 is not spoken any more.
func oldestTLS(names []string) uint16 {
	oldest := uint16(0)
	for _, name := range names {
		version := map[string]uint16{"SSLv3": tls.VersionTLS10, "TLSv1": tls.VersionTLS10, "TLSv1.1": tls.VersionTLS11, "TLSv1.2": tls.VersionTLS12}[name]
		if version != 0 && (oldest == 0 || version < oldest) {
			oldest = version
		}
	}
	return oldest
}

// signing compiles the origin access control that an origin names
// (reference/cloudfront.md section 5.6).
func signing(account string, config *cloudfrontapi.Origin, o *program.Origin, known policies) error {
	id := value(config.OriginAccessControlId)
	if id == "" {
		return nil
	}
	control, ok := known.originAccessControl(account, id)
	if !ok {
		return fmt.Errorf("unknown origin access control %s", id)
	}
	o.Sign = originSigning(value(control.OriginAccessControlOriginType), value(control.SigningBehavior))
	if o.Sign != nil {
		o.Sign.V4A = value(control.SigningProtocol) == cloudfrontapi.OriginAccessControlSigningProtocolsSigv4a
	}
	if o.Sign != nil && o.Sign.Always && config.S3OriginConfig != nil {
		o.Protocol = program.OriginHTTPSOnly
	}
	return nil
}

// originSigning is how an origin access control has requests signed; nil: not.
func originSigning(service, behavior string) *program.OriginSigning {
	if behavior == cloudfrontapi.OriginAccessControlSigningBehaviorsNever {
		return nil
	}
	return &program.OriginSigning{Service: service, Always: behavior == cloudfrontapi.OriginAccessControlSigningBehaviorsAlways}
}

// unsigned names why requests to origins of a distribution are not signed as
// they are to be; able tells whether there are credentials.
func unsigned(d *program.Distribution, able bool) []string {
	v4, v4a := false, false
	for _, o := range d.Origins {
		v4 = v4 || o.Sign != nil && !o.Sign.V4A
		v4a = v4a || o.Sign != nil && o.Sign.V4A
	}
	var names []string
	if v4 && !able {
		names = append(names, "origin access control (start with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)")
	}
	if v4a {
		names = append(names, "origin access control by SigV4A (requests are not signed)")
	}
	return names
}

func (u *used) originAccessControl(account, id string) (*cloudfrontapi.OriginAccessControlConfig, bool) {
	u.note(cloudfront.KindOriginAccessControl, account+"/"+id)
	config, ok := u.state.accessControls[account+"/"+id]
	return config, ok
}
