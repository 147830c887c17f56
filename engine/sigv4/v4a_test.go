package sigv4

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	kvs "github.com/aws/aws-sdk-go-v2/service/cloudfrontkeyvaluestore"
)

// The pair and the point are AWS's own test of the derivation
// (aws-sdk-go-v2 internal/v4a, TestDeriveECDSAKeyPairFromSecret).
func TestDeriveECDSA(t *testing.T) {
	key, err := deriveECDSA("AKISORANDOMAASORANDOM", "q+jcrXGc+0zWN6uzclKVhvMmUsIfRPa4rlRandom")
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	const want = "04" + "15d242ceebf8d8169fd6a8b5a746c41140414c3b07579038da06af89190fffcb" +
		"0515242cedd82e94799482e4c0514b505afccf2c0c98d6a553bf539f424c5ec0"
	if got := hex.EncodeToString(point); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// caught is a transport that keeps the request it is given.
type caught struct {
	request *http.Request
	body    []byte
}

func (c *caught) RoundTrip(r *http.Request) (*http.Response, error) {
	c.request = r
	if r.Body != nil {
		c.body, _ = io.ReadAll(r.Body)
	}
	return nil, errors.New("caught")
}

// signedByKVS gives a call of the key value store's data API as
// aws-sdk-go-v2 signs it, by SigV4A.
func signedByKVS(t *testing.T, token string) VerifyInput {
	t.Helper()
	var c caught
	client := kvs.NewFromConfig(aws.Config{Region: "us-east-1", HTTPClient: &http.Client{Transport: &c}, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", token)})
	_, err := client.PutKey(t.Context(), &kvs.PutKeyInput{Key: aws.String("a b/ü"), Value: aws.String("1"), IfMatch: aws.String("KV1"),
		KvsARN: aws.String("arn:aws:cloudfront::123456789012:key-value-store/0f3e2d1c-0000-4000-8000-000000000000")})
	if c.request == nil {
		t.Fatal(err)
	}
	r := c.request
	in := VerifyInput{
		Request: Request{Method: r.Method, RawPath: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery, Host: r.URL.Host,
			Header: func(yield func(string, string) bool) {
				if yield("Content-Length", "13") {
					MapHeader(r.Header)(yield)
				}
			}},
		Body: c.body, Now: time.Now(), Credential: Credential{SecretKey: "secret", SessionToken: token},
		ExpectService: "cloudfront-keyvaluestore", ExpectRegion: "us-east-1", DoubleEncodePath: true, AllowV4A: true,
	}
	if in.Presented, err = Parse(in.Request); err != nil {
		t.Fatal(err)
	}
	if in.Presented.Algorithm != AlgorithmV4A || in.Presented.Region != "" || !bytes.Equal(c.body, []byte(`{"Value":"1"}`)) {
		t.Fatalf("%+v, body %s", in.Presented, c.body)
	}
	return in
}

func TestVerifyV4A(t *testing.T) {
	k, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		token string
		edit  func(in *VerifyInput)
		want  Reason // 0: it verifies
	}{
		{"as sent", "", func(*VerifyInput) {}, 0},
		{"with a session token", "token", func(*VerifyInput) {}, 0},
		{"not taken here", "", func(in *VerifyInput) { in.AllowV4A = false }, ReasonNotSupported},
		{"another secret", "", func(in *VerifyInput) { in.Credential.SecretKey = "guess" }, ReasonMismatch},
		{"no secret", "", func(in *VerifyInput) { in.Credential.SecretKey = "" }, ReasonUnknownKey},
		{"another key's", "", func(in *VerifyInput) { in.Presented.AccessKeyID = "AKIDOTHER" }, ReasonMismatch},
		{"another body", "", func(in *VerifyInput) { in.Body = []byte("{}") }, ReasonMismatch},
		{"another path", "", func(in *VerifyInput) { in.RawPath += "x" }, ReasonMismatch},
		{"another method", "", func(in *VerifyInput) { in.Method = "DELETE" }, ReasonMismatch},
		{"no hex", "", func(in *VerifyInput) { in.Presented.Signature = "xyz" }, ReasonMismatch},
		{"empty", "", func(in *VerifyInput) { in.Presented.Signature = "" }, ReasonMismatch},
		{"zeros", "", func(in *VerifyInput) { in.Presented.Signature = "3006020100020100" }, ReasonMismatch},
		{"old", "", func(in *VerifyInput) { in.Now = in.Now.Add(time.Hour) }, ReasonExpired},
		{"another service", "", func(in *VerifyInput) { in.ExpectService = "s3" }, ReasonScope},
		{"another region", "", func(in *VerifyInput) { in.Presented.RegionSet = "eu-west-1,us-west-*" }, ReasonScope},
		{"no regions", "", func(in *VerifyInput) { in.Presented.RegionSet = "" }, ReasonScope},
		{"regions not signed", "", func(in *VerifyInput) {
			in.Presented.SignedHeaders = strings.Split(strings.ReplaceAll(strings.Join(in.Presented.SignedHeaders, ";"), ";x-amz-region-set", ""), ";")
		}, ReasonScope},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := signedByKVS(t, test.token)
			test.edit(&in)
			err := k.Verify(in)
			var refused *Error
			if errors.As(err, &refused); (err == nil) != (test.want == 0) || err != nil && refused.Reason != test.want {
				t.Errorf("%v, want %v", err, test.want)
			}
		})
	}
}
