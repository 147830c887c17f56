package sigv4

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// The credentials and instant of AWS's published signature test suite.
var (
	suiteCred = Credential{AccessKeyID: "AKIDEXAMPLE", SecretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
	suiteNow  = time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)
)

func testKeyring(t testing.TB) *Keyring {
	t.Helper()
	k, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestSuite checks signatures of AWS's published aws-sig-v4-test-suite.
func TestSuite(t *testing.T) {
	for _, c := range []struct {
		name, method, path, query string
		header                    [][2]string
		signature                 string
	}{
		{"get-vanilla", "GET", "/", "", nil, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"get-vanilla-query-order-key-case", "GET", "/", "Param2=value2&Param1=value1", nil, "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
		{"post-vanilla", "POST", "/", "", nil, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
		{"get-slashes", "GET", "//example//", "", nil, "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
		{"get-slash-dot-slash", "GET", "/./", "", nil, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"get-relative", "GET", "/example/..", "", nil, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"get-utf8", "GET", "/\u1234", "", nil, "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
		{"get-space", "GET", "/example space/", "", nil, "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
		{"post-header-key-sort", "POST", "/", "", [][2]string{{"My-Header1", "value1"}}, "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
		{"get-header-value-trim", "GET", "/", "", [][2]string{{"My-Header1", " value1"}, {"My-Header2", ` "a   b   c"`}}, "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := Request{Method: c.method, RawPath: c.path, RawQuery: c.query, Host: "example.amazonaws.com", Header: list(c.header...)}
			fields, err := testKeyring(t).Sign(SignInput{Request: r, Credential: suiteCred, Region: "us-east-1", Service: "service", Now: suiteNow, DoubleEncodePath: true})
			if err != nil {
				t.Fatal(err)
			}
			if got := fields[len(fields)-1].Value; !strings.HasSuffix(got, "Signature="+c.signature) {
				t.Fatalf("Authorization = %s\nwant signature %s", got, c.signature)
			}
		})
	}
}

// TestIAMExample is the worked example of the AWS General Reference
// (ListUsers), which also fixes the derived key.
func TestIAMExample(t *testing.T) {
	k := testKeyring(t)
	r := Request{Method: "GET", RawPath: "/", RawQuery: "Action=ListUsers&Version=2010-05-08", Host: "iam.amazonaws.com",
		Header: list([2]string{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"})}
	fields, err := k.Sign(SignInput{Request: r, Credential: suiteCred, Region: "us-east-1", Service: "iam", Now: suiteNow, DoubleEncodePath: true})
	if err != nil {
		t.Fatal(err)
	}
	const want = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, " +
		"Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
	if got := fields[len(fields)-1].Value; got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
}

// TestS3Presigned is the example of the S3 reference, "Authenticating
// requests: using query parameters".
func TestS3Presigned(t *testing.T) {
	const query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request" +
		"&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host" +
		"&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
	r := Request{Method: "GET", RawPath: "/test.txt", RawQuery: query, Host: "examplebucket.s3.amazonaws.com"}
	p, err := Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	in := VerifyInput{Request: r, Presented: p, Now: p.Time.Add(86400 * time.Second), ExpectRegion: "us-east-1", ExpectService: "s3",
		AllowUnsignedPayload: true, Credential: Credential{SecretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}}
	if err := testKeyring(t).Verify(in); err != nil {
		t.Fatal(err)
	}
	in.Now = in.Now.Add(time.Second)
	var e *Error
	if err := testKeyring(t).Verify(in); !errors.As(err, &e) || e.Reason != ReasonExpired {
		t.Fatalf("one second late: %v", err)
	}
	if want := "Signature expired: 20130524T000000Z is now earlier than 20130524T000001Z (20130525T000001Z - 1440 min.)"; e.Message != want {
		t.Fatalf("got %q\nwant %q", e.Message, want)
	}
}

func list(fields ...[2]string) func(func(string, string) bool) {
	return func(yield func(string, string) bool) {
		for _, f := range fields {
			if !yield(f[0], f[1]) {
				return
			}
		}
	}
}
