package apigateway

import (
	"fmt"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

func noValidator() error {
	return apigatewayapi.NotFoundException("Invalid Request Validator identifier specified")
}

func checkValidatorName(name string) error {
	if strings.TrimSpace(name) == "" {
		return badRequest("Request Validator name cannot be blank")
	}
	return nil
}

// CreateRequestValidator adds a request validator to an API.
func (s *Service) CreateRequestValidator(call *api.Call, in *apigatewayapi.CreateRequestValidatorRequest) (*apigatewayapi.RequestValidator, error) {
	made := apigatewayapi.RequestValidator{
		Name: in.Name, ValidateRequestBody: new(val(in.ValidateRequestBody)),
		ValidateRequestParameters: new(val(in.ValidateRequestParameters)),
	}
	missing := badRequest("Invalid REST API identifier specified")
	err := s.editAPI(call, val(in.RestApiId), missing, func(rec *APIRecord) error {
		if err := checkValidatorName(val(in.Name)); err != nil {
			return err
		}
		return validatorChildren().add(s, rec, &made, func(v *apigatewayapi.RequestValidator, id *string) { v.Id = id })
	})
	if err != nil {
		return nil, err
	}
	return &made, nil
}

// GetRequestValidator answers one request validator.
func (s *Service) GetRequestValidator(call *api.Call, in *apigatewayapi.GetRequestValidatorRequest) (*apigatewayapi.RequestValidator, error) {
	return validatorChildren().get(s, call, childRef{in.RestApiId, in.RequestValidatorId})
}

// GetRequestValidators answers a page of an API's request validators, by id.
func (s *Service) GetRequestValidators(call *api.Call, in *apigatewayapi.GetRequestValidatorsRequest) (*apigatewayapi.RequestValidators, error) {
	p, err := pageOf(in.Limit, in.Position)
	if err != nil {
		return nil, err
	}
	id := val(in.RestApiId)
	rec, err := s.loadAPI(call, id, noAPI(call, id))
	if err != nil {
		return nil, err
	}
	items, next := mapPage(p, rec.RequestValidators, nil)
	return &apigatewayapi.RequestValidators{Items: items, Position: next}, nil
}

func validatorPatches() patchTable[apigatewayapi.RequestValidator] {
	type target = apigatewayapi.RequestValidator
	return patchTable[target]{
		wording: listedWording("/name", "/validateRequestParameters", "/validateRequestBody"),
		rules: []rule[target]{
			replaceText("/name", func(v *target) **string { return &v.Name }, checkValidatorName),
			replaceTruth("/validateRequestParameters", func(v *target) **bool { return &v.ValidateRequestParameters }),
			replaceTruth("/validateRequestBody", func(v *target) **bool { return &v.ValidateRequestBody }),
		},
	}
}

// UpdateRequestValidator patches a request validator.
func (s *Service) UpdateRequestValidator(call *api.Call, in *apigatewayapi.UpdateRequestValidatorRequest) (*apigatewayapi.RequestValidator, error) {
	return validatorChildren().change(s, call, childRef{in.RestApiId, in.RequestValidatorId}, func(v *apigatewayapi.RequestValidator) error {
		return validatorPatches().apply(v, in.PatchOperations)
	})
}

// DeleteRequestValidator removes a request validator that no method uses.
func (s *Service) DeleteRequestValidator(call *api.Call, in *apigatewayapi.DeleteRequestValidatorRequest) error {
	id := val(in.RequestValidatorId)
	return validatorChildren().remove(s, call, removal{childRef{in.RestApiId, in.RequestValidatorId}, noValidator(), func(rec *APIRecord) error {
		if at := rec.methodWhere(func(m *apigatewayapi.Method) bool { return val(m.RequestValidatorId) == id }); at != "" {
			return apigatewayapi.ConflictException(fmt.Sprintf("Cannot delete request validator '%s', is referenced in method: %s", id, at))
		}
		return nil
	}})
}
