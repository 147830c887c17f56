package awsproto

import (
	"encoding/base64"
	"math"
	"reflect"
	"sort"
	"strconv"
	"time"
	"unicode/utf8"

	"drawbridge/controlplane/api"
)

// side says whether a structure is an input or an output: the locations label
// and query are in the body of an output.
type side uint8

const (
	input side = iota
	output
)

// inBody gives a member's name in the body, and whether it is there at all.
func (s side) inBody(m *api.Member) (string, bool) {
	switch m.In {
	case api.InBody:
		return m.Wire, true
	case api.InLabel, api.InQuery, api.InQueryMap:
		return m.Name, s == output
	}
	return "", false
}

// appendJSON appends the body of a structure: members in model order, absent
// ones left out, null only in sparse maps (reference/api-gateway.md 1.1).
func appendJSON(b []byte, shape *api.Shape, v reflect.Value, s side) []byte {
	b = append(b, '{')
	first := true
	for i := range shape.Members {
		m := &shape.Members[i]
		name, there := s.inBody(m)
		value, set := present(v.Field(i))
		if !there || !set || notANumber(value) {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(appendJSONString(b, name), ':')
		b = appendJSONValue(b, &m.Type, value, s)
	}
	return append(b, '}')
}

// notANumber tells the floats that JSON cannot show.
func notANumber(v reflect.Value) bool {
	return v.CanFloat() && (math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0))
}

func appendJSONValue(b []byte, t *api.Type, v reflect.Value, s side) []byte {
	switch t.Kind {
	case api.KindStructure:
		return appendJSON(b, t.Shape, v, s)
	case api.KindList:
		b = append(b, '[')
		for i := range v.Len() {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSONValue(b, t.Item, v.Index(i), s)
		}
		return append(b, ']')
	case api.KindMap:
		return appendJSONMap(b, t, v, s)
	case api.KindString:
		return appendJSONString(b, v.String())
	case api.KindBlob:
		return appendJSONString(b, base64.StdEncoding.EncodeToString(v.Bytes()))
	case api.KindTimestamp:
		return strconv.AppendInt(b, v.Interface().(time.Time).Unix(), 10)
	}
	return append(b, textOf(v, t)...)
}

// appendJSONMap writes the keys sorted, so that equal values give equal bytes.
func appendJSONMap(b []byte, t *api.Type, v reflect.Value, s side) []byte {
	keys := v.MapKeys()
	sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
	b = append(b, '{')
	for i, key := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendJSONString(b, key.String()), ':')
		if item, set := present(v.MapIndex(key)); set || !t.Sparse {
			b = appendJSONValue(b, t.Item, item, s)
		} else {
			b = append(b, "null"...)
		}
	}
	return append(b, '}')
}

const hexDigits = "0123456789ABCDEF"

// appendJSONString escapes what RFC 8259 section 7 demands and nothing more:
// AWS sends <, > and & as they are.
func appendJSONString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			b = utf8.AppendRune(b, r) // an invalid byte becomes U+FFFD
			i += size
			continue
		}
		i++
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		case '\b':
			b = append(b, '\\', 'b')
		case '\f':
			b = append(b, '\\', 'f')
		default:
			if c < 0x20 {
				b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			} else {
				b = append(b, c)
			}
		}
	}
	return append(b, '"')
}
