package awsproto

import (
	"reflect"
	"unicode/utf8"

	"drawbridge/controlplane/api"
)

// xmlHeader begins every document (reference/cloudfront.md 1.1).
const xmlHeader = "<?xml version=\"1.0\"?>\n"

// appendXMLRoot appends a structure as a whole element with the namespace on
// it; an empty namespace is left out.
func appendXMLRoot(b []byte, name, namespace string, content func([]byte) []byte) []byte {
	b = append(append(b, '<'), name...)
	if namespace != "" {
		b = append(append(append(b, ` xmlns="`...), namespace...), '"')
	}
	b = content(append(b, '>'))
	return appendClose(b, name)
}

func appendOpen(b []byte, name string) []byte {
	return append(append(append(b, '<'), name...), '>')
}

func appendClose(b []byte, name string) []byte {
	return append(append(append(b, '<', '/'), name...), '>')
}

// appendXML appends the content of a structure: members in model order, absent
// ones left out.
func appendXML(b []byte, shape *api.Shape, v reflect.Value, s side) []byte {
	for i := range shape.Members {
		m := &shape.Members[i]
		name, there := s.inBody(m)
		value, set := present(v.Field(i))
		if !there || !set || omitEmptyItems(shape, m, value) {
			continue
		}
		b = appendXMLValue(appendOpen(b, name), &m.Type, value, s)
		b = appendClose(b, name)
	}
	return b
}

// omitEmptyItems: CloudFront leaves Items out where Quantity says 0; the lists
// without Quantity (tags) stay, empty (reference/cloudfront.md 1.2).
func omitEmptyItems(shape *api.Shape, m *api.Member, v reflect.Value) bool {
	if m.Type.Kind != api.KindList || v.Len() > 0 {
		return false
	}
	for i := range shape.Members {
		if shape.Members[i].Name == "Quantity" {
			return true
		}
	}
	return false
}

func appendXMLValue(b []byte, t *api.Type, v reflect.Value, s side) []byte {
	switch t.Kind {
	case api.KindStructure:
		return appendXML(b, t.Shape, v, s)
	case api.KindList:
		name := itemName(t)
		for i := range v.Len() {
			b = appendXMLValue(appendOpen(b, name), t.Item, v.Index(i), s)
			b = appendClose(b, name)
		}
		return b
	}
	return appendXMLText(b, textOf(v, t))
}

// appendXMLText escapes markup; characters that XML 1.0 cannot carry at all
// (section 2.2) become U+FFFD.
func appendXMLText(b []byte, s string) []byte {
	for _, r := range s {
		switch {
		case r == '&':
			b = append(b, "&amp;"...)
		case r == '<':
			b = append(b, "&lt;"...)
		case r == '>':
			b = append(b, "&gt;"...)
		case r == '"':
			b = append(b, "&quot;"...)
		case r == '\r':
			b = append(b, "&#xD;"...) // else the reader turns it into a line feed (section 2.11)
		case r < 0x20 && r != '\t' && r != '\n', r == 0xFFFE, r == 0xFFFF:
			b = utf8.AppendRune(b, utf8.RuneError)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}
