package vtl

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf16"

	"drawbridge/engine/jsonpath"
)

// Util is $util. It has no state.
type Util struct{}

// NewUtil makes $util.
func NewUtil() *Util { return &Util{} }

// Get knows no properties.
func (*Util) Get(string) Value { return nil }

// Call runs a method outside of a rendering, with a budget of its own.
func (u *Util) Call(name string, args []Value) (Value, error) {
	return u.call(&evaluation{}, name, args)
}

// call runs the functions of reference/api-gateway.md 5.5. Of null they make
// null, urlEncode an empty text.
func (*Util) call(ev *evaluation, name string, args []Value) (Value, error) {
	if len(args) != 1 {
		return nil, nil
	}
	text, err := ev.text(args[0])
	if err != nil {
		return nil, err
	}
	if args[0] == nil {
		if name == "urlEncode" {
			return "", nil
		}
		return nil, nil
	}
	switch name {
	case "escapeJavaScript":
		return ev.made(escapeJavaScript(text))
	case "urlEncode":
		return ev.made(urlEncode(text))
	case "urlDecode":
		out, err := url.QueryUnescape(text)
		if err != nil {
			return nil, errorf("malformed escape")
		}
		return ev.made(out)
	case "base64Encode":
		return ev.made(base64.StdEncoding.EncodeToString([]byte(text)))
	case "base64Decode":
		return decodeBase64(ev, text)
	case "parseJson":
		v, err := jsonpath.Parse(text)
		if err != nil {
			return nil, errorf("argument is no JSON: %w", err)
		}
		return v, ev.charge(len(text) * itemBytes)
	}
	return nil, nil
}

// decodeBase64 takes padding or none, and line breaks; bytes that are no UTF-8
// become U+FFFD, as in a Java String.
func decodeBase64(ev *evaluation, text string) (Value, error) {
	text = strings.TrimRight(strings.NewReplacer("\r", "", "\n", "", " ", "").Replace(text), "=")
	out, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil, errorf("argument is no base64")
	}
	return ev.made(strings.ToValidUTF8(string(out), "\uFFFD"))
}

// urlEncode is java.net.URLEncoder: letters, digits and .-*_ stay, a space
// becomes a plus sign.
func urlEncode(s string) string {
	return strings.NewReplacer("%2A", "*", "~", "%7E").Replace(url.QueryEscape(s))
}

// escapeJavaScript is commons-lang 2's StringEscapeUtils.escapeJavaScript.
func escapeJavaScript(s string) string {
	b := make([]byte, 0, len(s)+16)
	for _, r := range s {
		switch {
		case r == '\'' || r == '"' || r == '\\' || r == '/':
			b = append(b, '\\', byte(r))
		case r >= ' ' && r < 0x7f || r == 0x7f:
			b = append(b, byte(r))
		case r < ' ' && strings.ContainsRune("\b\n\t\f\r", r):
			b = append(b, '\\', "bntfr"[strings.IndexRune("\b\n\t\f\r", r)])
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			b = fmt.Appendf(b, `\u%04X\u%04X`, high, low)
		default:
			b = fmt.Appendf(b, `\u%04X`, r)
		}
	}
	return string(b)
}
