package lock_test

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"drawbridge/lock"
)

// Answers in the form that AWS's have (api-gateway.md 1.1, 1.6; cloudfront.md
// 1.1, 1.2, 1.6): pages with a position or a marker, and refusals for calling
// too often.
const (
	whoAmI = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
		<Arn>arn:aws:iam::123456789012:user/audit</Arn><UserId>AIDAEXAMPLE</UserId><Account>123456789012</Account>
		</GetCallerIdentityResult><ResponseMetadata><RequestId>01234567-89ab-cdef-0123-456789abcdef</RequestId></ResponseMetadata></GetCallerIdentityResponse>`
	distributionPage = `<?xml version="1.0"?>
<DistributionList xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Marker>%s</Marker><NextMarker>%s</NextMarker><MaxItems>1</MaxItems><IsTruncated>%v</IsTruncated><Quantity>1</Quantity>
<Items><DistributionSummary><Id>%s</Id><ARN>arn:aws:cloudfront::123456789012:distribution/%[4]s</ARN><Status>Deployed</Status><DomainName>%[4]s.cloudfront.net</DomainName><Enabled>true</Enabled>
<Origins><Quantity>1</Quantity><Items><Origin><Id>api</Id><DomainName>a1b2c3d4e5.execute-api.us-east-1.amazonaws.com</DomainName><OriginPath>/prod</OriginPath>
<CustomHeaders><Quantity>1</Quantity><Items><OriginCustomHeader><HeaderName>x-api-key</HeaderName><HeaderValue>the-key-of-this-recorded-test</HeaderValue></OriginCustomHeader></Items></CustomHeaders>
<CustomOriginConfig><HTTPPort>80</HTTPPort><HTTPSPort>443</HTTPSPort><OriginProtocolPolicy>https-only</OriginProtocolPolicy></CustomOriginConfig></Origin></Items></Origins>
<DefaultCacheBehavior><TargetOriginId>api</TargetOriginId><ViewerProtocolPolicy>https-only</ViewerProtocolPolicy><CachePolicyId>4135ea2d-6df8-44a3-9df3-4b5a84be39ad</CachePolicyId></DefaultCacheBehavior>
</DistributionSummary></Items></DistributionList>`
	noTags        = `<?xml version="1.0"?><Tags xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Items/></Tags>`
	cdnThrottles  = `<?xml version="1.0"?><ErrorResponse xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error><RequestId>r</RequestId></ErrorResponse>`
	apisThrottled = `{"message":"Too Many Requests"}`
)

// recorded answers like AWS: every listing has two pages, and the first calls
// of each path are refused.
type recorded struct {
	t      *testing.T
	mu     sync.Mutex
	calls  map[string]int
	refuse int // how many calls of each path are refused
}

func (r *recorded) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	if q.URL.Path == "/" {
		w.Header().Set("Content-Type", "text/xml")
		fmt.Fprint(w, whoAmI)
		return
	}
	if q.URL.Path == "/_drawbridge/ca.pem" {
		http.NotFound(w, q)
		return
	}
	key := q.URL.Path + "?" + q.URL.Query().Get("position") + q.URL.Query().Get("Marker")
	r.mu.Lock()
	r.calls[key]++
	refused := r.calls[key] <= r.refuse
	r.mu.Unlock()
	cdn := strings.HasPrefix(q.URL.Path, "/2020-05-31/")
	switch {
	case refused && cdn:
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, cdnThrottles)
	case refused:
		w.Header().Set("x-amzn-errortype", "TooManyRequestsException")
		w.WriteHeader(http.StatusTooManyRequests)
		fmt.Fprint(w, apisThrottled)
	case cdn:
		r.cdn(w, q)
	default:
		r.gateway(w, q)
	}
}

func (r *recorded) cdn(w http.ResponseWriter, q *http.Request) {
	marker := q.URL.Query().Get("Marker")
	switch {
	case strings.HasSuffix(q.URL.Path, "/tagging"):
		fmt.Fprint(w, noTags)
	case marker == "":
		fmt.Fprintf(w, distributionPage, "", "E1", true, "E1")
	default:
		fmt.Fprintf(w, distributionPage, "E1", "", false, "E2")
	}
}

func (r *recorded) gateway(w http.ResponseWriter, q *http.Request) {
	first := q.URL.Query().Get("position") == ""
	page := func(one, two string) {
		if first {
			fmt.Fprintf(w, `{"item":[%s],"position":"bmV4dA=="}`, one)
			return
		}
		fmt.Fprintf(w, `{"item":[%s]}`, two)
	}
	switch q.URL.Path {
	case "/restapis":
		page(`{"id":"a1b2c3d4e5","name":"shop","apiKeySource":"HEADER"}`, `{"id":"z9y8x7w6v5","name":"other"}`)
	case "/restapis/a1b2c3d4e5/resources":
		page(`{"id":"r1","path":"/","resourceMethods":{"GET":{"httpMethod":"GET","apiKeyRequired":true,"authorizationType":"NONE"}}}`,
			`{"id":"r2","path":"/b","resourceMethods":{"GET":{"httpMethod":"GET","apiKeyRequired":true,"authorizationType":"NONE"}}}`)
	case "/restapis/a1b2c3d4e5/stages":
		fmt.Fprint(w, `{"item":[{"stageName":"prod","deploymentId":"d1d1d1"}]}`)
	case "/restapis/a1b2c3d4e5/deployments/d1d1d1":
		fmt.Fprint(w, `{"id":"d1d1d1","apiSummary":{"/":{"GET":{"apiKeyRequired":true,"authorizationType":"NONE"}},"/b":{"GET":{"apiKeyRequired":true,"authorizationType":"NONE"}}}}`)
	case "/restapis/a1b2c3d4e5/stages/prod/exports/oas30":
		fmt.Fprint(w, `{"openapi":"3.0.1","paths":{"/":{"get":{}},"/b":{"get":{}}}}`)
	case "/apikeys":
		page(`{"id":"k1","enabled":true,"value":"the-key-of-this-recorded-test"}`, `{"id":"k2","enabled":false,"value":"another-key-of-this-test-here"}`)
	case "/usageplans":
		page(`{"id":"p1","apiStages":[{"apiId":"a1b2c3d4e5","stage":"prod"}]}`, `{"id":"p2"}`)
	case "/usageplans/p1/keys":
		page(`{"id":"k1","type":"API_KEY"}`, `{"id":"k3","type":"API_KEY"}`)
	case "/usageplans/p2/keys", "/domainnames":
		fmt.Fprint(w, `{"item":[]}`)
	default:
		w.Header().Set("x-amzn-errortype", "AccessDeniedException")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"message":"User is not authorized"}`)
	}
}

