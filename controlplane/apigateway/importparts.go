package apigateway

import (
	"fmt"
	"strconv"
	"strings"

	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/controlplane/apigateway/openapi"
)

// requestValidators takes x-amazon-apigateway-request-validators over. One of
// the same name keeps its id.
func (im *importer) requestValidators() error {
	before := map[string]string{}
	for id, v := range im.rec.RequestValidators {
		before[val(v.Name)] = id
	}
	if im.overwrite {
		im.rec.RequestValidators = nil
	} else {
		im.validators = before
	}
	for _, m := range im.doc.Root.Get("x-amazon-apigateway-request-validators").Members() {
		if err := checkValidatorName(m.Key); err != nil {
			if err := im.problem("Unable to create request validator", err); err != nil {
				return err
			}
			continue
		}
		id := before[m.Key]
		if id == "" {
			var err error
			if id, err = freshChildID(im.Service, im.rec.RequestValidators); err != nil {
				return err
			}
		}
		if im.rec.RequestValidators == nil {
			im.rec.RequestValidators = map[string]apigatewayapi.RequestValidator{}
		}
		im.validators[m.Key] = id
		im.rec.RequestValidators[id] = apigatewayapi.RequestValidator{
			Id: new(id), Name: new(m.Key),
			ValidateRequestBody:       new(m.Value.Get("validateRequestBody").True()),
			ValidateRequestParameters: new(m.Value.Get("validateRequestParameters").True()),
		}
	}
	return nil
}

// authorizers reads the security schemes: those with an authorizer make one,
// used or not; x-api-key is the API key; awsSigv4 is IAM.
func (im *importer) authorizers() error {
	before := im.rec.Authorizers
	if im.overwrite {
		im.rec.Authorizers = nil
	}
	for _, sch := range im.doc.Schemes {
		node := openapi.Resolve(im.doc.Root, sch.Node)
		extension := node.Get("x-amazon-apigateway-authorizer")
		authType := node.Get("x-amazon-apigateway-authtype").Scalar()
		switch {
		case extension.Is(openapi.Object):
			if err := im.authorizer(sch.Name, node, before); err != nil {
				return err
			}
		case strings.EqualFold(authType, "awsSigv4"):
			im.schemes[sch.Name] = scheme{iam: true}
		case node.Get("type").Scalar() == "apiKey" && strings.EqualFold(node.Get("name").Scalar(), "x-api-key"):
			im.schemes[sch.Name] = scheme{apiKey: true}
		}
	}
	return nil
}

// authorizer takes one over. Without an identity source it is the parameter that
// the scheme names.
func (im *importer) authorizer(name string, node *openapi.Node, before map[string]apigatewayapi.Authorizer) error {
	extension := node.Get("x-amazon-apigateway-authorizer")
	made := apigatewayapi.Authorizer{
		Name: new(name), Type: new(strings.ToUpper(extension.Get("type").Scalar())),
		AuthType:      scalar(node, "x-amazon-apigateway-authtype"),
		ProviderARNs:  extension.Get("providerARNs").Strings(),
		AuthorizerUri: scalar(extension, "authorizerUri"), AuthorizerCredentials: scalar(extension, "authorizerCredentials"),
		IdentitySource:               scalar(extension, "identitySource"),
		IdentityValidationExpression: scalar(extension, "identityValidationExpression"),
	}
	what := fmt.Sprintf("Unable to create authorizer '%s'", name)
	if ttl := extension.Get("authorizerResultTtlInSeconds").Scalar(); ttl != "" {
		n, err := whole(ttl, 0, maxAuthorizerTTL, authorizerTTLText)
		if err != nil {
			return im.problem(what, err)
		}
		made.AuthorizerResultTtlInSeconds = n
	}
	if made.IdentitySource == nil {
		made.IdentitySource = schemeSource(node)
	}
	if err := checkAuthorizer(im.call, &made); err != nil {
		return im.problem(what, err)
	}
	for id, old := range before {
		if val(old.Name) == name {
			delete(im.rec.Authorizers, id) // the document's goes in its place
			made.Id = new(id)
		}
	}
	keep := val(made.Id)
	if err := im.addAuthorizer(im.rec, &made); err != nil {
		return im.problem(what, err)
	}
	if keep != "" {
		delete(im.rec.Authorizers, val(made.Id))
		made.Id = new(keep)
		im.rec.Authorizers[keep] = made
	}
	im.schemes[name] = scheme{
		authorizer: val(made.Id), cognito: val(made.Type) == apigatewayapi.AuthorizerTypeCognitoUserPools,
	}
	return nil
}

