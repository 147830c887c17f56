package edge

import (
	"net/netip"
	"strconv"
	"strings"
)

// Place is where an address is, as far as it is known; what is not is "".
type Place struct {
	Country, CountryName string // "DE", "Germany"
	Region, RegionName   string // "BE", "Land Berlin"
	City                 string
	PostalCode           string
	TimeZone             string // "Europe/Berlin"
	MetroCode            string
	Latitude, Longitude  string // "52.51960"
	ASN                  string
}

// fact returns the value of a CloudFront-Viewer-* field about the place (name
// in lower case, without the prefix "cloudfront-viewer-"), characters beyond
// ASCII percent-encoded (reference/cloudfront.md section 2.6).
func (p *Place) fact(name string) string {
	switch name {
	case "country":
		return p.Country
	case "country-name":
		return escapePlace(p.CountryName)
	case "country-region":
		return escapePlace(p.Region)
	case "country-region-name":
		return escapePlace(p.RegionName)
	case "city":
		return escapePlace(p.City)
	case "postal-code":
		return escapePlace(p.PostalCode)
	case "time-zone":
		return escapePlace(p.TimeZone)
	case "metro-code":
		return escapePlace(p.MetroCode)
	case "latitude":
		return p.Latitude
	case "longitude":
		return p.Longitude
	case "asn":
		return p.ASN
	}
	return ""
}

// escapePlace percent-encodes what a header field cannot hold.
func escapePlace(text string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if c := text[i]; c < ' ' || c >= 0x7f || c == '%' {
			b.WriteByte('%')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// FormatCoordinate writes a latitude or longitude as CloudFront does: "52.51960".
func FormatCoordinate(degrees float64) string { return strconv.FormatFloat(degrees, 'f', 5, 64) }

// place looks the viewer's address up.
func (v *visit) place() Place {
	if v.locate == nil || v.x.Conn == nil {
		return Place{}
	}
	return v.locate(v.x.Conn.RemoteAddr.Addr().Unmap())
}

// Locator tells where an address is; the zero Place is an address that nobody knows.
type Locator func(netip.Addr) Place

// geoBlocked tells whether the viewer's country gets nothing of the
// distribution. Who cannot be located is served (reference/cloudfront.md section 5.7).
func geoBlocked(r request) bool {
	g := r.distribution.Geo
	if g == nil {
		return false
	}
	p := r.place()
	return p.Country != "" && g.Countries[p.Country] != g.Allow
}
