package lock

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// API Gateway answers 429 to an account that changes methods quickly (its
// control plane has account-wide rates); attempts and pauses outlast that.
const (
	apiAttempts   = 12
	apiMaxBackoff = 20 * time.Second
	// The first call is not made often, and nobody waits minutes for an endpoint
	// that is not there.
	firstAttempts = 3
)

// ConnectOptions say whose APIs are called: what they leave empty comes from
// where the AWS CLI finds it (environment, profiles, roles).
type ConnectOptions struct {
	Profile  string
	Region   string
	Endpoint string // base URL of every API; "": AWS_ENDPOINT_URL, the profile's endpoint_url, AWS
	CAFile   string // PEM file of the authority that probes (and an https endpoint) trust
}

// Account is a place where a lock may be: an account in a region, its APIs and
// the way to its doors.
type Account struct {
	*Clients
	ID       string // 12 digits
	Caller   string // ARN
	Region   string
	Endpoint string // "": AWS itself
	// Drawbridge: the endpoint is one, and what its exports leave out is not there.
	Drawbridge bool
	// Propagation is how long the gateway takes for a change, where it says so;
	// nil: not known.
	Propagation *time.Duration
	// Prober keeps connections. Sampler makes one per probe: behind one name
	// are many places that learn of a change at different moments.
	Prober, Sampler *Prober

	doors ProberOptions // of both
	http  aws.HTTPClient
}

// Connect finds credentials and region and asks who is calling. With an
// endpoint, probes dial its host and port whatever the name, and trust CAFile,
// or the authority that a Drawbridge at the endpoint shows.
func Connect(ctx context.Context, o ConnectOptions) (*Account, error) {
	settings, err := loadConfig(ctx, o)
	if err != nil {
		return nil, err
	}
	account := &Account{
		Clients: &Clients{
			APIGateway: apigateway.NewFromConfig(settings),
			CloudFront: cloudfront.NewFromConfig(settings),
			STS:        sts.NewFromConfig(settings),
			Secrets:    secretsmanager.NewFromConfig(settings),
		},
		Region: settings.Region, Endpoint: aws.ToString(settings.BaseEndpoint),
	}
	account.http = settings.HTTPClient
	who, err := account.STS.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{},
		func(o *sts.Options) { o.RetryMaxAttempts = firstAttempts })
	if err != nil {
		return nil, fmt.Errorf("who is calling: %w", err)
	}
	account.ID, account.Caller = aws.ToString(who.Account), aws.ToString(who.Arn)
	if err := account.findDoors(ctx, o.CAFile); err != nil {
		return nil, err
	}
	return account, nil
}

// Close ends the connections of the probers that wait for use.
func (a *Account) Close() {
	a.Prober.Close()
	a.Sampler.Close()
}

// loadConfig reads the SDK's configuration.
func loadConfig(ctx context.Context, o ConnectOptions) (aws.Config, error) {
	client, err := apiClient(o.CAFile)
	if err != nil {
		return aws.Config{}, err
	}
	options := []func(*config.LoadOptions) error{
		config.WithHTTPClient(client),
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(r *retry.StandardOptions) {
				r.MaxAttempts, r.MaxBackoff = apiAttempts, apiMaxBackoff
				r.RateLimiter = unlimited{} // many short waits are the way through a throttle
			})
		}),
	}
	if o.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(o.Profile))
	}
	if o.Region != "" {
		options = append(options, config.WithRegion(o.Region))
	}
	settings, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return settings, fmt.Errorf("configuration of the AWS SDK: %w", err)
	}
	if o.Endpoint != "" {
		settings.BaseEndpoint = &o.Endpoint
	}
	if endpoint := aws.ToString(settings.BaseEndpoint); endpoint != "" {
		if u, err := url.Parse(endpoint); err != nil || u.Host == "" {
			return settings, fmt.Errorf("endpoint %q: write a URL such as http://127.0.0.1:4566", endpoint)
		}
	}
	if settings.Region == "" {
		return settings, errors.New("no region: give --region, AWS_REGION or a profile that has one")
	}
	return settings, nil
}

// unlimited is the retryer's limit across calls: none.
type unlimited struct{}

func (unlimited) GetToken(context.Context, uint) (func() error, error) {
	return func() error { return nil }, nil
}

func (unlimited) AddTokens(uint) error { return nil }

// apiClient is the HTTP client of the control APIs; the SDK adds AWS_CA_BUNDLE.
func apiClient(caFile string) (*awshttp.BuildableClient, error) {
	client := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) { t.MaxIdleConnsPerHost = collectors })
	if caFile == "" {
		return client, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	text, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("--ca: %w", err)
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("--ca %s: no PEM certificate in it", caFile)
	}
	return client.WithTransportOptions(func(t *http.Transport) {
		t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}), nil
}

// findDoors makes the probers.
func (a *Account) findDoors(ctx context.Context, caFile string) error {
	options := ProberOptions{}
	if a.Endpoint != "" {
		u, err := url.Parse(a.Endpoint)
		if err != nil {
			return fmt.Errorf("endpoint: %w", err)
		}
		port := u.Port()
		if port == "" {
			port = map[string]string{"https": "443"}[u.Scheme]
		}
		if port == "" {
			port = "80"
		}
		options.Address = net.JoinHostPort(u.Hostname(), port)
	}
	var err error
	if a.Endpoint != "" {
		// An endpoint that shows no authority is no Drawbridge; whom the system
		// trusts must do there.
		if authority, err := a.ask(ctx, "ca.pem"); err == nil {
			options.CA, options.CAFile, a.Drawbridge = authority, "ca.pem", true
			a.askPropagation(ctx)
		}
	}
	if caFile != "" {
		options.CAFile = caFile
		if options.CA, err = os.ReadFile(caFile); err != nil {
			return fmt.Errorf("--ca: %w", err)
		}
	}
	a.doors = options
	if a.Prober, err = NewProber(options); err != nil {
		return err
	}
	options.Fresh = true
	a.Sampler, err = NewProber(options)
	return err
}

// maxAsked bounds what an endpoint answers about itself.
const maxAsked = 4 << 20

// ask reads a page that a Drawbridge has about itself.
func (a *Account) ask(ctx context.Context, page string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(a.Endpoint, "/")+"/_drawbridge/"+page, nil)
	if err != nil {
		return nil, err
	}
	response, err := a.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }() // read to its end, or given up
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAsked))
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %d", request.URL, response.StatusCode)
	}
	return text, nil
}

// askPropagation asks a Drawbridge how long its gateway takes for a change.
func (a *Account) askPropagation(ctx context.Context) {
	text, err := a.ask(ctx, "metrics")
	if err != nil {
		return // not known, as on AWS
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "drawbridge_gateway_propagation_seconds "); ok {
			if seconds, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil && seconds >= 0 && seconds < time.Hour.Seconds() {
				a.Propagation = aws.Duration(time.Duration(seconds * float64(time.Second)))
			}
		}
	}
}

// Whereabouts is one line that says whose things are looked at or changed.
func (a *Account) Whereabouts() string {
	endpoint := a.Endpoint
	if endpoint == "" {
		endpoint = "AWS"
	}
	return fmt.Sprintf("account %s, region %s, endpoint %s, caller %s", a.ID, a.Region, endpoint, a.Caller)
}

// Partition is the ARN partition of the account's region.
func (a *Account) Partition() string {
	switch {
	case strings.HasPrefix(a.Region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(a.Region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}
