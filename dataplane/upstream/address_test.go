package upstream

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"testing"
)

func TestParseConnectTo(t *testing.T) {
	good := map[string]ConnectTo{
		"::127.0.0.1:4566":            {ToHost: "127.0.0.1", ToPort: 4566},
		"Example.com:443:localhost:1": {FromHost: "example.com", FromPort: 443, ToHost: "localhost", ToPort: 1},
		"[::1]:80:[fe80::1]:":         {FromHost: "::1", FromPort: 80, ToHost: "fe80::1"},
		":::":                         {},
		"a:::":                        {FromHost: "a"},
	}
	for text, want := range good {
		if got, err := ParseConnectTo(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "a", "a:1:b", "a:1:b:2:3", "a:0:b:1", "a:x:b:1", "a:1:b:65536", "a:-1:b:1", "[::1:1:b:2"} {
		if got, err := ParseConnectTo(text); err == nil {
			t.Errorf("%s: accepted as %+v", text, got)
		}
	}
}

func FuzzParseConnectTo(f *testing.F) {
	f.Add("::127.0.0.1:4566")
	f.Add("[::1]:80:[")
	f.Fuzz(func(t *testing.T, text string) { _, _ = ParseConnectTo(text) })
}

func TestConnectTo(t *testing.T) {
	c := newClient(t, func(o *Options) {
		o.ConnectTo = []ConnectTo{
			{FromHost: "a.example", FromPort: 443, ToHost: "first"},
			{FromHost: "a.example", ToPort: 81},
			{FromPort: 8443, ToHost: "second", ToPort: 82},
		}
	})
	rows := []struct {
		host string
		port int
		want string
		rule bool
	}{
		{"a.example", 443, "first:443", true},
		{"a.example", 80, "a.example:81", true},
		{"b.example", 8443, "second:82", true},
		{"b.example", 443, "b.example:443", false},
	}
	for _, row := range rows {
		host, port, rule := c.connectTo(row.host, row.port)
		if got := net.JoinHostPort(host, strconv.Itoa(port)); got != row.want || rule != row.rule {
			t.Errorf("%s:%d goes to %s, %v", row.host, row.port, got, rule)
		}
	}
}

func TestAddressRules(t *testing.T) {
	names := map[string][]string{
		"rebind.example": {"127.0.0.1"}, "meta.example": {"169.254.169.254"}, "own.example": {"192.0.2.9"},
		"mixed.example": {"169.254.1.1", "2001:db8::1", "192.0.2.1"}, "mapped.example": {"::ffff:169.254.169.254"},
		"six.example": {"fe80::1"}, "nat.example": {"64:ff9b::a9fe:a9fe"}, "zero.example": {"0.0.0.0"},
		"loopback6.example": {"::1"}, "mappedloop.example": {"::ffff:127.0.0.1"},
	}
	resolve := func(_ context.Context, host string) ([]netip.Addr, error) {
		var out []netip.Addr
		for _, a := range names[host] {
			out = append(out, netip.MustParseAddr(a))
		}
		return out, nil
	}
	own := func() []netip.AddrPort {
		return []netip.AddrPort{netip.MustParseAddrPort("192.0.2.9:443"), netip.MustParseAddrPort("0.0.0.0:4566")}
	}
	rows := []struct {
		host  string
		port  int
		rule  bool
		allow string
		want  string // first address, or "" when refused
		kind  Kind
	}{
		{host: "rebind.example", port: 80, kind: AddressRefused},
		{host: "rebind.example", port: 80, rule: true, want: "127.0.0.1:80"},
		{host: "rebind.example", port: 80, allow: "127.0.0.0/8", want: "127.0.0.1:80"},
		{host: "mappedloop.example", port: 80, kind: AddressRefused},
		{host: "loopback6.example", port: 80, kind: AddressRefused},
		{host: "meta.example", port: 80, kind: AddressRefused},
		{host: "meta.example", port: 80, rule: true, kind: AddressRefused},
		{host: "meta.example", port: 80, allow: "169.254.0.0/16", want: "169.254.169.254:80"},
		{host: "mapped.example", port: 80, kind: AddressRefused},
		{host: "six.example", port: 80, kind: AddressRefused},
		{host: "nat.example", port: 80, kind: AddressRefused},
		{host: "zero.example", port: 80, kind: AddressRefused},
		{host: "mixed.example", port: 80, want: "192.0.2.1:80"},
		{host: "own.example", port: 443, kind: AddressRefused},
		{host: "own.example", port: 444, want: "192.0.2.9:444"},
		{host: "own.example", port: 443, allow: "192.0.2.9/32", want: "192.0.2.9:443"},
		{host: "localhost", port: 80, want: "127.0.0.1:80"},
		{host: "x.localhost", port: 80, want: "127.0.0.1:80"},
		{host: "127.0.0.1", port: 4566, kind: AddressRefused},
		{host: "127.0.0.1", port: 4566, rule: true, kind: AddressRefused},
		{host: "127.0.0.2", port: 4567, want: "127.0.0.2:4567"},
		{host: "::1", port: 80, want: "[::1]:80"},
		{host: "none.example", port: 80, kind: ResolveFailed},
	}
	for _, row := range rows {
		c := newClient(t, func(o *Options) {
			o.Resolve, o.OwnListeners, o.AllowOrigin = resolve, own, nil
			if row.allow != "" {
				o.AllowOrigin = []netip.Prefix{netip.MustParsePrefix(row.allow)}
			}
		})
		got, err := c.addresses(t.Context(), row.host, row.port, row.rule)
		switch {
		case row.want == "" && (err == nil || err.Kind != row.kind):
			t.Errorf("%+v: %v, %v", row, got, err)
		case row.want != "" && (err != nil || got[0].String() != row.want):
			t.Errorf("%+v: %v, %v", row, got, err)
		}
	}
}

// The address that was checked is the one that is dialled: a name that changes
// its address between two look-ups is looked up once.
func TestAddressIsPinned(t *testing.T) {
	lookups := 0
	c := newClient(t, func(o *Options) {
		o.AllowOrigin = nil
		o.Resolve = func(context.Context, string) ([]netip.Addr, error) {
			if lookups++; lookups > 1 {
				return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
			}
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
		}
	})
	call := callTo(80)
	call.Host = "rebind.example"
	if _, err := c.Do(t.Context(), call); kindOf(err) != AddressRefused || lookups != 1 {
		t.Errorf("%v after %d look-ups", err, lookups)
	}
}

func TestNormalHost(t *testing.T) {
	for in, want := range map[string]string{
		"A.Example.": "a.example", "a:443": "a", "[::1]:80": "::1", "::1": "::1", "127.0.0.1:1": "127.0.0.1", "": "",
	} {
		if got := NormalHost(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
