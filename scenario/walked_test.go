package scenario

import (
	"path/filepath"
	"strings"
	"testing"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/acmapi"
	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/api/cloudfrontkeyvaluestoreapi"
	"drawbridge/controlplane/api/iamapi"
)

// TestEveryOperationIsWalked: each operation, and each waiter, stands with its
// answer in a golden file of a story that the AWS CLI or aws-sdk-go-v2 runs.
func TestEveryOperationIsWalked(t *testing.T) {
	walked := map[string]bool{}
	for _, mark := range []string{"# real-cli", "# real-sdk"} {
		for _, file := range stories(t, mark) {
			_, golden, _ := strings.Cut(read(t, file), "\n-- golden --\n")
			for line := range strings.Lines(golden) {
				words := strings.Fields(line)
				if len(words) < 4 || words[0] != "$" || words[1] != "aws" {
					continue
				}
				if words[3] == "wait" {
					walked[words[2]+" "+words[4]] = true
				}
				walked[words[2]+" "+strings.ReplaceAll(words[3], "-", "")] = true
			}
		}
	}
	sdkWalks, err := filepath.Glob("../controlplane/cloudfront/testdata/walk/*.golden")
	must(t, err)
	for _, file := range sdkWalks {
		for line := range strings.Lines(read(t, file)) {
			walked["cloudfront "+strings.ToLower(strings.TrimSpace(line))] = true
		}
	}
	for name, table := range map[string]*api.Service{
		"cloudfront": cloudfrontapi.Table, "cloudfront-keyvaluestore": cloudfrontkeyvaluestoreapi.Table,
		"acm": acmapi.Table, "iam": iamapi.Table,
	} {
		for _, op := range table.Operations {
			if !walked[name+" "+strings.ToLower(op.Name)] {
				t.Errorf("no golden file has %s %s", name, op.Name)
			}
		}
	}
	for waiter := range waiters {
		if !walked[waiter] {
			t.Errorf("no golden file has the waiter %s", waiter)
		}
	}
}
