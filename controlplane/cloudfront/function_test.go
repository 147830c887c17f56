package cloudfront_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	sdkkvs "github.com/aws/aws-sdk-go-v2/service/cloudfrontkeyvaluestore"
	kvstypes "github.com/aws/aws-sdk-go-v2/service/cloudfrontkeyvaluestore/types"

	"drawbridge/controlplane/api/cloudfrontapi"
	kvs "drawbridge/controlplane/api/cloudfrontkeyvaluestoreapi"
	"drawbridge/controlplane/awsproto"
	"drawbridge/controlplane/cloudfront"
)

const functionCode = "function handler(event) { return event.request; }"

func functionConfig(runtime, storeARN string) *cloudfrontapi.FunctionConfig {
	config := &cloudfrontapi.FunctionConfig{Comment: new(""), Runtime: new(runtime)}
	if storeARN != "" {
		config.KeyValueStoreAssociations = &cloudfrontapi.KeyValueStoreAssociations{
			Quantity: new(int32(1)), Items: []cloudfrontapi.KeyValueStoreAssociation{{KeyValueStoreARN: new(storeARN)}},
		}
	}
	return config
}

func createFunction(t testing.TB, s *cloudfront.Service, name string) *cloudfrontapi.CreateFunctionResult {
	t.Helper()
	made, err := s.CreateFunction(call(account), &cloudfrontapi.CreateFunctionRequest{
		Name: new(name), FunctionConfig: functionConfig("cloudfront-js-2.0", ""), FunctionCode: []byte(functionCode),
	})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestFunctionRules(t *testing.T) {
	s := newService(t, cloudfront.Options{Limits: cloudfront.Limits{Functions: 2}})
	create := func(name string, config *cloudfrontapi.FunctionConfig, code string) error {
		_, err := s.CreateFunction(call(account), &cloudfrontapi.CreateFunctionRequest{Name: new(name), FunctionConfig: config, FunctionCode: []byte(code)})
		return err
	}
	good := functionConfig("cloudfront-js-1.0", "")
	none := "arn:aws:cloudfront::" + account + ":key-value-store/00000000-0000-4000-8000-000000000000"
	wantCode(t, "FunctionSizeLimitExceeded", 413, create("f", good, strings.Repeat(" ", 10<<10+1)))
	wantCode(t, "", 0, create("f", good, strings.Repeat(" ", 10<<10)))
	wantCode(t, "FunctionAlreadyExists", 409, create("f", good, functionCode))
	wantCode(t, invalidArgument, 400, create(strings.Repeat("f", 65), good, functionCode))
	wantCode(t, invalidArgument, 400, create("g", good, ""))
	wantCode(t, invalidArgument, 400, create("g", nil, functionCode))
	wantCode(t, invalidArgument, 400, create("g", functionConfig("", ""), functionCode))
	wantCode(t, invalidArgument, 400, create("g", functionConfig("cloudfront-js-2.0", none), functionCode))
	wantCode(t, invalidArgument, 400, create("g", functionConfig("cloudfront-js-2.0", "x"), functionCode))
	wantCode(t, "", 0, create("g", good, "not ( javascript"))
	wantCode(t, "TooManyFunctions", 400, create("h", good, functionCode))

	_, err := s.DescribeFunction(call(otherAccount), &cloudfrontapi.DescribeFunctionRequest{Name: new("f")})
	wantCode(t, "NoSuchFunctionExists", 404, err)
	_, err = s.DescribeFunction(call(account), &cloudfrontapi.DescribeFunctionRequest{Name: new("f"), Stage: new("NONE")})
	wantCode(t, invalidArgument, 400, err)
}

// wantCode compares an error's code and status; "": none is wanted.
func wantCode(t testing.TB, code string, status int, err error) {
	t.Helper()
	if code == "" {
		if err != nil {
			t.Errorf("got %v, want none", err)
		}
		return
	}
	wantError(t, err, code, status, "")
}

// TestFunctionAssociations provokes each way in which an association is refused.
func TestFunctionAssociations(t *testing.T) {
	s := newService(t, cloudfront.Options{})
	made := createFunction(t, s, "f")
	arn := *made.FunctionSummary.FunctionMetadata.FunctionARN
	try := func(reference string, change func(*cloudfrontapi.DefaultCacheBehavior)) error {
		c := config(reference)
		change(c.DefaultCacheBehavior)
		_, err := s.CreateDistribution(call(account), &cloudfrontapi.CreateDistributionRequest{DistributionConfig: c})
		return err
	}
	with := func(arn string, events ...string) func(*cloudfrontapi.DefaultCacheBehavior) {
		return func(b *cloudfrontapi.DefaultCacheBehavior) {
			b.FunctionAssociations = &cloudfrontapi.FunctionAssociations{Quantity: new(int32(len(events)))}
			for _, event := range events {
				b.FunctionAssociations.Items = append(b.FunctionAssociations.Items,
					cloudfrontapi.FunctionAssociation{EventType: new(event), FunctionARN: new(arn)})
			}
		}
	}
	wantCode(t, "InvalidFunctionAssociation", 400, try("1", with(arn, "viewer-request"))) // not published
	if _, err := s.PublishFunction(call(account), &cloudfrontapi.PublishFunctionRequest{Name: new("f"), IfMatch: made.ETag}); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "InvalidFunctionAssociation", 400, try("2", with(arn, "origin-request")))
	wantCode(t, "InvalidFunctionAssociation", 400, try("3", with(arn, "viewer-request", "viewer-request")))
	wantCode(t, "TooManyFunctionAssociations", 400, try("4", with(arn, "viewer-request", "viewer-response", "viewer-request")))
	wantCode(t, "InvalidFunctionAssociation", 400, try("5", with(strings.Replace(arn, account, otherAccount, 1), "viewer-request")))
	wantCode(t, "InvalidFunctionAssociation", 400, try("6", func(b *cloudfrontapi.DefaultCacheBehavior) {
		with(arn, "viewer-request")(b)
		b.LambdaFunctionAssociations = &cloudfrontapi.LambdaFunctionAssociations{Quantity: new(int32(1)), Items: []cloudfrontapi.LambdaFunctionAssociation{{
			EventType: new("viewer-response"), LambdaFunctionARN: new("arn:aws:lambda:us-east-1:111122223333:function:f:1"),
		}}}
	}))
	wantCode(t, "", 0, try("7", with(arn, "viewer-request", "viewer-response")))
	wantCode(t, "FunctionInUse", 409, s.DeleteFunction(call(account), &cloudfrontapi.DeleteFunctionRequest{Name: new("f"), IfMatch: made.ETag}))
}

