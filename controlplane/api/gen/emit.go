package main

import (
	"bytes"
	"fmt"
	"strings"
)

const apiPackage = "drawbridge/controlplane/api"

func (g *generator) emitShapes(b *bytes.Buffer) error {
	g.preamble(b, apiPackage)
	b.WriteString("var (\n")
	for _, name := range sortedKeys(g.Shapes) {
		shape := g.Shapes[name]
		if shape.Error != nil {
			continue
		}
		fmt.Fprintf(b, "%s = api.Shape{Name: %q, ", shapeVar(name), name)
		if shape.Union {
			b.WriteString("Union: true, ")
		}
		fmt.Fprintf(b, "New: func() any { return new(%s) }", goName(name))
		if len(shape.Members) > 0 {
			b.WriteString(", Members: []api.Member{\n")
			for _, m := range shape.Members {
				text, err := g.member(name, m)
				if err != nil {
					return fmt.Errorf("%s.%s: %w", name, m.Name, err)
				}
				b.WriteString(text)
			}
			b.WriteString("}")
		}
		b.WriteString("}\n")
	}
	b.WriteString(")\n")
	return nil
}

var locations = map[string]string{
	"": "", "label": "InLabel", "query": "InQuery", "queryMap": "InQueryMap", "header": "InHeader",
	"payload": "InPayload", "statusCode": "InStatusCode",
}

func (g *generator) member(shape string, m modelMember) (string, error) {
	wire := m.Wire
	if wire == "" {
		wire = m.Name
		if m.In == "payload" && m.Type.Shape != "" {
			wire = m.Type.Shape // the root element, reference/cloudfront.md 1.1
		}
	}
	location, ok := locations[m.In]
	if !ok {
		return "", fmt.Errorf("location %q is not supported", m.In)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "{Name: %q, Wire: %q, ", m.Name, wire)
	if location != "" {
		fmt.Fprintf(&b, "In: api.%s, ", location)
	}
	text, err := typeText(m.Type, g.sparseSet[shape+"."+m.Name])
	if err != nil {
		return "", err
	}
	fmt.Fprintf(&b, "Type: api.Type%s, ", text)
	if m.Required {
		b.WriteString("Required: true, ")
	}
	if m.Enum != "" {
		fmt.Fprintf(&b, "Enum: %sValues, ", goName(m.Enum))
	}
	if p := g.patterns[shape+"."+m.Name]; p != "" {
		fmt.Fprintf(&b, "Pattern: `%s`, ", p)
	}
	if m.IdempotencyToken {
		b.WriteString("IdempotencyToken: true, ")
	}
	if m.Sensitive {
		b.WriteString("Sensitive: true, ")
	}
	b.WriteString("},\n")
	return b.String(), nil
}

// typeText is the composite literal of an api.Type without the type's name.
func typeText(t typeExpr, sparse bool) (string, error) {
	item, kind := t.List, "KindList"
	if item == nil {
		item, kind = t.Map, "KindMap"
	}
	if item != nil {
		inner, err := typeText(*item, false)
		if err != nil {
			return "", err
		}
		text := fmt.Sprintf("{Kind: api.%s, Item: &api.Type%s", kind, inner)
		if t.ItemName != "" {
			text += fmt.Sprintf(", ItemName: %q", t.ItemName)
		}
		if sparse || t.Sparse {
			text += ", Sparse: true"
		}
		return text + "}", nil
	}
	if t.Shape != "" {
		return fmt.Sprintf("{Kind: api.KindStructure, Shape: &%s}", shapeVar(t.Shape)), nil
	}
	name, format, _ := strings.Cut(t.Scalar, ":")
	scalar, ok := scalars[name]
	formats := map[string]string{"": "", "date-time": "FormatDateTime", "http-date": "FormatHTTPDate", "epoch-seconds": "FormatEpoch"}
	formatName, formatOK := formats[format]
	if !ok || !formatOK {
		return "", fmt.Errorf("type %q is not supported", t.Scalar)
	}
	if formatName != "" {
		return fmt.Sprintf("{Kind: api.%s, Format: api.%s}", scalar.kind, formatName), nil
	}
	return fmt.Sprintf("{Kind: api.%s}", scalar.kind), nil
}

