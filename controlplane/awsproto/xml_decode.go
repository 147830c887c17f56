package awsproto

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"reflect"
	"strings"

	"drawbridge/controlplane/api"
)

// xmlDecoder reads an XML document into a structure of the model. Elements may
// come in any order (the Go SDK sends them sorted by name, others in model
// order), and elements that the model does not name are ignored
// (reference/cloudfront.md 1.1).
type xmlDecoder struct {
	tokens   *xml.Decoder
	depth    int
	elements int
}

// malformed is XML that cannot be parsed into the shape: the code
// MalformedInput (reference/cloudfront.md 1.6). Its text never repeats the body.
type malformed struct{ text string }

func (e *malformed) Error() string { return e.text }

var errXMLSyntax = &malformed{"The request body is not well-formed XML."}

// decodeXML reads a document whose root element must be called root.
func decodeXML(body []byte, root string, shape *api.Shape, v reflect.Value) error {
	d := &xmlDecoder{tokens: xml.NewDecoder(bytes.NewReader(body))}
	start, err := d.root()
	if err != nil {
		return err
	}
	if start != root {
		return &malformed{"The root element is not " + root + "."}
	}
	t := api.Type{Kind: api.KindStructure, Shape: shape}
	if err := d.value(v, &t); err != nil {
		return err
	}
	for { // nothing but comments and blanks may follow
		token, err := d.tokens.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return errXMLSyntax
		}
		switch t := token.(type) {
		case xml.StartElement, xml.Directive:
			return errXMLSyntax
		case xml.CharData:
			if !blank(t) {
				return errXMLSyntax
			}
		}
	}
}

// root reads up to the first element. There is no DTD, so there are no
// entities beyond the five of XML itself.
func (d *xmlDecoder) root() (string, error) {
	for {
		token, err := d.next()
		if err != nil {
			return "", err
		}
		switch t := token.(type) {
		case xml.StartElement:
			return t.Name.Local, nil
		case xml.CharData:
			if !blank(t) {
				return "", errXMLSyntax
			}
		}
	}
}

func blank(text []byte) bool { return len(bytes.TrimSpace(text)) == 0 }

// next gives the next token within the limits.
func (d *xmlDecoder) next() (xml.Token, error) {
	token, err := d.tokens.Token()
	if err != nil {
		var syntax *xml.SyntaxError
		if errors.As(err, &syntax) || errors.Is(err, io.EOF) {
			return nil, errXMLSyntax
		}
		return nil, &malformed{"The request body is not XML in UTF-8."}
	}
	switch token.(type) {
	case xml.StartElement:
		d.depth++
		d.elements++
		if d.depth > maxDepth {
			return nil, &malformed{"The request body is nested too deeply."}
		}
		if d.elements > maxValues {
			return nil, &malformed{"The request body has too many elements."}
		}
	case xml.EndElement:
		d.depth--
	case xml.Directive:
		return nil, &malformed{"A document type declaration is not allowed."}
	}
	return token, nil
}

// value reads the content of the element just opened, up to its end.
func (d *xmlDecoder) value(v reflect.Value, t *api.Type) error {
	switch t.Kind {
	case api.KindStructure:
		return d.structure(settle(v), t.Shape)
	case api.KindList:
		return d.list(v, t)
	}
	text, err := d.text()
	if err != nil {
		return err
	}
	if err := setText(v, t, text); err != nil {
		return &malformed{"An element has text that is no " + kindWord(t.Kind) + "."}
	}
	return nil
}

func kindWord(k api.Kind) string {
	switch k {
	case api.KindBoolean:
		return "boolean"
	case api.KindTimestamp:
		return "timestamp"
	case api.KindBlob:
		return "Base64"
	}
	return "number"
}

func (d *xmlDecoder) structure(v reflect.Value, shape *api.Shape) error {
	return d.children("Unexpected text inside a structure", func(name string) error {
		if i := bodyMember(shape, name); i >= 0 {
			return d.value(v.Field(i), &shape.Members[i].Type)
		}
		return d.skip()
	})
}

// list reads the items of a wrapped list. CloudFront's text for a list that
// holds something else is a recorded one (reference/cloudfront.md 1.6).
func (d *xmlDecoder) list(v reflect.Value, t *api.Type) error {
	const unexpected = "Unexpected list element termination"
	out := reflect.MakeSlice(v.Type(), 0, 0)
	err := d.children(unexpected, func(name string) error {
		if name != itemName(t) {
			return &malformed{unexpected}
		}
		item := reflect.New(v.Type().Elem()).Elem()
		if err := d.value(item, t.Item); err != nil {
			return err
		}
		out = reflect.Append(out, item)
		return nil
	})
	v.Set(out)
	return err
}

func itemName(t *api.Type) string {
	if t.ItemName == "" {
		return "member"
	}
	return t.ItemName
}

// children calls each for every child element of the element just opened.
func (d *xmlDecoder) children(onText string, each func(name string) error) error {
	for {
		token, err := d.next()
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.EndElement:
			return nil
		case xml.StartElement:
			if err := each(t.Name.Local); err != nil {
				return err
			}
		case xml.CharData:
			if !blank(t) {
				return &malformed{onText}
			}
		}
	}
}

// text reads the content of a scalar element.
func (d *xmlDecoder) text() (string, error) {
	var b strings.Builder
	for {
		token, err := d.next()
		if err != nil {
			return "", err
		}
		switch t := token.(type) {
		case xml.EndElement:
			return b.String(), nil
		case xml.StartElement:
			return "", &malformed{"Unexpected element inside a simple value"}
		case xml.CharData:
			b.Write(t)
		}
	}
}

// skip passes over the element just opened.
func (d *xmlDecoder) skip() error {
	outside := d.depth - 1
	for d.depth > outside {
		if _, err := d.next(); err != nil {
			return err
		}
	}
	return nil
}
