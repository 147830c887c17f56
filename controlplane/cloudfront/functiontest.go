package cloudfront

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/engine/jsfunc"
)

// maxEventObject is how long the event of a test may be (the API's reference).
const maxEventObject = 40 << 10

// functionFailed is how AWS begins the text of a function that failed
// (reference/cloudfront.md 5.2).
const functionFailed = "The CloudFront function associated with the CloudFront distribution is invalid or could not run. Error: "

func functionInUse(name string, users int) error {
	return cloudfrontapi.FunctionInUse(fmt.Sprintf("Cannot delete function %s, it is in use by %d distributions", name, users))
}

// TestFunction runs a stage of a function with an event, in the same engine
// that the edge has. A function that fails is a result, not an error.
func (s *Service) TestFunction(call *api.Call, in *cloudfrontapi.TestFunctionRequest) (*cloudfrontapi.TestFunctionResult, error) {
	found, kind, err := s.functionOf(call, in.Name, in.Stage)
	if err != nil {
		return nil, err
	}
	if err := checkIfMatch(in.IfMatch, found.ETag); err != nil {
		return nil, err
	}
	if len(in.EventObject) == 0 || len(in.EventObject) > maxEventObject {
		return nil, badParameter("EventObject is not valid.")
	}
	event, err := jsfunc.ParseEvent(in.EventObject)
	if err != nil {
		return nil, badParameter("EventObject is not valid: %s", quote(err.Error()))
	}
	shown, err := s.showFunction(call, found.FunctionRecord, kind)
	if err != nil {
		return nil, err
	}
	out := &cloudfrontapi.TestResult{
		FunctionSummary: shown, ComputeUtilization: new("0"), FunctionExecutionLogs: []string{},
		FunctionErrorMessage: new(""), FunctionOutput: new(""),
	}
	function, err := s.functions.Compile(jsfunc.Source{Code: found.Code, Runtime: value(found.Config.Runtime)})
	if err != nil {
		out.FunctionErrorMessage = new(functionFailed + err.Error())
		return &cloudfrontapi.TestFunctionResult{TestResult: out}, nil
	}
	result, err := function.Run(event, s.functionEnv(call, &found.Config))
	out.ComputeUtilization = new(strconv.Itoa(result.Utilization))
	out.FunctionExecutionLogs = append(out.FunctionExecutionLogs, result.Logs...)
	if err != nil {
		out.FunctionErrorMessage = new(failureText(err))
	} else {
		out.FunctionOutput = new(result.Output())
	}
	return &cloudfrontapi.TestFunctionResult{TestResult: out}, nil
}

func failureText(err error) string {
	if invalid := new(jsfunc.ValidationError); errors.As(err, &invalid) {
		return invalid.Text
	}
	return functionFailed + err.Error()
}

// functionEnv is the world that a test runs in.
func (s *Service) functionEnv(call *api.Call, config *cloudfrontapi.FunctionConfig) jsfunc.Env {
	return jsfunc.Env{
		Now: call.Now, KVS: s.keyValuesFor(call, call.Account, config),
		Location: &jsfunc.EdgeLocation{Name: "FRA50-P1", ServerIP: "64.252.64.1", Region: "eu-central-1"},
	}
}

// keyValuesFor gives the store that a function is associated with; functions
// name it by its id, or not at all.
func (s *Service) keyValuesFor(ctx context.Context, account string, config *cloudfrontapi.FunctionConfig) func(string) (*jsfunc.KeyValues, bool) {
	associated := ""
	if config.KeyValueStoreAssociations != nil {
		for _, association := range config.KeyValueStoreAssociations.Items {
			_, associated = storeID(value(association.KeyValueStoreARN))
		}
	}
	return func(id string) (*jsfunc.KeyValues, bool) {
		if associated == "" || id != "" && id != associated {
			return nil, false
		}
		summary, _, err := read[KeyValueSummary](ctx, s, Key(account, KindKeyValueSummary, associated))
		if err != nil || summary == nil {
			return nil, false
		}
		return &jsfunc.KeyValues{
			Keys: summary.Count, Created: summary.Created, Modified: summary.Modified,
			Get: func(key string) (string, bool) {
				pair, _, err := read[KeyValueRecord](ctx, s, keyValueKey(account, associated, key))
				if err != nil || pair == nil {
					return "", false
				}
				return pair.Value, true
			},
		}, true
	}
}
