package edge

import (
	"net/netip"
	"time"
)

// Grants tells what a custom policy says about a URL.
func Grants(policy []byte, url, from string, now time.Time) (bool, error) {
	g, err := parseGrant(policy)
	if err != nil {
		return false, err
	}
	address, _ := netip.ParseAddr(from)
	return g.allows(now, address) && g.matches(url), nil
}
