package jsonpath

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// WriteOptions say how JSON is written.
type WriteOptions struct {
	// ProtectSlash writes / as \/, as json-smart's toString of a list does.
	ProtectSlash bool
	// MaxBytes bounds the text; 0 means 10 MiB, the payload limit of API
	// Gateway.
	MaxBytes int
}

const defaultMaxBytes = 10 << 20

// AppendJSON writes a tree compactly, members in their order. Trees that
// contain themselves end in an error that wraps ErrLimit.
func AppendJSON(b []byte, v Value, o WriteOptions) ([]byte, error) {
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMaxBytes
	}
	w := writer{b: b, o: o, end: len(b) + o.MaxBytes}
	err := w.value(v, 0)
	return w.b, err
}

type writer struct {
	b   []byte
	o   WriteOptions
	end int
}

func (w *writer) value(v Value, depth int) error {
	if depth > MaxDepth {
		return fmt.Errorf("JSON nested deeper than %d: %w", MaxDepth, ErrLimit)
	}
	if len(w.b) > w.end {
		return fmt.Errorf("JSON longer than %d bytes: %w", w.o.MaxBytes, ErrLimit)
	}
	switch v := v.(type) {
	case nil:
		w.b = append(w.b, "null"...)
	case *Object:
		return w.object(v, depth)
	case *List:
		return w.list(v, depth)
	case string:
		w.b = appendQuoted(w.b, v, w.o.ProtectSlash)
	case fmt.Stringer:
		w.b = appendQuoted(w.b, v.String(), w.o.ProtectSlash)
	default:
		text, ok := Scalar(v)
		if !ok {
			text = "null"
		}
		w.b = append(w.b, text...)
	}
	return nil
}

func (w *writer) object(o *Object, depth int) error {
	w.b = append(w.b, '{')
	first := true
	for key, v := range o.All() {
		if !first {
			w.b = append(w.b, ',')
		}
		first = false
		w.b = appendQuoted(w.b, key, w.o.ProtectSlash)
		w.b = append(w.b, ':')
		if err := w.value(v, depth+1); err != nil {
			return err
		}
	}
	w.b = append(w.b, '}')
	return nil
}

func (w *writer) list(l *List, depth int) error {
	w.b = append(w.b, '[')
	for i, v := range l.Items {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		if err := w.value(v, depth+1); err != nil {
			return err
		}
	}
	w.b = append(w.b, ']')
	return nil
}

// Scalar gives the text of a string, number or boolean as Java's toString
// would; ok is false for everything else, null included.
func Scalar(v Value) (text string, ok bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return FormatDouble(v), true
	case Big:
		return string(v), true
	}
	return "", false
}

// FormatDouble writes a number as Java's Double.toString: always a point, and
// an exponent below 10^-3 and from 10^7.
func FormatDouble(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	if a := math.Abs(f); a == 0 || a >= 1e-3 && a < 1e7 {
		s := strconv.FormatFloat(f, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	n, err := strconv.Atoi(exponent)
	if err != nil {
		panic("BUG: exponent " + exponent)
	}
	return mantissa + "E" + strconv.Itoa(n)
}

// appendQuoted writes a JSON string with json-smart's escapes: besides what
// RFC 8259 demands, U+007F to U+009F and U+2000 to U+20FF.
func appendQuoted(b []byte, s string, protectSlash bool) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			i++
			switch {
			case c == '"' || c == '\\' || c == '/' && protectSlash:
				b = append(b, '\\', c)
			case c < ' ' || c == 0x7f:
				b = appendControl(b, c)
			default:
				b = append(b, c)
			}
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r <= 0x9f || r >= 0x2000 && r <= 0x20ff {
			b = fmt.Appendf(b, `\u%04X`, r)
		} else {
			b = utf8.AppendRune(b, r)
		}
		i += n
	}
	return append(b, '"')
}

func appendControl(b []byte, c byte) []byte {
	if i := strings.IndexByte("\b\f\n\r\t", c); i >= 0 {
		return append(b, '\\', "bfnrt"[i])
	}
	return fmt.Appendf(b, `\u%04X`, c)
}
