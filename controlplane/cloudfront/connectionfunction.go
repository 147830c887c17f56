package cloudfront

import (
	"strconv"
	"time"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/engine/jsfunc"
)

// connectionConfig is what is stored of a connection function: what is
// developed, whose version is the record's, and what is published.
type connectionConfig struct {
	Config cloudfrontapi.FunctionConfig
	Code   []byte
	Live   *connectionLive // nil: never published
}

// connectionLive is the LIVE stage of a connection function.
type connectionLive struct {
	ETag             string
	CreatedTime      time.Time
	LastModifiedTime time.Time
	Config           cloudfrontapi.FunctionConfig
	Code             []byte
}

type connectionFunction = entity[connectionConfig]

func (s *Service) connectionFamily() *entityFamily[connectionConfig] {
	return &entityFamily[connectionConfig]{
		service: s, kind: KindConnectionFunction, arnType: "connection-function", idKind: IDConnectionFunction,
		limit: s.limits.ConnectionFunctions, noSuch: entityNotFound, tooMany: entityLimit,
	}
}

// connectionStage is one stage of a connection function; the one that is
// missing is not found.
func connectionStage(f connectionFunction, stage *string) (*connectionLive, error) {
	kind, err := stageKind(stage)
	switch {
	case err != nil:
		return nil, err
	case kind == KindFunction:
		return &connectionLive{f.ETag, f.CreatedTime, f.LastModifiedTime, f.Config.Config, f.Config.Code}, nil
	case f.Config.Live == nil:
		return nil, entityNotFound()
	}
	return f.Config.Live, nil
}

func (s *Service) showConnection(call *api.Call, f connectionFunction, stage *string) (*cloudfrontapi.ConnectionFunctionSummary, *connectionLive, error) {
	shown, err := connectionStage(f, stage)
	if err != nil {
		return nil, nil, err
	}
	status := "UNPUBLISHED"
	if f.Config.Live != nil {
		users, err := s.revision(call, recordUsersKey(call.Account, KindConnectionFunction, f.ID))
		switch {
		case err != nil:
			return nil, nil, err
		case users == 0:
			status = "UNASSOCIATED"
		case s.deployed(max(users, f.revision)):
			status = "DEPLOYED"
		default:
			status = "IN_PROGRESS"
		}
	}
	name := value(stage)
	if name == "" {
		name = cloudfrontapi.FunctionStageDevelopment
	}
	return &cloudfrontapi.ConnectionFunctionSummary{
		Name: new(f.Name), Id: new(f.ID), ConnectionFunctionConfig: &shown.Config, Status: new(status), Stage: new(name),
		ConnectionFunctionArn: new(s.connectionFamily().arn(call, f.ID)),
		CreatedTime:           new(shown.CreatedTime), LastModifiedTime: new(shown.LastModifiedTime),
	}, shown, nil
}

// connectionConfigs are the configurations of both stages.
func connectionConfigs(c *connectionConfig) []*cloudfrontapi.FunctionConfig {
	configs := []*cloudfrontapi.FunctionConfig{&c.Config}
	if c.Live != nil {
		configs = append(configs, &c.Live.Config)
	}
	return configs
}

// CreateConnectionFunction makes a connection function in the DEVELOPMENT stage.
func (s *Service) CreateConnectionFunction(call *api.Call, in *cloudfrontapi.CreateConnectionFunctionRequest) (*cloudfrontapi.CreateConnectionFunctionResult, error) {
	if err := checkFunctionName(in.Name); err != nil {
		return nil, err
	}
	if err := checkFunction(call.Operation, in.ConnectionFunctionConfig, in.ConnectionFunctionCode); err != nil {
		return nil, err
	}
	family := s.connectionFamily()
	config := connectionConfig{Config: *in.ConnectionFunctionConfig, Code: in.ConnectionFunctionCode}
	var record *EntityRecord[connectionConfig]
	revision, err := s.write(call, func(c *change) error {
		var err error
		if record, err = family.create(call, c, *in.Name, config); err != nil {
			return err
		}
		configs := [2][]*cloudfrontapi.FunctionConfig{nil, {&config.Config}}
		if err := s.useStores(call, c, recordUser{call.Account, KindConnectionFunction, record.ID}, configs); err != nil {
			return err
		}
		return s.putTags(c, entityTagsKey(call.Account, family.arnType, record.ID), in.Tags)
	})
	if err != nil {
		return nil, err
	}
	shown, _, err := s.showConnection(call, connectionFunction{record, revision}, nil)
	return &cloudfrontapi.CreateConnectionFunctionResult{
		ConnectionFunctionSummary: shown, ETag: new(record.ETag), Location: new(endpoint + "connection-function/" + record.ID),
	}, err
}

