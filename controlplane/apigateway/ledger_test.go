package apigateway

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

// ledgerLine is one line of testdata/ledger.txt.
type ledgerLine struct {
	class, shape string
	members      []string
	note         string
	part         string // the heading above it
}

var ledgerClasses = []string{"compiled", "answered", "stored", "ignored"}

func readLedger(t *testing.T) []ledgerLine {
	t.Helper()
	text, err := os.ReadFile("testdata/ledger.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []ledgerLine
	part, above := "", ""
	for n, line := range strings.Split(string(text), "\n") {
		if heading, ok := strings.CutPrefix(line, "# "); ok && above == "" {
			part = heading
		}
		above = line
		if line == "" || line[0] == '#' {
			continue
		}
		head, rest, ok := strings.Cut(line, ": ")
		words := strings.Fields(head)
		if !ok || len(words) != 2 || !slices.Contains(ledgerClasses, words[0]) {
			t.Fatalf("ledger.txt:%d: not a line of the ledger: %s", n+1, line)
		}
		members, note, _ := strings.Cut(rest, " - ")
		l := ledgerLine{class: words[0], shape: words[1], members: strings.Fields(members), note: note, part: part}
		if note == "" && (l.class == "stored" || l.class == "ignored") {
			t.Errorf("ledger.txt:%d: %s needs a reason", n+1, l.class)
		}
		out = append(out, l)
	}
	return out
}

// inputFields are all members of all inputs but those of the URI's path:
// "CreateStage.variables", "ThrottleSettings.rateLimit". The members of the
// generated Go types are held to those of the table on the way.
func inputFields(t *testing.T) map[string]bool {
	t.Helper()
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
			t.Errorf("%s: the Go type has %d fields, the table %d members", name, goType.NumField(), len(shape.Members))
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
	for i := range apigatewayapi.Table.Operations {
		if op := &apigatewayapi.Table.Operations[i]; op.Input != nil {
			walk(op.Name, op.Input)
		}
	}
	return out
}

// TestFieldLedger finds every input field in exactly one line of the ledger,
// and docs/compatibility.md up to date with it.
func TestFieldLedger(t *testing.T) {
	lines := readLedger(t)
	missing := inputFields(t)
	total := len(missing)
	entered := map[string]bool{}
	for _, l := range lines {
		for _, m := range l.members {
			field := l.shape + "." + m
			switch {
			case entered[field]:
				t.Errorf("%s stands in two lines of the ledger", field)
			case !missing[field]:
				t.Errorf("%s is no input field", field)
			}
			entered[field] = true
			delete(missing, field)
		}
	}
	for _, field := range sortedKeys(missing) {
		t.Errorf("%s is not in the ledger", field)
	}
	t.Logf("%d fields", total)
	checkCompatibility(t, ledgerText(lines))
}

// ledgerText is the ledger as it stands in docs/compatibility.md.
func ledgerText(lines []ledgerLine) string {
	var b strings.Builder
	counts := map[string]int{}
	for _, l := range lines {
		counts[l.class] += len(l.members)
	}
	fmt.Fprintf(&b, "All %d operations of API version %s are answered, but these:\n\n", len(apigatewayapi.Table.Operations), apigatewayapi.Table.Version)
	b.WriteString("| Operation | Why not |\n|---|---|\n")
	b.WriteString("| GetSdk | 501 `NotImplementedException`: AWS's SDK generators are no public programs. GetExport gives the definition that any OpenAPI generator takes. |\n\n")
	fmt.Fprintf(&b, "Of the input fields, %d are compiled (the data plane acts on them), %d answered (the control plane acts on them), "+
		"%d stored and echoed, %d ignored. Fields that PATCH sets are in the line of the operation that first sets them.\n",
		counts["compiled"], counts["answered"], counts["stored"], counts["ignored"])
	part := ""
	for _, l := range lines {
		if l.part != part {
			part = l.part
			fmt.Fprintf(&b, "\n### %s\n\n| Fields | What becomes of them | Note |\n|---|---|---|\n", part)
		}
		fmt.Fprintf(&b, "| %s: %s | %s | %s |\n", l.shape, strings.Join(l.members, ", "), l.class, l.note)
	}
	return b.String()
}

const (
	compatibilityFile = "../../docs/compatibility.md"
	ledgerBegin       = "<!-- generated: apigateway, by controlplane/apigateway/ledger_test.go -->\n"
	ledgerEnd         = "<!-- end: apigateway -->\n"
	compatibilityHead = `# What works

Generated from the field ledgers of the services; the tests fail when a field is
missing here. *Compiled*: the data plane acts on it. *Answered*: the control
plane acts on it. *Stored*: kept and given back, nothing more. *Ignored*:
accepted and dropped.
`
)

// checkCompatibility compares this service's part of docs/compatibility.md, or
// writes it when DRAWBRIDGE_UPDATE is set. Other parts stay as they are.
func checkCompatibility(t *testing.T, text string) {
	t.Helper()
	want := ledgerBegin + "## API Gateway (REST APIs, v1)\n\n" + text + ledgerEnd
	have, err := os.ReadFile(compatibilityFile)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if strings.Contains(string(have), want) {
		return
	}
	if os.Getenv("DRAWBRIDGE_UPDATE") == "" {
		t.Fatal("docs/compatibility.md is out of date: DRAWBRIDGE_UPDATE=1 go test ./controlplane/apigateway -run TestFieldLedger")
	}
	all := string(have)
	if all == "" {
		all = compatibilityHead
	}
	before, rest, found := strings.Cut(all, ledgerBegin)
	if found {
		_, rest, _ = strings.Cut(rest, ledgerEnd)
		all = before + want + rest
	} else {
		all += "\n" + want
	}
	if err := os.WriteFile(compatibilityFile, []byte(all), 0o644); err != nil {
		t.Fatal(err)
	}
}
