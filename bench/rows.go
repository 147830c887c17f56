package main

import (
	"context"
	"time"
)

// row is one line of the table: a kind of request and the load it comes in.
type row struct {
	name  string
	title string
	door  door
	conns int
	// streams is how many requests are under way at a time on a connection.
	streams int
	// start opens the connections of the load.
	start func(ctx context.Context, t target, r row) (load, error)
}

// door is a way into a server: a port and what is spoken there.
type door int

const (
	doorHTTP1  door = iota // HTTP/1.1 in clear text
	doorHTTP2              // HTTP/2 over TLS
	doorKey                // an API that asks for a key, HTTP/1.1
	doorPolicy             // an API whose policy asks for a Referer, HTTP/1.1
)

// apiBody is what the APIs answer.
var apiBody = []byte(`{"ok": true, "answer": 42}`)

// load is a set of connections that are kept busy.
type load interface {
	// drive keeps the connections busy for a while and returns the number of
	// answers, each of them checked. A wrong answer is an error.
	drive(ctx context.Context, d time.Duration) (answers uint64, err error)
	close()
}

var rows = []row{
	{
		name: "h1", title: "edge hit, 1 KiB, HTTP/1.1, 64 connections",
		door: doorHTTP1, conns: 64, streams: 1, start: startHTTP1,
	},
	{
		name: "h2", title: "edge hit, 1 KiB, HTTP/2 + TLS, 16 connections × 32 streams",
		door: doorHTTP2, conns: 16, streams: 32, start: startHTTP2,
	},
	{
		name: "key", title: "API key + usage plan (throttle, quota) + MOCK, HTTP/1.1, 64 connections",
		door: doorKey, conns: 64, streams: 1, start: startHTTP1,
	},
	{
		name: "policy", title: "resource policy of two statements + MOCK, HTTP/1.1, 64 connections",
		door: doorPolicy, conns: 64, streams: 1, start: startHTTP1,
	},
}

func rowNames() []string {
	names := make([]string, len(rows))
	for i, r := range rows {
		names[i] = r.name
	}
	return names
}
