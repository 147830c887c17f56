package main

// config is what the models do not say about one service.
type config struct {
	model   string // file name below models, without .json
	pkg     string // package and folder name
	dotName string // the service's name in comments

	notImplemented string // the code of an operation that Drawbridge does not have

	// sparse lists the maps ("Shape.member") that keep null values: AWS stores
	// and echoes a null template (reference/api-gateway.md 1.7).
	sparse []string
	// patterns maps "Shape.member" to the pattern AWS validates.
	patterns map[string]string
	// enumOrder gives the order in which AWS's validation errors show the
	// values of an enum, where an answer was recorded (reference/api-gateway.md 1.2).
	enumOrder map[string][]string
	// moreErrors are codes that AWS answers although its model lacks them.
	moreErrors map[string]int
}

const statusCodePattern = `[1-5]\d\d`

func configs() []config {
	return []config{apiGateway(), cloudFront(), keyValueStore(), sts(), acm(), iam()}
}

func apiGateway() config {
	return config{
		model: "apigateway", pkg: "apigatewayapi", dotName: "API Gateway",
		notImplemented: "NotImplementedException",
		sparse: []string{
			"Integration.requestTemplates", "PutIntegrationRequest.requestTemplates",
			"IntegrationResponse.responseTemplates", "PutIntegrationResponseRequest.responseTemplates",
		},
		patterns: map[string]string{
			"PutMethodResponseRequest.statusCode":         statusCodePattern,
			"GetMethodResponseRequest.statusCode":         statusCodePattern,
			"UpdateMethodResponseRequest.statusCode":      statusCodePattern,
			"DeleteMethodResponseRequest.statusCode":      statusCodePattern,
			"PutIntegrationResponseRequest.statusCode":    statusCodePattern,
			"GetIntegrationResponseRequest.statusCode":    statusCodePattern,
			"UpdateIntegrationResponseRequest.statusCode": statusCodePattern,
			"DeleteIntegrationResponseRequest.statusCode": statusCodePattern,
			"PutGatewayResponseRequest.statusCode":        statusCodePattern,
		},
		enumOrder: map[string][]string{
			"IntegrationType": {"HTTP", "MOCK", "AWS_PROXY", "HTTP_PROXY", "AWS"},
			"Op":              {"add", "remove", "move", "test", "replace", "copy"},
			"EndpointType":    {"PRIVATE", "EDGE", "REGIONAL"},
			"IpAddressType":   {"ipv4", "dualstack"},
			"GatewayResponseType": {
				"REQUEST_TOO_LARGE", "RESOURCE_NOT_FOUND", "AUTHORIZER_CONFIGURATION_ERROR", "MISSING_AUTHENTICATION_TOKEN",
				"BAD_REQUEST_BODY", "INVALID_SIGNATURE", "INVALID_API_KEY", "BAD_REQUEST_PARAMETERS", "AUTHORIZER_FAILURE",
				"UNAUTHORIZED", "INTEGRATION_TIMEOUT", "ACCESS_DENIED", "DEFAULT_4XX", "DEFAULT_5XX", "WAF_FILTERED",
				"QUOTA_EXCEEDED", "THROTTLED", "API_CONFIGURATION_ERROR", "UNSUPPORTED_MEDIA_TYPE", "INTEGRATION_FAILURE", "EXPIRED_TOKEN",
			},
			"DocumentationPartType": {
				"RESPONSE_BODY", "RESPONSE", "METHOD", "MODEL", "AUTHORIZER", "RESPONSE_HEADER", "RESOURCE",
				"PATH_PARAMETER", "REQUEST_BODY", "QUERY_PARAMETER", "API", "REQUEST_HEADER",
			},
		},
		moreErrors: map[string]int{ // reference/api-gateway.md 1.1
			"ValidationException": 400, "SerializationException": 400, "AccessDeniedException": 403,
		},
	}
}

func cloudFront() config {
	return config{
		model: "cloudfront", pkg: "cloudfrontapi", dotName: "CloudFront",
		notImplemented: "NotImplemented",
		moreErrors: map[string]int{ // reference/cloudfront.md 1.5, 1.6, 1.7
			"MalformedInput": 400, "InvalidationBatchAlreadyExists": 409, "ServiceUnavailable": 503,
		},
	}
}

// keyValueStore is the data API of CloudFront's key value stores.
func keyValueStore() config {
	return config{
		model: "cloudfrontkeyvaluestore", pkg: "cloudfrontkeyvaluestoreapi", dotName: "CloudFront KeyValueStore",
		notImplemented: "NotImplementedException",
	}
}

func sts() config {
	return config{model: "sts", pkg: "stsapi", dotName: "STS", notImplemented: "NotImplemented"}
}

// acm and iam have the operations on certificates only (extract.mjs).
func acm() config {
	return config{model: "acm", pkg: "acmapi", dotName: "ACM", notImplemented: "NotImplementedException", moreErrors: map[string]int{
		"ServiceUnavailableException": 503, "ValidationException": 400,
	}}
}

func iam() config {
	return config{model: "iam", pkg: "iamapi", dotName: "IAM", notImplemented: "NotImplemented"}
}
