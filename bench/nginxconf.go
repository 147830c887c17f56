package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"text/template"
)

// sizeSlack is by how many bytes two answers' fields may differ: an age that
// has grown by some digits between two looks.
const sizeSlack = 4

// nginxSettings fill nginxTemplate.
type nginxSettings struct {
	Folder, Origin, Host      string
	Root                      bool // nginx starts as root: name the user of its workers
	Plain, Secure             string
	PlainFields, SecureFields []field
	Body, APIKey, Referer     string // of the APIs
	APIs                      []nginxAPI
}

// nginxAPI is an API as nginx has it: fixed bytes behind a key with limit_req,
// or behind a Referer.
type nginxAPI struct {
	Listen, Host string
	Keyed        bool
	Fields       []field
}

// nginxTemplate is nginx as somebody would run it who wants the most of one
// core: everything it has for cached answers is on, and nothing that it would
// have to be without in service is off.
var nginxTemplate = template.Must(template.New("nginx.conf").Funcs(template.FuncMap{"quote": nginxQuote}).Parse(`
{{if .Root}}user root root;{{end}}
daemon off;
worker_processes 1;
pcre_jit on;
pid {{.Folder}}/nginx.pid;
error_log {{.Folder}}/error.log warn;
worker_rlimit_nofile 16384;
events {
	worker_connections 8192;
	use epoll;
	multi_accept on;
}
http {
	client_body_temp_path {{.Folder}}/temp-body;
	proxy_temp_path {{.Folder}}/temp-proxy;
	fastcgi_temp_path {{.Folder}}/temp-fastcgi;
	uwsgi_temp_path {{.Folder}}/temp-uwsgi;
	scgi_temp_path {{.Folder}}/temp-scgi;

	log_format edge escape=json '{"time":"$time_iso8601","plane":"edge","id":"${request_id}","client":"$remote_addr",'
		'"method":"$request_method","host":"$host","path":"$uri","protocol":"$server_protocol","status":$status,'
		'"bytes":$body_bytes_sent,"ms":$request_time,"result":"$upstream_cache_status","reason":"fresh","distribution":"$server_name"}';
	access_log {{.Folder}}/access.log edge buffer=64k flush=1s;

	sendfile off;
	tcp_nopush on;
	tcp_nodelay on;
	keepalive_timeout 300s;
	keepalive_requests 1000000000;
	open_file_cache max=1000 inactive=300s;
	open_file_cache_valid 300s;
	open_file_cache_errors on;

	proxy_cache_path {{.Folder}}/cache levels=1:2 keys_zone=objects:16m max_size=1g inactive=1d use_temp_path=off;
	proxy_cache objects;
	proxy_cache_key $host$uri;
	proxy_cache_lock on;
	proxy_http_version 1.1;
	proxy_set_header Connection "";
	proxy_set_header Host $host;
	upstream origin {
		server {{.Origin}};
		keepalive 16;
	}

	ssl_certificate {{.Folder}}/leaf.pem;
	ssl_certificate_key {{.Folder}}/leaf.key;
	ssl_protocols TLSv1.3;
	ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;
	ssl_session_cache shared:sessions:1m;

	server {
		listen {{.Plain}} backlog=1024;
		server_name {{.Host}};
		{{range .PlainFields}}add_header {{.Name}} {{quote .Value}};
		{{end}}
		location / { proxy_pass http://origin; }
		location = /status { access_log off; stub_status; }
	}
	server {
		listen {{.Secure}} ssl http2 backlog=1024;
		server_name {{.Host}};
		{{range .SecureFields}}add_header {{.Name}} {{quote .Value}};
		{{end}}
		location / { proxy_pass http://origin; }
	}

	log_format gateway escape=json '{"time":"$time_iso8601","plane":"gateway","id":"${request_id}","client":"$remote_addr",'
		'"method":"$request_method","host":"$host","path":"$uri","protocol":"$server_protocol","status":$status,'
		'"bytes":$body_bytes_sent,"ms":$request_time,"result":"$plan","reason":"$admitted","api":"$server_name","stage":"prod"}';
	map $http_x_api_key $plan {
		default "";
		{{quote .APIKey}} "bench";
	}
	map $http_referer $admitted {
		default "";
		{{quote .Referer}} "yes";
	}
	limit_req_zone $http_x_api_key zone=plan:1m rate=1000000r/s;
	limit_req_status 429;
	{{range .APIs}}
	server {
		listen {{.Listen}} backlog=1024;
		server_name {{.Host}};
		access_log {{$.Folder}}/access.log gateway buffer=64k flush=1s;
		default_type application/json;
		{{range .Fields}}add_header {{.Name}} {{quote .Value}};
		{{end}}
		location / {
			{{if .Keyed}}if ($plan = "") { return 403; }
			limit_req zone=plan burst=1000000 nodelay;
			try_files /nothing @answer;
			{{else}}if ($admitted = "") { return 403; }
			return 200 '{{$.Body}}';
			{{end}}
		}
		{{if .Keyed}}location @answer { return 200 '{{$.Body}}'; }
		{{end}}
	}
	{{end}}
}
`))

func nginxConfig(s nginxSettings) ([]byte, error) {
	var text bytes.Buffer
	if err := nginxTemplate.Execute(&text, s); err != nil {
		return nil, fmt.Errorf("nginx's configuration: %w", err)
	}
	return text.Bytes(), nil
}

// nginxQuote writes a value as a quoted parameter. requestID is nginx's variable;
// any other character that nginx would read for itself gives way to a letter,
// because only the size of the value matters.
func nginxQuote(value string) string {
	rest, id := strings.CutPrefix(value, requestID)
	rest = strings.Map(func(r rune) rune {
		if r == '"' || r == '\\' || r == '$' || r < ' ' {
			return 'x'
		}
		return r
	}, rest)
	if id {
		rest = requestID + rest
	}
	return `"` + rest + `"`
}

const (
	// requestID is nginx's own fresh id, 16 random bytes in hexadecimal
	// (ngx_http_core_module, embedded variables).
	requestID     = "${request_id}"
	requestIDSize = 32
)

// padding returns the fields that nginx must add to its bare answer to weigh as
// much as like: those that it lacks, with values of the same length, one of them
// a fresh id for every answer.
func padding(bare, like answer) ([]field, error) {
	need := len(like.fields) - len(bare.fields)
	if need < 1 {
		return nil, fmt.Errorf("nginx: its bare answer has %d fields, Drawbridge's %d: none to add", len(bare.fields), len(like.fields))
	}
	var added []field
	for _, f := range like.fields {
		if !slices.ContainsFunc(bare.fields, func(b field) bool { return b.Name == f.Name }) {
			added = append(added, f)
		}
	}
	for len(added) < need { // fields that both have, but Drawbridge more than once
		added = append(added, field{"x-padding", "x"})
	}
	// The longest value becomes the id, the second longest takes up the difference.
	slices.SortStableFunc(added, func(a, b field) int { return len(b.Value) - len(a.Value) })
	added = added[:need]
	id := strings.Repeat("x", max(0, len(added[0].Value)-requestIDSize))
	size := bare.size() - len(added[0].Value) + requestIDSize + len(id) + answer{fields: added}.size()
	added[0].Value = requestID + id
	if need == 1 { // the id takes up the difference itself
		added[0].Value += strings.Repeat("x", max(0, like.size()-size))
		return added, nil
	}
	length := len(added[1].Value) + like.size() - size
	if length < 1 {
		return nil, fmt.Errorf("nginx: its bare answer is %d bytes too large to match Drawbridge's", 1-length)
	}
	added[1].Value = strings.Repeat("x", length)
	return added, nil
}
