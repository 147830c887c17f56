package gateway

import (
	"regexp"
	"testing"
	"time"

	"drawbridge/dataplane/exchange"
)

func TestIDs(t *testing.T) {
	f := newFixture(t)
	x := f.exchangeOf(f.program(), "GET /prod")
	f.gateway.options.NewRequestID, f.gateway.options.NewExtendedID = nil, nil
	seen := map[string]bool{}
	for range 100 {
		r := f.gateway.Serve(t.Context(), x)
		request, extended := r.Header.Get("x-amzn-RequestId"), r.Header.Get("x-amz-apigw-id")
		if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(request) {
			t.Fatalf("request id %q", request)
		}
		if !regexp.MustCompile(`^[A-Za-z0-9_-]{8}NjMF[A-Za-z0-9_-]{3}=$`).MatchString(extended) {
			t.Fatalf("extended id %q", extended)
		}
		if seen[request] || seen[extended] || x.RequestID != request {
			t.Fatal("ids repeat")
		}
		seen[request], seen[extended] = true, true
	}
}

// A client may set the request id, but only to a UUID.
func TestRequestIDOfTheClient(t *testing.T) {
	f := newFixture(t)
	f.wantPart("GET /prod\nX-Amzn-RequestId: 00000000-0000-0000-0000-00000000000A", "x-amzn-RequestId: 00000000-0000-0000-0000-00000000000A\n")
	f.wantPart("GET /prod\nX-Amzn-RequestId: mine", "x-amzn-RequestId: 46533423-7524-481e-9b47-9a48a83e9aa4\n")
}

func TestTraceID(t *testing.T) {
	f := newFixture(t)
	f.program()
	f.now = time.Unix(0x3152b799, 0)
	traceOf := func(sent string) string {
		x := &exchange.Exchange{Conn: &exchange.Conn{}, Request: &exchange.Request{Header: exchange.Header{{Name: "X-Amzn-Trace-Id", Value: sent}}}}
		return f.gateway.begin(x).trace()
	}
	const whole = "Root=1-3152b799-8954dae64eda91bc9a23a7e8;Parent=7fa8c0f79203be72;Sampled=1"
	if got := traceOf(whole); got != whole {
		t.Errorf("%s became %s", whole, got)
	}
	for sent, want := range map[string]string{
		"":                         `^Root=1-3152b799-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$`,
		"Root=1-zz;Parent=1":       `^Root=1-3152b799-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$`,
		"Sampled=1; " + whole[:40]: `^Root=1-3152b799-8954dae64eda91bc9a23a7e8;Parent=[0-9a-f]{16};Sampled=1$`,
	} {
		if got := traceOf(sent); !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("%q: %s", sent, got)
		}
	}
}

func TestDateIsCached(t *testing.T) {
	f := newFixture(t)
	f.program()
	first := f.gateway.dateOf(f.now)
	if first != "Tue, 20 Sep 2022 08:47:16 GMT" || f.gateway.dateOf(f.now.Add(time.Second)) != "Tue, 20 Sep 2022 08:47:17 GMT" {
		t.Error(first)
	}
}

var _ exchange.Handler = (*Gateway)(nil).Serve
