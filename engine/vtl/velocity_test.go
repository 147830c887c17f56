package vtl

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"drawbridge/engine/jsonpath"
)

// TestVelocity renders random templates by Apache Velocity 1.7 (Debian's
// package, one JVM for all) and here, and wants the same text: more than 10 000
// that Velocity renders in make test-long, 500 in make test. What it refuses is
// no text to compare; a few of these templates are taken here (a #break with an
// argument, a map that changes while it is iterated over).
func TestVelocity(t *testing.T) {
	const classPath = "/usr/share/java/velocity.jar:/usr/share/java/commons-collections3.jar:/usr/share/java/commons-lang.jar"
	javac, err := exec.LookPath("javac")
	if _, jarErr := os.Stat("/usr/share/java/velocity.jar"); err != nil || jarErr != nil {
		t.Skip("install the Debian packages default-jdk-headless and velocity")
	}
	count := 525
	if os.Getenv("DRAWBRIDGE_LONG") != "" {
		count = 10_600
	}
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	defer stop()
	classes := t.TempDir()
	if out, err := exec.CommandContext(ctx, javac, "-nowarn", "-cp", classPath, "-d", classes, "testdata/velocity/Render.java").CombinedOutput(); err != nil {
		t.Fatalf("javac: %v\n%s", err, out)
	}
	templates := make([]string, count)
	in := binary.BigEndian.AppendUint32(nil, uint32(count))
	for i := range templates {
		templates[i] = randomTemplate(uint64(i))
		in = append(binary.BigEndian.AppendUint32(in, uint32(len(templates[i]))), templates[i]...)
	}
	java := exec.CommandContext(ctx, "java", "-Dfile.encoding=UTF-8", "-cp", classPath+":"+classes, "Render")
	var stderr bytes.Buffer
	java.Stdin, java.Stderr = bytes.NewReader(in), &stderr
	answers, err := java.Output()
	if err != nil {
		t.Fatalf("java: %v\n%s", err, stderr.String())
	}
	from, rendered, different, taken := bytes.NewReader(answers), 0, 0, 0
	for seed, template := range templates {
		refused, want := nextAnswer(t, from)
		got, err := renderPlain(template)
		if !refused {
			rendered++
		} else if err == nil {
			taken++
		}
		if !refused && err != nil || !refused && got != want {
			if different++; different <= 20 {
				t.Errorf("seed %d\n%q\nVelocity  %v %q\nDrawbridge %v %q", seed, template, refused, want, err, got)
			}
		}
	}
	t.Logf("%d templates, of which Velocity renders %d; %d differ; %d are rendered here only", count, rendered, different, taken)
	if rendered < count*20/21-5 || taken > count/100 {
		t.Errorf("Velocity renders too few of these templates to prove anything")
	}
}

func nextAnswer(t *testing.T, from io.Reader) (refused bool, text string) {
	t.Helper()
	var head struct {
		Refused bool
		Length  uint32
	}
	if err := binary.Read(from, binary.BigEndian, &head); err != nil {
		t.Fatal(err)
	}
	body := make([]byte, head.Length)
	if _, err := io.ReadFull(from, body); err != nil {
		t.Fatal(err)
	}
	return head.Refused, string(body)
}

// renderPlain renders with the roots that Render.java has.
func renderPlain(template string) (string, error) {
	parsed, err := Parse(template)
	if err != nil {
		return "", err
	}
	list := func(items ...Value) *jsonpath.List { return &jsonpath.List{Plain: true, Items: items} }
	deep, tree := &jsonpath.Object{}, &jsonpath.Object{}
	deep.Put("d", "deep")
	tree.Put("k", "v")
	tree.Put("n", int64(5))
	tree.Put("in", deep)
	return parsed.Render(Env{Roots: map[string]Value{
		"num": int64(42), "neg": int64(-7), "dec": 2.5, "text": "Hello, World", "empty": "", "odd": "it's a \"q\" $num #if \\ ü",
		"yes": true, "no": false, "list": list(int64(3), int64(1), int64(2)), "words": list("x", "yy", ""), "map": tree,
	}})
}
