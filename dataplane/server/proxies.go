package server

import (
	"net/netip"
	"slices"
	"strings"

	"drawbridge/dataplane/exchange"
)

// maxForwarded bounds the hops that are read from X-Forwarded-For, from its end.
const maxForwarded = 64

// beforeProxies takes the proxies that the operator trusts out of the picture:
// when the connection comes from one, the caller is the last address of
// X-Forwarded-For that is none of them, and that address and the trusted ones
// behind it go from the field, as if the caller had connected itself. From
// anybody else the field is a header like others and says nothing.
func (s *Server) beforeProxies(x *exchange.Exchange) {
	if len(s.opts.TrustedProxies) == 0 || !s.trusts(x.Conn.RemoteAddr.Addr()) {
		return
	}
	hops := strings.Split(x.Request.Header.Joined("X-Forwarded-For"), ",")
	// Who writes many hops must not pass for the proxy: its own stands last, and
	// those before it are the caller's invention.
	at, caller, least := len(hops), netip.Addr{}, max(0, len(hops)-maxForwarded)
	for at > least {
		addr, ok := forwardedAddr(hops[at-1])
		if !ok {
			break
		}
		at, caller = at-1, addr
		if !s.trusts(addr) {
			break
		}
	}
	if !caller.IsValid() {
		return
	}
	conn := *x.Conn
	conn.RemoteAddr = netip.AddrPortFrom(caller, 0)
	x.Conn = &conn
	x.Request.Header = slices.DeleteFunc(slices.Clone(x.Request.Header), func(f exchange.Field) bool {
		return strings.EqualFold(f.Name, "X-Forwarded-For")
	})
	if at > 0 {
		x.Request.Header.Add("X-Forwarded-For", strings.TrimSpace(strings.Join(hops[:at], ",")))
	}
}

func (s *Server) trusts(addr netip.Addr) bool {
	return slices.ContainsFunc(s.opts.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(addr.Unmap()) })
}

// forwardedAddr reads one hop: an address, perhaps with a port, as proxies write
// it ("192.0.2.1", "192.0.2.1:80", "[2001:db8::1]:80").
func forwardedAddr(hop string) (netip.Addr, bool) {
	hop = strings.TrimSpace(hop)
	if addr, err := netip.ParseAddr(strings.Trim(hop, "[]")); err == nil {
		return addr.Unmap().WithZone(""), true
	}
	if at, err := netip.ParseAddrPort(hop); err == nil {
		return at.Addr().Unmap().WithZone(""), true
	}
	return netip.Addr{}, false
}
