package compile

import (
	"strings"

	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/controlplane/apigateway"
	"drawbridge/dataplane/program"
)

// validators gives the methods of one frozen API what their request validators
// ask for.
type validators struct {
	frozen *apigateway.APIRecord
	models *program.ModelSet
}

func newValidators(frozen *apigateway.APIRecord) *validators {
	schemas := make(map[string]string, len(frozen.Models))
	for name, model := range frozen.Models {
		schemas[name] = value(model.Schema)
	}
	return &validators{frozen, program.NewModelSet(schemas)}
}

// attach sets what a method's validator checks. Models that describe something
// else than JSON are documentation: nothing is held to them.
func (v *validators) attach(m *program.Method, stored *apigatewayapi.Method) {
	validator, ok := v.frozen.RequestValidators[value(stored.RequestValidatorId)]
	if !ok {
		return
	}
	m.ValidateParameters = value(validator.ValidateRequestParameters)
	if !value(validator.ValidateRequestBody) {
		return
	}
	m.Models = make(program.Models, len(stored.RequestModels))
	for contentType, name := range stored.RequestModels {
		described := v.frozen.Models[name]
		if strings.Contains(strings.ToLower(value(described.ContentType)), "json") {
			m.Models[contentType] = v.models.Model(name)
		}
	}
}
