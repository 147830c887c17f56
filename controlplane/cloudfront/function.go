package cloudfront

import (
	"context"
	"strings"
	"time"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/store"
)

// FunctionRecord is one stage of a stored function: what is developed lies
// under KindFunction, what is published under KindLiveFunction.
type FunctionRecord struct {
	Name             string
	ETag             string
	CreatedTime      time.Time
	LastModifiedTime time.Time
	Config           cloudfrontapi.FunctionConfig
	Code             []byte
}

// storedFunction is a stage with the revision that last put it.
type storedFunction struct {
	*FunctionRecord
	revision int64
}

func noSuchFunction() error {
	return cloudfrontapi.NoSuchFunctionExists("The specified function does not exist.")
}

// stageKind is where a stage lies; no stage means DEVELOPMENT.
func stageKind(stage *string) (Kind, error) {
	switch value(stage) {
	case "", cloudfrontapi.FunctionStageDevelopment:
		return KindFunction, nil
	case cloudfrontapi.FunctionStageLive:
		return KindLiveFunction, nil
	}
	return "", badParameter("Stage is not valid.")
}

func (s *Service) function(ctx context.Context, account string, kind Kind, name string) (storedFunction, error) {
	record, revision, err := read[FunctionRecord](ctx, s, Key(account, kind, name))
	if err == nil && (record == nil || name == "") {
		err = noSuchFunction()
	}
	return storedFunction{record, revision}, err
}

// functionOf reads the stage that a call asks for.
func (s *Service) functionOf(call *api.Call, name, stage *string) (storedFunction, Kind, error) {
	kind, err := stageKind(stage)
	if err != nil {
		return storedFunction{}, kind, err
	}
	found, err := s.function(call, call.Account, kind, value(name))
	return found, kind, err
}

// functionStatus: a function that was never published is UNPUBLISHED; then it
// is UNASSOCIATED until a distribution uses it (reference/cloudfront.md 1.5).
func (s *Service) functionStatus(call *api.Call, name string) (string, error) {
	revision, err := s.revision(call, Key(call.Account, KindLiveFunction, name))
	if err != nil || revision == 0 {
		return "UNPUBLISHED", err
	}
	users, used, err := read[UsersRecord](call, s, recordUsersKey(call.Account, KindLiveFunction, name))
	switch {
	case err != nil || users == nil:
		return "UNASSOCIATED", err
	case s.deployed(max(revision, used)):
		return "DEPLOYED", nil
	}
	return "IN_PROGRESS", nil
}

func (s *Service) showFunction(call *api.Call, f *FunctionRecord, kind Kind) (*cloudfrontapi.FunctionSummary, error) {
	status, err := s.functionStatus(call, f.Name)
	if err != nil {
		return nil, err
	}
	stage := cloudfrontapi.FunctionStageDevelopment
	if kind == KindLiveFunction {
		stage = cloudfrontapi.FunctionStageLive
	}
	return &cloudfrontapi.FunctionSummary{
		Name: new(f.Name), Status: new(status), FunctionConfig: &f.Config,
		FunctionMetadata: &cloudfrontapi.FunctionMetadata{
			FunctionARN: new(arnPrefix(call) + "function/" + f.Name), Stage: new(stage),
			CreatedTime: new(f.CreatedTime), LastModifiedTime: new(f.LastModifiedTime),
		},
	}, nil
}

// useStores notes in a change which key value stores a function begins and
// ends to use; they must exist.
func (s *Service) useStores(call *api.Call, c *change, user recordUser, configs [2][]*cloudfrontapi.FunctionConfig) error {
	before, err := storesOf(call.Account, configs[0]...)
	if err != nil {
		return err
	}
	after, err := storesOf(call.Account, configs[1]...)
	if err != nil {
		return err
	}
	for ref := range after {
		revision, err := s.revision(call, Key(call.Account, ref.family, ref.id))
		if err != nil {
			return err
		}
		if revision == 0 {
			return badParameter("KeyValueStoreARN does not refer to an existing KeyValueStore.")
		}
		c.expect(Key(call.Account, ref.family, ref.id), revision)
		users, _, err := read[UsersRecord](call, s, recordUsersKey(call.Account, ref.family, ref.id))
		if err != nil {
			return err
		}
		if users != nil && !before[ref] && len(users.Records) >= s.limits.FunctionsPerKeyValue {
			return badParameter("KeyValueStoreAssociations names a KeyValueStore that has too many functions.")
		}
	}
	return s.use(call, c, user, [2]map[recordRef]bool{before, after})
}