// Every page is read, and calls that AWS refuses for their rate are made again.
func TestCollectReadsEveryPageThroughThrottles(t *testing.T) {
	record := &recorded{t: t, calls: map[string]int{}, refuse: 1}
	w := recordedAccount(t, record)
	stack, err := lock.Collect(t.Context(), w, lock.CollectOptions{Distributions: []string{"E2"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(stack.Distributions) != 2 || len(stack.APIs) != 1 || len(stack.Keys) != 2 || len(stack.Plans) != 2 || len(stack.Gaps) != 0 {
		t.Fatalf("%d distributions, %d APIs, %d keys, %d plans, gaps %v",
			len(stack.Distributions), len(stack.APIs), len(stack.Keys), len(stack.Plans), stack.Gaps)
	}
	api := stack.APIs[0]
	if n := len(api.Methods.Value); n != 2 {
		t.Errorf("%d methods of the working copy", n)
	}
	if got := strings.Join(stack.Plans[0].Keys, " "); got != "k1 k3" {
		t.Errorf("keys of the plan: %s", got)
	}
	snapshot := api.Stages[0].Deployed
	if !snapshot.Methods.Known() || len(snapshot.Methods.Value) != 2 || !snapshot.Methods.Value[0].APIKeyRequired {
		t.Errorf("deployed methods: %+v", snapshot.Methods)
	}
	if snapshot.Policy.Known() {
		t.Error("AWS's export shows no policy: whether there is one cannot be told")
	}
	if text := fmt.Sprintf("%+v", stack); strings.Contains(text, "the-key-of-this-recorded-test") {
		t.Error("printing the model shows a secret")
	}
	for key, n := range record.calls {
		if n != 2 && !strings.Contains(key, "tagging") { // one path for every distribution's tags
			t.Errorf("%s was called %d times, not once refused and once answered", key, n)
		}
	}
}

// What may not be read is a gap with its reason, not an error.
func TestCollectNotesWhatItMayNotRead(t *testing.T) {
	record := &recorded{t: t, calls: map[string]int{}}
	denied := http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/apikeys" || strings.Contains(q.URL.Path, "/exports/") || strings.HasSuffix(q.URL.Path, "/stages") && strings.Contains(q.URL.Path, "z9y8") {
			w.Header().Set("x-amzn-errortype", "AccessDeniedException")
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"message":"User is not authorized to do that"}`)
			return
		}
		record.ServeHTTP(w, q)
	})
	stack, err := lock.Collect(t.Context(), recordedAccount(t, denied), lock.CollectOptions{All: true})
	if err != nil {
		t.Fatal(err)
	}
	gaps := fmt.Sprint(stack.Gaps)
	for _, want := range []string{"API keys", "stages of API z9y8x7w6v5", "not authorized"} {
		if !strings.Contains(gaps, want) {
			t.Errorf("gaps %s lack %q", gaps, want)
		}
	}
	if policy := stack.APIs[0].Stages[0].Deployed.Policy; policy.Known() || !strings.Contains(policy.Reason(), "not authorized") {
		t.Errorf("the deployed policy: %v", policy)
	}
}

func recordedAccount(t *testing.T, handler http.Handler) *lock.Account {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "test", "AWS_CONFIG_FILE": "/dev/null",
		"AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_PROFILE": "",
	} {
		t.Setenv(name, value)
	}
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	account, err := lock.Connect(t.Context(), lock.ConnectOptions{Endpoint: server.URL, Region: "us-east-1", CAFile: certificateFile(t, server)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(account.Close)
	if account.ID != "123456789012" || account.Drawbridge {
		t.Fatalf("account %s, Drawbridge %v", account.ID, account.Drawbridge)
	}
	return account
}

func certificateFile(t *testing.T, server *httptest.Server) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(path, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
