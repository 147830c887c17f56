package awsproto

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"drawbridge/controlplane/api"
)

// Limits of one request, whatever its protocol. AWS's own largest control-plane
// body is an import of 6 MB (reference/api-gateway.md 1.11).
const (
	maxBody   = 8 << 20
	maxDepth  = 64
	maxValues = 250_000 // JSON values or XML elements
)

// settle gives the place where a value goes: what a pointer points to, newly
// made, or v itself (the elements of lists and maps).
func settle(v reflect.Value) reflect.Value {
	if v.Kind() != reflect.Pointer {
		return v
	}
	v.Set(reflect.New(v.Type().Elem()))
	return v.Elem()
}

// present gives the value behind a field, and whether it is there at all.
func present(v reflect.Value) (reflect.Value, bool) {
	switch v.Kind() {
	case reflect.Pointer:
		return v.Elem(), !v.IsNil()
	case reflect.Slice, reflect.Map:
		return v, !v.IsNil()
	}
	return v, true
}

// errText is a text that is no value of the wanted kind.
var errText = errors.New("text is not a value of this type")

// setText reads a scalar from text: an XML element, a header, a label or a
// query parameter.
func setText(v reflect.Value, t *api.Type, text string) error {
	if t.Kind == api.KindBlob {
		data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
		if err != nil {
			return fmt.Errorf("%w: base64", errText)
		}
		v.SetBytes(data)
		return nil
	}
	if t.Kind == api.KindString {
		settle(v).SetString(text)
		return nil
	}
	text = strings.TrimSpace(text)
	switch t.Kind {
	case api.KindBoolean:
		if text != "true" && text != "false" {
			return fmt.Errorf("%w: boolean", errText)
		}
		settle(v).SetBool(text == "true")
	case api.KindInteger, api.KindLong:
		n, err := strconv.ParseInt(text, 10, bits(t.Kind))
		if err != nil {
			return fmt.Errorf("%w: number", errText)
		}
		settle(v).SetInt(n)
	case api.KindFloat, api.KindDouble:
		f, err := strconv.ParseFloat(text, bits(t.Kind))
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Errorf("%w: number", errText)
		}
		settle(v).SetFloat(f)
	case api.KindTimestamp:
		at, err := parseTime(text)
		if err != nil {
			return err
		}
		settle(v).Set(reflect.ValueOf(at))
	default:
		return fmt.Errorf("%w: kind %d", errText, t.Kind)
	}
	return nil
}

func bits(k api.Kind) int {
	if k == api.KindInteger || k == api.KindFloat {
		return 32
	}
	return 64
}

// parseTime accepts the three formats of AWS's protocols.
func parseTime(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "Mon, 02 Jan 2006 15:04:05 GMT"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: timestamp", errText)
	}
	return epoch(seconds)
}

// epoch refuses what encoding/json cannot store again (years beyond 9999).
func epoch(seconds float64) (time.Time, error) {
	if !(math.Abs(seconds) < 253402300800) {
		return time.Time{}, fmt.Errorf("%w: timestamp", errText)
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(math.Round(fraction*1000))*int64(time.Millisecond)).UTC(), nil
}

// textOf writes a scalar for XML, headers and query parameters. CloudFront's
// timestamps have milliseconds (reference/cloudfront.md 1.1).
func textOf(v reflect.Value, t *api.Type) string {
	switch t.Kind {
	case api.KindBoolean:
		return strconv.FormatBool(v.Bool())
	case api.KindInteger, api.KindLong:
		return strconv.FormatInt(v.Int(), 10)
	case api.KindFloat, api.KindDouble:
		return decimal(v.Float(), bits(t.Kind))
	case api.KindTimestamp:
		at := v.Interface().(time.Time).UTC()
		if t.Format == api.FormatHTTPDate {
			return at.Format("Mon, 02 Jan 2006 15:04:05 GMT")
		}
		return at.Format("2006-01-02T15:04:05.000Z")
	case api.KindBlob:
		return base64.StdEncoding.EncodeToString(v.Bytes())
	}
	return v.String()
}

// decimal writes a double as AWS does: integral ones keep ".0"
// (reference/api-gateway.md 1.1).
func decimal(f float64, size int) string {
	if math.Abs(f) >= 1e15 {
		return strconv.FormatFloat(f, 'E', -1, size)
	}
	text := strconv.FormatFloat(f, 'f', -1, size)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}