// CreateFunction makes a function in the DEVELOPMENT stage.
func (s *Service) CreateFunction(call *api.Call, in *cloudfrontapi.CreateFunctionRequest) (*cloudfrontapi.CreateFunctionResult, error) {
	if err := checkFunctionName(in.Name); err != nil {
		return nil, err
	}
	if err := checkFunction(call.Operation, in.FunctionConfig, in.FunctionCode); err != nil {
		return nil, err
	}
	name := *in.Name
	record := &FunctionRecord{
		Name: name, ETag: s.newID(IDETag), CreatedTime: moment(call), LastModifiedTime: moment(call),
		Config: *in.FunctionConfig, Code: in.FunctionCode,
	}
	_, err := s.write(call, func(c *change) error {
		key := Key(call.Account, KindFunction, name)
		if taken, err := s.revision(call, key); err != nil || taken > 0 {
			if err == nil {
				err = cloudfrontapi.FunctionAlreadyExists("A function with the same name already exists in this Amazon Web Services account.")
			}
			return err
		}
		room := use{1, s.limits.Functions, func() error {
			return cloudfrontapi.TooManyFunctions("You have reached the maximum number of CloudFront functions for this Amazon Web Services account.")
		}}
		if err := s.countUses(call, c, useCountKey(call.Account, "family", string(KindFunction)), room); err != nil {
			return err
		}
		configs := [2][]*cloudfrontapi.FunctionConfig{nil, {&record.Config}}
		if err := s.useStores(call, c, recordUser{call.Account, KindFunction, name}, configs); err != nil {
			return err
		}
		c.expect(key, 0)
		c.put(key, record)
		return s.putTags(c, tagsKey(call.Account, "function", name), in.Tags)
	})
	if err != nil {
		return nil, err
	}
	shown, err := s.showFunction(call, record, KindFunction)
	return &cloudfrontapi.CreateFunctionResult{
		FunctionSummary: shown, ETag: new(record.ETag), Location: new(endpoint + "function/" + name),
	}, err
}

// DescribeFunction shows a stage of a function, without its code.
func (s *Service) DescribeFunction(call *api.Call, in *cloudfrontapi.DescribeFunctionRequest) (*cloudfrontapi.DescribeFunctionResult, error) {
	found, kind, err := s.functionOf(call, in.Name, in.Stage)
	if err != nil {
		return nil, err
	}
	shown, err := s.showFunction(call, found.FunctionRecord, kind)
	return &cloudfrontapi.DescribeFunctionResult{FunctionSummary: shown, ETag: new(found.ETag)}, err
}

// GetFunction gives the code of a stage.
func (s *Service) GetFunction(call *api.Call, in *cloudfrontapi.GetFunctionRequest) (*cloudfrontapi.GetFunctionResult, error) {
	found, _, err := s.functionOf(call, in.Name, in.Stage)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetFunctionResult{
		FunctionCode: found.Code, ETag: new(found.ETag), ContentType: new("application/octet-stream"),
	}, nil
}

// UpdateFunction replaces what is in the DEVELOPMENT stage.
func (s *Service) UpdateFunction(call *api.Call, in *cloudfrontapi.UpdateFunctionRequest) (*cloudfrontapi.UpdateFunctionResult, error) {
	var record *FunctionRecord
	_, err := s.write(call, func(c *change) error {
		old, err := s.function(call, call.Account, KindFunction, value(in.Name))
		if err != nil {
			return err
		}
		if err := checkIfMatch(in.IfMatch, old.ETag); err != nil {
			return err
		}
		if err := checkFunction(call.Operation, in.FunctionConfig, in.FunctionCode); err != nil {
			return err
		}
		live, _, err := read[FunctionRecord](call, s, Key(call.Account, KindLiveFunction, old.Name))
		if err != nil {
			return err
		}
		var published *cloudfrontapi.FunctionConfig
		if live != nil {
			published = &live.Config
		}
		record = &FunctionRecord{
			Name: old.Name, ETag: s.newID(IDETag), CreatedTime: old.CreatedTime, LastModifiedTime: moment(call),
			Config: *in.FunctionConfig, Code: in.FunctionCode,
		}
		configs := [2][]*cloudfrontapi.FunctionConfig{{&old.Config, published}, {&record.Config, published}}
		if err := s.useStores(call, c, recordUser{call.Account, KindFunction, old.Name}, configs); err != nil {
			return err
		}
		c.expect(Key(call.Account, KindFunction, old.Name), old.revision)
		c.put(Key(call.Account, KindFunction, old.Name), record)
		return nil
	})
	if err != nil {
		return nil, err
	}
	shown, err := s.showFunction(call, record, KindFunction)
	return &cloudfrontapi.UpdateFunctionResult{FunctionSummary: shown, ETag: new(record.ETag)}, err
}

