package scenario

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudfrontkeyvaluestore"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/rogpeppe/go-internal/testscript"

	"drawbridge/controlplane/api"
)

// A story marked "# real-sdk" runs by aws-sdk-go-v2, too: each line fills the
// SDK's input, calls the client's method and reads its output, all by the names
// of AWS's model.

// awsBySDK performs a line by aws-sdk-go-v2.
func (s *story) awsBySDK(ts *testscript.TestScript, args []string) error {
	line, err := parseAWS(args, s.reader(ts))
	if err != nil {
		return err
	}
	client := reflect.ValueOf(sdkClient(args[0], line.region, ts.Getenv))
	method := client.MethodByName(line.op.Name)
	if !method.IsValid() {
		return fmt.Errorf("aws-sdk-go-v2 has no %s", line.op.Name)
	}
	in := reflect.New(method.Type().In(1).Elem())
	if line.op.Input != nil {
		if err := fillSDK(in.Elem(), &api.Type{Kind: api.KindStructure, Shape: line.op.Input}, line.in); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	results := method.Call([]reflect.Value{reflect.ValueOf(ctx), in})
	if err, _ := results[1].Interface().(error); err != nil {
		return s.refusedBySDK(err)
	}
	var out object
	if line.op.Output != nil {
		out, _ = readSDK(results[0].Elem(), &api.Type{Kind: api.KindStructure, Shape: line.op.Output}).(object)
	}
	return s.answered(line, out, ts.Getenv("WORK"))
}

func (s *story) refusedBySDK(err error) error {
	var refusal smithy.APIError
	var status interface{ HTTPStatusCode() int }
	if !errors.As(err, &refusal) || !errors.As(err, &status) {
		return err
	}
	s.failure = &awsFailure{code: refusal.ErrorCode(), message: refusal.ErrorMessage(), status: status.HTTPStatusCode()}
	return nil
}

// sdkClient makes a client of a service. Whatever host it asks, the story's
// server answers: the key value store's data API has the account in its host.
func sdkClient(service, region string, getenv func(string) string) any {
	if region == "" {
		region = getenv("AWS_REGION")
	}
	address := strings.TrimPrefix(getenv("ENDPOINT"), "http://")
	config := aws.Config{
		Region: region, BaseEndpoint: aws.String(getenv("ENDPOINT")), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(getenv("AWS_ACCESS_KEY_ID"), getenv("AWS_SECRET_ACCESS_KEY"), getenv("AWS_SESSION_TOKEN")),
		HTTPClient: wholeBodies{&http.Client{Timeout: patience, Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{Timeout: patience}).DialContext(ctx, network, address)
			},
		}}},
	}
	switch service {
	case "acm":
		return acm.NewFromConfig(config)
	case "apigateway":
		return apigateway.NewFromConfig(config)
	case "cloudfront-keyvaluestore":
		config.BaseEndpoint = aws.String("http://cloudfront-kvs.global.api.aws")
		return cloudfrontkeyvaluestore.NewFromConfig(config)
	case "iam":
		return iam.NewFromConfig(config)
	case "sts":
		return sts.NewFromConfig(config)
	}
	return cloudfront.NewFromConfig(config)
}

// waitBySDK waits by the SDK's waiter.
func (s *story) waitBySDK(ts *testscript.TestScript, args []string) error {
	options, err := splitOptions(args[3:])
	if err != nil {
		return err
	}
	given := map[string]*string{}
	for _, o := range options {
		given[o.name] = aws.String(strings.Join(o.values, " "))
	}
	c, _ := sdkClient("cloudfront", "", ts.Getenv).(*cloudfront.Client)
	const often = 10 * time.Millisecond
	ctx := context.Background()
	switch args[2] {
	case "distribution-deployed":
		return cloudfront.NewDistributionDeployedWaiter(c, func(o *cloudfront.DistributionDeployedWaiterOptions) { o.MinDelay = often }).
			Wait(ctx, &cloudfront.GetDistributionInput{Id: given["id"]}, patience)
	case "invalidation-completed":
		return cloudfront.NewInvalidationCompletedWaiter(c, func(o *cloudfront.InvalidationCompletedWaiterOptions) { o.MinDelay = often }).
			Wait(ctx, &cloudfront.GetInvalidationInput{DistributionId: given["distribution-id"], Id: given["id"]}, patience)
	case "streaming-distribution-deployed":
		return cloudfront.NewStreamingDistributionDeployedWaiter(c, func(o *cloudfront.StreamingDistributionDeployedWaiterOptions) { o.MinDelay = often }).
			Wait(ctx, &cloudfront.GetStreamingDistributionInput{Id: given["id"]}, patience)
	case "invalidation-for-distribution-tenant-completed":
		return cloudfront.NewInvalidationForDistributionTenantCompletedWaiter(c, func(o *cloudfront.InvalidationForDistributionTenantCompletedWaiterOptions) { o.MinDelay = often }).
			Wait(ctx, &cloudfront.GetInvalidationForDistributionTenantInput{DistributionTenantId: given["distribution-tenant-id"], Id: given["id"]}, patience)
	case "certificate-validated":
		c, _ := sdkClient("acm", *given["region"], ts.Getenv).(*acm.Client)
		return acm.NewCertificateValidatedWaiter(c, func(o *acm.CertificateValidatedWaiterOptions) { o.MinDelay = often }).
			Wait(ctx, &acm.DescribeCertificateInput{CertificateArn: given["certificate-arn"]}, patience)
	}
	return fmt.Errorf("no waiter %s", args[2])
}

