package program

import "strings"

// ServiceTarget is what the URI of an AWS integration names:
// "arn:aws:apigateway:{region}:{[subdomain.]service}:{path|action}/{spec}"
// (reference/api-gateway.md 5.1, appendix B).
type ServiceTarget struct {
	Region, Subdomain, Service string
	// Action tells that Spec is "Name" or "Name&Parameter=value" of an operation;
	// otherwise it is the path of the request, and its query, without the first "/".
	Action bool
	Spec   URITemplate
}

// parseServiceURI reads an AWS integration's URI. function is what is called
// when it is a Lambda invocation, with its stage variables; target is nil for a
// URI that names nothing.
func parseServiceURI(uri string) (target *ServiceTarget, function URITemplate) {
	parts := strings.SplitN(uri, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "apigateway" || parts[3] == "" {
		return nil, nil
	}
	kind, spec, ok := strings.Cut(parts[5], "/")
	if !ok || kind != "path" && kind != "action" {
		return nil, nil
	}
	target = &ServiceTarget{Region: parts[3], Service: parts[4], Action: kind == "action", Spec: ParseURI(spec)}
	if at := strings.LastIndexByte(parts[4], '.'); at >= 0 {
		target.Subdomain, target.Service = parts[4][:at], parts[4][at+1:]
	}
	if target.Service == "lambda" && !target.Action {
		_, rest, ok := strings.Cut(spec, "/functions/")
		for _, end := range []string{"/invocations", "/response-streaming-invocations"} {
			if name, found := strings.CutSuffix(rest, end); ok && found && name != "" {
				return target, ParseURI(name)
			}
		}
	}
	return target, nil
}
