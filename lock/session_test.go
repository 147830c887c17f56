package lock

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cdntypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
)

// newControl serves a fake control plane and returns a session that calls it,
// and what the session tells.
func newControl(t *testing.T, handler http.HandlerFunc) (*session, *[]Line) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	clients, err := NewClients(ClientsOptions{Endpoint: server.URL, Region: "eu-west-1", AccessKeyID: "a", SecretAccessKey: "s"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(clients.Close)
	var told []Line
	return &session{clients: clients, tell: func(line Line) { told = append(told, line) }, method: "referer"}, &told
}

func TestNewClientsChecksItsOptions(t *testing.T) {
	good := ClientsOptions{Endpoint: "http://127.0.0.1:1", Region: "eu-west-1", AccessKeyID: "a", SecretAccessKey: "s"}
	for name, spoil := range map[string]func(*ClientsOptions){
		"no endpoint":    func(o *ClientsOptions) { o.Endpoint = "" },
		"no scheme":      func(o *ClientsOptions) { o.Endpoint = "127.0.0.1:4566" },
		"no region":      func(o *ClientsOptions) { o.Region = "" },
		"no credentials": func(o *ClientsOptions) { o.SecretAccessKey = "" },
	} {
		o := good
		spoil(&o)
		if _, err := NewClients(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestCallIsToldAndMade(t *testing.T) {
	var authorization string
	s, told := newControl(t, func(w http.ResponseWriter, r *http.Request) {
		authorization = r.Header.Get("Authorization")
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"id":"a1b2c3d4e5"}`))
	})
	made, err := do(t.Context(), s, call(s.clients.APIGateway.CreateRestApi,
		&apigateway.CreateRestApiInput{Name: aws.String("orders")}).keep("API", "id"))
	if err != nil || aws.ToString(made.Id) != "a1b2c3d4e5" {
		t.Fatalf("got %+v, %v", made, err)
	}
	if !strings.Contains(authorization, "/eu-west-1/apigateway/aws4_request") {
		t.Errorf("signed for %s", authorization)
	}
	if err := s.learn("API", made.Id); err != nil {
		t.Fatal(err)
	}
	want := []Line{
		{LineCommand, "API=$(aws apigateway create-rest-api --name orders --query id --output text)"},
		{LineSeen, "API=a1b2c3d4e5"},
	}
	if len(*told) != 2 || (*told)[0] != want[0] || (*told)[1] != want[1] {
		t.Errorf("told %+v, want %+v", *told, want)
	}
	if err := s.learn("API", nil); err == nil {
		t.Error("an answer without the member is accepted")
	}
}

func TestAFailedStepNamesItsLine(t *testing.T) {
	s, _ := newControl(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("x-amzn-errortype", "NotFoundException")
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"message":"Invalid API identifier specified"}`))
	})
	_, err := do(t.Context(), s, call(s.clients.APIGateway.GetRestApi, &apigateway.GetRestApiInput{RestApiId: aws.String("zzz")}))
	for _, want := range []string{"at `aws apigateway get-rest-api --rest-api-id zzz`", "NotFoundException", "Invalid API identifier specified"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v lacks %q", err, want)
		}
	}
}

func TestRefused(t *testing.T) {
	refusal := `<ErrorResponse xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Error><Type>Sender</Type>` +
		`<Code>%s</Code><Message>because</Message></Error><RequestId>r</RequestId></ErrorResponse>`
	for name, test := range map[string]struct {
		status int
		body   string
		got    string
		ok     bool
		told   string
	}{
		"refused":                  {400, strings.ReplaceAll(refusal, "%s", "InvalidArgument"), "InvalidArgument", true, "An error occurred (InvalidArgument) when calling the UpdateDistribution operation: because"},
		"refused for other reason": {412, strings.ReplaceAll(refusal, "%s", "PreconditionFailed"), "PreconditionFailed", false, "An error occurred (PreconditionFailed) when calling the UpdateDistribution operation: because"},
		"accepted":                 {200, `<Distribution xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Id>E1</Id></Distribution>`, "accepted", false, "accepted"},
	} {
		t.Run(name, func(t *testing.T) {
			s, told := newControl(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/xml")
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(test.body))
			})
			op := call(s.clients.CloudFront.UpdateDistribution, &cloudfront.UpdateDistributionInput{
				Id: aws.String("E1"), DistributionConfig: minimalConfig(),
			})
			if err := refused(t.Context(), s, op, knock{door: "d", expected: conflict}); err != nil {
				t.Fatal(err)
			}
			want := Door{Door: "d", Method: "referer", Expected: "InvalidArgument", Got: test.got, OK: test.ok}
			if len(s.doors) != 1 || s.doors[0] != want {
				t.Errorf("got %+v, want %+v", s.doors, want)
			}
			if (*told)[1].Text != test.told {
				t.Errorf("told %q, want %q", (*told)[1].Text, test.told)
			}
			if kind := (*told)[1].Kind; (kind == LineSeen) != test.ok {
				t.Errorf("told as kind %d", kind)
			}
		})
	}
}

func minimalConfig() *cdntypes.DistributionConfig {
	return &cdntypes.DistributionConfig{
		CallerReference: aws.String("r"), Comment: aws.String(""), Enabled: aws.Bool(true),
		Origins: &cdntypes.Origins{Quantity: aws.Int32(1), Items: []cdntypes.Origin{{Id: aws.String("o"), DomainName: aws.String("example.com")}}},
		DefaultCacheBehavior: &cdntypes.DefaultCacheBehavior{
			TargetOriginId: aws.String("o"), ViewerProtocolPolicy: cdntypes.ViewerProtocolPolicyAllowAll,
		},
	}
}

// A door that does not answer is not as it should be, and does not end the story.
func TestKnockWithoutAnswer(t *testing.T) {
	s := &session{tell: func(Line) {}, prober: newProber(t, ProberOptions{Address: "127.0.0.1:1"})}
	if err := s.knock(t.Context(), knock{door: "d", probe: Probe{Host: "example.com", Path: "/"}, expected: open}); err != nil {
		t.Fatal(err)
	}
	if len(s.doors) != 1 || s.doors[0].OK || s.doors[0].Got != "no answer" {
		t.Errorf("got %+v", s.doors)
	}
}

// The end of the time ends the story with the line it was at.
func TestKnockOutOfTime(t *testing.T) {
	s := &session{tell: func(Line) {}, prober: newProber(t, ProberOptions{Address: "127.0.0.1:1"})}
	ctx, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	err := s.knock(ctx, knock{door: "d", probe: Probe{Host: "example.com", Path: "/"}, expected: open})
	if err == nil || !strings.Contains(err.Error(), "at `curl -si --connect-to ::127.0.0.1:1 https://example.com/`") {
		t.Errorf("got %v", err)
	}
	if len(s.doors) != 0 {
		t.Errorf("recorded %+v", s.doors)
	}
}
