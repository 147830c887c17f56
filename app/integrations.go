package app

import (
	"errors"
	"fmt"
	"strings"

	"drawbridge/dataplane/gateway"
)

// attachIntegrations tells the gateway where integrations go.
func (c *Config) attachIntegrations(o *gateway.Options) error {
	var err, other error
	o.Services, err = c.awsEndpoints()
	o.VPCLinkTargets, other = c.vpcLinkTargets()
	o.Signer = c.Signer
	return errors.Join(err, other)
}

// awsEndpoints reads --aws-endpoint: where AWS integrations find the services.
func (c *Config) awsEndpoints() (map[string]gateway.ServiceEndpoint, error) {
	endpoints := make(map[string]gateway.ServiceEndpoint, len(c.AWSEndpoints))
	for _, text := range c.AWSEndpoints {
		service, url, ok := strings.Cut(text, "=")
		if !ok || service == "" {
			return nil, fmt.Errorf("--aws-endpoint %q: write SERVICE=URL, for example sqs=http://127.0.0.1:9324", text)
		}
		endpoint, err := gateway.ParseServiceEndpoint(url)
		if err != nil {
			return nil, fmt.Errorf("--aws-endpoint %s: %w", service, err)
		}
		endpoints[service] = endpoint
	}
	return endpoints, nil
}

// vpcLinkTargets reads --vpc-link-target: the addresses of what VPC links lead to.
func (c *Config) vpcLinkTargets() (map[string]gateway.LinkTarget, error) {
	targets := make(map[string]gateway.LinkTarget, len(c.VPCLinkTargets))
	for _, text := range c.VPCLinkTargets {
		name, address, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("--vpc-link-target %q: write NAME=HOST:PORT; NAME is the load balancer's name or ARN, or the VPC link's id", text)
		}
		target, err := gateway.ParseLinkTarget(address)
		if err != nil {
			return nil, fmt.Errorf("--vpc-link-target %s: %w", name, err)
		}
		targets[name] = target
	}
	return targets, nil
}