// goName is the SDK's name of a member.
func goName(model string) string { return strings.ToUpper(model[:1]) + model[1:] }

// fillSDK puts a tree into a value of the SDK's.
func fillSDK(v reflect.Value, t *api.Type, tree any) error {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return fillSDK(v.Elem(), t, tree)
	case reflect.Interface:
		return fillUnion(v, t, tree)
	case reflect.Struct:
		for _, given := range tree.(object) {
			field := v.FieldByName(goName(given.name))
			if !field.IsValid() {
				return fmt.Errorf("aws-sdk-go-v2's %s has no %s", v.Type(), given.name)
			}
			if err := fillSDK(field, &findMember(t.Shape, given.name).Type, given.value); err != nil {
				return err
			}
		}
		return nil
	case reflect.Slice:
		if t.Kind == api.KindBlob {
			v.SetBytes([]byte(scalarText(tree)))
			return nil
		}
		items := tree.([]any)
		v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
		for i, item := range items {
			if err := fillSDK(v.Index(i), t.Item, item); err != nil {
				return err
			}
		}
		return nil
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for _, pair := range tree.(object) {
			item := reflect.New(v.Type().Elem()).Elem()
			if err := fillSDK(item, t.Item, pair.value); err != nil {
				return err
			}
			v.SetMapIndex(reflect.ValueOf(pair.name), item)
		}
		return nil
	case reflect.String:
		v.SetString(scalarText(tree))
		return nil
	}
	return json.Unmarshal([]byte(scalarText(tree)), v.Addr().Interface())
}

// fillUnion fills the only union of CloudFront's inputs.
func fillUnion(v reflect.Value, t *api.Type, tree any) error {
	location := &cftypes.CaCertificatesBundleSourceMemberCaCertificatesBundleS3Location{}
	if !reflect.TypeOf(location).AssignableTo(v.Type()) {
		return fmt.Errorf("aws-sdk-go-v2's union %s is new here", v.Type())
	}
	for _, given := range tree.(object) {
		if err := fillSDK(reflect.ValueOf(location).Elem().FieldByName("Value"), &findMember(t.Shape, given.name).Type, given.value); err != nil {
			return err
		}
	}
	v.Set(reflect.ValueOf(location))
	return nil
}

// readSDK reads a value of the SDK's into a tree; nil: it is absent.
func readSDK(v reflect.Value, t *api.Type) any {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		if at, ok := v.Interface().(*time.Time); ok {
			return cliTime(at.UTC().Format(time.RFC3339Nano))
		}
		return readSDK(v.Elem(), t)
	case reflect.Struct:
		out := object{}
		for i := range t.Shape.Members {
			m := &t.Shape.Members[i]
			field := v.FieldByName(goName(m.Name))
			if !field.IsValid() {
				continue
			}
			if value := readSDK(field, &m.Type); value != nil {
				out = append(out, member{m.Name, value})
			}
		}
		return out
	case reflect.Slice:
		if v.IsNil() {
			return nil
		}
		if t.Kind == api.KindBlob {
			return string(v.Bytes())
		}
		out := []any{}
		for i := range v.Len() {
			out = append(out, readSDK(v.Index(i), t.Item))
		}
		return out
	case reflect.Map:
		if v.IsNil() {
			return nil
		}
		out := object{}
		for it := v.MapRange(); it.Next(); {
			out = append(out, member{it.Key().String(), readSDK(it.Value(), t.Item)})
		}
		return out
	case reflect.String:
		if v.Type() != reflect.TypeFor[string]() && v.Len() == 0 {
			return nil // an enumeration's zero
		}
		return v.String()
	case reflect.Bool:
		return v.Bool()
	}
	text, err := json.Marshal(v.Interface())
	if err != nil {
		return nil
	}
	return json.Number(text)
}
