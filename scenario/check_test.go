package scenario

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// last gives the last answer to request.
func last(ts *testscript.TestScript) *response {
	r := of(ts).response
	if r == nil {
		ts.Fatalf("the last request has no answer")
	}
	return r
}

// cmdStatus: status CODE.
func cmdStatus(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, len(args) == 1, "status CODE")
	r := last(ts)
	if (strconv.Itoa(r.status) == args[0]) == neg {
		ts.Fatalf("status %d:\n%s", r.status, r)
	}
}

// cmdVersion: version HTTP/2.
func cmdVersion(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, len(args) == 1, "version HTTP/1.1|HTTP/2")
	expect(ts, neg, "the version", last(ts).version, args[0])
}

// cmdHeader: header NAME VALUE — the one field of that name is as wanted.
func cmdHeader(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, len(args) == 2, "header NAME VALUE")
	r := last(ts)
	values := r.values(args[0])
	if len(values) != 1 {
		ts.Fatalf("%d fields %s in\n%s", len(values), args[0], r)
	}
	expect(ts, neg, args[0], values[0], args[1])
}

// cmdNoHeader: no-header NAME….
func cmdNoHeader(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	for _, name := range args {
		if values := last(ts).values(name); len(values) > 0 {
			ts.Fatalf("%s is there: %q", name, values)
		}
	}
}

// cmdHeaderOrder: header-order NAME… — the answer has these fields once each,
// in this order; with "only" first, no others.
func cmdHeaderOrder(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	only := len(args) > 0 && args[0] == "only"
	if only {
		args = args[1:]
	}
	var got []string
	for _, f := range last(ts).fields {
		if name := strings.ToLower(f.name); only || slices.ContainsFunc(args, func(a string) bool { return strings.EqualFold(a, name) }) {
			got = append(got, name)
		}
	}
	if want := strings.ToLower(strings.Join(args, " ")); strings.Join(got, " ") != want {
		ts.Fatalf("fields come as\n%s\nwant\n%s", strings.Join(got, " "), want)
	}
}

// cmdBody: body TEXT, body ~PATTERN or body file://NAME.
func cmdBody(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, len(args) == 1, "body TEXT|~PATTERN|file://NAME")
	want := args[0]
	if name, ok := strings.CutPrefix(want, "file://"); ok {
		text, err := expandFile(ts.MkAbs(name), ts.Getenv)
		ts.Check(err)
		want = text
	}
	expect(ts, neg, "the body", string(last(ts).body), want)
}

// cmdBodyLength: body-length N.
func cmdBodyLength(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	usage(ts, len(args) == 1, "body-length N")
	if r := last(ts); strconv.Itoa(len(r.body)) != args[0] {
		ts.Fatalf("the body has %d bytes, want %s: %q", len(r.body), args[0], r.body)
	}
}

// cmdAnswers: answers N — how many answers a raw request got before the server closed.
func cmdAnswers(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	usage(ts, len(args) == 1, "answers N")
	expect(ts, false, "the number of answers", fmt.Sprint(last(ts).answers), args[0])
}

// cmdServerName: server-name NAME — the server's certificate is for NAME.
func cmdServerName(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, len(args) == 1, "server-name NAME")
	leaf := last(ts).leaf
	if leaf == nil {
		ts.Fatalf("the last request was not over TLS")
	}
	if err := leaf.VerifyHostname(args[0]); (err == nil) == neg {
		ts.Fatalf("the certificate is for %v %v: %v", leaf.DNSNames, leaf.IPAddresses, err)
	}
}
