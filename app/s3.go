package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"drawbridge/controlplane/cloudfront"
	"drawbridge/engine/sigv4"
)

// objects reads from what --aws-endpoint s3=URL names: S3 or what speaks like
// it, with buckets in the path.
type objects struct {
	base   *url.URL
	signer sigv4.Credential
	keys   *sigv4.Keyring
	client http.Client
	now    func() time.Time
}

// objectPatience is how long an object may take as a whole.
const objectPatience = 10 * time.Second

// readObject is cloudfront.Options.ReadObject; nil without an endpoint.
func (c *Config) readObject() (func(context.Context, cloudfront.ObjectLocation, int) ([]byte, error), error) {
	at := slices.IndexFunc(c.AWSEndpoints, func(text string) bool { return strings.HasPrefix(text, "s3=") })
	if at < 0 { // or the one for all services
		at = slices.IndexFunc(c.AWSEndpoints, func(text string) bool { return strings.HasPrefix(text, "*=") })
	}
	if at < 0 {
		return nil, nil
	}
	keys, err := sigv4.New(sigv4.Options{})
	if err != nil {
		return nil, err
	}
	o := &objects{signer: c.Signer, keys: keys, now: c.Now}
	o.client = http.Client{Timeout: objectPatience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	_, text, _ := strings.Cut(c.AWSEndpoints[at], "=")
	if o.base, err = url.Parse(text); err != nil {
		return nil, fmt.Errorf("--aws-endpoint s3: %w", err)
	}
	if o.signer.AccessKeyID == "" {
		o.signer = sigv4.Credential{AccessKeyID: "test", SecretKey: "test"} // what stands in for AWS takes any
	}
	return o.read, nil
}

// read gets an object of at most a number of bytes.
func (o *objects) read(ctx context.Context, from cloudfront.ObjectLocation, most int) ([]byte, error) {
	request, err := o.request(ctx, from)
	if err != nil {
		return nil, err
	}
	answer, err := o.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("read s3://%s/%s: %w", from.Bucket, from.Key, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("read s3://%s/%s: the endpoint answers %d", from.Bucket, from.Key, answer.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, int64(most)))
	if err != nil {
		return nil, fmt.Errorf("read s3://%s/%s: %w", from.Bucket, from.Key, err)
	}
	return body, nil
}

// request makes the signed request for an object.
func (o *objects) request(ctx context.Context, from cloudfront.ObjectLocation) (*http.Request, error) {
	path := strings.TrimSuffix(o.base.EscapedPath(), "/") + "/" + from.Bucket
	for segment := range strings.SplitSeq(from.Key, "/") {
		path += "/" + strings.ReplaceAll(url.QueryEscape(segment), "+", "%20")
	}
	target, query := o.base.Scheme+"://"+o.base.Host+path, ""
	if from.Version != "" {
		query = "versionId=" + url.QueryEscape(from.Version)
		target += "?" + query
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, err
	}
	empty := sha256.Sum256(nil)
	fields, err := o.keys.Sign(sigv4.SignInput{
		Request:  sigv4.Request{Method: http.MethodGet, RawPath: path, RawQuery: query, Host: o.base.Host},
		BodyHash: hex.EncodeToString(empty[:]), Credential: o.signer, Region: from.Region, Service: "s3", Now: o.now(), ContentSHA256: true,
	})
	for _, field := range fields {
		request.Header.Set(field.Name, field.Value)
	}
	return request, err
}
