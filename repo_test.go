// Package drawbridge_test keeps the rules of the repository: import order,
// package documentation, sizes of functions and files, links in the documents.
package drawbridge_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// importOrder reads like design.md section 4: "a < b" means b may import a.
// A line's right side may import everything on its left side; what no line
// allows is refused. Do not edit it to make a build pass.
const importOrder = `
engine/jsonpath < engine/vtl
engine/policy, engine/vtl < dataplane/program
engine/* < dataplane/*, controlplane/*, lock, lock/audit, app, cli

dataplane/program < dataplane/exchange
dataplane/program, dataplane/exchange < dataplane/server, dataplane/upstream, dataplane/lambda, dataplane/usage, dataplane/httpcache, dataplane/telemetry, dataplane/edge, dataplane/gateway
dataplane/usage, dataplane/httpcache, dataplane/upstream, dataplane/lambda, dataplane/telemetry < dataplane/edge, dataplane/gateway

store < store/bolt, store/memory, store/storetest, store/internal/*
store/internal/* < store/bolt, store/memory
controlplane/api < controlplane/api/*
controlplane/api, controlplane/api/* < controlplane/awsproto
store, controlplane/api, controlplane/api/* < controlplane/cloudfront, controlplane/apigateway, controlplane/sts, controlplane/certificates
controlplane/apigateway/openapi < controlplane/apigateway
store, controlplane/api/*, controlplane/cloudfront, controlplane/apigateway, dataplane/program < controlplane/compile

dataplane/*, controlplane/*, controlplane/api/*, store, store/*, console < app
lock/audit < lock, cli, scenario
app, lock < cli
cli < cmd/drawbridge
app, cli, lock < scenario
`

// folders returns every folder of the module that holds Go files, relative.
func folders(t *testing.T) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			name := entry.Name()
			_, nested := os.Stat(filepath.Join(path, "go.mod"))
			if path != "." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules" || nested == nil) {
				return filepath.SkipDir
			}
			return nil
		}
		if dir := filepath.Dir(path); strings.HasSuffix(path, ".go") && dir != "." && !slices.Contains(found, dir) {
			found = append(found, dir)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// sources parses the non-test files of a folder.
func sources(t *testing.T, dir string) (*token.FileSet, map[string]*ast.File) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	set, files := token.NewFileSet(), map[string]*ast.File{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = file
	}
	return set, files
}

func TestImportOrder(t *testing.T) {
	type rule struct{ may, by []string }
	var rules []rule
	for line := range strings.Lines(importOrder) {
		if may, by, ok := strings.Cut(strings.TrimSpace(line), " < "); ok {
			rules = append(rules, rule{strings.Split(may, ", "), strings.Split(by, ", ")})
		}
	}
	matches := func(patterns []string, dir string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool {
			ok, _ := filepath.Match(p, dir)
			return ok
		})
	}
	for _, dir := range folders(t) {
		_, files := sources(t, dir)
		for name, file := range files {
			for _, spec := range file.Imports {
				path, _ := strconv.Unquote(spec.Path.Value)
				imported, ours := strings.CutPrefix(path, "drawbridge/")
				if !ours {
					isScript := dir == "engine/jsfunc" && (strings.HasPrefix(path, "github.com/dop251/goja") || strings.HasPrefix(path, "github.com/dlclark/regexp2/"))
					if strings.HasPrefix(dir, "engine/") && strings.Contains(path, ".") && !isScript {
						t.Errorf("%s imports %s: engines use the standard library only", name, path)
					}
					if strings.HasPrefix(path, "github.com/aws/") && dir != "lock" && !strings.HasPrefix(dir, "scenario") {
						t.Errorf("%s imports %s: AWS SDKs are linked only by lock, tests and bench", name, path)
					}
					continue
				}
				allowed := slices.ContainsFunc(rules, func(r rule) bool { return matches(r.by, dir) && matches(r.may, imported) })
				if !allowed && !strings.HasPrefix(dir, "controlplane/api/gen") {
					t.Errorf("%s imports %s: the import order does not allow it", name, imported)
				}
			}
		}
	}
}

func TestEveryPackageIsDocumented(t *testing.T) {
	for _, dir := range folders(t) {
		_, files := sources(t, dir)
		if len(files) == 0 {
			continue
		}
		doc := files[filepath.Join(dir, "doc.go")]
		if dir == "cmd/drawbridge" {
			doc = files[filepath.Join(dir, "main.go")]
		}
		if doc == nil || doc.Doc == nil || len(doc.Doc.Text()) < 80 {
			t.Errorf("%s has no doc.go that says what it is, its place on the way and what it must not know", dir)
		}
	}
}

// Limits of house style (design.md section 8).
const (
	maxFunctionLines = 70
	maxParameters    = 4
	maxFileLines     = 600
)

func TestSizes(t *testing.T) {
	generated := regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)
	for _, dir := range folders(t) {
		set, files := sources(t, dir)
		for name, file := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if generated.Match(text) {
				continue
			}
			if lines := strings.Count(string(text), "\n"); lines > maxFileLines {
				t.Errorf("%s has %d lines, more than %d", name, lines, maxFileLines)
			}
			checkFunctions(t, set, file)
		}
	}
}

func checkFunctions(t *testing.T, set *token.FileSet, file *ast.File) {
	t.Helper()
	for _, decl := range file.Decls {
		function, ok := decl.(*ast.FuncDecl)
		if !ok || function.Body == nil {
			continue
		}
		at := set.Position(function.Pos())
		if lines := set.Position(function.End()).Line - at.Line + 1; lines > maxFunctionLines {
			t.Errorf("%s: %s has %d lines, more than %d", at, function.Name.Name, lines, maxFunctionLines)
		}
		if n := function.Type.Params.NumFields(); n > maxParameters {
			t.Errorf("%s: %s has %d parameters, more than %d", at, function.Name.Name, n, maxParameters)
		}
		if function.Name.Name == "init" && function.Recv == nil {
			t.Errorf("%s: init functions hide what a program does", at)
		}
	}
}

func TestDependenciesHaveReasons(t *testing.T) {
	reasons, err := os.ReadFile("docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	module, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(module)) {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(fields) < 2 || !strings.HasPrefix(fields[1], "v") || strings.Contains(line, "// indirect") {
			continue
		}
		if !strings.Contains(string(reasons), "`"+fields[0]+"`") {
			t.Errorf("docs/dependencies.md gives no reason for %s", fields[0])
		}
	}
}

func TestDocumentLinksAreAlive(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
	var documents []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", "bench/*.md", "scenario/*.md"} {
		names, _ := filepath.Glob(pattern)
		documents = append(documents, names...)
	}
	for _, name := range documents {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(name), match[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", name, match[1])
			}
		}
	}
}
