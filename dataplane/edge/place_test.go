package edge_test

import (
	"crypto/tls"
	"net/netip"
	"testing"

	"drawbridge/dataplane/edge"
	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
)

func TestGeoRestriction(t *testing.T) {
	country := ""
	w := newWorld(t, func(o *edge.Options) {
		o.Locate = func(a netip.Addr) edge.Place {
			if a.String() != "192.0.2.7" {
				t.Errorf("asked for %s", a)
			}
			return edge.Place{Country: country}
		}
	})
	block := &program.GeoRestriction{Countries: map[string]bool{"FR": true, "IT": true}}
	allow := &program.GeoRestriction{Countries: map[string]bool{"FR": true}, Allow: true}
	for _, row := range []struct {
		geo     *program.GeoRestriction
		country string
		served  bool
	}{
		{nil, "FR", true}, {block, "FR", false}, {block, "DE", true}, {block, "", true},
		{allow, "FR", true}, {allow, "DE", false}, {allow, "", true},
	} {
		w.dist.Geo, country = row.geo, row.country
		if resp := w.get("GET https://d1.cloudfront.net/"); (resp.Status == 200) != row.served {
			t.Errorf("%+v from %q: %d", row.geo, row.country, resp.Status)
		}
	}
	if resp := w.get("GET https://d1.cloudfront.net/"); resp.Status != 200 {
		t.Error(resp.Status)
	}
	w.dist.Geo, country = block, "IT"
	w.behavior().ViewerProtocol = program.RedirectToHTTPS
	w.xCache("GET http://d1.cloudfront.net/", 403, "Error", "geo-blocked")
	if resp := w.get("GET https://d1.cloudfront.net/"); len(body(resp)) != 986 {
		t.Errorf("the page has %d bytes", len(body(resp)))
	}
	w.dist.Errors = map[int]program.ErrorResponse{403: {PagePath: "/blocked.html", StatusCode: 451}}
	if resp := w.get("GET https://d1.cloudfront.net/"); resp.Status != 451 || body(resp) != "hello" {
		t.Errorf("no error page: %d", resp.Status)
	}
	if w.edge.AtOnce(w.exchangeOf("GET https://d1.cloudfront.net/")) != nil {
		t.Error("an error page is no answer at once")
	}
}

// TestViewerFacts: what policies can ask for about a viewer (reference/cloudfront.md 2.6).
func TestViewerFacts(t *testing.T) {
	w := newWorld(t, func(o *edge.Options) {
		o.Locate = func(netip.Addr) edge.Place {
			return edge.Place{Country: "BR", CountryName: "Brazil", Region: "SP", RegionName: "São Paulo", City: "São 100%", PostalCode: "0",
				TimeZone: "America/Sao_Paulo", Latitude: edge.FormatCoordinate(-23.5), Longitude: edge.FormatCoordinate(-46.12345678), ASN: "7"}
		}
	})
	w.behavior().Request = program.OriginRequestPolicy{ID: "facts", Headers: program.Selection{Mode: program.SelectAll}}
	facts := map[string]string{
		"CloudFront-Viewer-Country": "BR", "CloudFront-Viewer-Country-Name": "Brazil", "CloudFront-Viewer-Country-Region": "SP",
		"CloudFront-Viewer-Country-Region-Name": "S%C3%A3o Paulo", "CloudFront-Viewer-City": "S%C3%A3o 100%25", "CloudFront-Viewer-Postal-Code": "0",
		"CloudFront-Viewer-Time-Zone": "America/Sao_Paulo", "CloudFront-Viewer-Latitude": "-23.50000", "CloudFront-Viewer-Longitude": "-46.12346",
		"CloudFront-Viewer-ASN": "7", "CloudFront-Viewer-Metro-Code": "", "CloudFront-Viewer-Address": "192.0.2.7:4711",
		"CloudFront-Forwarded-Proto": "https", "CloudFront-Viewer-Http-Version": "2.0", "CloudFront-Is-Tablet-Viewer": "true",
		"CloudFront-Is-Mobile-Viewer": "false", "CloudFront-Is-IOS-Viewer": "true", "CloudFront-Viewer-TLS": "TLSv1.3:TLS_AES_128_GCM_SHA256:fullHandshake",
		// The hello of the JA4 project's own example, and its fingerprint.
		"CloudFront-Viewer-JA4-Fingerprint": "t13d1516h2_8daaf6152771_e5627efa2ab1",
	}
	for name := range facts {
		w.behavior().Request.CloudFront = append(w.behavior().Request.CloudFront, name)
	}
	x := w.exchangeOf("GET https://d1.cloudfront.net/\nUser-Agent: Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X)\nCloudFront-Viewer-Metro-Code: forged\nCloudFront-Viewer-City: forged")
	x.Conn.TLS = &exchange.TLS{Version: tls.VersionTLS13, CipherSuite: tls.TLS_AES_128_GCM_SHA256, Hello: &exchange.ClientHello{
		CipherSuites: []uint16{0x2a2a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035},
		Extensions: []uint16{0xfafa, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023, 0x0012, 0x002b, 0xff01, 0x000b,
			0x000a, 0x0015},
		Curves: []uint16{0x6a6a, 29, 23, 24}, Points: []uint8{0}, Versions: []uint16{0x3a3a, tls.VersionTLS13, tls.VersionTLS12},
		Schemes: []uint16{0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601}, Protocols: []string{"h2", "http/1.1"}, ServerName: true,
	}}
	w.edge.Serve(t.Context(), x)
	for name, want := range facts {
		if got := w.lastCall().Header.Joined(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// TestJA3 is the example of the JA3 project.
func TestJA3(t *testing.T) {
	got := edge.JA3(&exchange.ClientHello{
		Versions: []uint16{tls.VersionTLS10}, CipherSuites: []uint16{47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4},
		Extensions: []uint16{0, 10, 11}, Curves: []uint16{23, 24, 25}, Points: []uint8{0},
	})
	if got != "ada70206e40642a3e4461f35503241d5" {
		t.Error(got)
	}
}

// FuzzFingerprint: whatever a client offers has fingerprints of their lengths.
func FuzzFingerprint(f *testing.F) {
	f.Add([]byte{0x2a, 0x2a, 0x13, 1}, "h2")
	f.Add([]byte{}, "\n\n")
	f.Fuzz(func(t *testing.T, data []byte, protocol string) {
		var list []uint16
		for i := 0; i+1 < len(data); i += 2 {
			list = append(list, uint16(data[i])<<8|uint16(data[i+1]))
		}
		h := &exchange.ClientHello{CipherSuites: list, Extensions: list, Versions: list, Curves: list, Schemes: list, Points: data, Protocols: []string{protocol}}
		if len(edge.JA3(h)) != 32 || len(edge.JA4(h)) != 36 {
			t.Errorf("%s %s", edge.JA3(h), edge.JA4(h))
		}
	})
}