// DescribeConnectionFunction shows a stage, found by id, name or ARN.
func (s *Service) DescribeConnectionFunction(call *api.Call, in *cloudfrontapi.DescribeConnectionFunctionRequest) (*cloudfrontapi.DescribeConnectionFunctionResult, error) {
	found, err := s.connectionFamily().identify(call, in.Identifier)
	if err != nil {
		return nil, err
	}
	shown, stage, err := s.showConnection(call, found, in.Stage)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.DescribeConnectionFunctionResult{ConnectionFunctionSummary: shown, ETag: new(stage.ETag)}, nil
}

// GetConnectionFunction gives the code of a stage.
func (s *Service) GetConnectionFunction(call *api.Call, in *cloudfrontapi.GetConnectionFunctionRequest) (*cloudfrontapi.GetConnectionFunctionResult, error) {
	found, err := s.connectionFamily().identify(call, in.Identifier)
	if err != nil {
		return nil, err
	}
	stage, err := connectionStage(found, in.Stage)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetConnectionFunctionResult{
		ConnectionFunctionCode: stage.Code, ETag: new(stage.ETag), ContentType: new("application/octet-stream"),
	}, nil
}

// UpdateConnectionFunction replaces what is in the DEVELOPMENT stage.
func (s *Service) UpdateConnectionFunction(call *api.Call, in *cloudfrontapi.UpdateConnectionFunctionRequest) (*cloudfrontapi.UpdateConnectionFunctionResult, error) {
	family := s.connectionFamily()
	var record *EntityRecord[connectionConfig]
	revision, err := s.write(call, func(c *change) error {
		old, err := family.current(call, in.Id, in.IfMatch)
		if err != nil {
			return err
		}
		if err := checkFunction(call.Operation, in.ConnectionFunctionConfig, in.ConnectionFunctionCode); err != nil {
			return err
		}
		config := connectionConfig{Config: *in.ConnectionFunctionConfig, Code: in.ConnectionFunctionCode, Live: old.Config.Live}
		configs := [2][]*cloudfrontapi.FunctionConfig{connectionConfigs(&old.Config), connectionConfigs(&config)}
		if err := s.useStores(call, c, recordUser{call.Account, KindConnectionFunction, old.ID}, configs); err != nil {
			return err
		}
		record = family.replace(call, c, old, config)
		return nil
	})
	if err != nil {
		return nil, err
	}
	shown, _, err := s.showConnection(call, connectionFunction{record, revision}, nil)
	return &cloudfrontapi.UpdateConnectionFunctionResult{ConnectionFunctionSummary: shown, ETag: new(record.ETag)}, err
}

// PublishConnectionFunction copies what is in the DEVELOPMENT stage to LIVE;
// the version of DEVELOPMENT stays.
func (s *Service) PublishConnectionFunction(call *api.Call, in *cloudfrontapi.PublishConnectionFunctionRequest) (*cloudfrontapi.PublishConnectionFunctionResult, error) {
	family := s.connectionFamily()
	var record EntityRecord[connectionConfig]
	revision, err := s.write(call, func(c *change) error {
		old, err := family.current(call, in.Id, in.IfMatch)
		if err != nil {
			return err
		}
		record = *old.EntityRecord
		live := &connectionLive{s.newID(IDETag), moment(call), moment(call), old.Config.Config, old.Config.Code}
		if before := old.Config.Live; before != nil {
			live.CreatedTime = before.CreatedTime
		}
		record.Config.Live = live
		configs := [2][]*cloudfrontapi.FunctionConfig{connectionConfigs(&old.Config), connectionConfigs(&record.Config)}
		if err := s.useStores(call, c, recordUser{call.Account, KindConnectionFunction, old.ID}, configs); err != nil {
			return err
		}
		c.expect(family.key(call.Account, old.ID), old.revision)
		c.put(family.key(call.Account, old.ID), record)
		return nil
	})
	if err != nil {
		return nil, err
	}
	shown, _, err := s.showConnection(call, connectionFunction{&record, revision}, new(cloudfrontapi.FunctionStageLive))
	return &cloudfrontapi.PublishConnectionFunctionResult{ConnectionFunctionSummary: shown}, err
}

