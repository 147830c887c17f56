package gateway

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"drawbridge/dataplane/program"
	"drawbridge/dataplane/upstream"
)

// LinkTarget is the address of what a VPC link leads to; Port 0 is the port of
// the integration's URI.
type LinkTarget struct {
	Host string
	Port int
}

// ParseLinkTarget reads "HOST" or "HOST:PORT".
func ParseLinkTarget(text string) (LinkTarget, error) {
	if host, port, err := net.SplitHostPort(text); err == nil {
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil || number == 0 || host == "" {
			return LinkTarget{}, fmt.Errorf("%q is no HOST:PORT", text)
		}
		return LinkTarget{host, int(number)}, nil
	}
	host := strings.Trim(text, "[]")
	if host == "" || strings.ContainsAny(host, "/@ ") {
		return LinkTarget{}, fmt.Errorf("%q is no HOST or HOST:PORT", text)
	}
	return LinkTarget{Host: host}, nil
}

// throughLink leads a call through the integration's VPC link, to the address
// that is configured for the link or for its load balancer. Without one the
// URI's own host is called: there is no VPC here. Either way the backend is
// asked by the URI's host, as on AWS.
func (c *call) throughLink(call *upstream.Call, integration *program.Integration) *Refusal {
	if integration.VPCLink == nil || c.x.Gateway == nil {
		return nil
	}
	link, ok := c.x.Gateway.VPCLink(c.expandURI(integration.VPCLink, nil))
	if !ok {
		return &Refusal{Type: APIConfigurationError, Reason: reasonNoLink}
	}
	target, ok := c.gateway.options.VPCLinkTargets[link.ID]
	for _, arn := range link.Targets {
		if !ok {
			target, ok = c.gateway.options.VPCLinkTargets[arn]
		}
		if parts := strings.Split(arn, "/"); !ok && len(parts) > 2 { // …:loadbalancer/net/NAME/ID
			target, ok = c.gateway.options.VPCLinkTargets[parts[2]]
		}
	}
	if !ok {
		return nil
	}
	call.ServerName, call.Host = call.Host, target.Host
	if target.Port != 0 {
		call.Port = target.Port
	}
	return nil
}
