package ledger

import (
	"fmt"
	"maps"
	"os"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"

	"drawbridge/controlplane/api"
)

// Options of Check.
type Options struct {
	Table *api.Service
	File  string // the ledger: "testdata/ledger.txt"
	Docs  string // the file that gets the text: "../../docs/compatibility.md"

	Heading string // of the service's part: "CloudFront"
	Name    string // of the service's folder in controlplane: "cloudfront"

	// Missing are the operations that are not answered, each with its reason.
	Missing map[string]string
}

// The classes of fields. Where the data plane does not act on a field, the
// ledger says why.
var classes = []string{"compiled", "answered", "stored", "ignored"}

// line is one line of a ledger: "class  shape: members - note". The shape can
// be a pattern: "List*".
type line struct {
	class, shape string
	members      []string
	note         string
	part         string // the heading above it
}

// Check finds every input field in exactly one line of the ledger, and the
// docs up to date with it; with DRAWBRIDGE_UPDATE set it writes the docs.
func Check(t *testing.T, o Options) {
	t.Helper()
	ledger, err := os.ReadFile(o.File)
	if err != nil {
		t.Fatal(err)
	}
	found := inspect(o, string(ledger))
	for _, problem := range found.problems {
		t.Errorf("%s: %s", o.File, problem)
	}
	t.Logf("%d fields", found.fields)
	checkDocs(t, o, found.text)
}

// Compiled lists the fields that a ledger calls compiled: "Shape.member".
func Compiled(t *testing.T, table *api.Service, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var f findings
	fields := f.inputFields(table)
	var out []string
	for _, l := range f.read(string(text)) {
		if l.class != "compiled" {
			continue
		}
		for _, member := range l.members {
			out = append(out, l.matches(fields, nil, member)...)
		}
	}
	slices.Sort(out)
	return out
}

// findings are what a ledger says and what is wrong with it.
type findings struct {
	problems []string
	fields   int
	text     string // for the docs
}

func (f *findings) problem(format string, args ...any) {
	f.problems = append(f.problems, fmt.Sprintf(format, args...))
}

// inspect holds a ledger to the table.
func inspect(o Options, ledger string) findings {
	var f findings
	lines := f.read(ledger)
	missing := f.inputFields(o.Table)
	f.fields = len(missing)
	entered, counts := map[string]bool{}, map[string]int{}
	for _, l := range lines {
		for _, member := range l.members {
			matches := l.matches(missing, entered, member)
			if len(matches) == 0 {
				f.problem("%s.%s is no input field", l.shape, member)
			}
			counts[l.class] += len(matches)
			for _, field := range matches {
				if entered[field] {
					f.problem("%s stands in two lines", field)
				}
				entered[field] = true
				delete(missing, field)
			}
		}
	}
	for _, field := range slices.Sorted(maps.Keys(missing)) {
		f.problem("%s is missing", field)
	}
	f.text = text(o, lines, counts)
	return f
}

// matches are the fields that a line's member means, entered ones included.
func (l *line) matches(missing, entered map[string]bool, member string) []string {
	var out []string
	for _, known := range []map[string]bool{missing, entered} {
		for field := range known {
			shape, name, _ := strings.Cut(field, ".")
			if fits, err := path.Match(l.shape, shape); err == nil && fits && name == member {
				out = append(out, field)
			}
		}
	}
	return out
}

func (f *findings) read(ledger string) []line {
	var out []line
	part, above := "", ""
	for n, row := range strings.Split(ledger, "\n") {
		if heading, ok := strings.CutPrefix(row, "# "); ok && above == "" {
			part = heading
		}
		above = row
		if row == "" || row[0] == '#' {
			continue
		}
		head, rest, ok := strings.Cut(row, ": ")
		words := strings.Fields(head)
		if !ok || len(words) != 2 || !slices.Contains(classes, words[0]) {
			f.problem("line %d is none of a ledger: %s", n+1, row)
			continue
		}
		members, note, _ := strings.Cut(rest, " - ")
		l := line{class: words[0], shape: words[1], members: strings.Fields(members), note: note, part: part}
		if note == "" && (l.class == "stored" || l.class == "ignored") {
			f.problem("line %d: %s needs a reason", n+1, l.class)
		}
		out = append(out, l)
	}
	return out
}

