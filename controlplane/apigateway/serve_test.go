package apigateway_test

import (
	"fmt"
	"net/http"
	"os"
	"testing"

	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/controlplane/apigateway"
	"drawbridge/controlplane/awsproto"
	"drawbridge/store/memory"
)

// TestMain serves the service alone when DRAWBRIDGE_APIGATEWAY_SERVE holds an
// address: for the recorded answers, whose runner needs an endpoint:
//
//	DRAWBRIDGE_APIGATEWAY_SERVE=127.0.0.1:4599 go test ./controlplane/apigateway -run '^$'
//	cd vectors && go run . -endpoint http://127.0.0.1:4599 -account 000000000000 -run '^apigateway-control-'
func TestMain(m *testing.M) {
	addr := os.Getenv("DRAWBRIDGE_APIGATEWAY_SERVE")
	if addr == "" {
		os.Exit(m.Run())
	}
	fmt.Println(serve(addr))
	os.Exit(1)
}

func serve(addr string) error {
	handler, err := newHandler()
	if err != nil {
		return err
	}
	return http.ListenAndServe(addr, handler)
}

func newHandler() (http.Handler, error) {
	st, err := memory.New(memory.Options{})
	if err != nil {
		return nil, err
	}
	svc, err := apigateway.New(apigateway.Options{Store: st})
	if err != nil {
		return nil, err
	}
	return awsproto.New(awsproto.Options{
		Services: []awsproto.Service{{Table: apigatewayapi.Table, Impl: svc}},
		Account:  "000000000000", Region: "us-east-1",
	})
}
