package api_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/acmapi"
	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/api/iamapi"
	"drawbridge/controlplane/api/stsapi"
)

var tables = []*api.Service{apigatewayapi.Table, cloudfrontapi.Table, stsapi.Table, acmapi.Table, iamapi.Table}

// TestTablesMatchTypes walks every shape: the codecs rely on field i being member i.
func TestTablesMatchTypes(t *testing.T) {
	seen := map[*api.Shape]bool{}
	var visit func(s *api.Shape)
	visit = func(s *api.Shape) {
		if s == nil || seen[s] {
			return
		}
		seen[s] = true
		typ := reflect.TypeOf(s.New()).Elem()
		if typ.NumField() != len(s.Members) || typ.Name() != strings.ToUpper(s.Name[:1])+s.Name[1:] {
			t.Errorf("%s has %d members, Go type %v has %d fields", s.Name, len(s.Members), typ, typ.NumField())
			return
		}
		for i, m := range s.Members {
			field := typ.Field(i)
			if !strings.EqualFold(field.Name, m.Name) {
				t.Errorf("%s: field %d is %s, member is %s", s.Name, i, field.Name, m.Name)
			}
			if k := field.Type.Kind(); k != reflect.Pointer && k != reflect.Slice && k != reflect.Map {
				t.Errorf("%s.%s: absent is not distinguishable from zero in a %v", s.Name, m.Name, field.Type)
			}
			inner := &m.Type
			for inner.Item != nil {
				inner = inner.Item
			}
			visit(inner.Shape)
		}
	}
	for _, table := range tables {
		for _, op := range table.Operations {
			visit(op.Input)
			visit(op.Output)
		}
	}
	if len(seen) < 738 {
		t.Errorf("visited only %d shapes", len(seen))
	}
}

func TestOperationCounts(t *testing.T) {
	for i, want := range []int{124, 167, 11, 9, 8} {
		if got := len(tables[i].Operations); got != want {
			t.Errorf("%s has %d operations, want %d", tables[i].Name, got, want)
		}
	}
}

func TestUnimplementedNamesTheOperation(t *testing.T) {
	for i, svc := range []any{apigatewayapi.Unimplemented{}, cloudfrontapi.Unimplemented{}, stsapi.Unimplemented{}, acmapi.Unimplemented{}, iamapi.Unimplemented{}} {
		for _, op := range tables[i].Operations {
			var in any
			if op.Input != nil {
				in = op.Input.New()
			}
			_, err := op.Invoke(svc, &api.Call{}, in)
			var e *api.Error
			if !errors.As(err, &e) || e.Status != 501 || e.Message != op.Name+" is not implemented by Drawbridge yet" {
				t.Errorf("%s: %v", op.Name, err)
			}
		}
	}
}

// TestStoredFormKeepsAbsentAndEmptyApart: the store keeps these types as JSON.
func TestStoredFormKeepsAbsentAndEmptyApart(t *testing.T) {
	null := map[string]*string{"application/json": nil}
	no := false
	for _, test := range []struct {
		in   any
		into any
		want string
	}{
		{&apigatewayapi.RestApi{}, &apigatewayapi.RestApi{}, `{}`},
		{&apigatewayapi.RestApi{Tags: map[string]string{}, BinaryMediaTypes: []string{}, DisableExecuteApiEndpoint: &no},
			&apigatewayapi.RestApi{}, `{"BinaryMediaTypes":[],"Tags":{},"DisableExecuteApiEndpoint":false}`},
		{&apigatewayapi.IntegrationResponse{ResponseTemplates: null}, &apigatewayapi.IntegrationResponse{}, `{"ResponseTemplates":{"application/json":null}}`},
		{&cloudfrontapi.CreateFunctionRequest{FunctionCode: []byte{}}, &cloudfrontapi.CreateFunctionRequest{}, `{"FunctionCode":""}`},
	} {
		data, err := json.Marshal(test.in)
		if err != nil || string(data) != test.want {
			t.Errorf("marshalled %s (%v), want %s", data, err, test.want)
		}
		if err := json.Unmarshal(data, test.into); err != nil || !reflect.DeepEqual(test.in, test.into) {
			t.Errorf("%s came back as %+v (%v)", data, test.into, err)
		}
	}
}

func TestErrorFault(t *testing.T) {
	cause := errors.New("disk full")
	internal := &api.Error{Code: "InternalFailure", Status: 500, Message: "m", Cause: cause}
	if internal.Fault() != api.FaultReceiver || !errors.Is(internal, cause) || strings.Contains(internal.Error(), "disk") {
		t.Errorf("internal error: %v, %v", internal, internal.Fault())
	}
	e := cloudfrontapi.NoSuchDistribution("The specified distribution does not exist.")
	if e.Status != 404 || e.Fault() != api.FaultSender || e.Error() != "NoSuchDistribution (404): The specified distribution does not exist." {
		t.Errorf("%v, %v", e, e.Fault())
	}
}
