package compile

import (
	"testing"
	"time"

	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/dataplane/program"
)

func TestMethodSettings(t *testing.T) {
	for _, c := range []struct {
		key    string
		stored apigatewayapi.MethodSetting
		want   program.MethodSetting
	}{
		{"*/*", apigatewayapi.MethodSetting{}, program.MethodSetting{
			Cache: program.MethodCache{OnlyGET: true, TTL: 300 * time.Second, RequireAuthorization: true},
		}},
		{"pets/POST", apigatewayapi.MethodSetting{
			CachingEnabled: new(true), CacheTtlInSeconds: new(int32(0)), RequireAuthorizationForCacheControl: new(false),
			UnauthorizedCacheControlHeaderStrategy: new("FAIL_WITH_403"), LoggingLevel: new("ERROR"), MetricsEnabled: new(true),
		}, program.MethodSetting{Cache: program.MethodCache{Enabled: true, Unauthorized: program.FailWith403}, Log: program.LogError, Metrics: true}},
		{"*/*", apigatewayapi.MethodSetting{
			UnauthorizedCacheControlHeaderStrategy: new("SUCCEED_WITHOUT_RESPONSE_HEADER"), LoggingLevel: new("INFO"), DataTraceEnabled: new(true),
		}, program.MethodSetting{
			Cache: program.MethodCache{OnlyGET: true, TTL: 300 * time.Second, RequireAuthorization: true, Unauthorized: program.SucceedWithoutResponseHeader},
			Log:   program.LogInfo, DataTrace: true,
		}},
	} {
		if got := methodSetting(c.key, c.stored); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.key, got, c.want)
		}
	}
}

// A cluster keeps its epoch, and with it what it holds, until it is another one.
func TestStageCacheEpochs(t *testing.T) {
	settings := func(on bool, size string) *apigatewayapi.Stage {
		return &apigatewayapi.Stage{CacheClusterEnabled: &on, CacheClusterSize: &size}
	}
	var before *program.Stage
	for i, c := range []struct {
		settings *apigatewayapi.Stage
		want     program.StageCache
	}{
		{settings(false, "0.5"), program.StageCache{}},
		{settings(true, "0.5"), program.StageCache{Bytes: 1 << 29, Epoch: 2}},
		{settings(true, "0.5"), program.StageCache{Bytes: 1 << 29, Epoch: 2}},
		{settings(true, "118"), program.StageCache{Bytes: 118 << 30, Epoch: 4}},
		{settings(false, "118"), program.StageCache{}},
		{settings(true, "118"), program.StageCache{Bytes: 118 << 30, Epoch: 6}},
	} {
		got := stageCache(c.settings, before, int64(i+1))
		if got != c.want {
			t.Errorf("%d: %+v, want %+v", i+1, got, c.want)
		}
		before = &program.Stage{Cache: got}
	}
	for _, size := range apigatewayapi.CacheClusterSizeValues {
		if cacheSizes[size] == 0 {
			t.Errorf("size %s is not known", size)
		}
	}
}

func TestAccessLogSettings(t *testing.T) {
	arn, format := "arn:aws:logs:us-east-1:000000000000:log-group:g", "$context.requestId"
	if accessLog(nil) != nil || accessLog(&apigatewayapi.AccessLogSettings{DestinationArn: &arn}) != nil || accessLog(&apigatewayapi.AccessLogSettings{Format: &format}) != nil {
		t.Error("half of the settings write a log")
	}
	got := accessLog(&apigatewayapi.AccessLogSettings{DestinationArn: &arn, Format: &format})
	if got == nil || got.Destination != "g" || len(got.Format) != 1 || got.Format[0].Variable != "requestId" {
		t.Errorf("%+v", got)
	}
}
