package compile

import (
	"slices"
	"testing"

	"drawbridge/dataplane/program"
)

func TestUnsigned(t *testing.T) {
	const noKeys = "origin access control (start with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)"
	const noV4A = "origin access control by SigV4A (requests are not signed)"
	for _, row := range []struct {
		sign []*program.OriginSigning
		able bool
		want []string
	}{
		{[]*program.OriginSigning{nil}, false, nil},
		{[]*program.OriginSigning{{Service: "s3"}}, false, []string{noKeys}},
		{[]*program.OriginSigning{{Service: "s3"}}, true, nil},
		{[]*program.OriginSigning{{Service: "s3"}, {Service: "s3", V4A: true}}, true, []string{noV4A}},
		{[]*program.OriginSigning{{Service: "s3"}, {Service: "s3", V4A: true}}, false, []string{noKeys, noV4A}},
	} {
		d := &program.Distribution{Origins: map[string]*program.Origin{}}
		for i, s := range row.sign {
			d.Origins[string(rune('a'+i))] = &program.Origin{Sign: s}
		}
		if got := unsigned(d, row.able); !slices.Equal(got, row.want) {
			t.Errorf("%v, %v: %q", row.sign, row.able, got)
		}
	}
}
