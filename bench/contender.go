package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
)

// contender is a server under measurement, running and ready to serve.
type contender struct {
	name    string
	version string
	process *process
	doors   map[door]string // IP:port
	host    string          // of the cached object
	roots   *x509.CertPool
	body    []byte       // of the cached object
	apis    map[door]api // what the gateway's doors lead to
}

// api is an API whose root answers a fixed body to who shows what it asks for.
type api struct {
	host, path string
	send       []field
}

func (c *contender) target(d door) target {
	if a, ok := c.apis[d]; ok {
		return target{addr: c.doors[d], host: a.host, path: a.path, send: a.send, body: apiBody}
	}
	return target{addr: c.doors[d], host: c.host, roots: c.roots, body: c.body}
}

// probe asks for the object a few times by one connection and returns the last
// two answers, which come from the cache.
func (c *contender) probe(ctx context.Context, r row) (answer, answer, error) {
	var last [2]answer
	seen := 0
	t := c.target(r.door)
	t.see = func(a answer) { last[seen%2], seen = a, seen+1 }
	r.conns, r.streams = 1, 1
	l, err := r.start(ctx, t, r)
	if err != nil {
		return answer{}, answer{}, fmt.Errorf("%s: %w", c.name, err)
	}
	_, err = l.drive(ctx, probeTime)
	l.close()
	if err == nil && seen < 3 {
		err = fmt.Errorf("%d answers in %s", seen, probeTime)
	}
	if err != nil {
		return answer{}, answer{}, fmt.Errorf("%s: probe: %w", c.name, err)
	}
	return last[seen%2], last[1-seen%2], nil
}

// freshIDs lists the fields that differ between two answers and are long enough
// for an identifier; a fair server has at least one.
func freshIDs(a, b answer) []string {
	var names []string
	for _, f := range a.fields {
		for _, g := range b.fields {
			if f.Name == g.Name && f.Value != g.Value && len(f.Value) >= 16 && f.Name != "date" {
				names = append(names, f.Name)
			}
		}
	}
	return names
}

// freeAddresses returns loopback addresses that were free a moment ago.
func freeAddresses(n int) ([]string, error) {
	var found []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer func() { _ = l.Close() }()
		found = append(found, l.Addr().String())
	}
	return found, nil
}
