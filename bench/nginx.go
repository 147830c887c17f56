package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// nginxOptions say what startNginx starts.
type nginxOptions struct {
	binary string // "" to search
	folder string // for its configuration, cache and logs
	core   int
	origin string // IP:port
	host   string // the name it serves, the same as Drawbridge's
	apis   map[door]api
	body   []byte
	// like holds, for each row, an answer of Drawbridge whose fields nginx's
	// answers must match in number and size.
	like map[string]answer
	rows []row
}

// findNginx looks where Debian puts nginx, which is not in every user's PATH.
func findNginx(given string) (string, error) {
	for _, name := range []string{given, "nginx", "/usr/sbin/nginx"} {
		if name == "" {
			continue
		}
		path, err := exec.LookPath(name)
		if err == nil {
			return filepath.Abs(path)
		}
		if name == given {
			return "", fmt.Errorf("-nginx %s: %w", given, err)
		}
	}
	return "", fmt.Errorf("nginx is not installed (Debian: apt-get install nginx-light)")
}

// startNginx serves the object from proxy_cache. It starts twice: first bare, to
// see what nginx answers by itself, then with the fields that make its answers
// as many fields and bytes as Drawbridge's.
func startNginx(ctx context.Context, o nginxOptions) (*contender, error) {
	binary, err := findNginx(o.binary)
	if err != nil {
		return nil, err
	}
	version, err := exec.CommandContext(ctx, binary, "-v").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("nginx -v: %w", err)
	}
	addresses, err := freeAddresses(4)
	if err != nil {
		return nil, err
	}
	roots, err := writeCertificate(o.folder, o.host)
	if err != nil {
		return nil, err
	}
	c := &contender{
		name: "nginx", version: strings.TrimPrefix(firstLine(version), "nginx version: "), host: o.host, roots: roots, body: o.body,
		doors: map[door]string{doorHTTP1: addresses[0], doorHTTP2: addresses[1], doorKey: addresses[2], doorPolicy: addresses[3]},
		apis:  o.apis,
	}
	fill := make(map[door][]field)
	for _, last := range []bool{false, true} {
		if err := c.launch(ctx, binary, o, fill); err != nil {
			return nil, err
		}
		for _, r := range o.rows {
			if err = c.match(ctx, r, o.like[r.name], fill); err == nil && last {
				err = c.compare(ctx, r, o.like[r.name])
			}
			if err != nil {
				c.process.stop()
				return nil, err
			}
		}
		if !last {
			c.process.stop()
		}
	}
	return c, nil
}

// launch writes the configuration and starts nginx.
func (c *contender) launch(ctx context.Context, binary string, o nginxOptions, fill map[door][]field) error {
	text, err := nginxConfig(nginxSettings{
		Folder: o.folder, Origin: o.origin, Host: o.host, Root: os.Geteuid() == 0,
		Plain: c.doors[doorHTTP1], Secure: c.doors[doorHTTP2],
		PlainFields: fill[doorHTTP1], SecureFields: fill[doorHTTP2],
		Body: string(apiBody), APIKey: o.apis[doorKey].send[0].Value, Referer: o.apis[doorPolicy].send[0].Value,
		APIs: []nginxAPI{
			{Listen: c.doors[doorKey], Host: o.apis[doorKey].host, Keyed: true, Fields: fill[doorKey]},
			{Listen: c.doors[doorPolicy], Host: o.apis[doorPolicy].host, Fields: fill[doorPolicy]},
		},
	})
	if err != nil {
		return err
	}
	path := filepath.Join(o.folder, "nginx.conf")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return fmt.Errorf("write nginx's configuration: %w", err)
	}
	c.process, err = startProcess(o.core, "nginx", binary, "-p", o.folder, "-e", filepath.Join(o.folder, "error.log"), "-c", path)
	if err != nil {
		return err
	}
	err = c.process.waitFor(ctx, func(ctx context.Context) error {
		var dialer net.Dialer
		conn, err := dialer.DialContext(ctx, "tcp", c.doors[doorHTTP1])
		if err != nil {
			return err
		}
		return conn.Close()
	})
	if err != nil {
		c.process.stop()
		if words, readErr := os.ReadFile(filepath.Join(o.folder, "error.log")); readErr == nil && len(words) > 0 {
			err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(words)))
		}
	}
	return err
}

// match works out the fields of a row's door, unless that has been done.
func (c *contender) match(ctx context.Context, r row, like answer, fill map[door][]field) error {
	if _, done := fill[r.door]; done {
		return nil
	}
	_, bare, err := c.probe(ctx, r)
	if err != nil {
		return err
	}
	fill[r.door], err = padding(bare, like)
	return err
}

// compare makes sure that nginx's answers weigh what Drawbridge's do.
func (c *contender) compare(ctx context.Context, r row, like answer) error {
	before, after, err := c.probe(ctx, r)
	if err != nil {
		return err
	}
	if len(freshIDs(before, after)) == 0 {
		return fmt.Errorf("nginx: row %s: its answers have no fresh id", r.name)
	}
	off := after.size() - like.size()
	if len(after.fields) != len(like.fields) || off < -sizeSlack || off > sizeSlack {
		return fmt.Errorf("nginx: row %s: answers have %d fields of %d bytes, Drawbridge's %d of %d",
			r.name, len(after.fields), after.size(), len(like.fields), like.size())
	}
	return nil
}
