package upstream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// nat64 embeds an IPv4 address in its last 32 bits (RFC 6052); the rules apply
// to the address inside.
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// addresses resolves a host and drops every address the rules forbid
// (design.md section 2). What it returns is what is dialled: no second look-up
// comes between check and connection. viaRule tells that a --connect-to rule
// named the host, which allows loopback.
func (c *Client) addresses(ctx context.Context, host string, port int, viaRule bool) ([]netip.AddrPort, *Error) {
	found, err := c.resolve(ctx, host)
	if err != nil {
		return nil, failure(ctx, ResolveFailed, err)
	}
	if len(found) == 0 {
		return nil, failure(ctx, ResolveFailed, errors.New("no address"))
	}
	loopback := viaRule || isLoopbackName(host)
	var allowed []netip.AddrPort
	var refusal error
	for _, addr := range found {
		at := netip.AddrPortFrom(addr.Unmap().WithZone(""), uint16(port))
		if err := c.refuse(at, loopback); err != nil {
			refusal = err
			continue
		}
		if allowed = append(allowed, at); len(allowed) == resolvedAddresses {
			break
		}
	}
	if len(allowed) == 0 {
		return nil, failure(ctx, AddressRefused, refusal)
	}
	// IPv4 first: what resolves to both is most often reachable over IPv4.
	slices.SortStableFunc(allowed, func(a, b netip.AddrPort) int { return a.Addr().BitLen() - b.Addr().BitLen() })
	return allowed, nil
}

// resolve returns the addresses of a literal or a name. Localhost names never
// reach DNS (RFC 6761 section 6.3).
func (c *Client) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, nil
	}
	if isLoopbackName(host) {
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}, nil
	}
	return c.options.Resolve(ctx, host)
}

func systemResolve(ctx context.Context, host string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// isLoopbackName tells whether the configuration itself names the loopback:
// localhost, a name below it, or a loopback address.
func isLoopbackName(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// refuse returns why an address may not be dialled, or nil.
func (c *Client) refuse(at netip.AddrPort, loopback bool) error {
	addr := at.Addr()
	for _, prefix := range c.options.AllowOrigin {
		if prefix.Contains(addr) {
			return nil
		}
	}
	if nat64.Contains(addr) {
		b := addr.As16()
		return c.refuse(netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[12:])), at.Port()), false)
	}
	switch {
	case addr.IsLinkLocalUnicast():
		return fmt.Errorf("%s is a link-local address", addr)
	case addr.IsUnspecified(), addr.IsMulticast():
		return fmt.Errorf("%s is not a unicast address", addr)
	case addr.IsLoopback() && !loopback:
		return fmt.Errorf("%s is a loopback address that the origin's name does not say", addr)
	case c.isOwnListener(at):
		return fmt.Errorf("%s is one of our own listeners", at)
	}
	return nil
}

// isOwnListener tells whether a connection to at would reach this process. A
// listener on the unspecified address answers on every address of the machine.
func (c *Client) isOwnListener(at netip.AddrPort) bool {
	if c.options.OwnListeners == nil {
		return false
	}
	for _, own := range c.options.OwnListeners() {
		if own.Port() != at.Port() {
			continue
		}
		ownAddr := own.Addr().Unmap()
		if ownAddr == at.Addr() || ownAddr.IsUnspecified() && isLocalAddress(at.Addr()) {
			return true
		}
	}
	return false
}

func isLocalAddress(addr netip.Addr) bool {
	if addr.IsLoopback() {
		return true
	}
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		return true // cannot tell: refuse
	}
	for _, i := range interfaces {
		if prefix, err := netip.ParsePrefix(i.String()); err == nil && prefix.Addr().Unmap() == addr {
			return true
		}
	}
	return false
}
