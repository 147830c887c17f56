package compile

import (
	"time"

	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/dataplane/program"
)

// methodSetting compiles what a stage sets for a method; key is "path/VERB" or
// "*/*".
func methodSetting(key string, setting apigatewayapi.MethodSetting) program.MethodSetting {
	compiled := program.MethodSetting{
		Throttle: stageThrottle(setting), Cache: methodCache(key, setting),
		DataTrace: value(setting.DataTraceEnabled), Metrics: value(setting.MetricsEnabled),
	}
	switch value(setting.LoggingLevel) {
	case "ERROR":
		compiled.Log = program.LogError
	case "INFO":
		compiled.Log = program.LogInfo
	}
	return compiled
}

// The account's throttle on AWS, which the first setting of a method brings
// along (reference/api-gateway.md 1.7): it says that the method has none of its own.
const (
	accountRate  = 10_000
	accountBurst = 5000
)

// stageThrottle is the throttle that a stage sets for a method; nil: the
// account's, which the operator sets (design.md section 2, limits).
func stageThrottle(s apigatewayapi.MethodSetting) *program.Throttle {
	rate, burst := s.ThrottlingRateLimit, s.ThrottlingBurstLimit
	if rate == nil || burst == nil || *rate < 0 || *rate == accountRate && *burst == accountBurst {
		return nil
	}
	return &program.Throttle{Rate: *rate, Burst: int(*burst)}
}

func methodCache(key string, setting apigatewayapi.MethodSetting) program.MethodCache {
	cache := program.MethodCache{
		Enabled: value(setting.CachingEnabled), OnlyGET: key == "*/*",
		TTL:                  time.Duration(valueOr(setting.CacheTtlInSeconds, 300)) * time.Second,
		RequireAuthorization: valueOr(setting.RequireAuthorizationForCacheControl, true),
	}
	switch value(setting.UnauthorizedCacheControlHeaderStrategy) {
	case apigatewayapi.UnauthorizedCacheControlHeaderStrategyFailWith403:
		cache.Unauthorized = program.FailWith403
	case apigatewayapi.UnauthorizedCacheControlHeaderStrategySucceedWithoutResponseHeader:
		cache.Unauthorized = program.SucceedWithoutResponseHeader
	}
	return cache
}

// accessLog compiles where a stage's access log goes and what it says; nil when
// one of both is missing.
func accessLog(settings *apigatewayapi.AccessLogSettings) *program.AccessLog {
	if settings == nil || value(settings.DestinationArn) == "" || value(settings.Format) == "" {
		return nil
	}
	return &program.AccessLog{
		Destination: program.LogDestination(*settings.DestinationArn), Format: program.ParseLogFormat(*settings.Format),
	}
}

// cacheSizes are the capacities of cache clusters by their names, in bytes: GB
// are counted as 2^30.
var cacheSizes = map[string]int64{
	"0.5": 1 << 29, "1.6": 16 << 30 / 10, "6.1": 61 << 30 / 10, "13.5": 135 << 30 / 10,
	"28.4": 284 << 30 / 10, "58.2": 582 << 30 / 10, "118": 118 << 30, "237": 237 << 30,
}

// stageCache compiles a stage's cache cluster. A cluster that is turned on or
// gets another size is another one and begins empty, at this revision.
func stageCache(settings *apigatewayapi.Stage, before *program.Stage, revision int64) program.StageCache {
	if !value(settings.CacheClusterEnabled) {
		return program.StageCache{}
	}
	size, ok := cacheSizes[value(settings.CacheClusterSize)]
	if !ok {
		size = cacheSizes["0.5"]
	}
	if before != nil && before.Cache.Bytes == size {
		return before.Cache
	}
	return program.StageCache{Bytes: size, Epoch: revision}
}