// PublishFunction copies what is in the DEVELOPMENT stage to LIVE.
func (s *Service) PublishFunction(call *api.Call, in *cloudfrontapi.PublishFunctionRequest) (*cloudfrontapi.PublishFunctionResult, error) {
	var record *FunctionRecord
	_, err := s.write(call, func(c *change) error {
		from, err := s.function(call, call.Account, KindFunction, value(in.Name))
		if err != nil {
			return err
		}
		if err := checkIfMatch(in.IfMatch, from.ETag); err != nil {
			return err
		}
		key := Key(call.Account, KindLiveFunction, from.Name)
		old, revision, err := read[FunctionRecord](call, s, key)
		if err != nil {
			return err
		}
		record = &FunctionRecord{
			Name: from.Name, ETag: s.newID(IDETag), CreatedTime: moment(call), LastModifiedTime: moment(call),
			Config: from.Config, Code: from.Code,
		}
		before := []*cloudfrontapi.FunctionConfig{&from.Config}
		if old != nil {
			record.CreatedTime = old.CreatedTime
			before = append(before, &old.Config)
		}
		configs := [2][]*cloudfrontapi.FunctionConfig{before, {&record.Config}}
		if err := s.useStores(call, c, recordUser{call.Account, KindFunction, from.Name}, configs); err != nil {
			return err
		}
		c.expect(Key(call.Account, KindFunction, from.Name), from.revision)
		c.expect(key, revision)
		c.put(key, record)
		return nil
	})
	if err != nil {
		return nil, err
	}
	shown, err := s.showFunction(call, record, KindLiveFunction)
	return &cloudfrontapi.PublishFunctionResult{FunctionSummary: shown}, err
}

// DeleteFunction deletes both stages of a function that no distribution uses.
func (s *Service) DeleteFunction(call *api.Call, in *cloudfrontapi.DeleteFunctionRequest) error {
	_, err := s.write(call, func(c *change) error {
		gone, err := s.function(call, call.Account, KindFunction, value(in.Name))
		if err != nil {
			return err
		}
		if err := checkIfMatch(in.IfMatch, gone.ETag); err != nil {
			return err
		}
		usersKey := recordUsersKey(call.Account, KindLiveFunction, gone.Name)
		users, _, err := read[UsersRecord](call, s, usersKey)
		if err != nil {
			return err
		}
		if users != nil {
			return functionInUse(gone.Name, len(users.Distributions))
		}
		liveKey := Key(call.Account, KindLiveFunction, gone.Name)
		live, revision, err := read[FunctionRecord](call, s, liveKey)
		if err != nil {
			return err
		}
		before := []*cloudfrontapi.FunctionConfig{&gone.Config}
		if live != nil {
			before = append(before, &live.Config)
		}
		configs := [2][]*cloudfrontapi.FunctionConfig{before, nil}
		if err := s.useStores(call, c, recordUser{call.Account, KindFunction, gone.Name}, configs); err != nil {
			return err
		}
		c.expect(Key(call.Account, KindFunction, gone.Name), gone.revision)
		c.expect(liveKey, revision)
		c.expect(usersKey, 0)
		c.delete(Key(call.Account, KindFunction, gone.Name), liveKey, tagsKey(call.Account, "function", gone.Name))
		return s.countUses(call, c, useCountKey(call.Account, "family", string(KindFunction)), use{by: -1})
	})
	return err
}

// ListFunctions lists functions by name: of one stage, or first what is
// developed and then what is published. The marker is what the list before
// gave as the next one.
func (s *Service) ListFunctions(call *api.Call, in *cloudfrontapi.ListFunctionsRequest) (*cloudfrontapi.ListFunctionsResult, error) {
	most, err := pageSize(in.MaxItems)
	if err != nil {
		return nil, err
	}
	kinds := []Kind{KindFunction, KindLiveFunction}
	if value(in.Stage) != "" {
		kind, err := stageKind(in.Stage)
		if err != nil {
			return nil, err
		}
		kinds = []Kind{kind}
	}
	list := &cloudfrontapi.FunctionList{MaxItems: new(int32(most))}
	after := value(in.Marker) // <kind>/<name>
	for _, kind := range kinds {
		if marked, _, _ := strings.Cut(after, "/"); marked == string(KindLiveFunction) && kind == KindFunction {
			continue
		}
		start := ""
		if name, ours := strings.CutPrefix(after, string(kind)+"/"); ours {
			start = Key(call.Account, kind, name)
		}
		snapshot, err := s.store.ListPage(call, Key(call.Account, kind, ""), start, min(most+1, store.MaxPage))
		if err != nil {
			return nil, storeError(err)
		}
		for _, entry := range snapshot.Entries {
			if len(list.Items) == most {
				return s.endFunctions(list, after), nil
			}
			record, err := Decode[FunctionRecord](entry.Key, entry.Value)
			if err != nil {
				return nil, internalError(err)
			}
			shown, err := s.showFunction(call, record, kind)
			if err != nil {
				return nil, err
			}
			list.Items = append(list.Items, *shown)
			after = string(kind) + "/" + record.Name
		}
	}
	return s.endFunctions(list, ""), nil
}

func (s *Service) endFunctions(list *cloudfrontapi.FunctionList, next string) *cloudfrontapi.ListFunctionsResult {
	if next != "" {
		list.NextMarker = new(next)
	}
	list.Quantity = new(int32(len(list.Items)))
	return &cloudfrontapi.ListFunctionsResult{FunctionList: list}
}
