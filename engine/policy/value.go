package policy

import (
	"cmp"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// parseNumber reads an integer or decimal number. Comparison is by float64:
// exact for integers up to 2^53. It refuses what strconv would take beyond that
// (hex, Inf, underscores) and numbers so long that strconv could fail.
func parseNumber(s string) (float64, bool) {
	if len(s) == 0 || len(s) > 40 {
		return 0, false
	}
	mantissa, exponent, scientific := cutAny(s, "eE")
	if scientific {
		exponent = strings.TrimPrefix(strings.TrimPrefix(exponent, "-"), "+")
		if len(exponent) > 2 || !isDigits(exponent) {
			return 0, false
		}
	}
	digits := strings.TrimPrefix(strings.TrimPrefix(mantissa, "-"), "+")
	whole, fraction, dot := strings.Cut(digits, ".")
	if !isDigits(whole) || dot && !isDigits(fraction) {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}

func cutAny(s, chars string) (before, after string, found bool) {
	if i := strings.IndexAny(s, chars); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// instant is a point in time: seconds and nanoseconds since 1970.
type instant struct {
	sec  int64
	nsec int32
}

func (a instant) compare(b instant) int {
	return cmp.Or(cmp.Compare(a.sec, b.sec), cmp.Compare(a.nsec, b.nsec))
}

// parseDate reads the W3C profile of ISO 8601 (YYYY, YYYY-MM, YYYY-MM-DD,
// YYYY-MM-DDThh:mm[:ss[.s]]TZD) or seconds since 1970
// (reference_policies_elements_condition_operators, date). Four digits alone
// are a year. Written by hand: time.Parse allocates when it fails.
func parseDate(s string) (instant, bool) {
	if len(s) != 4 && len(s) <= 18 && isDigits(strings.TrimPrefix(s, "-")) {
		sec, err := strconv.ParseInt(s, 10, 64)
		return instant{sec: sec}, err == nil
	}
	r := dateReader{rest: s, ok: true}
	year, month, day := r.number(4, 0, 9999), 1, 1
	var hour, minute, second int
	var nsec, offset int
	if r.next('-') {
		month = r.number(2, 1, 12)
		if r.next('-') {
			day = r.number(2, 1, 31)
			if r.next('T') {
				hour = r.number(2, 0, 23)
				r.ok = r.next(':') && r.ok
				minute = r.number(2, 0, 59)
				if r.next(':') {
					second = r.number(2, 0, 59)
					nsec = r.fraction()
				}
				offset = r.zone()
			}
		}
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, nsec, time.UTC)
	if !r.ok || r.rest != "" || t.Day() != day { // 31 April is no date
		return instant{}, false
	}
	return instant{t.Unix() - int64(offset), int32(nsec)}, true
}

type dateReader struct {
	rest string
	ok   bool
}

func (r *dateReader) next(c byte) bool {
	if r.rest != "" && r.rest[0] == c {
		r.rest = r.rest[1:]
		return true
	}
	return false
}

func (r *dateReader) number(width, low, high int) int {
	if len(r.rest) < width || !isDigits(r.rest[:width]) {
		r.ok = false
		return low
	}
	n := 0
	for _, c := range []byte(r.rest[:width]) {
		n = n*10 + int(c-'0')
	}
	r.rest = r.rest[width:]
	r.ok = r.ok && n >= low && n <= high
	return n
}

// fraction reads .s in nanoseconds; digits beyond the ninth are dropped.
func (r *dateReader) fraction() int {
	if !r.next('.') {
		return 0
	}
	n, scale, seen := 0, 100_000_000, false
	for r.rest != "" && r.rest[0] >= '0' && r.rest[0] <= '9' {
		n += int(r.rest[0]-'0') * scale
		scale /= 10
		r.rest, seen = r.rest[1:], true
	}
	r.ok = r.ok && seen
	return n
}

// zone reads Z or +hh:mm or -hh:mm, which W3C demands after a time, in seconds.
func (r *dateReader) zone() int {
	if r.next('Z') {
		return 0
	}
	sign := 1
	if r.next('-') {
		sign = -1
	} else if !r.next('+') {
		r.ok = false
	}
	hours := r.number(2, 0, 14)
	r.ok = r.next(':') && r.ok
	return sign * (hours*3600 + r.number(2, 0, 59)*60)
}

// parseNet reads a CIDR or a bare address (/32 or /128). IPv4-mapped IPv6 is
// IPv4, and bits beyond the mask are ignored.
func parseNet(s string) (netip.Prefix, bool) {
	if !strings.Contains(s, "/") {
		addr, ok := parseAddr(s)
		return netip.PrefixFrom(addr, addr.BitLen()), ok
	}
	prefix, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, false
	}
	if prefix.Addr().Is4In6() {
		if prefix.Bits() < 96 {
			return netip.Prefix{}, false
		}
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
	}
	return prefix.Masked(), true
}

// parseAddr reads an address without a zone; IPv4-mapped IPv6 becomes IPv4.
func parseAddr(s string) (netip.Addr, bool) {
	if len(s) > 45 { // the longest form of IPv6
		return netip.Addr{}, false
	}
	addr, err := netip.ParseAddr(s)
	if err != nil || addr.Zone() != "" {
		return netip.Addr{}, false
	}
	return addr.Unmap(), true
}

func parseBool(s string) (value, ok bool) {
	switch {
	case strings.EqualFold(s, "true"):
		return true, true
	case strings.EqualFold(s, "false"):
		return false, true
	}
	return false, false
}
