package edge

import (
	"net/netip"
	"time"

	"drawbridge/dataplane/exchange"
)

// JA3 and JA4 are the fingerprints of a hello.
func JA3(h *exchange.ClientHello) string { return ja3(h) }
func JA4(h *exchange.ClientHello) string { return ja4(h) }

// Grants tells what a custom policy says about a URL.
func Grants(policy []byte, url, from string, now time.Time) (bool, error) {
	g, err := parseGrant(policy)
	if err != nil {
		return false, err
	}
	address, _ := netip.ParseAddr(from)
	return g.allows(now, address) && g.matches(url), nil
}

// CacheTags are the tags in one header line.
func CacheTags(value string) []string {
	return cacheTags(exchange.Header{{Name: "Cache-Tag", Value: value}}, "cache-tag")
}
