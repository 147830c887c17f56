package lock

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Clients are the AWS APIs that the lock needs, of one account and region.
type Clients struct {
	APIGateway *apigateway.Client
	CloudFront *cloudfront.Client
	STS        *sts.Client
	Secrets    *secretsmanager.Client // nil for the demo's

	http *http.Client
}

// ClientsOptions say where the APIs are and who calls.
type ClientsOptions struct {
	Endpoint        string // required: base URL of every API, for example "http://127.0.0.1:4566"
	Region          string // required
	AccessKeyID     string // required
	SecretAccessKey string // required
	SessionToken    string
}

// NewClients makes Clients. Environment and profiles have no say: what the
// options name is called, and by nobody else's credentials.
func NewClients(o ClientsOptions) (*Clients, error) {
	if u, err := url.Parse(o.Endpoint); err != nil || u.Host == "" {
		return nil, fmt.Errorf("endpoint %q: write a URL such as http://127.0.0.1:4566", o.Endpoint)
	}
	if o.Region == "" || o.AccessKeyID == "" || o.SecretAccessKey == "" {
		return nil, errors.New("clients need a region and credentials")
	}
	// An own client: no proxy from the environment between us and the endpoint.
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute}}
	config := aws.Config{
		Region:       o.Region,
		BaseEndpoint: aws.String(o.Endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider(o.AccessKeyID, o.SecretAccessKey, o.SessionToken),
		HTTPClient:   client,
	}
	return &Clients{
		APIGateway: apigateway.NewFromConfig(config),
		CloudFront: cloudfront.NewFromConfig(config),
		STS:        sts.NewFromConfig(config),
		http:       client,
	}, nil
}

// Close ends the connections that wait for another call.
func (c *Clients) Close() { c.http.CloseIdleConnections() }
