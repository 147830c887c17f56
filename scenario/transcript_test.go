package scenario

import (
	"bytes"
	"cmp"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// transcript is what a story's aws calls said, for comparison with a golden
// file: `transcript` begins it, `cmp transcript golden` compares. What differs
// from run to run stands by name: a value that `let` has bound as $NAME, other
// ids as <id>, times as <time>.
type transcript struct {
	file  string
	off   bool
	names []boundName
}

type boundName struct{ name, value string }

// cmdTranscript: transcript — writes the aws calls from here on, and what they
// answer, to the file transcript. transcript off leaves out what follows, such
// as pages in the order of random ids, until transcript on.
func cmdTranscript(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	if t := of(ts).transcript; t != nil {
		usage(ts, len(args) == 1 && (args[0] == "off" || args[0] == "on"), "transcript off, transcript on")
		t.off = args[0] == "off"
		return
	}
	usage(ts, len(args) == 0, "transcript")
	t := &transcript{file: ts.MkAbs("transcript")}
	for _, name := range []string{"API", "ROOT"} { // of mock-api
		t.bind(name, ts.Getenv(name))
	}
	of(ts).transcript = t
	ts.Check(os.WriteFile(t.file, nil, 0o600))
}

// bind lets a value stand by its name from here on.
func (t *transcript) bind(name, value string) {
	if t == nil || len(value) < 4 {
		return
	}
	t.names = append(t.names, boundName{name, value})
	// Longer values first: one may be part of another.
	slices.SortStableFunc(t.names, func(a, b boundName) int { return cmp.Compare(len(b.value), len(a.value)) })
}

// record writes a call and what it said.
func (t *transcript) record(args []string, s *story) error {
	if t == nil || t.off {
		return nil
	}
	var b strings.Builder
	b.WriteString("$ aws")
	for _, arg := range args {
		if arg = t.named(arg); strings.ContainsAny(arg, " \"{}\n") {
			arg = "'" + arg + "'"
		}
		b.WriteString(" " + arg)
	}
	b.WriteByte('\n')
	switch {
	case s.failure != nil:
		b.WriteString(s.failure.code + ": " + t.named(s.failure.message) + "\n")
	case strings.TrimSpace(s.answer) != "":
		text, err := t.printed(s.answer)
		if err != nil {
			return err
		}
		b.WriteString(text)
	}
	f, err := os.OpenFile(t.file, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(b.String()); err != nil {
		return err
	}
	return f.Close()
}

// printed prints an answer with sorted members.
func (t *transcript) printed(answer string) (string, error) {
	decoder := json.NewDecoder(strings.NewReader(answer))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return "", err
	}
	if object, ok := tree.(map[string]any); ok && len(object) == 0 {
		return "", nil // the CLI prints nothing for it
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(t.masked("", tree))
	return b.String(), err
}

var (
	// CloudFront's ids and ETags (reference/cloudfront.md 1.3), certificates and moments.
	edgeID  = regexp.MustCompile(`\b(?:[CEIKP][A-Z0-9]{11,28}|KV[A-Z0-9]{10,}|(?:dt|cg|vo|ts|aip|cf)_[A-Za-z0-9]+|[ds][a-z0-9]{13})\b`)
	pemText = regexp.MustCompile(`(?s)-----BEGIN .*-----END [A-Z ]+-----\n?`)
	moment  = regexp.MustCompile(`\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|\+00:00)`)

	idMember  = regexp.MustCompile(`^(?:id|.*Id|regionalDomainName|distributionDomainName)$`)
	uuidText  = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	logMoment = regexp.MustCompile(`[A-Z][a-z]{2} [A-Z][a-z]{2} \d{2} \d{2}:\d{2}:\d{2} UTC \d{4}`)
	// ownIDs are members called …Id whose value is AWS's or the story's.
	ownIDs = []string{"HostedZoneId", "customerId"}
	// newerMembers, or members of a newer "Structure.", are unknown to the AWS CLI
	// 2.9.19 or to the SDK's release, which leave them out.
	newerMembers = []string{"ipAddressType", "rootResourceId", "domainNameArn", "routingMode",
		"S3OriginConfig.OriginReadTimeout", "Items.ETag", "VpcOriginEndpointConfig.IpAddressType", "Items.IpAddressType"}
)

// masked replaces what differs from run to run.
func (t *transcript) masked(member string, value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, inner := range v {
			if slices.Contains(newerMembers, name) || slices.Contains(newerMembers, member+"."+name) {
				continue
			}
			out[t.named(name)] = t.masked(name, inner)
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, inner := range v {
			out = append(out, t.masked(member, inner))
		}
		if member == "ids" {
			for i := range out {
				out[i] = "<id>"
			}
		}
		return out
	}
	switch {
	case strings.HasSuffix(member, "Date"):
		return "<time>"
	case member == "latency", member == "ComputeUtilization":
		return "<ms>"
	case member == "pemEncodedCertificate":
		return "<certificate>"
	case member == "position":
		return "<position>"
	case member == "Serial", member == "Issuer":
		return "<" + strings.ToLower(member) + ">"
	}
	if n, ok := value.(json.Number); ok { // one form for 2 and 2.0: the clients differ
		return json.Number(strings.TrimSuffix(n.String(), ".0"))
	}
	text, ok := value.(string)
	if !ok {
		return value
	}
	named := t.named(text)
	own := slices.ContainsFunc(ownIDs, func(suffix string) bool { return strings.HasSuffix(member, suffix) })
	if named == text && text != "" && !own && idMember.MatchString(member) {
		return "<id>"
	}
	named = moment.ReplaceAllString(logMoment.ReplaceAllString(named, "<time>"), "<time>")
	named = pemText.ReplaceAllString(edgeID.ReplaceAllString(named, "<id>"), "<pem>")
	return uuidText.ReplaceAllString(named, "<uuid>")
}

// named writes bound values by their names.
func (t *transcript) named(text string) string {
	for _, b := range t.names {
		text = strings.ReplaceAll(text, b.value, "$"+b.name)
	}
	return text
}
