package scenario

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"os"
	"slices"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdGeoDatabase writes a file in MaxMind's format: geo-database FILE SOURCE,
// where SOURCE is a JSON object of records by IPv4 prefix.
func cmdGeoDatabase(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: geo-database FILE SOURCE")
	}
	var records map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &records))
	database, err := geoDatabase(records)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), database, 0o600))
}

// geoTree is the search tree of such a file: for each node the records of a 0
// and a 1, each a node, nothing, or data.
type geoTree struct{ nodes [][2]geoBranch }

type geoBranch struct {
	node int // 0: none (the root is nobody's branch)
	data int // offset in the data section; -1: none
}

func (t *geoTree) newNode() int {
	t.nodes = append(t.nodes, [2]geoBranch{{data: -1}, {data: -1}})
	return len(t.nodes) - 1
}

func (t *geoTree) put(prefix netip.Prefix, data int) {
	address, at := prefix.Addr().As4(), 0
	for i := range prefix.Bits() {
		bit := address[i/8] >> (7 - i%8) & 1
		if i == prefix.Bits()-1 {
			t.nodes[at][bit] = geoBranch{data: data}
			return
		}
		if t.nodes[at][bit].node == 0 {
			next := t.newNode()
			t.nodes[at][bit] = geoBranch{node: next, data: -1}
		}
		at = t.nodes[at][bit].node
	}
}

// geoDatabase writes records by the format's specification, version 2.0.
func geoDatabase(records map[string]any) ([]byte, error) {
	tree, data := &geoTree{}, []byte(nil)
	tree.newNode()
	for _, text := range slices.Sorted(maps.Keys(records)) {
		prefix, err := netip.ParsePrefix(text)
		if err != nil || !prefix.Addr().Is4() || prefix.Bits() == 0 {
			return nil, fmt.Errorf("%s is no IPv4 prefix", text)
		}
		tree.put(prefix, len(data))
		data = appendGeo(data, records[text])
	}
	var out []byte
	for _, node := range tree.nodes {
		for _, branch := range node {
			value := len(tree.nodes) // nothing there
			switch {
			case branch.node > 0:
				value = branch.node
			case branch.data >= 0:
				value = len(tree.nodes) + 16 + branch.data
			}
			out = append(out, byte(value>>16), byte(value>>8), byte(value))
		}
	}
	out = append(append(out, make([]byte, 16)...), data...)
	out = append(out, "\xab\xcd\xefMaxMind.com"...)
	return appendGeo(out, map[string]any{
		"node_count": float64(len(tree.nodes)), "record_size": 24.0, "ip_version": 4.0, "database_type": "Test-City",
		"binary_format_major_version": 2.0, "binary_format_minor_version": 0.0, "build_epoch": 1.0,
		"languages": []any{"en"}, "description": map[string]any{"en": "a story's"},
	}), nil
}

// appendGeo appends a value of the data section: a map, a list, a string, a
// whole number as uint32 or another as double.
func appendGeo(out []byte, value any) []byte {
	head := func(kind, size int) {
		first := size
		if size >= 29 {
			first = 29
		}
		if kind > 7 {
			out = append(out, byte(first), byte(kind-7))
		} else {
			out = append(out, byte(kind<<5|first))
		}
		if size >= 29 {
			out = append(out, byte(size-29)) // up to 284: enough for a story
		}
	}
	switch v := value.(type) {
	case map[string]any:
		head(7, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			out = appendGeo(appendGeo(out, name), v[name])
		}
	case []any:
		head(11, len(v))
		for _, item := range v {
			out = appendGeo(out, item)
		}
	case string:
		head(2, len(v))
		out = append(out, v...)
	case float64:
		if v == math.Trunc(v) && v >= 0 && v <= math.MaxUint32 {
			head(6, 4)
			return binary.BigEndian.AppendUint32(out, uint32(v))
		}
		head(3, 8)
		out = binary.BigEndian.AppendUint64(out, math.Float64bits(v))
	}
	return out
}