func TestListFunctionsByPage(t *testing.T) {
	s := newService(t, cloudfront.Options{})
	for _, name := range []string{"a", "b", "c"} {
		made := createFunction(t, s, name)
		if name != "b" {
			if _, err := s.PublishFunction(call(account), &cloudfrontapi.PublishFunctionRequest{Name: new(name), IfMatch: made.ETag}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for size := int32(1); size <= 6; size++ {
		var seen []string
		for marker := (*string)(nil); ; {
			out, err := s.ListFunctions(call(account), &cloudfrontapi.ListFunctionsRequest{MaxItems: new(size), Marker: marker})
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range out.FunctionList.Items {
				seen = append(seen, *item.Name+*item.FunctionMetadata.Stage)
			}
			if marker = out.FunctionList.NextMarker; marker == nil {
				break
			}
		}
		if got := strings.Join(seen, " "); got != "aDEVELOPMENT bDEVELOPMENT cDEVELOPMENT aLIVE cLIVE" {
			t.Errorf("by %d: %s", size, got)
		}
	}
}

func createStore(t testing.TB, s *cloudfront.Service, name string) *cloudfrontapi.CreateKeyValueStoreResult {
	t.Helper()
	made, err := s.CreateKeyValueStore(call(account), &cloudfrontapi.CreateKeyValueStoreRequest{Name: new(name)})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func dataETag(t testing.TB, s *cloudfront.Service, arn *string) *string {
	t.Helper()
	out, err := s.KeyValues().DescribeKeyValueStore(call(account), &kvs.DescribeKeyValueStoreRequest{KvsARN: arn})
	if err != nil {
		t.Fatal(err)
	}
	return out.ETag
}

func TestKeyValueRules(t *testing.T) {
	s := newService(t, cloudfront.Options{Limits: cloudfront.Limits{KeyValueStores: 1, FunctionsPerKeyValue: 1}})
	made := createStore(t, s, "s")
	arn, data := made.KeyValueStore.ARN, s.KeyValues()
	_, err := s.CreateKeyValueStore(call(account), &cloudfrontapi.CreateKeyValueStoreRequest{Name: new("t")})
	wantCode(t, "EntityLimitExceeded", 400, err)
	for i, want := range []string{"", invalidArgument} {
		_, err = s.CreateFunction(call(account), &cloudfrontapi.CreateFunctionRequest{
			Name: new(fmt.Sprint("f", i)), FunctionConfig: functionConfig("cloudfront-js-2.0", *arn), FunctionCode: []byte(functionCode),
		})
		wantCode(t, want, 400, err)
	}
	put := func(key, value string) error {
		_, err := data.PutKey(call(account), &kvs.PutKeyRequest{KvsARN: arn, IfMatch: dataETag(t, s, arn), Key: new(key), Value: new(value)})
		return err
	}
	wantCode(t, "", 0, put(strings.Repeat("ü", 256), strings.Repeat("v", 1024))) // 512 bytes, escaped more
	wantCode(t, "ValidationException", 400, put(strings.Repeat("k", 513), "v"))
	wantCode(t, "ValidationException", 400, put("k", strings.Repeat("v", 1025)))
	wantCode(t, "ValidationException", 400, put("", "v"))
	var many []kvs.PutKeyRequestListItem
	for i := range 51 {
		many = append(many, kvs.PutKeyRequestListItem{Key: new(fmt.Sprint("k", i)), Value: new("v")})
	}
	update := func(puts []kvs.PutKeyRequestListItem, deletes ...string) error {
		in := &kvs.UpdateKeysRequest{KvsARN: arn, IfMatch: dataETag(t, s, arn), Puts: puts}
		for _, key := range deletes {
			in.Deletes = append(in.Deletes, kvs.DeleteKeyRequestListItem{Key: new(key)})
		}
		_, err := data.UpdateKeys(call(account), in)
		return err
	}
	wantCode(t, "ValidationException", 400, update(many))
	wantCode(t, "ValidationException", 400, update(nil))
	wantCode(t, "ValidationException", 400, update(many[:1], "k0"))
	wantCode(t, "", 0, update(many[:50]))
	wantCode(t, "", 0, update(many[50:], "k0", "k1"))
	_, err = data.ListKeys(call(account), &kvs.ListKeysRequest{KvsARN: arn, MaxResults: new(int32(51))})
	wantCode(t, "ValidationException", 400, err)
	_, err = data.ListKeys(call(account), &kvs.ListKeysRequest{KvsARN: arn, NextToken: new("§")})
	wantCode(t, "ValidationException", 400, err)
	_, err = data.GetKey(call(otherAccount), &kvs.GetKeyRequest{KvsARN: arn, Key: new("k2")})
	wantCode(t, "AccessDeniedException", 403, err)
	_, err = data.GetKey(call(account), &kvs.GetKeyRequest{KvsARN: new("x"), Key: new("k2")})
	wantCode(t, "ValidationException", 400, err)
	out, err := data.DescribeKeyValueStore(call(account), &kvs.DescribeKeyValueStoreRequest{KvsARN: arn})
	if err != nil || *out.ItemCount != 50 || *out.TotalSizeInBytes != 512+1024+int64(8*3+41*4) {
		t.Errorf("%v, %d pairs of %d bytes", err, *out.ItemCount, *out.TotalSizeInBytes)
	}
}

// TestStoreIsFull: 5 MB and no more; deleting the store deletes its pairs.
func TestStoreIsFull(t *testing.T) {
	s := newService(t, cloudfront.Options{})
	made := createStore(t, s, "s")
	arn, etag := made.KeyValueStore.ARN, dataETag(t, s, made.KeyValueStore.ARN)
	value, n := strings.Repeat("v", 1024), 0
	for {
		in := &kvs.UpdateKeysRequest{KvsARN: arn, IfMatch: etag}
		for range 50 {
			in.Puts = append(in.Puts, kvs.PutKeyRequestListItem{Key: new(fmt.Sprintf("%0500d", n)), Value: new(value)})
			n++
		}
		out, err := s.KeyValues().UpdateKeys(call(account), in)
		if err != nil {
			wantCode(t, "ServiceQuotaExceededException", 402, err)
			break
		}
		if *out.TotalSizeInBytes > 5<<20 {
			t.Fatalf("%d bytes", *out.TotalSizeInBytes)
		}
		etag = out.ETag
	}
	if n < 3400 {
		t.Errorf("full after %d pairs", n)
	}
	if err := s.DeleteKeyValueStore(call(account), &cloudfrontapi.DeleteKeyValueStoreRequest{Name: new("s"), IfMatch: made.ETag}); err != nil {
		t.Fatal(err)
	}
	_, err := s.KeyValues().GetKey(call(account), &kvs.GetKeyRequest{KvsARN: arn, Key: new(fmt.Sprintf("%0500d", 0))})
	wantCode(t, "ResourceNotFoundException", 404, err)
}

// TestPutKeysAtOnce: of writers with the same version one wins each round.
func TestPutKeysAtOnce(t *testing.T) {
	s := newService(t, cloudfront.Options{})
	arn := createStore(t, s, "s").KeyValueStore.ARN
	etag := dataETag(t, s, arn)
	var wait sync.WaitGroup
	won := make(chan string, 20)
	for i := range 20 {
		wait.Go(func() {
			_, err := s.KeyValues().PutKey(call(account), &kvs.PutKeyRequest{KvsARN: arn, IfMatch: etag, Key: new(fmt.Sprint(i)), Value: new("v")})
			if err == nil {
				won <- fmt.Sprint(i)
			}
		})
	}
	wait.Wait()
	if len(won) != 1 {
		t.Errorf("%d writers won", len(won))
	}
}

// TestFunctionsBySDK: what only the wire shows. The code comes back as it is,
// UpdateFunction's version in the header that is misspelt, the data API's
// calls are signed by SigV4A to a host of the account.
func TestFunctionsBySDK(t *testing.T) {
	ctx := t.Context()
	service := newService(t, cloudfront.Options{})
	newServer := func(known ...awsproto.Credential) *httptest.Server {
		h, err := awsproto.New(awsproto.Options{
			Services: []awsproto.Service{
				{Table: cloudfrontapi.Table, Impl: service}, {Table: kvs.Table, Impl: service.KeyValues()},
			},
			Account: account, Region: "us-east-1", Now: time.Now, Log: slog.New(slog.DiscardHandler), Credentials: known,
		})
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(h)
		t.Cleanup(server.Close)
		return server
	}
	config := func(server *httptest.Server) aws.Config {
		dial := func(ctx context.Context, network, _ string) (net.Conn, error) { // <account>.localhost is this server, too
			return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
		}
		return aws.Config{
			Region: "us-east-1", BaseEndpoint: aws.String("http://localhost"), RetryMaxAttempts: 1,
			HTTPClient:  &http.Client{Transport: &http.Transport{DialContext: dial}},
			Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		}
	}
	server := newServer()
	c, data := sdk.NewFromConfig(config(server)), sdkkvs.NewFromConfig(config(server))
	made, err := c.CreateFunction(ctx, &sdk.CreateFunctionInput{
		Name: new("f"), FunctionCode: []byte(functionCode), FunctionConfig: &types.FunctionConfig{Comment: new(""), Runtime: types.FunctionRuntimeCloudfrontJs20},
		Tags: &types.Tags{Items: []types.Tag{{Key: new("k"), Value: new("v")}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	code := "// ü\x00\n" + functionCode
	updated, err := c.UpdateFunction(ctx, &sdk.UpdateFunctionInput{
		Name: new("f"), IfMatch: made.ETag, FunctionCode: []byte(code), FunctionConfig: &types.FunctionConfig{Comment: new("x"), Runtime: types.FunctionRuntimeCloudfrontJs20},
	})
	if err != nil || updated.ETag == nil {
		t.Fatal(err, updated)
	}
	read, err := c.GetFunction(ctx, &sdk.GetFunctionInput{Name: new("f")})
	if err != nil || string(read.FunctionCode) != code || *read.ContentType != "application/octet-stream" || *read.ETag != *updated.ETag {
		t.Errorf("read %v %+v", err, read)
	}
	tags, err := c.ListTagsForResource(ctx, &sdk.ListTagsForResourceInput{Resource: made.FunctionSummary.FunctionMetadata.FunctionARN})
	if err != nil || len(tags.Tags.Items) != 1 {
		t.Errorf("tags %v %v", err, tags)
	}
	made2, err := c.CreateKeyValueStore(ctx, &sdk.CreateKeyValueStoreInput{Name: new("s")})
	if err != nil {
		t.Fatal(err)
	}
	store := made2.KeyValueStore
	described, err := data.DescribeKeyValueStore(ctx, &sdkkvs.DescribeKeyValueStoreInput{KvsARN: store.ARN})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = data.PutKey(ctx, &sdkkvs.PutKeyInput{KvsARN: store.ARN, Key: new("a/b c"), Value: new("v"), IfMatch: described.ETag}); err != nil {
		t.Fatal(err)
	}
	got, err := data.GetKey(ctx, &sdkkvs.GetKeyInput{KvsARN: store.ARN, Key: new("a/b c")})
	if err != nil || *got.Value != "v" {
		t.Errorf("get %v %v", err, got)
	}
	_, err = data.PutKey(ctx, &sdkkvs.PutKeyInput{KvsARN: store.ARN, Key: new("a"), Value: new("v"), IfMatch: described.ETag})
	if stale := new(kvstypes.ConflictException); !errors.As(err, &stale) || *stale.Message == "" {
		t.Errorf("stale: %v", err)
	}
	// With credentials every signature is verified, SigV4A's too.
	for secret, right := range map[string]bool{"test": true, "another": false} {
		strict := sdkkvs.NewFromConfig(config(newServer(awsproto.Credential{AccessKeyID: "test", SecretAccessKey: secret})))
		_, err = strict.DescribeKeyValueStore(ctx, &sdkkvs.DescribeKeyValueStoreInput{KvsARN: store.ARN})
		if right != (err == nil) || err != nil && !strings.Contains(err.Error(), "403") {
			t.Errorf("the secret %s: %v", secret, err)
		}
	}
}
