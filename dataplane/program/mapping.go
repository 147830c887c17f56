package program

import (
	"maps"
	"slices"
	"strings"

	"drawbridge/engine/jsonpath"
)

// Place is a part of a message that a parameter mapping reads or writes.
type Place uint8

// Values of Place.
const (
	PlaceNone Place = iota
	PlaceHeader
	PlaceQuery
	PlacePath
	PlaceBody
	PlaceStageVariable
	PlaceContext
	PlaceStatic
)

// Mapping is one parameter mapping, parsed (reference/api-gateway.md 5.1):
// "integration.request.header.X" or "method.response.header.X" gets the value
// of a source.
type Mapping struct {
	Place  Place // header, query or path; PlaceNone when the target makes no sense
	Name   string
	Source Source
}

// Source is where a mapping's value comes from.
type Source struct {
	Place Place // PlaceNone when the expression makes no sense
	Name  string
	// Multi asks for all values of a header or query parameter, joined.
	Multi bool
	// Text is the value of a static source.
	Text string
	// Path selects a part of a JSON body; nil is the whole body.
	Path *jsonpath.Path
}

// Mappings parses stored parameter mappings whose targets begin with target
// ("integration.request." or "method.response.") and whose sources may begin
// with source ("method.request." or "integration.response."), in the order of
// their targets. What cannot be parsed stays in the list as PlaceNone: the call
// that needs it fails, as on AWS.
func Mappings(stored map[string]string, target, source string) []Mapping {
	if len(stored) == 0 {
		return nil
	}
	list := make([]Mapping, 0, len(stored))
	for _, key := range slices.Sorted(maps.Keys(stored)) {
		m := Mapping{Source: parseSource(stored[key], source)}
		if rest, ok := strings.CutPrefix(key, target); ok {
			m.Place, m.Name, _ = parsePlace(rest)
		}
		list = append(list, m)
	}
	return list
}

// parsePlace parses "header.X", "querystring.X", "path.X" or one of their
// multi-valued forms.
func parsePlace(text string) (place Place, name string, multi bool) {
	kind, name, ok := strings.Cut(text, ".")
	if !ok || name == "" {
		return PlaceNone, "", false
	}
	switch kind {
	case "header":
		return PlaceHeader, name, false
	case "multivalueheader":
		return PlaceHeader, name, true
	case "querystring":
		return PlaceQuery, name, false
	case "multivaluequerystring":
		return PlaceQuery, name, true
	case "path":
		return PlacePath, name, false
	}
	return PlaceNone, "", false
}

// parseSource parses a mapping expression.
func parseSource(text, prefix string) Source {
	if len(text) >= 2 && text[0] == '\'' && text[len(text)-1] == '\'' {
		return Source{Place: PlaceStatic, Text: text[1 : len(text)-1]}
	}
	if name, ok := strings.CutPrefix(text, "stageVariables."); ok {
		return Source{Place: PlaceStageVariable, Name: name}
	}
	if name, ok := strings.CutPrefix(text, "context."); ok {
		return Source{Place: PlaceContext, Name: name}
	}
	rest, ok := strings.CutPrefix(text, prefix)
	if !ok {
		return Source{}
	}
	if rest == "body" {
		return Source{Place: PlaceBody}
	}
	if path, ok := strings.CutPrefix(rest, "body."); ok {
		if !strings.HasPrefix(path, "$") {
			path = "$." + path
		}
		compiled, err := jsonpath.Compile(path)
		if err != nil {
			return Source{}
		}
		return Source{Place: PlaceBody, Path: compiled}
	}
	place, name, multi := parsePlace(rest)
	return Source{Place: place, Name: name, Multi: multi}
}

// URITemplate is an integration's URI, cut at its placeholders. The zero value
// is the empty URI.
type URITemplate []URIPart

// URIPart is literal text, a {name} that a path mapping fills, or a
// ${stageVariables.name}.
type URIPart struct {
	Place Place // PlaceStatic, PlacePath or PlaceStageVariable
	Text  string
}

// ParseURI cuts a URI at its placeholders. Braces that name nothing are text.
func ParseURI(text string) URITemplate {
	var parts URITemplate
	literal := func(s string) {
		if s != "" {
			parts = append(parts, URIPart{PlaceStatic, s})
		}
	}
	for {
		open := strings.IndexByte(text, '{')
		end := -1
		if open >= 0 {
			end = strings.IndexByte(text[open:], '}')
		}
		if end < 0 {
			literal(text)
			return parts
		}
		name := text[open+1 : open+end]
		if variable, ok := strings.CutPrefix(name, "stageVariables."); ok && open > 0 && text[open-1] == '$' {
			literal(text[:open-1])
			parts = append(parts, URIPart{PlaceStageVariable, variable})
		} else {
			literal(text[:open])
			parts = append(parts, URIPart{PlacePath, name})
		}
		text = text[open+end+1:]
	}
}