// schemeSource is the request parameter that a scheme of type apiKey names.
func schemeSource(node *openapi.Node) *string {
	name := node.Get("name").Scalar()
	switch {
	case name == "", name == unusedName:
		return nil
	case node.Get("in").Scalar() == "query":
		return new("method.request.querystring." + name)
	}
	return new("method.request.header." + name)
}

// gatewayResponses takes x-amazon-apigateway-gateway-responses over.
func (im *importer) gatewayResponses() error {
	if im.overwrite {
		im.rec.GatewayResponses = nil
	}
	for _, m := range im.doc.Root.Get("x-amazon-apigateway-gateway-responses").Members() {
		in := &apigatewayapi.PutGatewayResponseRequest{
			ResponseType: new(m.Key), StatusCode: scalar(m.Value, "statusCode"),
			ResponseParameters: plainTexts(m.Value.Get("responseParameters")),
			ResponseTemplates:  plainTexts(m.Value.Get("responseTemplates")),
		}
		made := newGatewayResponse(in)
		if templates := m.Value.Get("responseTemplates"); templates.Is(openapi.Object) && len(in.ResponseTemplates) == 0 {
			made.ResponseTemplates = map[string]string{}
		}
		if err := im.setGatewayResponse(im.rec, &made); err != nil {
			if err := im.problem(fmt.Sprintf("Unable to put gateway response '%s'", m.Key), err); err != nil {
				return err
			}
		}
	}
	return nil
}

func plainTexts(node *openapi.Node) map[string]string {
	var out map[string]string
	for _, m := range node.Members() {
		if out == nil {
			out = map[string]string{}
		}
		out[m.Key] = m.Value.Scalar()
	}
	return out
}

// documentation takes the parts of x-amazon-apigateway-documentation over,
// unless the caller has asked to ignore them. What stands at the same place
// keeps its id.
func (im *importer) documentation() error {
	if im.ignoreDocs {
		return nil
	}
	at := map[string]string{} // ids by place
	if im.overwrite {
		im.rec.DocumentationParts = nil
	}
	for id, part := range im.rec.DocumentationParts {
		at[placeText(part.Location)] = id
	}
	for i, node := range im.doc.Root.Get("x-amazon-apigateway-documentation").Get("documentationParts").List() {
		what := "Unable to create documentation part " + strconv.Itoa(i+1)
		l := node.Get("location")
		location, err := checkLocation(&apigatewayapi.DocumentationPartLocation{
			Type: scalar(l, "type"), Path: scalar(l, "path"), Method: scalar(l, "method"),
			StatusCode: scalar(l, "statusCode"), Name: scalar(l, "name"),
		})
		if err != nil {
			if err := im.problem(what, err); err != nil {
				return err
			}
			continue
		}
		properties := node.Get("properties")
		part := apigatewayapi.DocumentationPart{Location: location, Properties: new(string(properties.Compact()))}
		if properties.Is(openapi.String) {
			part.Properties = new(properties.Text)
		}
		place := placeText(location)
		if id, ok := at[place]; ok {
			if err = checkPartProperties(val(part.Properties)); err == nil {
				part.Id = new(id)
				im.rec.DocumentationParts[id] = part
			}
		} else {
			err = im.addDocumentationPart(im.rec, &part)
		}
		if err != nil {
			if err := im.problem(what, err); err != nil {
				return err
			}
			continue
		}
		at[place] = val(part.Id)
	}
	return nil
}
