package apigateway

import (
	"context"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

// Flush names what the data plane is to forget.
type Flush struct {
	Account, Region string
	APIID, Stage    string
	// Authorizers: the results of authorizers; else the cached responses.
	Authorizers bool
}

// FlushFunc empties a cache of a stage. It answers when nothing of it is served
// any more.
type FlushFunc func(ctx context.Context, f Flush) error

func (s *Service) flushStage(call *api.Call, f Flush) error {
	f.Account, f.Region = call.Account, call.Region
	entry, err := get(call, s.store, stageRef(call, f.APIID, f.Stage).Key())
	if err != nil {
		return err
	}
	if entry.ModRevision == 0 {
		return noStage()
	}
	if s.flush == nil {
		return nil // a data plane without caches has nothing to forget
	}
	return s.flush(call, f)
}

// FlushStageCache empties the response cache of a stage.
func (s *Service) FlushStageCache(call *api.Call, in *apigatewayapi.FlushStageCacheRequest) error {
	return s.flushStage(call, Flush{APIID: val(in.RestApiId), Stage: val(in.StageName)})
}

// FlushStageAuthorizersCache empties the cache of authorizers' results of a
// stage.
func (s *Service) FlushStageAuthorizersCache(call *api.Call, in *apigatewayapi.FlushStageAuthorizersCacheRequest) error {
	return s.flushStage(call, Flush{APIID: val(in.RestApiId), Stage: val(in.StageName), Authorizers: true})
}
