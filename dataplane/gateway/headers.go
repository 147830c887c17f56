package gateway

import (
	"strings"

	"drawbridge/dataplane/program"
)

// What happens to header fields between client and backend: the table of
// reference/api-gateway.md 2.5, as measured. Names are in lower case.

// droppedFromRequest never reach an integration or $input.
var droppedFromRequest = map[string]bool{
	"connection": true, "content-length": true, "content-md5": true, "expect": true, "max-forwards": true,
	"proxy-authenticate": true, "server": true, "te": true, "transfer-encoding": true, "trailer": true,
	"upgrade": true, "www-authenticate": true, "keep-alive": true, "proxy-connection": true,
}

// droppedFromProxyRequest are further ones that an HTTP_PROXY backend does not
// get from the client; the last two are the gateway's own to set.
var droppedFromProxyRequest = map[string]bool{
	"host": true, "content-encoding": true, "via": true, "x-amzn-trace-id": true, "x-amzn-apigateway-api-id": true,
}

// forbiddenTargets make a call fail when a mapping sets them.
var forbiddenTargets = map[string]bool{
	"content-length": true, "transfer-encoding": true, "x-amzn-trace-id": true, "x-amzn-apigateway-api-id": true,
}

// droppedAfterMapping are left out of an HTTP request even when a mapping sets them.
var droppedAfterMapping = map[string]bool{
	"expect": true, "proxy-authenticate": true, "te": true, "via": true, "connection": true,
}

// remappedMapped are renamed when a response mapping or an override sets them.
var remappedMapped = map[string]bool{
	"authorization": true, "connection": true, "content-length": true, "content-md5": true, "date": true, "expect": true,
	"host": true, "max-forwards": true, "proxy-authenticate": true, "server": true, "trailer": true, "upgrade": true,
	"user-agent": true, "www-authenticate": true, "x-amzn-requestid": true,
}

// remappedProxy are renamed in the answer of an HTTP_PROXY backend.
var remappedProxy = map[string]bool{
	"authorization": true, "connection": true, "content-length": true, "content-md5": true, "date": true,
	"max-forwards": true, "server": true, "user-agent": true, "www-authenticate": true, "x-amzn-requestid": true,
}

// droppedFromProxyResponse do not come through from an HTTP_PROXY backend.
// Content-Encoding does, because the body does: the documentation says so, and
// a body without it could not be read.
var droppedFromProxyResponse = map[string]bool{
	"transfer-encoding": true, "via": true, "expect": true, "proxy-authenticate": true, "te": true, "trailer": true,
	"upgrade": true, "host": true, "keep-alive": true, "proxy-connection": true,
	// the gateway's own
	"x-amz-apigw-id": true, "x-amzn-errortype": true,
}

const remapped = "x-amzn-Remapped-"

// forbiddenToServices make a call fail in addition when it goes to AWS.
var forbiddenToServices = map[string]bool{
	"authorization": true, "connection": true, "expect": true, "proxy-authenticate": true, "te": true,
}

func isForbiddenTarget(kind program.IntegrationType, name string) bool {
	name = strings.ToLower(name)
	toService := kind == program.IntegrationAWS || kind == program.IntegrationAWSProxy
	return forbiddenTargets[name] || toService && forbiddenToServices[name]
}

func isDroppedFromRequest(name string) bool { return droppedFromRequest[strings.ToLower(name)] }