func (g *generator) emitOperations(b *bytes.Buffer) error {
	g.preamble(b, apiPackage)
	if err := g.claim("Table", "the service table"); err != nil {
		return err
	}
	s := g.Service
	b.WriteString("// Table describes the service to the codecs.\n")
	fmt.Fprintf(b, "var Table = &api.Service{\nName: %q, ID: %q, Version: %q, Protocol: api.Protocol(%q), XMLNamespace: %q,\n",
		s.SigningName, s.ServiceID, s.APIVersion, s.Protocol, s.XMLNamespace)
	b.WriteString("Implements: func(svc any) bool { _, ok := svc.(Service); return ok },\nOperations: []api.Operation{\n")
	for _, name := range sortedKeys(g.Operations) {
		op := g.Operations[name]
		fmt.Fprintf(b, "{Name: %q, Method: %q, URI: %q, Status: %d,\n", name, op.Method, op.URI, op.Status)
		if op.Input != "" {
			fmt.Fprintf(b, "Input: &%s, ", shapeVar(op.Input))
		}
		if op.Output != "" {
			fmt.Fprintf(b, "Output: &%s, ", shapeVar(op.Output))
		}
		fmt.Fprintf(b, "\nErrors: []string{")
		for _, e := range op.Errors {
			fmt.Fprintf(b, "%q, ", g.errorCode(e))
		}
		b.WriteString("},\nInvoke: func(svc any, call *api.Call, in any) (any, error) {\n")
		argument := ""
		if op.Input != "" {
			argument = fmt.Sprintf(", in.(*%s)", goName(op.Input))
		}
		if op.Output != "" {
			fmt.Fprintf(b, "return svc.(Service).%s(call%s)\n}},\n", name, argument)
		} else {
			fmt.Fprintf(b, "return nil, svc.(Service).%s(call%s)\n}},\n", name, argument)
		}
	}
	b.WriteString("},\nErrors: []api.ErrorCode{\n")
	codes := g.errorStatuses()
	for _, code := range sortedKeys(codes) {
		fmt.Fprintf(b, "{Code: %q, Status: %d},\n", code, codes[code])
	}
	b.WriteString("},\n}\n")
	return nil
}

// errorCode is the code on the wire of an error shape.
func (g *generator) errorCode(shape string) string {
	if e := g.Shapes[shape].Error; e != nil && e.Code != "" {
		return e.Code
	}
	return shape
}

func (g *generator) emitService(b *bytes.Buffer) error {
	g.preamble(b, apiPackage)
	for _, name := range []string{"Service", "Unimplemented"} {
		if err := g.claim(name, "the service interface"); err != nil {
			return err
		}
	}
	signature := func(name string) string {
		op := g.Operations[name]
		in, out := "", "error"
		if op.Input != "" {
			in = ", in *" + goName(op.Input)
		}
		if op.Output != "" {
			out = "(*" + goName(op.Output) + ", error)"
		}
		return fmt.Sprintf("%s(call *api.Call%s) %s", name, in, out)
	}
	fmt.Fprintf(b, "// Service is %s. An operation without output answers only an error; errors that\n// are not an *api.Error are answered as internal failures.\ntype Service interface {\n", g.dotName)
	for _, name := range sortedKeys(g.Operations) {
		fmt.Fprintf(b, "%s\n", signature(name))
	}
	b.WriteString("}\n\n// Unimplemented answers every operation with a typed error that names it. Embed it\n// and define the operations that exist.\ntype Unimplemented struct{}\n\nvar _ Service = Unimplemented{}\n\n")
	fmt.Fprintf(b, "func notImplemented(operation string) error {\nreturn &api.Error{Code: %q, Status: 501, Message: operation + \" is not implemented by Drawbridge yet\"}\n}\n\n", g.config.notImplemented)
	for _, name := range sortedKeys(g.Operations) {
		nothing := ""
		if g.Operations[name].Output != "" {
			nothing = "nil, "
		}
		fmt.Fprintf(b, "// %s answers that the operation does not exist yet.\nfunc (Unimplemented) %s {\nreturn %snotImplemented(%q)\n}\n\n",
			name, strings.Replace(signature(name), "in *", "_ *", 1), nothing, name)
	}
	return nil
}

func (g *generator) emitEnums(b *bytes.Buffer) error {
	g.preamble(b)
	for _, enum := range sortedKeys(g.Enums) {
		values := g.Enums[enum]
		fmt.Fprintf(b, "// Values of %s.\nconst (\n", enum)
		for _, key := range sortedKeys(values) {
			name := enumName(enum, key)
			if err := g.claim(name, "a value of "+enum); err != nil {
				return err
			}
			fmt.Fprintf(b, "%s = %q\n", name, values[key])
		}
		order := g.enumOrder[enum]
		if order == nil {
			order = enumValues(values)
		}
		if err := g.claim(goName(enum)+"Values", "the values of "+enum); err != nil {
			return err
		}
		fmt.Fprintf(b, ")\n\n// %sValues lists the values as validation errors show them.\nvar %sValues = []string{\n", goName(enum), goName(enum))
		for _, v := range order {
			fmt.Fprintf(b, "%q,\n", v)
		}
		b.WriteString("}\n\n")
	}
	return nil
}

// errorStatuses maps every code, of the model and of the configuration, to its status.
func (g *generator) errorStatuses() map[string]int {
	codes := map[string]int{}
	for code, status := range g.moreErrors {
		codes[code] = status
	}
	for name, shape := range g.Shapes {
		if shape.Error != nil {
			codes[g.errorCode(name)] = shape.Error.Status
		}
	}
	return codes
}

func (g *generator) emitErrors(b *bytes.Buffer) error {
	g.preamble(b, apiPackage)
	codes := g.errorStatuses()
	for _, code := range sortedKeys(codes) {
		if err := g.claim(goName(code), "an error"); err != nil {
			return err
		}
		fmt.Fprintf(b, "// %s answers HTTP status %d.\nfunc %s(message string) *api.Error {\nreturn &api.Error{Code: %q, Status: %d, Message: message}\n}\n\n",
			goName(code), codes[code], goName(code), code, codes[code])
	}
	return nil
}
