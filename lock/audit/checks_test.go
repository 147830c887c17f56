package audit

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// written is a stack of testdata/checks.
type written struct {
	Options struct {
		Distributions []string `json:"distributions"`
		Exclude       []string `json:"exclude"`
	} `json:"options"`
	Stack  Stack `json:"stack"`
	Probes []struct {
		Door    string `json:"door"`
		Without Seen   `json:"without"`
		Wrong   Seen   `json:"wrong"`
		With    Seen   `json:"with"`
	} `json:"probes"`
}

func readWritten(t testing.TB, name string) *written {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var plain any
	if err := yaml.Unmarshal(text, &plain); err != nil {
		t.Fatal(name, err)
	}
	text, err = json.Marshal(plain)
	if err != nil {
		t.Fatal(name, err)
	}
	var out written
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&out); err != nil {
		t.Fatal(name, err)
	}
	return &out
}

func (w *written) audit(t testing.TB) *Report {
	t.Helper()
	r := Run(&w.Stack, Options{Distributions: w.Options.Distributions, Exclude: w.Options.Exclude, Now: noon})
	for _, p := range w.Probes {
		i := slices.IndexFunc(r.Doors, func(d Door) bool { return d.String() == p.Door })
		if i < 0 {
			t.Fatalf("no door %s among %v", p.Door, r.Doors)
		}
		r.AddProbe(i, Probe{p.Without, p.Wrong, p.With})
	}
	return r
}

func shown(t testing.TB, r *Report) string {
	t.Helper()
	var b strings.Builder
	if err := r.Write(&b, Output{Format: FormatTable}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Every check finds its broken stack, and no check finds anything in a sound one.
func TestChecks(t *testing.T) {
	for _, id := range CheckIDs() {
		t.Run(id, func(t *testing.T) {
			broken := readWritten(t, filepath.Join("testdata", "checks", id+".broken.yaml")).audit(t)
			if !slices.ContainsFunc(broken.Findings, func(f Finding) bool { return f.ID == id }) {
				t.Errorf("does not find its broken stack:\n%s", shown(t, broken))
			}
			for _, f := range broken.Findings {
				if f.Reason == "" || f.Mend == "" || f.Resource == "" {
					t.Errorf("incomplete: %+v", f)
				}
			}
			sound := readWritten(t, filepath.Join("testdata", "checks", id+".sound.yaml")).audit(t)
			if sound.Verdict != Locked || len(sound.Findings) > 0 || sound.ExitCode(Info) != 0 {
				t.Errorf("the sound stack:\n%s", shown(t, sound))
			}
			if _, err := os.Stat(filepath.Join("..", "..", "docs", "checks", id+".md")); err != nil {
				t.Errorf("has no page: %v", err)
			}
		})
	}
}

// What the verdict of each broken stack is: the ones that let somebody in are
// open, the ones that only keep the distribution out or are bad manners are not.
func TestVerdicts(t *testing.T) {
	want := map[Verdict][]string{
		Open: {"header-missing", "method-open", "options-open", "deployment-stale", "key-shared", "policy-absent", "policy-not-deployed", "policy-witness",
			"other-stage", "other-distribution", "custom-domain", "canary-open", "probe-contradicts"},
		CannotTell: {"source-authorizer", "guarded-otherwise"},
	}
	for _, id := range CheckIDs() {
		expected := Locked
		for verdict, ids := range want {
			if slices.Contains(ids, id) {
				expected = verdict
			}
		}
		r := readWritten(t, filepath.Join("testdata", "checks", id+".broken.yaml")).audit(t)
		if r.Verdict != expected {
			t.Errorf("%s is %q, want %q:\n%s", id, r.Verdict, expected, shown(t, r))
		}
		code := map[Verdict]int{Open: 1, CannotTell: 3, Locked: 0}[r.Verdict]
		if slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Severity >= Medium }) {
			code = 1
		}
		if r.ExitCode(Medium) != code {
			t.Errorf("%s: exit code %d, want %d", id, r.ExitCode(Medium), code)
		}
	}
}
