package cloudfront_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/smithy-go"

	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/awsproto"
	"drawbridge/controlplane/cloudfront"
)

// walk is the life of a family told by aws-sdk-go-v2: every call and its
// answer, compared with testdata/walk/<family>.golden.
type walk struct {
	t      *testing.T
	ctx    context.Context
	c      *sdk.Client
	golden bytes.Buffer
}

// newWalk starts a server whose identifiers and clock are the same each time.
func newWalk(t *testing.T) *walk {
	t.Helper()
	n := 0
	service := newService(t, cloudfront.Options{NewID: func(kind cloudfront.IDKind) string {
		n++
		letter := map[cloudfront.IDKind]string{
			cloudfront.IDDomainLabel: "d", cloudfront.IDInvalidation: "I", cloudfront.IDPublicKey: "K",
			cloudfront.IDFieldLevelProfile: "P", cloudfront.IDFieldLevelConfig: "C",
		}[kind]
		switch {
		case kind == cloudfront.IDPolicy:
			return fmt.Sprintf("00000000-0000-4000-8000-%012d", n)
		case letter == "":
			letter = "E"
		}
		return fmt.Sprintf("%s%013d", letter, n)
	}})
	h, err := awsproto.New(awsproto.Options{
		Services: []awsproto.Service{{Table: cloudfrontapi.Table, Impl: service}},
		Account:  account, Region: "us-east-1", Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC) },
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return &walk{t: t, ctx: t.Context(), c: sdk.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL), RetryMaxAttempts: 1, HTTPClient: server.Client(),
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})}
}

// ok makes a call that succeeds.
func ok[I, O any](w *walk, call func(context.Context, *I, ...func(*sdk.Options)) (*O, error), in *I) *O {
	w.t.Helper()
	out, err := call(w.ctx, in)
	if err != nil {
		w.t.Fatal(err)
	}
	w.note(in, pretty(w.t, out))
	return out
}

// refused makes a call that fails with a code.
func refused[I, O any](w *walk, call func(context.Context, *I, ...func(*sdk.Options)) (*O, error), in *I, code string) {
	w.t.Helper()
	_, err := call(w.ctx, in)
	var answer smithy.APIError
	var status interface{ HTTPStatusCode() int }
	if !errors.As(err, &answer) || !errors.As(err, &status) || answer.ErrorCode() != code {
		w.t.Fatalf("%T: got %v, want %s", in, err, code)
	}
	w.note(in, fmt.Sprintf("%d %s: %s\n", status.HTTPStatusCode(), code, answer.ErrorMessage()))
}

func (w *walk) note(in any, answer string) {
	name := strings.TrimSuffix(reflect.TypeOf(in).Elem().Name(), "Input")
	fmt.Fprintf(&w.golden, "%s\n%s\n", name, answer)
}

// pretty prints an answer without what is not there.
func pretty(t *testing.T, out any) string {
	t.Helper()
	data, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := json.Unmarshal(data, &tree); err != nil {
		t.Fatal(err)
	}
	delete(tree, "ResultMetadata")
	prune(tree)
	text, err := json.MarshalIndent(tree, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + "\n"
}

func prune(value any) {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			if inner == nil {
				delete(v, name)
			}
			prune(inner)
		}
	case []any:
		for _, inner := range v {
			prune(inner)
		}
	}
}

// done compares the transcript.
func (w *walk) done(family string) {
	w.t.Helper()
	file := filepath.Join("testdata", "walk", family+".golden")
	if *updateGolden {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			w.t.Fatal(err)
		}
		if err := os.WriteFile(file, w.golden.Bytes(), 0o644); err != nil {
			w.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		w.t.Fatal(err)
	}
	if got := w.golden.String(); got != string(want) {
		gotLines, wantLines := strings.Split(got, "\n"), strings.Split(string(want), "\n")
		for i := range min(len(gotLines), len(wantLines)) {
			if gotLines[i] != wantLines[i] {
				w.t.Fatalf("%s:%d: got %q, want %q", file, i+1, gotLines[i], wantLines[i])
			}
		}
		w.t.Fatalf("%s has %d lines, the walk %d", file, len(wantLines), len(gotLines))
	}
}

// TestOperationsBuilt lists the operations that nobody has built.
func TestOperationsBuilt(t *testing.T) {
	service := reflect.TypeOf(newService(t, cloudfront.Options{}))
	for _, operation := range cloudfrontapi.Table.Operations {
		method, found := service.MethodByName(operation.Name)
		if !found {
			t.Fatalf("no method %s", operation.Name)
		}
		if promoted(method) {
			t.Errorf("%s is not implemented", operation.Name)
		}
	}
}

// promoted tells whether a method is embedded's: the compiler writes those.
func promoted(method reflect.Method) bool {
	f := runtime.FuncForPC(method.Func.Pointer())
	file, _ := f.FileLine(f.Entry())
	return file == "<autogenerated>"
}
