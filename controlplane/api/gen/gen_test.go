package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestGeneratedCodeIsFresh generates again and compares with the committed files.
func TestGeneratedCodeIsFresh(t *testing.T) {
	seen := map[string]bool{}
	compare := func(path string, want []byte, _ os.FileMode) error {
		seen[path] = true
		got, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read committed file: %w", err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is stale: run `go run ./controlplane/api/gen`", path)
		}
		return nil
	}
	if err := run("..", compare); err != nil {
		t.Fatal(err)
	}
	for _, c := range configs() {
		files, err := filepath.Glob(filepath.Join("..", c.pkg, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no generated files (%v)", c.pkg, err)
		}
		for _, f := range files {
			if !seen[f] {
				t.Errorf("%s is not written by the generator any more", f)
			}
		}
	}
}

func TestConfigNamesMustExist(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(*config)
	}{
		{"sparse", func(c *config) { c.sparse = []string{"Integration.nothing"} }},
		{"pattern", func(c *config) { c.patterns = map[string]string{"Nothing.statusCode": "x"} }},
		{"enum order", func(c *config) { c.enumOrder = map[string][]string{"Op": {"add"}} }},
	} {
		c := apiGateway()
		test.spoil(&c)
		m, err := readModel(filepath.Join("..", "models", c.model+".json"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := newGenerator(c, m); err == nil {
			t.Errorf("%s: a configuration that names nothing was accepted", test.name)
		}
	}
}

func TestEnumName(t *testing.T) {
	for _, test := range []struct{ enum, key, want string }{
		{"EndpointType", "EDGE", "EndpointTypeEdge"},
		{"IntegrationType", "HTTP_PROXY", "IntegrationTypeHttpProxy"},
		{"ViewerProtocolPolicy", "redirect_to_https", "ViewerProtocolPolicyRedirectToHttps"},
		{"MinimumProtocolVersion", "TLSv1_2_2021", "MinimumProtocolVersionTLSv1_2_2021"},
		{"CacheClusterSize", "SIZE_0_POINT_5_GB", "CacheClusterSizeSize0Point5Gb"},
		{"FailMode", "FAIL_WITH_403", "FailModeFailWith403"},
	} {
		if got := enumName(test.enum, test.key); got != test.want {
			t.Errorf("enumName(%s, %s) = %s, want %s", test.enum, test.key, got, test.want)
		}
	}
}
