package edge

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"drawbridge/dataplane/exchange"
)

// ja3 is the JA3 fingerprint of a ClientHello: the MD5 of its version, ciphers,
// extensions, curves and point formats, GREASE values (RFC 8701) left out.
func ja3(h *exchange.ClientHello) string {
	version := uint16(tls.VersionTLS12) // what later versions say, too (RFC 8446 section 4.1.2)
	if known := withoutGrease(h.Versions); len(known) > 0 {
		version = min(version, slices.Max(known))
	}
	points := make([]uint16, len(h.Points))
	for i, p := range h.Points {
		points[i] = uint16(p)
	}
	text := strconv.Itoa(int(version)) + "," + dashed(h.CipherSuites) + "," + dashed(h.Extensions) + "," + dashed(h.Curves) + "," + dashed(points)
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

// ja4 is the JA4 fingerprint: what kind of hello, then hashes of its sorted
// ciphers and of its sorted extensions with the signature algorithms.
func ja4(h *exchange.ClientHello) string {
	ciphers, extensions := withoutGrease(h.CipherSuites), withoutGrease(h.Extensions)
	name := "i"
	if h.ServerName {
		name = "d"
	}
	first := fmt.Sprintf("t%s%s%02d%02d%s", ja4Version(h.Versions), name, min(99, len(ciphers)), min(99, len(extensions)), ja4Protocol(h.Protocols))
	slices.Sort(ciphers)
	extensions = slices.DeleteFunc(extensions, func(id uint16) bool { return id == 0 || id == 16 }) // names and ALPN are told already
	slices.Sort(extensions)
	tail := hexList(extensions)
	if schemes := withoutGrease(h.Schemes); len(schemes) > 0 {
		tail += "_" + hexList(schemes)
	}
	return first + "_" + shortHash(hexList(ciphers)) + "_" + shortHash(tail)
}

func ja4Version(versions []uint16) string {
	known := withoutGrease(versions)
	if len(known) == 0 {
		return "00"
	}
	switch slices.Max(known) {
	case tls.VersionTLS13:
		return "13"
	case tls.VersionTLS12:
		return "12"
	case tls.VersionTLS11:
		return "11"
	case tls.VersionTLS10:
		return "10"
	}
	return "00"
}

// ja4Protocol is the first and the last character of the first ALPN value.
func ja4Protocol(protocols []string) string {
	if len(protocols) == 0 || protocols[0] == "" {
		return "00"
	}
	p := protocols[0]
	alphanumeric := func(c byte) bool {
		return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
	}
	if first, last := p[0], p[len(p)-1]; alphanumeric(first) && alphanumeric(last) {
		return string([]byte{first, last})
	}
	text := hex.EncodeToString([]byte(p))
	return text[:1] + text[len(text)-1:]
}

// shortHash is the beginning of a SHA-256; of nothing it is zeros.
func shortHash(text string) string {
	if text == "" {
		return "000000000000"
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}

// withoutGrease copies a list without the values that say nothing.
func withoutGrease(values []uint16) []uint16 {
	out := make([]uint16, 0, len(values))
	for _, v := range values {
		if v&0x0f0f != 0x0a0a || v>>8 != v&0xff {
			out = append(out, v)
		}
	}
	return out
}

func dashed(values []uint16) string {
	return joinNumbers(values, "-", func(v uint16) string { return strconv.Itoa(int(v)) })
}

func hexList(values []uint16) string {
	return joinNumbers(values, ",", func(v uint16) string { return fmt.Sprintf("%04x", v) })
}

func joinNumbers(values []uint16, separator string, write func(uint16) string) string {
	var texts []string
	for _, v := range withoutGrease(values) {
		texts = append(texts, write(v))
	}
	return strings.Join(texts, separator)
}
