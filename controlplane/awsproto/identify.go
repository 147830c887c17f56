package awsproto

import (
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/engine/sigv4"
)

// destination is the service that a request is for, before anything is verified.
type destination struct {
	service     string // signing name, empty if nothing names one
	hostService string // what the host alone says
	region      string // of the host, empty if it has none
}

// identify reads the service from the signature's scope, else from the host,
// else from the one path that no other service has (design: "Whose request is
// it" 4).
func identify(r *request) destination {
	var d destination
	d.hostService, d.region = serviceOfHost(r.host)
	d.service = d.hostService
	if _, service, ok := sigv4.Scope(r.header.Get("Authorization"), r.rawQuery); ok {
		d.service = service
	}
	if d.service == "" && strings.HasPrefix(r.rawPath, "/2020-05-31/") {
		d.service = "cloudfront"
	}
	return d
}

// serviceOfHost reads names like apigateway.eu-west-1.amazonaws.com,
// cloudfront.amazonaws.com and sts.eu-west-1.api.aws.
func serviceOfHost(host string) (service, region string) {
	host = strings.ToLower(host)
	if colon := strings.LastIndexByte(host, ':'); colon > strings.LastIndexByte(host, ']') {
		host = host[:colon]
	}
	host = strings.TrimSuffix(host, ".")
	for _, suffix := range []string{".amazonaws.com", ".amazonaws.com.cn", ".api.aws"} {
		name, ok := strings.CutSuffix(host, suffix)
		if !ok {
			continue
		}
		labels := strings.Split(name, ".")
		// Key value stores: <account>.cloudfront-kvs.global.api.aws (reference/cloudfront.md 5.3).
		if len(labels) == 3 && labels[1] == "cloudfront-kvs" {
			return "cloudfront-keyvaluestore", ""
		}
		service = strings.TrimSuffix(labels[0], "-fips")
		if len(labels) == 2 && labels[1] != "global" && regionPattern.MatchString(labels[1]) {
			region = labels[1]
		}
		return service, region
	}
	return "", ""
}

// The services whose clients read XML errors; all others read JSON.
var xmlServices = map[string]bool{
	"autoscaling": true, "cloudformation": true, "cloudfront": true, "cloudsearch": true, "elasticache": true,
	"elasticbeanstalk": true, "elasticloadbalancing": true, "email": true, "iam": true, "monitoring": true,
	"rds": true, "redshift": true, "route53": true, "sdb": true, "sns": true, "sts": true,
}

// foreign is the answer for a service that is not here, in its own protocol as
// far as that can be guessed.
func foreign(r *request, service, here, requestID string) *response {
	e := &api.Error{Code: "NotImplementedException", Status: 501,
		Message: "Drawbridge does not have the AWS service " + short(service) + "; it has " + here + "."}
	switch {
	case service == "s3" || service == "ec2":
		e.Code = "NotImplemented"
		return bareXMLError(e, service, requestID)
	case xmlServices[service] || isQueryCall(r):
		e.Code = "NotImplemented"
		return xmlError(e, "", requestID)
	}
	return serviceJSONError(e, requestID)
}

// unnamed is the answer to a call that names no service, so its signature
// could not be read: err says why.
func unnamed(r *request, err error, requestID string) *response {
	if isQueryCall(r) {
		return xmlError(signatureError(err, api.Query), "", requestID)
	}
	return serviceJSONError(signatureError(err, api.RestJSON), requestID)
}

// isQueryCall tells a form with an Action.
func isQueryCall(r *request) bool {
	return r.query.Has("Action") || strings.HasPrefix(r.header.Get("Content-Type"), "application/x-www-form-urlencoded")
}

// serviceJSONError also carries the code in the body, where the JSON 1.0 and
// 1.1 protocols have it.
func serviceJSONError(e *api.Error, requestID string) *response {
	answer := jsonError(e)
	answer.header.Set("x-amzn-RequestId", requestID)
	body := append(appendJSONString([]byte(`{"__type":`), e.Code), `,"message":`...)
	answer.body = append(appendJSONString(body, e.Message), '}')
	return answer
}

// bareXMLError is the envelope of S3, and that of EC2.
func bareXMLError(e *api.Error, service, requestID string) *response {
	b := []byte(xmlHeader)
	content := func(b []byte) []byte {
		b = append(appendXMLText(append(b, "<Code>"...), e.Code), "</Code><Message>"...)
		return append(appendXMLText(b, e.Message), "</Message>"...)
	}
	if service == "s3" {
		b = append(content(append(b, "<Error>"...)), "<RequestId>"+requestID+"</RequestId></Error>"...)
	} else {
		b = append(content(append(b, "<Response><Errors><Error>"...)),
			"</Error></Errors><RequestID>"+requestID+"</RequestID></Response>"...)
	}
	answer := newResponse(e.Status, "application/xml", b)
	answer.header.Set("x-amzn-RequestId", requestID)
	return answer
}
