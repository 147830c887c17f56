package apigateway

import (
	"slices"
	"strings"
	"testing"
)

// taken tells whether a table has a rule for an operation at a path.
func taken[T any](t patchTable[T]) func(o op, path string) bool {
	return func(o op, path string) bool {
		return slices.ContainsFunc(t.rules, func(r rule[T]) bool {
			_, ok := matchPath(r.path, path)
			return ok && slices.Contains(r.ops, o)
		})
	}
}

// patchRows are the rows of AWS's table of patch operations (reference/
// api-gateway.md 1.9): paths with the operations they take, the first letters
// of add, replace, remove (x) and copy. What a row does not have is refused.
const patchRows = `
Account            /cloudwatchRoleArn r · /features ax
ApiKey             /customerId r · /description r · /enabled r · /name r · /stages ax · /labels ax
Authorizer         /identitySource arx · /authorizerUri r · /authorizerCredentials r · /authorizerResultTtlInSeconds r · /authType r · /identityValidationExpression r · /name r · /type r · /providerARNs ax
BasePathMapping    /basepath r · /basePath r · /restapiId r · /stage r
DocumentationPart  -
DomainName         /certificateName arx · /certificateArn arx · /regionalCertificateName arx · /regionalCertificateArn arx · /mutualTlsAuthentication/truststoreUri arx · /mutualTlsAuthentication/truststoreVersion arx · /ownershipVerificationCertificateArn arx · /securityPolicy r · /endpointConfiguration/ipAddressType r · /endpointAccessMode r · /managementPolicy r · /policy r · /routingMode r · /endpointConfiguration/types ax
GatewayResponse    /responseParameters/gatewayresponse.header.X arx · /responseTemplates/application~1json arx · /statusCode r
Integration        /cacheKeyParameters/method.request.header.X arx · /requestParameters/integration.request.header.X arx · /requestTemplates/application~1json arx · /cacheNamespace r · /connectionId r · /connectionType r · /contentHandling r · /httpMethod r · /integrationTarget r · /passthroughBehavior r · /responseTransferMode r · /timeoutInMillis r · /tlsConfig/insecureSkipVerification r · /uri r · /type -
IntegrationResponse /responseParameters/method.response.header.X arx · /responseTemplates/application~1json arx · /contentHandling r · /selectionPattern r
Method             /requestParameters/method.request.header.X arx · /requestModels/application~1json arx · /authorizationType r · /authorizerId r · /apiKeyRequired r · /operationName r · /requestValidatorId r · /authorizationScopes ax · /httpMethod -
MethodResponse     /responseModels/application~1json arx · /responseParameters/method.response.header.X arx
Model              /description r · /schema r · /name -
RequestValidator   /name r · /validateRequestBody r · /validateRequestParameters r
Resource           /parentId r · /pathPart r
RestApi            /binaryMediaTypes/image~1png arx · /description arx · /apiKeySource r · /disableExecuteApiEndpoint r · /endpointConfiguration/types/EDGE r · /endpointConfiguration/ipAddressType r · /endpointAccessMode r · /minimumCompressionSize r · /name r · /policy r · /securityPolicy r · /version r · /endpointConfiguration/vpcEndpointIds ax · /id -
Stage              /accessLogSettings/destinationArn arx · /accessLogSettings/format arx · /cacheClusterEnabled r · /cacheClusterSize r · /canarySettings/deploymentId r · /canarySettings/percentTraffic r · /canarySettings/stageVariableOverrides/a r · /canarySettings/useStageCache r · /clientCertificateId r · /deploymentId rc · /description r · /documentationVersion r · /variables/a rx · /tracingEnabled r · /variables xc · /canarySettings x · /accessLogSettings x
UsagePlan          /apiStages/a:b/throttle arx · /productCode arx · /description r · /name r · /apiStages ax · /quota/limit ar · /quota/offset ar · /quota/period ar · /throttle/burstLimit ar · /throttle/rateLimit ar · /apiStages/a:b/throttle/~1pets/GET/rateLimit ar · /apiStages/a:b/throttle/~1pets/GET/burstLimit ar · /quota x · /throttle x · /apiStages/a:b/throttle/~1pets/GET x
VpcLink            /name r · /description r
`

func TestEveryRowOfThePatchTable(t *testing.T) {
	w := newWorld(t)
	tables := map[string]func(op, string) bool{
		"Account": taken(accountPatches(w.call)), "ApiKey": taken(keyPatches()), "Authorizer": taken(authorizerPatches()),
		"BasePathMapping": taken(mappingPatches()), "DomainName": taken(domainPatches()),
		"GatewayResponse": taken(gatewayResponsePatches()), "Integration": taken(w.integrationPatches()),
		"IntegrationResponse": taken(integrationResponsePatches()), "Method": taken(methodPatches()),
		"MethodResponse": taken(methodResponsePatches()), "Model": taken(modelPatches()),
		"RequestValidator": taken(validatorPatches()), "Resource": taken(resourcePatches()), "RestApi": taken(w.restAPIPatches(w.call)),
		"Stage": taken(stagePatches()), "UsagePlan": taken(planPatches()), "VpcLink": taken(vpcLinkPatches()),
	}
	letters := map[string]op{"a": opAdd, "r": opReplace, "x": opRemove, "c": opCopy}
	rows := 0
	for line := range strings.Lines(strings.TrimSpace(patchRows)) {
		resource, paths, _ := strings.Cut(strings.TrimSpace(line), " ")
		table := tables[resource]
		if table == nil {
			continue // its one path is in the recorded answers
		}
		for entry := range strings.SplitSeq(paths, "·") {
			fields := strings.Fields(entry)
			if len(fields) != 2 {
				continue
			}
			rows++
			for letter, o := range letters {
				want, got := strings.Contains(fields[1], letter), table(o, fields[0])
				if got && !want && wide(resource, fields[0]) {
					continue // a rule for whatever follows looks closer
				}
				if got != want {
					t.Errorf("%s: %s %s: taken %t, want %t", resource, o, fields[0], got, want)
				}
			}
		}
	}
	t.Logf("%d rows", rows)
}

// wide: the path is one of those that rules with {name...} take apart.
func wide(resource, path string) bool {
	return resource == "Stage" || resource == "UsagePlan" && strings.Contains(path, "/throttle/~1")
}
