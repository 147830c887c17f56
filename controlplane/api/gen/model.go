package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"sort"
)

// model is one models/<service>.json as extract.mjs writes it.
type model struct {
	Source struct {
		Package string `json:"package"`
		Version string `json:"version"`
		License string `json:"license"`
	} `json:"source"`
	Service struct {
		SigningName  string `json:"signingName"`
		ServiceID    string `json:"serviceId"`
		APIVersion   string `json:"apiVersion"`
		Protocol     string `json:"protocol"`
		XMLNamespace string `json:"xmlNamespace"`
	} `json:"service"`
	Operations map[string]modelOperation    `json:"operations"`
	Shapes     map[string]modelShape        `json:"shapes"`
	Enums      map[string]map[string]string `json:"enums"`
}

type modelOperation struct {
	Method string   `json:"method"`
	URI    string   `json:"uri"`
	Status int      `json:"status"`
	Input  string   `json:"input"`
	Output string   `json:"output"`
	Errors []string `json:"errors"`
}

type modelShape struct {
	Members []modelMember `json:"members"`
	Union   bool          `json:"union"`
	Error   *modelError   `json:"error"`
}

type modelError struct {
	Status int    `json:"status"`
	Code   string `json:"code"` // of the query protocol, where it differs from the shape's name
}

type modelMember struct {
	Name             string   `json:"name"`
	Type             typeExpr `json:"type"`
	Enum             string   `json:"enum"`
	Required         bool     `json:"required"`
	In               string   `json:"in"`
	Wire             string   `json:"wire"`
	IdempotencyToken bool     `json:"idempotencyToken"`
	Sensitive        bool     `json:"sensitive"`
}

// typeExpr is "string" and the like, {"list": …}, {"map": …} or {"shape": "Name"}.
type typeExpr struct {
	Scalar   string
	List     *typeExpr
	Map      *typeExpr
	Shape    string
	ItemName string
	Sparse   bool
}

// UnmarshalJSON reads both forms.
func (t *typeExpr) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &t.Scalar)
	}
	var object struct {
		List     *typeExpr `json:"list"`
		Map      *typeExpr `json:"map"`
		Shape    string    `json:"shape"`
		ItemName string    `json:"itemName"`
		Sparse   bool      `json:"sparse"`
	}
	if err := strictUnmarshal(data, &object); err != nil {
		return fmt.Errorf("type expression %s: %w", data, err)
	}
	t.List, t.Map, t.Shape = object.List, object.Map, object.Shape
	t.ItemName, t.Sparse = object.ItemName, object.Sparse
	return nil
}

func strictUnmarshal(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields() // a trait the generator does not know must not get lost
	return d.Decode(into)
}

func readModel(path string) (*model, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	m := new(model)
	if err := strictUnmarshal(data, m); err != nil {
		return nil, fmt.Errorf("read model %s: %w", path, err)
	}
	return m, nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
