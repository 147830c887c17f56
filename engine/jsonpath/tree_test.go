package jsonpath

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestObject(t *testing.T) {
	o := &Object{}
	want := []string{}
	for i := range 100 {
		key := fmt.Sprint("k", i)
		o.Put(key, int64(i))
		want = append(want, key)
	}
	if old, had := o.Put("k3", "three"); !had || old != int64(3) {
		t.Fatalf("Put gave %v %v", old, had)
	}
	for i := 0; i < 100; i += 3 {
		key := fmt.Sprint("k", i)
		if _, had := o.Delete(key); !had {
			t.Fatalf("%s not there", key)
		}
		want = slices.DeleteFunc(want, func(k string) bool { return k == key })
	}
	if _, had := o.Delete("k0"); had {
		t.Fatal("deleted twice")
	}
	o.Put("k0", nil)
	want = append(want, "k0")
	var got []string
	for key, v := range o.All() {
		if w, ok := o.Get(key); !ok || w != v {
			t.Fatalf("%s: Get gives %v, All %v", key, w, v)
		}
		got = append(got, key)
	}
	if !slices.Equal(got, want) || o.Len() != len(want) {
		t.Fatalf("got %v\nwant %v", got, want)
	}
	for _, key := range want {
		o.Delete(key)
	}
	if o.Len() != 0 {
		t.Fatal("not empty")
	}
	if o.Put("a", true); text(t, o) != `{"a":true}` {
		t.Fatal(text(t, o))
	}
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{"b":1,"a":[true,false,null],"b":2}`, `{"b":2,"a":[true,false,null]}`},
		{" [ 1 , -0.5 , 1e2 , 10 ] ", `[1,-0.5,100.0,10]`},
		{`[12345678901234567890, 0.1234567890123456789, 1e999, 123.110]`, `[12345678901234567890,0.1234567890123456789,1e999,123.11]`},
		{`"a\u0041\ud83d\ude00\n\/\ud800x"`, `"aA😀\n/` + "\uFFFD" + `x"`},
		{`[1e7, 1e-4, 123456.7, 1.5e300, 0.001]`, `[1.0E7,1.0E-4,123456.7,1.5E300,0.001]`},
		{`{}`, `{}`}, {`[]`, `[]`}, {`"/\u007f\u2028"`, `"/\u007F\u2028"`},
	} {
		v, err := Parse(c.in)
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		if got := text(t, v); got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.in, got, c.want)
		}
	}
	for _, in := range []string{"", "{", "[1,]", "{,}", `{"a":1,}`, "{a:1}", "'a'", "01", "1.", "-", "1e", "tru", `"\x"`, "\"\n\"", `"\u12"`, "1 2", "[1 2]", `"`, "\"\\", "{\"a\"", "nulL", "\ufeff{}"} {
		if v, err := Parse(in); err == nil {
			t.Errorf("Parse(%q) = %v", in, v)
		}
	}
	if _, err := Parse(strings.Repeat("[", 100000)); !errors.Is(err, ErrLimit) {
		t.Errorf("deep: %v", err)
	}
}

// TestParseLenient has what AWS takes for a MOCK's statusCode and what not
// (reference/api-gateway.md 5.4).
func TestParseLenient(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{"statusCode": 200}`, `{"statusCode":200}`},
		{`{statusCode: 200}`, `{"statusCode":200}`},
		{`{ statusCode: 200 }`, `{"statusCode":200}`},
		{"\n{\n  'statusCode' : 200\n}\n", `{"statusCode":200}`},
		{`{"statusCode": 200,}`, `{"statusCode":200}`},
		{`{,,"statusCode": 200,,"a": 1,,}`, `{"statusCode":200,"a":1}`},
		{`{statusCode: 200, junk key: some text}`, `{"statusCode":200,"junk key":"some text"}`},
		{`{"statusCode": "200"}`, `{"statusCode":"200"}`},
		{`{statusCode: 200.0}`, `{"statusCode":200.0}`},
		{`{statusCode: +0200 } tail`, `{"statusCode":200}`},
		{`{a: [1,,x y, 'z',], b: {c: null}, d: true}`, `{"a":[1,"x y","z"],"b":{"c":null},"d":true}`},
		{`statusCode: 200`, `"statusCode: 200"`},
		{`[1]`, `[1]`}, {`200`, `200`},
		{`{'a': 'it\'s'}`, `{"a":"it's"}`},
	} {
		v, err := ParseLenient(c.in)
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		if got := text(t, v); got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.in, got, c.want)
		}
	}
	for _, in := range []string{"", "  ", `{"statusCode": 200`, `"statusCode": 200}x{`[12:], `{'statusCode": 200}`, `{"statusCode': 200}`, `{statusCode 200}`, `{statusCode: }`, `{:200}`, `{statusCode: [200}`, `[1`, `{a:'b`, `{a:{b:1}`, "}"} {
		if v, err := ParseLenient(in); err == nil {
			t.Errorf("ParseLenient(%q) = %s", in, text(t, v))
		}
	}
	if _, err := ParseLenient(strings.Repeat("{a:", 100000)); !errors.Is(err, ErrLimit) {
		t.Errorf("deep: %v", err)
	}
}

func TestWriteLimits(t *testing.T) {
	l := &List{}
	l.Items = []Value{"a", l}
	if _, err := AppendJSON(nil, l, WriteOptions{}); !errors.Is(err, ErrLimit) {
		t.Errorf("loop: %v", err)
	}
	var doubled Value = strings.Repeat("x", 100)
	for range 60 {
		doubled = NewList(doubled, doubled)
	}
	if _, err := AppendJSON(nil, doubled, WriteOptions{MaxBytes: 1 << 20}); !errors.Is(err, ErrLimit) {
		t.Errorf("doubling: %v", err)
	}
	if got, _ := AppendJSON(nil, NewList("a/b"), WriteOptions{ProtectSlash: true}); string(got) != `["a\/b"]` {
		t.Errorf("got %s", got)
	}
}

func TestFormatDouble(t *testing.T) {
	for f, want := range map[float64]string{0: "0.0", 1: "1.0", -1.5: "-1.5", 9999999: "9999999.0", 1e7: "1.0E7", 1.25e-5: "1.25E-5", math.Inf(1): "Infinity", math.Inf(-1): "-Infinity"} {
		if got := FormatDouble(f); got != want {
			t.Errorf("%g: got %s, want %s", f, got, want)
		}
	}
	if FormatDouble(math.NaN()) != "NaN" {
		t.Error("NaN")
	}
}

// FuzzParse compares with encoding/json, and the lenient parser with the
// strict one: what is JSON means the same to all three.
func FuzzParse(f *testing.F) {
	for _, s := range []string{store, `{statusCode: 200,, 'a':[b c],}`, `"\ud83d\ude00"`, `[1e5,-0,0.1]`, "{", "[[[["} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		v, err := Parse(in)
		loose, looseErr := ParseLenient(in)
		var want any
		wantErr := json.Unmarshal([]byte(in), &want)
		if errors.Is(err, ErrLimit) || wantErr != nil && strings.Contains(wantErr.Error(), "cannot unmarshal number") {
			return
		}
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%q: ours %v, encoding/json %v", in, err, wantErr)
		}
		if err != nil {
			return
		}
		out := text(t, v)
		var got any
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatalf("%q written as %q: %v", in, out, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%q written as %q", in, out)
		}
		if looseErr != nil {
			t.Fatalf("lenient refuses %q: %v", in, looseErr)
		}
		if s := text(t, loose); s != out {
			t.Fatalf("%q: lenient %q, strict %q", in, s, out)
		}
	})
}
