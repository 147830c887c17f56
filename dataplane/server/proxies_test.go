package server

import (
	"net/netip"
	"strings"
	"testing"

	"drawbridge/dataplane/exchange"
)

func TestBeforeProxies(t *testing.T) {
	s := &Server{opts: Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}}}
	for _, row := range []struct{ from, field, caller, left string }{
		{"10.0.0.1", "192.0.2.1", "192.0.2.1", ""},
		{"::ffff:10.0.0.1", "192.0.2.1", "192.0.2.1", ""},
		{"10.0.0.1", "evil, 192.0.2.1, 10.9.9.9", "192.0.2.1", "evil"},
		{"10.0.0.1", "1.1.1.1 ,2.2.2.2,192.0.2.1:80", "192.0.2.1", "1.1.1.1 ,2.2.2.2"},
		{"10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3", ""}, // all of them are trusted
		{"10.0.0.1", "evil, 10.0.0.2", "10.0.0.2", "evil"},
		{"10.0.0.1", "evil", "10.0.0.1", "evil"},
		{"10.0.0.1", "", "10.0.0.1", ""},
		// Many hops do not make a caller the proxy, nor one of its neighbours.
		{"10.0.0.1", strings.Repeat("1.1.1.1,", maxForwarded) + "2.2.2.2", "2.2.2.2", strings.TrimSuffix(strings.Repeat("1.1.1.1,", maxForwarded), ",")},
		{"10.0.0.1", strings.Repeat(",", 100) + "2.2.2.2", "2.2.2.2", strings.Repeat(",", 99)},
		{"192.0.2.9", "192.0.2.1", "192.0.2.9", "192.0.2.1"},
	} {
		conn := &exchange.Conn{RemoteAddr: netip.AddrPortFrom(netip.MustParseAddr(row.from), 1)}
		x := &exchange.Exchange{Conn: conn, Request: &exchange.Request{Header: exchange.Header{{Name: "A", Value: "b"}}}}
		if row.field != "" {
			x.Request.Header.Add("x-forwarded-for", row.field)
		}
		for range 2 { // deciding again changes nothing
			s.beforeProxies(x)
			caller, left := x.Conn.RemoteAddr.Addr().String(), x.Request.Header.Joined("X-Forwarded-For")
			if caller != row.caller || left != row.left || x.Request.Header.Get("A") != "b" {
				t.Errorf("from %s with %q: caller %s, left %q", row.from, row.field, caller, left)
			}
		}
		if conn.RemoteAddr.Addr().String() != row.from {
			t.Error("the connection itself was changed")
		}
	}
}

func FuzzBeforeProxies(f *testing.F) {
	f.Add("192.0.2.1, 10.0.0.2")
	f.Add("[2001:db8::1]:80,,::1")
	s := &Server{opts: Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}}
	f.Fuzz(func(t *testing.T, field string) {
		x := &exchange.Exchange{Conn: &exchange.Conn{RemoteAddr: netip.MustParseAddrPort("10.0.0.1:1")},
			Request: &exchange.Request{Header: exchange.Header{{Name: "X-Forwarded-For", Value: field}}}}
		s.beforeProxies(x)
		caller := x.Conn.RemoteAddr.Addr()
		if !caller.IsValid() || caller.Is4In6() {
			t.Fatalf("%q: caller %s", field, caller)
		}
		before := x.Request.Header.Joined("X-Forwarded-For")
		if s.beforeProxies(x); !s.trusts(caller) && x.Request.Header.Joined("X-Forwarded-For") != before {
			t.Fatalf("%q is read twice", field)
		}
	})
}
