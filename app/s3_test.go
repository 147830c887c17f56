package app

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"drawbridge/controlplane/cloudfront"
	"drawbridge/engine/sigv4"
)

// TestReadObject: signed as S3 wants it, bounded, and no answer but 200 is an object.
func TestReadObject(t *testing.T) {
	keys, err := sigv4.New(sigv4.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in := sigv4.Request{Method: r.Method, RawPath: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery, Host: r.Host, Header: sigv4.MapHeader(r.Header)}
		presented, err := sigv4.Parse(in)
		if err == nil {
			err = keys.Verify(sigv4.VerifyInput{Request: in, Presented: presented, Now: time.Now(), ExpectRegion: "eu-west-1", ExpectService: "s3",
				Credential: sigv4.Credential{SecretKey: "secret"}})
		}
		switch {
		case err != nil:
			t.Error(err)
		case r.URL.EscapedPath() != "/s3/bucket/a%20b/%C3%BC.pem" || r.URL.RawQuery != "versionId=v%2F1":
			http.NotFound(w, r)
		default:
			_, _ = io.WriteString(w, strings.Repeat("x", 100))
		}
	}))
	defer server.Close()
	config := Config{AWSEndpoints: []string{"sqs=http://127.0.0.1:1", "s3=" + server.URL + "/s3/"}, Signer: sigv4.Credential{AccessKeyID: "AKID", SecretKey: "secret"}, Now: time.Now}
	read, err := config.readObject()
	if err != nil {
		t.Fatal(err)
	}
	at := cloudfront.ObjectLocation{Bucket: "bucket", Key: "a b/ü.pem", Region: "eu-west-1", Version: "v/1"}
	if body, err := read(t.Context(), at, 10); err != nil || len(body) != 10 {
		t.Errorf("%d bytes, %v", len(body), err)
	}
	at.Key = "other"
	if _, err := read(t.Context(), at, 10); err == nil || err.Error() != "read s3://bucket/other: the endpoint answers 404" {
		t.Errorf("%v", err)
	}
	if none, err := new(Config).readObject(); none != nil || err != nil {
		t.Errorf("without an endpoint: %v", err)
	}
}
