package edge

import (
	"crypto/tls"
	"net/netip"
	"strconv"
	"strings"

	"drawbridge/dataplane/exchange"
)

// cloudFrontPrefix begins the names of the fields that the edge alone may write
// (lower case): a viewer's own are never passed on.
const cloudFrontPrefix = "cloudfront-"

// maxHeaderOrder is where CloudFront-Viewer-Header-Order is cut off.
const maxHeaderOrder = 7680

// viewerFact returns the value of a CloudFront-* request field (name in lower
// case), or "" where the edge does not know (reference/cloudfront.md section 2.6).
func viewerFact(r request, name string) string {
	switch name {
	case "cloudfront-forwarded-proto":
		return r.asked.Scheme
	case "cloudfront-viewer-http-version":
		return r.asked.Protocol.ViaVersion()
	case "cloudfront-viewer-address":
		return viewerAddress(r.x.Conn)
	case "cloudfront-viewer-tls":
		return viewerTLS(r.x.Conn)
	case "cloudfront-viewer-header-order":
		return headerOrder(r.asked.Header)
	case "cloudfront-viewer-ja3-fingerprint":
		return fingerprint(r.x.Conn, ja3)
	case "cloudfront-viewer-ja4-fingerprint":
		return fingerprint(r.x.Conn, ja4)
	case "cloudfront-viewer-header-count":
		return strconv.Itoa(len(r.asked.Header) + 1) // and Host
	case "cloudfront-is-mobile-viewer", "cloudfront-is-tablet-viewer", "cloudfront-is-desktop-viewer",
		"cloudfront-is-smarttv-viewer", "cloudfront-is-android-viewer", "cloudfront-is-ios-viewer":
		device := strings.TrimSuffix(strings.TrimPrefix(name, "cloudfront-is-"), "-viewer")
		return strconv.FormatBool(isDevice(device, strings.ToLower(r.asked.Header.Get("User-Agent"))))
	}
	if about, ok := strings.CutPrefix(name, "cloudfront-viewer-"); ok {
		p := r.place()
		return p.fact(about)
	}
	return ""
}

// fingerprint is one of the viewer's ClientHello, where there was one.
func fingerprint(c *exchange.Conn, of func(*exchange.ClientHello) string) string {
	if c == nil || c.TLS == nil || c.TLS.Hello == nil {
		return ""
	}
	return of(c.TLS.Hello)
}

// isDevice tells whether a User-Agent (lower case) is of a kind of device.
func isDevice(device, agent string) bool {
	android := strings.Contains(agent, "android")
	ipad := strings.Contains(agent, "ipad")
	tv := strings.Contains(agent, "smart-tv") || strings.Contains(agent, "smarttv") || strings.Contains(agent, "hbbtv") || strings.Contains(agent, "appletv")
	tablet := ipad || android && !strings.Contains(agent, "mobile") && !tv || strings.Contains(agent, "tablet")
	mobile := !tablet && !tv && (strings.Contains(agent, "mobile") || strings.Contains(agent, "iphone"))
	switch device {
	case "android":
		return android
	case "ios":
		return ipad || strings.Contains(agent, "iphone") || strings.Contains(agent, "ipod")
	case "smarttv":
		return tv
	case "tablet":
		return tablet
	case "mobile":
		return mobile
	}
	return !tablet && !mobile && !tv
}

// viewerIP returns the address the viewer's connection comes from.
func viewerIP(c *exchange.Conn) string {
	if c == nil || !c.RemoteAddr.IsValid() {
		return "127.0.0.1"
	}
	return c.RemoteAddr.Addr().Unmap().String()
}

func viewerAddress(c *exchange.Conn) string {
	if c == nil || !c.RemoteAddr.IsValid() {
		return ""
	}
	return netip.AddrPortFrom(c.RemoteAddr.Addr().Unmap(), c.RemoteAddr.Port()).String()
}

// viewerTLS writes "TLSv1.3:TLS_AES_128_GCM_SHA256:fullHandshake".
func viewerTLS(c *exchange.Conn) string {
	if c == nil || c.TLS == nil || c.TLS.Version == 0 {
		return ""
	}
	handshake := "fullHandshake"
	if c.TLS.Resumed {
		handshake = "sessionResumed"
	}
	version := strings.ReplaceAll(tls.VersionName(c.TLS.Version), "TLS ", "TLSv")
	return version + ":" + tls.CipherSuiteName(c.TLS.CipherSuite) + ":" + handshake
}

// headerOrder joins the names of the viewer's fields.
func headerOrder(h exchange.Header) string {
	var b strings.Builder
	for i, f := range h {
		if b.Len()+len(f.Name)+1 > maxHeaderOrder {
			break
		}
		if i > 0 {
			b.WriteByte(':')
		}
		b.WriteString(f.Name)
	}
	return b.String()
}