// inputFields are all members of all inputs but those of the URI's path:
// "CreateStage.variables", "ThrottleSettings.rateLimit". The members of the
// generated Go types are held to those of the table on the way.
func (f *findings) inputFields(table *api.Service) map[string]bool {
	out := map[string]bool{}
	seen := map[string]bool{}
	var walk func(name string, shape *api.Shape)
	walk = func(name string, shape *api.Shape) {
		if seen[name] {
			return
		}
		seen[name] = true
		goType := reflect.TypeOf(shape.New()).Elem()
		if goType.NumField() != len(shape.Members) {
			f.problem("%s: the Go type has %d fields, the table %d members", name, goType.NumField(), len(shape.Members))
		}
		for i := range shape.Members {
			m := &shape.Members[i]
			if m.In != api.InLabel {
				out[name+"."+m.Name] = true
			}
			of := &m.Type
			for of.Item != nil {
				of = of.Item
			}
			if of.Shape != nil {
				walk(of.Shape.Name, of.Shape)
			}
		}
	}
	for i := range table.Operations {
		if op := &table.Operations[i]; op.Input != nil {
			walk(op.Name, op.Input)
		}
	}
	return out
}

// text is the ledger as it stands in the docs.
func text(o Options, lines []line, counts map[string]int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "All %d operations of API version %s are answered", len(o.Table.Operations), o.Table.Version)
	if len(o.Missing) == 0 {
		b.WriteString(".\n\n")
	} else {
		b.WriteString(", but these:\n\n| Operation | Why not |\n|---|---|\n")
		for _, name := range slices.Sorted(maps.Keys(o.Missing)) {
			fmt.Fprintf(&b, "| %s | %s |\n", name, o.Missing[name])
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "Of the input fields, %d are compiled (the data plane acts on them), %d answered (the control plane acts on them), "+
		"%d stored and echoed, %d ignored. Fields that PATCH sets are in the line of the operation that first sets them.\n",
		counts["compiled"], counts["answered"], counts["stored"], counts["ignored"])
	part := ""
	for _, l := range lines {
		if l.part != part {
			part = l.part
			fmt.Fprintf(&b, "\n### %s\n\n| Fields | What becomes of them | Note |\n|---|---|---|\n", part)
		}
		fmt.Fprintf(&b, "| %s: %s | %s | %s |\n", strings.ReplaceAll(l.shape, "*", `\*`), strings.Join(l.members, ", "), l.class, l.note)
	}
	return b.String()
}

const docsHead = `# What works

Generated from the field ledgers of the services; the tests fail when a field is
missing here. *Compiled*: the data plane acts on it. *Answered*: the control
plane acts on it. *Stored*: kept and given back, nothing more. *Ignored*:
accepted and dropped.
`

// checkDocs compares the service's part of the docs, or writes it. Other parts
// stay as they are.
func checkDocs(t *testing.T, o Options, text string) {
	t.Helper()
	begin := "<!-- generated: " + o.Name + ", by controlplane/" + o.Name + "/ledger_test.go -->\n"
	end := "<!-- end: " + o.Name + " -->\n"
	want := begin + "## " + o.Heading + "\n\n" + text + end
	have, err := os.ReadFile(o.Docs)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if strings.Contains(string(have), want) {
		return
	}
	if os.Getenv("DRAWBRIDGE_UPDATE") == "" {
		t.Fatalf("%s is out of date: DRAWBRIDGE_UPDATE=1 go test ./controlplane/%s -run TestFieldLedger", o.Docs, o.Name)
	}
	all := string(have)
	if all == "" {
		all = docsHead
	}
	before, rest, found := strings.Cut(all, begin)
	if found {
		_, rest, _ = strings.Cut(rest, end)
		all = before + want + rest
	} else {
		all += "\n" + want
	}
	if err := os.WriteFile(o.Docs, []byte(all), 0o644); err != nil {
		t.Fatal(err)
	}
}
