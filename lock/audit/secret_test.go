package audit

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// No way of printing a stack shows a secret.
func TestSecretsAreNotShown(t *testing.T) {
	const value = "OpenSesame-42"
	header := Header{Name: "Referer", Value: Known(NewSecret(value))}
	stack := Stack{Distributions: []Distribution{{ID: "E1", Origins: []Origin{{Headers: []Header{header}}}}}}
	text, err := json.Marshal(stack)
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{
		string(text), fmt.Sprint(stack), fmt.Sprintf("%+v", stack), fmt.Sprintf("%#v", stack),
		fmt.Sprintf("%s %q %x %d", header.Value.Value, header.Value.Value, header.Value.Value, header.Value.Value), fmt.Errorf("%v", &header).Error(),
	} {
		if strings.Contains(shown, value) || strings.Contains(shown, fmt.Sprintf("%x", value)) {
			t.Errorf("shows the secret: %s", shown)
		}
	}
	if !strings.Contains(string(text), Redacted) {
		t.Errorf("no sign of the secret in %s", text)
	}
}

func TestMaybeJSON(t *testing.T) {
	var m struct{ A, B, C Maybe[string] }
	if err := json.Unmarshal([]byte(`{"A":"x","B":{"unknown":"no permission"}}`), &m); err != nil {
		t.Fatal(err)
	}
	if !m.A.Known() || m.A.Value != "x" || m.B.Known() || m.B.Reason() != "no permission" || m.C.Known() || m.C.Reason() == "" {
		t.Errorf("%+v", m)
	}
	back, err := json.Marshal(m.B)
	if err != nil || string(back) != `{"unknown":"no permission"}` {
		t.Errorf("%s %v", back, err)
	}
}
