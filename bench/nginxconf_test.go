package main

import (
	"strings"
	"testing"
)

func fields(pairs ...string) answer {
	var a answer
	for i := 0; i < len(pairs); i += 2 {
		a.fields = append(a.fields, field{pairs[i], pairs[i+1]})
	}
	return a
}

// expand is what nginx makes of an added value.
func expand(value string) string {
	return strings.ReplaceAll(value, requestID, strings.Repeat("0", requestIDSize))
}

func TestPaddingMatchesFieldsAndBytes(t *testing.T) {
	bare := fields("server", "nginx/1.22.1", "date", "D", "content-length", "1024")
	for name, like := range map[string]answer{
		"more fields":   fields("server", "s", "date", "D", "content-length", "1024", "via", strings.Repeat("v", 60), "x-amz-cf-id", strings.Repeat("i", 56), "age", "1"),
		"short id":      fields("server", "s", "date", "D", "content-length", "1024", "via", strings.Repeat("v", 50), "x-id", strings.Repeat("i", 20)),
		"repeated":      fields("server", "s", "server", strings.Repeat("t", 90), "date", "D", "content-length", "1024", "via", "1.1 x"),
		"no date field": fields("server", "s", "content-length", "1024", "via", strings.Repeat("v", 60), "x-id", strings.Repeat("i", 56), "age", "1"),
	} {
		added, err := padding(bare, like)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		whole := answer{fields: append(append([]field(nil), bare.fields...), added...)}
		fresh := 0
		for i, f := range whole.fields {
			if strings.Contains(f.Value, requestID) {
				fresh++
			}
			whole.fields[i].Value = expand(f.Value)
		}
		if fresh != 1 || len(whole.fields) != len(like.fields) || whole.size() != like.size() {
			t.Errorf("%s: %d fields of %d bytes with %d ids, want %d of %d with 1: %v",
				name, len(whole.fields), whole.size(), fresh, len(like.fields), like.size(), whole.fields)
		}
	}
	if _, err := padding(bare, bare); err == nil {
		t.Error("no error although there is no field to add")
	}
	if _, err := padding(bare, fields("a", "", "b", "", "c", "", "d", "", "e", "")); err == nil {
		t.Error("no error although nginx's answer is larger")
	}
}

func TestNginxQuote(t *testing.T) {
	for in, want := range map[string]string{
		`1.1 x.example (Y)`:    `"1.1 x.example (Y)"`,
		`a"b\c$d`:              `"axbxcxd"`,
		requestID + "xx":       `"${request_id}xx"`,
		"a\r\nadd_header X y;": `"axxadd_header X y;"`,
	} {
		if got := nginxQuote(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

func TestFreshIDs(t *testing.T) {
	a := fields("x-id", "0123456789abcdef", "age", "1", "date", "Sun, 22 Nov 2026 17:00:00 GMT", "via", "the same as ever")
	b := fields("x-id", "fedcba9876543210", "age", "2", "date", "Sun, 22 Nov 2026 17:00:01 GMT", "via", "the same as ever")
	if ids := freshIDs(a, b); len(ids) != 1 || ids[0] != "x-id" {
		t.Errorf("%v", ids)
	}
	if ids := freshIDs(a, a); len(ids) != 0 {
		t.Errorf("the same answer twice has fresh ids %v", ids)
	}
}
