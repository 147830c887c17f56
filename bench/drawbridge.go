package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
)

// cachingOptimized is the id of the managed cache policy that AWS recommends
// (CloudFront Developer Guide, "Use managed cache policies").
const cachingOptimized = "658327ea-f89d-4fab-a63d-7e88639e58f6"

var readyLine = regexp.MustCompile(`(?m)^drawbridge ready http://(\S+) roles=`)

// drawbridgeOptions say what startDrawbridge starts.
type drawbridgeOptions struct {
	binary string
	folder string // for its data and its access log
	core   int
	origin string // IP:port
	body   []byte
}

// startDrawbridge serves with the default settings, apart from the places of
// things, and sets up a distribution by CloudFront's API.
func startDrawbridge(ctx context.Context, o drawbridgeOptions) (*contender, error) {
	binary, err := filepath.Abs(o.binary)
	if err == nil {
		_, err = os.Stat(binary)
	}
	if err != nil {
		return nil, fmt.Errorf("drawbridge is not built (run `make build`): %w", err)
	}
	version, err := exec.CommandContext(ctx, binary, "version").Output()
	if err != nil {
		return nil, fmt.Errorf("drawbridge version: %w", err)
	}
	p, err := startProcess(o.core, "drawbridge", binary, "serve",
		"--listen", "edge,gateway,control,ops=127.0.0.1:0",
		"--data", filepath.Join(o.folder, "data"),
		"--access-log", filepath.Join(o.folder, "access.log"),
		"--connect-to", originName+":80:"+o.origin)
	if err != nil {
		return nil, err
	}
	c := &contender{name: "drawbridge", version: firstLine(version), process: p, body: o.body}
	if err := c.setUp(ctx); err != nil {
		p.stop()
		return nil, err
	}
	return c, nil
}

// setUp waits for the server, fetches its authority and makes the distribution.
func (c *contender) setUp(ctx context.Context) error {
	var addr string
	err := c.process.waitFor(ctx, func(context.Context) error {
		match := readyLine.FindStringSubmatch(c.process.out.String())
		if match == nil {
			return fmt.Errorf("no ready line")
		}
		addr = match[1]
		return nil
	})
	if err != nil {
		return err
	}
	c.doors = map[door]string{doorHTTP1: addr, doorHTTP2: addr, doorKey: addr, doorPolicy: addr}
	authority, err := get(ctx, "http://"+addr+"/_drawbridge/ca.pem")
	if err != nil {
		return err
	}
	c.roots = x509.NewCertPool()
	if !c.roots.AppendCertsFromPEM(authority) {
		return fmt.Errorf("drawbridge: ca.pem holds no certificate")
	}
	if c.host, err = createDistribution(ctx, "http://"+addr); err != nil {
		return err
	}
	c.apis, err = createAPIs(ctx, "http://"+addr)
	return err
}

// createDistribution makes a distribution in front of the origin as the
// console's defaults would, and returns its domain name.
func createDistribution(ctx context.Context, endpoint string) (string, error) {
	client := cloudfront.New(cloudfront.Options{
		Region: "us-east-1", BaseEndpoint: &endpoint,
		Credentials: credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "bench", ""),
	})
	created, err := client.CreateDistribution(ctx, &cloudfront.CreateDistributionInput{
		DistributionConfig: &types.DistributionConfig{
			CallerReference: aws.String("bench"), Comment: aws.String("bench"), Enabled: aws.Bool(true),
			Origins: &types.Origins{Quantity: aws.Int32(1), Items: []types.Origin{{
				Id: aws.String("origin"), DomainName: aws.String(originName),
				CustomOriginConfig: &types.CustomOriginConfig{
					HTTPPort: aws.Int32(80), HTTPSPort: aws.Int32(443), OriginProtocolPolicy: types.OriginProtocolPolicyHttpOnly,
				},
			}}},
			DefaultCacheBehavior: &types.DefaultCacheBehavior{
				TargetOriginId: aws.String("origin"), CachePolicyId: aws.String(cachingOptimized),
				ViewerProtocolPolicy: types.ViewerProtocolPolicyAllowAll, Compress: aws.Bool(true),
			},
		},
	})
	if err != nil {
		return "", fmt.Errorf("create the distribution: %w", err)
	}
	return aws.ToString(created.Distribution.DomainName), nil
}

// get fetches a small document.
func get(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", url, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", url, err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", url, err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("get %s: status %d", url, response.StatusCode)
	}
	return body, nil
}

func firstLine(text []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	return line
}
