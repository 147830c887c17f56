package audit

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
)

// Formats of Output.
const (
	FormatTable = "table"
	FormatJSON  = "json"
	FormatSARIF = "sarif"
	FormatJUnit = "junit"
)

// Formats are all of them, for help texts and checking a flag.
func Formats() []string { return []string{FormatTable, FormatJSON, FormatSARIF, FormatJUnit} }

// Output says how to write a report. FailOn is the severity from which a
// finding is a failure in JUnit's sense.
type Output struct {
	Format string
	FailOn Severity
}

// Write writes the report.
func (r *Report) Write(w io.Writer, o Output) error {
	switch o.Format {
	case FormatTable:
		return r.writeTable(w)
	case FormatJSON:
		return writeJSON(w, r)
	case FormatSARIF:
		return writeJSON(w, r.sarif())
	case FormatJUnit:
		return r.writeJUnit(w, o.FailOn)
	}
	return fmt.Errorf("format %q: write one of %s", o.Format, strings.Join(Formats(), ", "))
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

var verdictWords = map[Verdict]string{Locked: "LOCKED", Open: "OPEN", CannotTell: "CANNOT TELL"}

// writeTable is for people: the verdict in one line, findings, doors.
func (r *Report) writeTable(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", verdictWords[r.Verdict], r.Why)
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "\n%-6s  %s  %s\n        %s\n", f.Severity, f.ID, f.Resource, f.Reason)
		if f.Witness != "" {
			fmt.Fprintf(&b, "        witness: %s\n", f.Witness)
		}
		fmt.Fprintf(&b, "        mend: %s\n", f.Mend)
	}
	if len(r.Doors) > 0 {
		b.WriteByte('\n')
		t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		probed := slices.ContainsFunc(r.Doors, func(d Door) bool { return d.Probe != "" })
		header, row := "DOOR\tNEEDS\tANALYSIS\n", "%s\t%s\t%s\n"
		if probed {
			header = "DOOR\tNEEDS\tANALYSIS\tPROBE\n"
		}
		_, _ = io.WriteString(t, header)
		for i := range r.Doors {
			d := &r.Doors[i]
			analysis := string(d.Analysis)
			if d.Analysis == CannotTell {
				analysis = "cannot tell"
			}
			if probed {
				_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", d, d.Needs, analysis, d.Probe)
			} else {
				_, _ = fmt.Fprintf(t, row, d, d.Needs, analysis)
			}
		}
		_ = t.Flush() // into a strings.Builder
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// object is a JSON object under construction.
type object = map[string]any

var sarifLevels = [...]string{Info: "note", Low: "note", Medium: "warning", High: "error"}

// sarif is the report as SARIF 2.1.0 (OASIS standard, errata 01). Findings are
// results; the verdict is the invocation's notification.
func (r *Report) sarif() object {
	rules, results := []object{}, []object{}
	for _, c := range checks() {
		rules = append(rules, object{
			"id": c.id, "name": c.id,
			"shortDescription": object{"text": c.title},
			"help":             object{"text": c.mend + ". See docs/checks/" + c.id + ".md."},
		})
	}
	for _, f := range r.Findings {
		text := f.Resource + ": " + f.Reason + "."
		if f.Witness != "" {
			text += " Witness: " + f.Witness + "."
		}
		location := object{"logicalLocations": []object{{"fullyQualifiedName": f.Resource, "kind": "resource"}}}
		if r.File != "" {
			location["physicalLocation"] = object{"artifactLocation": object{"uri": strings.ReplaceAll(filepath.ToSlash(r.File), " ", "%20")}}
		}
		results = append(results, object{
			"ruleId":     f.ID,
			"ruleIndex":  slices.Index(CheckIDs(), f.ID),
			"level":      sarifLevels[f.Severity],
			"message":    object{"text": text + " Mend: " + f.Mend + "."},
			"locations":  []object{location},
			"properties": object{"severity": f.Severity.String()},
			// One alert stays one while reasons are worded anew.
			"partialFingerprints": object{"resource/v1": f.ID + " " + f.Resource},
		})
	}
	return object{
		"$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
		"version": "2.1.0",
		"runs": []object{{
			"tool":    object{"driver": object{"name": "drawbridge lock audit", "rules": rules}},
			"results": results,
			"invocations": []object{{
				"executionSuccessful":        r.Verdict != CannotTell,
				"toolExecutionNotifications": []object{{"level": "note", "message": object{"text": verdictWords[r.Verdict] + ": " + r.Why}}},
			}},
		}},
	}
}

// JUnit has no standard; these are the elements that CI systems read.
type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Failure *junitMessage `xml:"failure,omitempty"`
	Skipped *junitMessage `xml:"skipped,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// writeJUnit makes a test case of the verdict, of every door and of every check.
func (r *Report) writeJUnit(w io.Writer, failOn Severity) error {
	verdict := junitCase{Class: "lock", Name: "verdict"}
	switch r.Verdict {
	case Open:
		verdict.Failure = &junitMessage{Message: r.Why}
	case CannotTell:
		verdict.Skipped = &junitMessage{Message: r.Why}
	}
	suite := junitSuite{Name: "drawbridge lock audit", Cases: []junitCase{verdict}}
	for i := range r.Doors {
		d := &r.Doors[i]
		c := junitCase{Class: "doors", Name: d.String()}
		switch v := d.settled(); v {
		case Open, SideDoor:
			c.Failure = &junitMessage{Message: string(v), Text: "needs " + d.Needs}
		case CannotTell:
			c.Skipped = &junitMessage{Message: "cannot tell"}
		}
		suite.Cases = append(suite.Cases, c)
	}
	for _, check := range checks() {
		c := junitCase{Class: "checks", Name: check.id}
		var lines []string
		for _, f := range r.Findings {
			if f.ID == check.id && f.Severity >= failOn {
				lines = append(lines, f.Severity.String()+": "+f.Resource+": "+f.Reason+"; mend: "+f.Mend)
			}
		}
		if len(lines) > 0 {
			c.Failure = &junitMessage{Message: check.title, Text: strings.Join(lines, "\n")}
		}
		suite.Cases = append(suite.Cases, c)
	}
	for _, c := range suite.Cases {
		suite.Tests++
		if c.Failure != nil {
			suite.Failures++
		}
		if c.Skipped != nil {
			suite.Skipped++
		}
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(suite); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