// DeleteConnectionFunction deletes a connection function that no distribution uses.
func (s *Service) DeleteConnectionFunction(call *api.Call, in *cloudfrontapi.DeleteConnectionFunctionRequest) error {
	family := s.connectionFamily()
	_, err := s.write(call, func(c *change) error {
		gone, err := family.current(call, in.Id, in.IfMatch)
		if err != nil {
			return err
		}
		if err := family.unused(call, c, gone.ID, entityInUse); err != nil {
			return err
		}
		configs := [2][]*cloudfrontapi.FunctionConfig{connectionConfigs(&gone.Config), nil}
		if err := s.useStores(call, c, recordUser{call.Account, KindConnectionFunction, gone.ID}, configs); err != nil {
			return err
		}
		return family.remove(call, c, gone)
	})
	return err
}

// ListConnectionFunctions lists connection functions by id: what is developed
// of each, or what is published of those that are.
func (s *Service) ListConnectionFunctions(call *api.Call, in *cloudfrontapi.ListConnectionFunctionsRequest) (*cloudfrontapi.ListConnectionFunctionsResult, error) {
	kind, err := stageKind(in.Stage)
	if err != nil {
		return nil, err
	}
	page, err := s.connectionFamily().list(call, pageQuery{in.Marker, in.MaxItems}, func(r *EntityRecord[connectionConfig]) bool {
		return kind == KindFunction || r.Config.Live != nil
	})
	if err != nil {
		return nil, err
	}
	out := &cloudfrontapi.ListConnectionFunctionsResult{NextMarker: page.next}
	for _, f := range page.items {
		shown, _, err := s.showConnection(call, f, in.Stage)
		if err != nil {
			return nil, err
		}
		out.ConnectionFunctions = append(out.ConnectionFunctions, *shown)
	}
	return out, nil
}

// TestConnectionFunction runs a stage with a connection object. A function
// that fails is a result, not an error.
func (s *Service) TestConnectionFunction(call *api.Call, in *cloudfrontapi.TestConnectionFunctionRequest) (*cloudfrontapi.TestConnectionFunctionResult, error) {
	found, err := s.connectionFamily().find(call, call.Account, value(in.Id))
	if err != nil {
		return nil, err
	}
	shown, stage, err := s.showConnection(call, found, in.Stage)
	if err != nil {
		return nil, err
	}
	if err := checkIfMatch(in.IfMatch, stage.ETag); err != nil {
		return nil, err
	}
	if len(in.ConnectionObject) > maxEventObject || !jsfunc.ValidJSONObject(in.ConnectionObject) {
		return nil, badParameter("ConnectionObject is not valid.")
	}
	out := &cloudfrontapi.ConnectionFunctionTestResult{
		ConnectionFunctionSummary: shown, ComputeUtilization: new("0"), ConnectionFunctionExecutionLogs: []string{},
		ConnectionFunctionErrorMessage: new(""), ConnectionFunctionOutput: new(""),
	}
	function, err := s.functions.Compile(jsfunc.Source{Code: stage.Code, Runtime: value(stage.Config.Runtime), Connection: true})
	if err != nil {
		out.ConnectionFunctionErrorMessage = new(functionFailed + err.Error())
		return &cloudfrontapi.TestConnectionFunctionResult{ConnectionFunctionTestResult: out}, nil
	}
	result, err := function.Connect(in.ConnectionObject, s.functionEnv(call, &stage.Config))
	if result != nil {
		out.ComputeUtilization = new(strconv.Itoa(result.Utilization))
		out.ConnectionFunctionExecutionLogs = append(out.ConnectionFunctionExecutionLogs, result.Logs...)
	}
	if err != nil {
		out.ConnectionFunctionErrorMessage = new(functionFailed + err.Error())
	} else {
		out.ConnectionFunctionOutput = new(result.Output())
	}
	return &cloudfrontapi.TestConnectionFunctionResult{ConnectionFunctionTestResult: out}, nil
}
