package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestListenRoles(t *testing.T) {
	for _, test := range []struct {
		spec, roles, addr string
	}{
		{"127.0.0.1:80", "edge,gateway", "127.0.0.1:80"},
		{"edge=:443", "edge", ":443"},
		{"ops,control=127.0.0.1:0", "control,ops", "127.0.0.1:0"},
		{"gateway=[::1]:80", "gateway", "[::1]:80"},
	} {
		got, err := parseListen([]string{test.spec})
		if err != nil || got[0].roles.String() != test.roles || got[0].addr != test.addr {
			t.Errorf("%s: %v, %v", test.spec, got, err)
		}
	}
	standard, err := parseListen(nil)
	if err != nil || len(standard) != 1 || standard[0].addr != "127.0.0.1:4566" || standard[0].roles.String() != "edge,gateway,control,ops" {
		t.Errorf("without --listen: %v, %v", standard, err)
	}
	for _, bad := range []string{"control", "127.0.0.1", "nosuch=127.0.0.1:1", "edge,=127.0.0.1:1", "=127.0.0.1:1"} {
		if _, err := parseListen([]string{bad}); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestOthersReachControlOnlyWithCredentials(t *testing.T) {
	for _, test := range []struct {
		listen, credentials string
		ok                  bool
	}{
		{"control=127.0.0.1:0", "", true},
		{"ops=[::1]:0", "", true},
		{"control=localhost:0", "", true},
		{"control=0.0.0.0:0", "", false},
		{"ops=:0", "", false},
		{"control=192.0.2.1:0", "", false},
		{"control=example.com:0", "", false},
		{"edge,gateway=0.0.0.0:0", "", true},
		{"control=0.0.0.0:0", "AKID:secret", true},
	} {
		at, err := parseListen([]string{test.listen})
		if err != nil {
			t.Fatal(err)
		}
		config := Config{CredentialsInline: test.credentials}
		if err := config.mayListen(at[0]); (err == nil) != test.ok {
			t.Errorf("--listen %s with credentials %q: %v", test.listen, test.credentials, err)
		}
	}
}

func TestCredentialsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials.yaml")
	write := func(text string) Config {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return Config{Account: "000000000000", Credentials: path}
	}
	config := write("- accessKeyId: AKID\n  secretAccessKey: s3cr3t\n- accessKeyId: B\n  secretAccessKey: x\n  accountId: '123456789012'\n  principalArn: arn:aws:iam::123456789012:user/b\n")
	got, err := config.credentials()
	if err != nil || len(got) != 2 || got[0].PrincipalARN != "arn:aws:iam::000000000000:root" || got[1].AccountID != "123456789012" {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, bad := range []string{"", "[]", "- accessKeyId: AKID", "- secretAccessKey: s3cr3t", "- {accessKeyId: A, secretAccessKey: s3cr3t, accountId: '1'}", "- {secret: s3cr3t}", "a: b"} {
		config := write(bad)
		if _, err := config.credentials(); err == nil {
			t.Errorf("%q was accepted", bad)
		} else if strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%q: the error text holds the secret: %v", bad, err)
		}
	}
}

func TestSettingsThatMeanNothingAreRefused(t *testing.T) {
	good := Config{Account: "000000000000", Region: "us-east-1", Wording: "current", EdgeAddress: "64.252.64.1", CacheSize: 1 << 20}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Config){
		"account": func(c *Config) { c.Account = "12" },
		"region":  func(c *Config) { c.Region = "moon" },
		"wording": func(c *Config) { c.Wording = "2021" },
		"edge":    func(c *Config) { c.EdgeAddress = "here" },
		"cognito": func(c *Config) { c.CognitoEndpoint = "localhost:9229" },
		"spread":  func(c *Config) { c.Propagation = -1 },
		"cache":   func(c *Config) { c.CacheSize = 1 },
		"limit":   func(c *Config) { c.Limits = map[string]int64{"nosuch": 1} },
		"zero":    func(c *Config) { c.Limits = map[string]int64{"distributions": 0} },
	} {
		bad := good
		change(&bad)
		if bad.Check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	bounded := good
	bounded.Limits = map[string]int64{"distributions": 7, "connections": 9}
	sorted, err := bounded.limits()
	if err != nil || sorted.cloudfront.Distributions != 7 || sorted.server.MaxConns != 9 {
		t.Errorf("%+v, %v", sorted, err)
	}
}
