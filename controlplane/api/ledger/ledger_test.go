package ledger

import (
	"strings"
	"testing"

	"drawbridge/controlplane/api/stsapi"
)

// complete is a ledger of STS, made of its own complaints about an empty one.
func complete(o Options) string {
	var b strings.Builder
	b.WriteString("# Part\n")
	for _, problem := range inspect(o, "").problems {
		field, _ := strings.CutSuffix(problem, " is missing")
		shape, member, _ := strings.Cut(field, ".")
		b.WriteString("answered  " + shape + ": " + member + "\n")
	}
	return b.String()
}

func TestInspect(t *testing.T) {
	o := Options{Table: stsapi.Table, Missing: map[string]string{"X": "because"}}
	whole := complete(o)
	first := strings.SplitN(whole, "\n", 3)[1]
	_, rest, _ := strings.Cut(first, "  ")
	shape, _, _ := strings.Cut(rest, ":")
	for _, test := range []struct{ name, ledger, want string }{
		{"complete", whole, ""},
		{"missing", strings.Replace(whole, first+"\n", "", 1), " is missing"},
		{"twice", whole + first + "\n", " stands in two lines"},
		{"unknown member", whole + "answered  " + shape + ": nosuch\n", ".nosuch is no input field"},
		{"unknown shape", whole + "answered  NoSuch: x\n", "NoSuch.x is no input field"},
		{"pattern twice", whole + "answered  *: " + strings.Fields(rest)[1] + "\n", " stands in two lines"},
		{"no reason", strings.Replace(whole, "answered", "stored", 1), "stored needs a reason"},
		{"no class", whole + "perhaps  A: b\n", "none of a ledger"},
		{"no colon", whole + "answered A b\n", "none of a ledger"},
	} {
		problems := strings.Join(inspect(o, test.ledger).problems, "\n")
		if test.want == "" && problems != "" || !strings.Contains(problems, test.want) {
			t.Errorf("%s: %q, want %q", test.name, problems, test.want)
		}
	}
	text := inspect(o, whole).text
	for _, want := range []string{"### Part", "| X | because |", " answered (the control plane acts on them)", "0 are compiled"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %s", want, text)
		}
	}
}
