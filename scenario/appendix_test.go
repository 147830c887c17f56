package scenario

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// appendixA says which story has which row of reference/api-gateway.md,
// appendix A: the answers that are AWS's to the last byte.
var appendixA = []struct{ row, story string }{
	{"1", "g90-appendix-a"},
	{"2", "g90-appendix-a"},
	{"3", "g90-appendix-a"},
	{"3b", "a15-petstore"},
	{"4", "g90-appendix-a"},
	{"5", "g91-appendix-a-policies"},
	{"6", "g91-appendix-a-policies"},
	{"7", "g91-appendix-a-policies"},
	{"8", "g91-appendix-a-policies"},
	{"9", "g90-appendix-a"},
	{"10", "g90-appendix-a"},
	{"11", "g90-appendix-a"},
	{"12", "g90-appendix-a"},
	{"13", "g90-appendix-a"},
	{"14", "g92-appendix-a-functions"},
	{"15", "g92-appendix-a-functions"},
	{"16", "g92-appendix-a-functions"},
	{"17", "g90-appendix-a"},
	{"18", "g92-appendix-a-functions"},
	{"19", "g90-appendix-a"},
	{"20", "g90-appendix-a"},
	{"21", "g90-appendix-a"},
	{"22", "g90-appendix-a"},
	{"23", "g90-appendix-a"},
	{"24", "g90-appendix-a"},
}

// Each row is told where the table says, in a comment that names it.
func TestAppendixA(t *testing.T) {
	told := regexp.MustCompile(`(?m)^# Rows? (\d+b?)(?: and (\d+b?))?:`)
	for _, entry := range appendixA {
		text, err := os.ReadFile(filepath.Join("testdata", entry.story+".txtar"))
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, rows := range told.FindAllStringSubmatch(string(text), -1) {
			found = found || rows[1] == entry.row || rows[2] == entry.row
		}
		if !found {
			t.Errorf("%s does not tell row %s", entry.story, entry.row)
		}
	}
}
