package server

import (
	"errors"
	"net/netip"
	"strings"
)

// errHost is the one answer to every authority that cannot be a host.
var errHost = errors.New("invalid host")

// maxHost is the longest DNS name in text form (RFC 1035 section 2.3.4).
const maxHost = 253

// NormalizeHost returns the host of an authority ("Example.COM.:8443") as it is
// compared everywhere: lower case, without port and without one trailing dot
// ("example.com"). IPv6 literals keep their brackets. User information, odd
// ports, empty labels and characters no host name has are errors: two readers
// of such an authority could see two hosts.
func NormalizeHost(authority string) (string, error) {
	host, port, err := splitAuthority(authority)
	if err != nil || !validPort(port) {
		return "", errHost
	}
	if host[0] == '[' {
		return normalizeIPv6(host)
	}
	host = strings.TrimSuffix(host, ".")
	if len(host) == 0 || len(host) > maxHost || host[len(host)-1] == '.' {
		return "", errHost
	}
	upper, last := false, byte('.')
	for i := range len(host) {
		c := host[i]
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_':
		case 'A' <= c && c <= 'Z':
			upper = true
		case c == '.' && last != '.':
		default:
			return "", errHost
		}
		last = c
	}
	if upper {
		host = strings.ToLower(host)
	}
	return host, nil
}

// splitAuthority splits at the port's colon; port is "" without one. The host
// is never empty.
func splitAuthority(authority string) (host, port string, err error) {
	if authority == "" {
		return "", "", errHost
	}
	at := strings.IndexByte(authority, ':')
	if authority[0] == '[' {
		end := strings.IndexByte(authority, ']')
		if end < 0 {
			return "", "", errHost
		}
		if rest := authority[end+1:]; rest == "" {
			return authority, "", nil
		} else if rest[0] != ':' {
			return "", "", errHost
		}
		at = end + 1
	}
	if at < 0 {
		return authority, "", nil
	}
	if at == 0 || at == len(authority)-1 {
		return "", "", errHost
	}
	return authority[:at], authority[at+1:], nil
}

// validPort tells whether port is "" or a decimal number of a TCP port.
func validPort(port string) bool {
	if len(port) > 5 {
		return false
	}
	n := 0
	for i := range len(port) {
		if port[i] < '0' || port[i] > '9' {
			return false
		}
		n = n*10 + int(port[i]-'0')
	}
	return n <= 65535
}

func normalizeIPv6(host string) (string, error) {
	addr, err := netip.ParseAddr(host[1 : len(host)-1])
	if err != nil || !addr.Is6() || addr.Zone() != "" {
		return "", errHost
	}
	return strings.ToLower(host), nil
}

// isIPLiteral tells whether a normalised host is an address.
func isIPLiteral(host string) bool {
	if strings.HasPrefix(host, "[") {
		return true
	}
	_, err := netip.ParseAddr(host)
	return err == nil
}
