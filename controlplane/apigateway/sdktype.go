package apigateway

import (
	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

// sdkProperty is one setting of an SDK generator.
type sdkProperty struct {
	name, friendly, description string
	required                    bool
}

// sdkTypes are AWS's SDK generators; GetSdk does not run them.
var sdkTypes = []struct {
	id, friendly, description string
	properties                []sdkProperty
}{
	{"android", "Android", "Android SDK", []sdkProperty{
		{"groupId", "Group ID", "Group id of the generated Maven package", true},
		{"artifactId", "Artifact ID", "Artifact id of the generated Maven package", true},
		{"artifactVersion", "Artifact Version", "Version of the generated Maven package", true},
		{"invokerPackage", "Invoker Package", "Package of the generated classes", true},
	}},
	{"java", "Java", "Java SDK", []sdkProperty{
		{"service.name", "Service Name", "Name of the generated client", true},
		{"java.package-name", "Java Package Name", "Package of the generated classes", true},
		{"java.build-system", "Java Build System", "Build system to generate files for", false},
		{"java.group-id", "Java Group Id", "Group id of the generated Maven package", false},
		{"java.artifact-id", "Java Artifact Id", "Artifact id of the generated Maven package", false},
		{"java.artifact-version", "Java Artifact Version", "Version of the generated Maven package", false},
	}},
	{"javascript", "JavaScript", "JavaScript SDK", nil},
	{"objectivec", "iOS (Objective-C)", "iOS SDK in Objective-C", []sdkProperty{
		{"classPrefix", "Prefix", "Prefix of the generated classes", true},
	}},
	{"ruby", "Ruby", "Ruby SDK", []sdkProperty{
		{"service.name", "Service Name", "Name of the generated client", true},
	}},
	{"swift", "iOS (Swift)", "iOS SDK in Swift", []sdkProperty{
		{"classPrefix", "Prefix", "Prefix of the generated classes", true},
	}},
}

func shownSDKTypes() map[string]apigatewayapi.SdkType {
	out := make(map[string]apigatewayapi.SdkType, len(sdkTypes))
	for _, t := range sdkTypes {
		shown := apigatewayapi.SdkType{Id: new(t.id), FriendlyName: new(t.friendly), Description: new(t.description)}
		for _, p := range t.properties {
			shown.ConfigurationProperties = append(shown.ConfigurationProperties, apigatewayapi.SdkConfigurationProperty{
				Name: new(p.name), FriendlyName: new(p.friendly), Description: new(p.description), Required: new(p.required),
			})
		}
		out[t.id] = shown
	}
	return out
}

// GetSdkTypes answers a page of the SDK types, by id.
func (s *Service) GetSdkTypes(_ *api.Call, in *apigatewayapi.GetSdkTypesRequest) (*apigatewayapi.SdkTypes, error) {
	p, err := pageOf(in.Limit, in.Position)
	if err != nil {
		return nil, err
	}
	items, _ := mapPage(p, shownSDKTypes(), nil) // AWS's answer has no position
	return &apigatewayapi.SdkTypes{Items: items}, nil
}

// GetSdkType answers one SDK type.
func (s *Service) GetSdkType(_ *api.Call, in *apigatewayapi.GetSdkTypeRequest) (*apigatewayapi.SdkType, error) {
	out, ok := shownSDKTypes()[val(in.Id)]
	if !ok {
		return nil, apigatewayapi.NotFoundException("Invalid SDK type identifier specified")
	}
	return &out, nil
}

// GetSdk checks what it is asked for and answers that SDKs are not generated
// here: that is the work of AWS's own generators, which are no public programs.
// GetExport gives the definition that any OpenAPI generator takes.
func (s *Service) GetSdk(call *api.Call, in *apigatewayapi.GetSdkRequest) (*apigatewayapi.SdkResponse, error) {
	if _, ok := shownSDKTypes()[val(in.SdkType)]; !ok {
		return nil, badRequest("Invalid SDK type specified: %s", val(in.SdkType))
	}
	entry, err := get(call, s.store, stageRef(call, val(in.RestApiId), val(in.StageName)).Key())
	if err != nil {
		return nil, err
	}
	if entry.ModRevision == 0 {
		return nil, noStage()
	}
	return s.Unimplemented.GetSdk(call, in)
}
