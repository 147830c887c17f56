package awsproto

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/acmapi"
	"drawbridge/controlplane/api/cloudfrontapi"
)

// acmStub echoes what it was sent.
type acmStub struct{ acmapi.Unimplemented }

func (acmStub) ImportCertificate(call *api.Call, in *acmapi.ImportCertificateRequest) (*acmapi.ImportCertificateResponse, error) {
	return &acmapi.ImportCertificateResponse{CertificateArn: new(call.Region + " " + string(in.Certificate) + " " + *in.Tags[0].Key)}, nil
}

func (acmStub) DescribeCertificate(*api.Call, *acmapi.DescribeCertificateRequest) (*acmapi.DescribeCertificateResponse, error) {
	return &acmapi.DescribeCertificateResponse{Certificate: &acmapi.CertificateDetail{
		CreatedAt: new(time.UnixMilli(1508461860999)), InUseBy: []string{}}}, nil
}

func (acmStub) GetCertificate(*api.Call, *acmapi.GetCertificateRequest) (*acmapi.GetCertificateResponse, error) {
	return nil, acmapi.ResourceNotFoundException("gone")
}

// stagingStub shows what a header's boolean became.
type stagingStub struct{ cloudfrontapi.Unimplemented }

func (stagingStub) CopyDistribution(_ *api.Call, in *cloudfrontapi.CopyDistributionRequest) (*cloudfrontapi.CopyDistributionResult, error) {
	if in.Staging != nil && *in.Staging {
		return nil, cloudfrontapi.InvalidArgument("staging")
	}
	return nil, cloudfrontapi.InvalidArgument("primary")
}

func rpcHandler(t *testing.T) *Handler {
	t.Helper()
	h, err := New(Options{Account: "000000000000", Region: "us-east-1", NewRequestID: func() string { return testRequestID },
		Services: []Service{{acmapi.Table, acmStub{}}, {cloudfrontapi.Table, stagingStub{}}}, Now: func() time.Time { return testNow }})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestJSONRPC(t *testing.T) {
	h := rpcHandler(t)
	for _, test := range []struct {
		name, method, target, body string
		status                     int
		want                       string
	}{
		{"blob, list, region", "POST", "CertificateManager.ImportCertificate", `{"Certificate":"YWJj","PrivateKey":"YQ==","Tags":[{"Key":"k"}]}`, 200,
			`{"CertificateArn":"eu-west-1 abc k"}`},
		{"time and empty list", "POST", "CertificateManager.DescribeCertificate", `{"CertificateArn":"a"}`, 200,
			`{"Certificate":{"CreatedAt":1508461860,"InUseBy":[]}}`},
		{"modelled error", "POST", "CertificateManager.GetCertificate", `{"CertificateArn":"a"}`, 400, `{"__type":"ResourceNotFoundException","message":"gone"}`},
		{"not here", "POST", "CertificateManager.ExportCertificate", `{}`, 501,
			`{"__type":"NotImplementedException","message":"Drawbridge does not have the operation ExportCertificate of ACM."}`},
		{"not implemented", "POST", "CertificateManager.ListCertificates", `{}`, 501,
			`{"__type":"NotImplementedException","message":"ListCertificates is not implemented by Drawbridge yet"}`},
		{"no target", "POST", "", `{}`, 400, `{"__type":"UnknownOperationException","message":"The request does not name an operation."}`},
		{"no POST", "GET", "CertificateManager.ListCertificates", ``, 400, `{"__type":"UnknownOperationException","message":"The request does not name an operation."}`},
		{"no JSON", "POST", "CertificateManager.GetCertificate", `{`, 400, `{"__type":"SerializationException","message":"the request body is not valid JSON"}`},
		{"base64", "POST", "CertificateManager.ImportCertificate", `{"Certificate":"*"}`, 400, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequest(test.method, "/", strings.NewReader(test.body))
			r.Header.Set("Authorization", authorization("test", "eu-west-1", "acm"))
			r.Header.Set("X-Amz-Date", "20261122T160000Z")
			r.Header.Set("X-Amz-Target", test.target)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != test.status || test.want != "" && w.Body.String() != test.want || w.Header().Get("Content-Type") != "application/x-amz-json-1.1" {
				t.Errorf("%d %s %s", w.Code, w.Header().Get("Content-Type"), w.Body)
			}
		})
	}
}

// TestHeaderBooleans: the AWS CLI 2.9 writes Python's True.
func TestHeaderBooleans(t *testing.T) {
	h := rpcHandler(t)
	for value, want := range map[string]string{"true": ">staging<", "True": ">staging<", "False": ">primary<", "": ">primary<", "yes": "InvalidArgument"} {
		r := httptest.NewRequest("POST", "/2020-05-31/distribution/E1/copy", strings.NewReader(`<CopyDistributionRequest><CallerReference>r</CallerReference></CopyDistributionRequest>`))
		r.Header.Set("Authorization", authorization("test", "us-east-1", "cloudfront"))
		r.Header.Set("X-Amz-Date", "20261122T160000Z")
		if value != "" {
			r.Header.Set("Staging", value)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if !strings.Contains(w.Body.String(), want) || value == "yes" && strings.Contains(w.Body.String(), ">primary<") {
			t.Errorf("%q: %d %s", value, w.Code, w.Body)
		}
	}
}
