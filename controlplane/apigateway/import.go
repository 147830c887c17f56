package apigateway

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/controlplane/apigateway/openapi"
)

const badDocument = "Invalid OpenAPI input."

// importRequest is what ImportRestApi and PutRestApi are asked for: a document
// and how to take it over (reference/api-gateway.md 1.11).
type importRequest struct {
	doc            *openapi.Document
	basepath       string // ignore, prepend or split
	endpointTypes  []string
	vpcEndpoints   []string
	ignoreDocs     bool
	overwrite      bool
	failOnWarnings bool
}

// awsVariable is what a document may hold in place of the caller's facts.
var awsVariable = regexp.MustCompile(`\$\{AWS::(?:AccountId|Partition|Region)\}`)

// readImport reads the document and the free parameters.
func readImport(call *api.Call, body []byte, parameters map[string]string) (*importRequest, error) {
	root, err := openapi.Parse(body)
	if err != nil {
		return nil, badInput(err)
	}
	openapi.EachText(root, func(text string) string {
		return awsVariable.ReplaceAllStringFunc(text, func(variable string) string {
			switch variable {
			case "${AWS::AccountId}":
				return call.Account
			case "${AWS::Partition}":
				return call.Partition
			}
			return call.Region
		})
	})
	doc, err := openapi.Read(root)
	if err != nil {
		return nil, badInput(err)
	}
	in := &importRequest{doc: doc, basepath: "ignore"}
	for _, name := range sortedKeys(parameters) {
		value := parameters[name]
		switch name {
		case "basepath":
			in.basepath = strings.ToLower(value)
		case "ignore":
			in.ignoreDocs = slices.Contains(commaList(value), "documentation")
		case "endpointConfigurationTypes":
			in.endpointTypes = commaList(value)
		case "vpcEndpointIds":
			in.vpcEndpoints = commaList(value)
		}
	}
	if !slices.Contains([]string{"ignore", "prepend", "split"}, in.basepath) {
		return nil, badRequest("Invalid basepath specified. Valid options are ignore,prepend,split")
	}
	for _, t := range in.endpointTypes {
		if !slices.Contains(apigatewayapi.EndpointTypeValues, t) {
			return nil, badRequest("Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE")
		}
	}
	return in, nil
}

// badInput is AWS's answer to every document that it cannot read; why is kept
// as the cause.
func badInput(why error) error {
	answer := apigatewayapi.BadRequestException(badDocument)
	answer.Cause = why
	return answer
}

func commaList(text string) []string {
	var out []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// ImportRestApi makes an API of an OpenAPI document. With failOnWarnings any
// warning refuses it; else the warnings are in the answer.
func (s *Service) ImportRestApi(call *api.Call, in *apigatewayapi.ImportRestApiRequest) (*apigatewayapi.RestApi, error) {
	request, err := readImport(call, in.Body, in.Parameters)
	if err != nil {
		return nil, err
	}
	request.failOnWarnings, request.overwrite = val(in.FailOnWarnings), true
	create := &apigatewayapi.CreateRestApiRequest{Name: filled(new(request.doc.Title)), Tags: documentTags(request.doc)}
	if request.endpointTypes != nil {
		create.EndpointConfiguration = &apigatewayapi.EndpointConfiguration{Types: request.endpointTypes}
	}
	draft, err := s.newAPI(create)
	if err != nil {
		return nil, err
	}
	wanted, err := wantedID(create.Tags, customAPIID)
	if err != nil {
		return nil, err
	}
	if err := s.checkAPICount(call); err != nil {
		return nil, err
	}
	draft.Id = filled(new(wanted))
	var out *apigatewayapi.RestApi
	err = s.write(call, ownerRef(wanted).Key(), func(t *tx) error {
		rec, err := s.contents(call, t, "")
		if err != nil {
			return err
		}
		if err := s.placeAPI(call, t, rec, draft); err != nil {
			return err
		}
		warnings, err := s.importInto(call, rec, request)
		if err != nil {
			return err
		}
		out = rec.shown()
		out.Warnings = warnings
		return t.put(apiRef(call, val(rec.Api.Id)), rec)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// PutRestApi takes a document over into an API that exists: merge replaces what
// the document names and keeps the rest, overwrite replaces all. It is done as a
// whole or not at all.
func (s *Service) PutRestApi(call *api.Call, in *apigatewayapi.PutRestApiRequest) (*apigatewayapi.RestApi, error) {
	request, err := readImport(call, in.Body, in.Parameters)
	if err != nil {
		return nil, err
	}
	request.failOnWarnings = val(in.FailOnWarnings)
	request.overwrite = val(in.Mode) == apigatewayapi.PutModeOverwrite
	tags, err := s.checkTags(documentTags(request.doc))
	if err != nil {
		return nil, err
	}
	id := val(in.RestApiId)
	var out *apigatewayapi.RestApi
	err = s.editAPI(call, id, noAPI(call, id), func(rec *APIRecord) error {
		if tags != nil {
			rec.Api.Tags = tags
		}
		if request.doc.Title != "" {
			rec.Api.Name = new(request.doc.Title)
		}
		warnings, err := s.importInto(call, rec, request)
		if err != nil {
			return err
		}
		out = rec.shown()
		out.Tags, out.Warnings = shownTags(out.Tags), warnings
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// documentTags are the tags of a document that have a value for AWS.
func documentTags(doc *openapi.Document) map[string]string {
	tags := map[string]string{}
	for _, tag := range doc.Root.Get("tags").List() {
		if value := tag.Get("x-amazon-apigateway-tag-value"); value != nil {
			tags[tag.Get("name").Scalar()] = value.Scalar()
		}
	}
	return tags
}

// Bounds of what one import says back, in entries and bytes.
const (
	maxMessages     = 200
	maxMessageBytes = 64 << 10
)

// importer takes one document over into one API.
type importer struct {
	*Service
	call *api.Call
	rec  *APIRecord
	*importRequest

	oldIDs     map[string]string // by path: ids of resources before
	children   map[[2]string]string
	validators map[string]string // ids by name
	schemes    map[string]scheme

	warnings, problems []string
	said               int  // bytes of warnings and problems
	full               bool // there is no room for more resources
}

// importInto changes rec, which is not to be kept when an error comes back.
func (s *Service) importInto(call *api.Call, rec *APIRecord, request *importRequest) ([]string, error) {
	im := &importer{
		Service: s, call: call, rec: rec, importRequest: request,
		oldIDs: map[string]string{}, children: map[[2]string]string{},
		validators: map[string]string{}, schemes: map[string]scheme{},
	}
	for _, step := range []func() error{
		im.settings, im.models, im.requestValidators, im.authorizers, im.gatewayResponses, im.paths, im.documentation,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if len(im.problems) > 0 {
		return nil, apigatewayapi.BadRequestException("Errors found during import:\n\t" + strings.Join(im.problems, "\n\t"))
	}
	if request.failOnWarnings && len(im.warnings) > 0 {
		return nil, apigatewayapi.BadRequestException("Warnings found during import:\n\t" + strings.Join(im.warnings, "\n\t"))
	}
	return im.warnings, nil
}

// room counts what is said back; beyond the bounds nothing more is.
func (im *importer) room(text string) bool {
	im.said += len(text)
	return im.said <= maxMessageBytes && len(im.warnings)+len(im.problems) < maxMessages
}

func (im *importer) warn(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); im.room(text) {
		im.warnings = append(im.warnings, text)
	}
}

// problem notes why something cannot be imported. It returns an error only when
// the reason is no answer to the caller.
func (im *importer) problem(what string, why error) error {
	var answer *api.Error
	if !errors.As(why, &answer) || answer.Fault() != api.FaultSender {
		return why
	}
	text := what + ": " + answer.Message
	if im.room(text) || len(im.problems) == 0 {
		im.problems = append(im.problems, text)
	}
	return nil
}

// settings are the API's own members.
func (im *importer) settings() error {
	a, root := &im.rec.Api, im.doc.Root
	if im.overwrite {
		a.Description, a.Version, a.MinimumCompressionSize, a.Policy = nil, nil, nil, nil
		a.BinaryMediaTypes = nil
		a.ApiKeySource = new(apigatewayapi.ApiKeySourceTypeHeader)
	}
	if im.doc.Description != "" {
		a.Description = new(im.doc.Description)
	}
	if im.doc.Version != "" {
		a.Version = new(im.doc.Version)
	}
	for _, t := range root.Get("x-amazon-apigateway-binary-media-types").Strings() {
		if len(a.BinaryMediaTypes) < maxBinaryTypes && !slices.Contains(a.BinaryMediaTypes, t) {
			a.BinaryMediaTypes = append(a.BinaryMediaTypes, t)
		}
	}
	if source := strings.ToUpper(root.Get("x-amazon-apigateway-api-key-source").Scalar()); source != "" {
		if err := oneOf("ApiKeySource", apigatewayapi.ApiKeySourceTypeValues)(source); err != nil {
			return err
		}
		a.ApiKeySource = new(source)
	}
	if size := root.Get("x-amazon-apigateway-minimum-compression-size").Scalar(); size != "" {
		n, err := whole(size, 0, maxCompressionSize, compressionText)
		if err != nil {
			return err
		}
		a.MinimumCompressionSize = n
	}
	if err := im.policy(root.Get("x-amazon-apigateway-policy")); err != nil {
		return err
	}
	return im.endpoint()
}

// maxBinaryTypes bounds the media types of a document.
const maxBinaryTypes = 200

// policy takes the resource policy over, an object or its text.
func (im *importer) policy(node *openapi.Node) error {
	if node == nil {
		return nil
	}
	text := node.Scalar()
	if node.Is(openapi.Object) {
		text = string(node.Compact())
	}
	stored, err := im.storedPolicy(im.call, val(im.rec.Api.Id), text)
	if err != nil {
		return err
	}
	im.rec.Api.Policy = stored
	return nil
}

// endpoint takes the endpoint configuration over: the query's types and VPC
// endpoints, and the extension, which stands at the root or, in OpenAPI 3, in a
// server.
func (im *importer) endpoint() error {
	a, root := &im.rec.Api, im.doc.Root
	extension := root.Get("x-amazon-apigateway-endpoint-configuration")
	for _, server := range root.Get("servers").List() {
		if extension == nil {
			extension = server.Get("x-amazon-apigateway-endpoint-configuration")
		}
	}
	if node := extension.Get("disableExecuteApiEndpoint"); node != nil {
		a.DisableExecuteApiEndpoint = new(node.True())
	}
	c := &apigatewayapi.EndpointConfiguration{Types: a.EndpointConfiguration.Types, VpcEndpointIds: a.EndpointConfiguration.VpcEndpointIds}
	if im.endpointTypes != nil {
		c.Types = im.endpointTypes
	}
	if ids := slices.Concat(im.vpcEndpoints, extension.Get("vpcEndpointIds").Strings()); len(ids) > 0 {
		slices.Sort(ids)
		c.VpcEndpointIds = slices.Compact(ids)
		if !slices.Contains(c.Types, apigatewayapi.EndpointTypePrivate) {
			return badRequest("VPCEndpoints can only be specified with PRIVATE apis.")
		}
	}
	if kind := extension.Get("ipAddressType").Scalar(); kind != "" {
		if !slices.Contains(apigatewayapi.IpAddressTypeValues, kind) {
			return badRequest("ipAddressType must be either ipv4 or dualstack.")
		}
		c.IpAddressType = new(kind)
	} else if slices.Equal(c.Types, a.EndpointConfiguration.Types) {
		c.IpAddressType = a.EndpointConfiguration.IpAddressType
	}
	made, err := newEndpoint(c)
	if err != nil {
		return err
	}
	a.EndpointConfiguration = made
	return nil
}

// models takes the document's schemas over. Their references are checked when
// all names are known; a circle of them is fine.
func (im *importer) models() error {
	before := im.rec.Models
	if im.overwrite || im.rec.Models == nil {
		im.rec.Models = map[string]apigatewayapi.Model{}
	}
	known := map[string]bool{}
	for name := range im.rec.Models {
		known[name] = true
	}
	for _, m := range im.doc.Models {
		known[m.Name] = true
	}
	total := 0
	for _, m := range im.doc.Models {
		if !modelNameForm.MatchString(m.Name) {
			if err := im.problem(fmt.Sprintf("Unable to create model for '%s'", m.Name), badRequest("Model name must be alphanumeric: %s", m.Name)); err != nil {
				return err
			}
			continue
		}
		if total += len(m.Schema.Compact()); total > im.limits.ModelBytes {
			return apigatewayapi.LimitExceededException(fmt.Sprintf(
				"The schemas of an API's models take at most %d bytes together.", im.limits.ModelBytes))
		}
		made, err := im.model(m, known)
		if err != nil {
			if err := im.problem(fmt.Sprintf("Unable to create model for '%s'", m.Name), err); err != nil {
				return err
			}
			continue
		}
		if made.Id = before[m.Name].Id; made.Id == nil {
			id, err := im.freshID(childIDLength, func(string) (bool, error) { return false, nil })
			if err != nil {
				return err
			}
			made.Id = new(id)
		}
		im.rec.Models[m.Name] = made
	}
	return nil
}

// model is a schema as it is stored: references to other models in their
// canonical form (reference/api-gateway.md 1.11).
func (im *importer) model(m openapi.Model, known map[string]bool) (apigatewayapi.Model, error) {
	var wrong error
	schema := openapi.RewriteRefs(m.Schema, func(ref string) string {
		name, ok := openapi.ModelName(ref)
		switch {
		case !ok && wrong == nil:
			wrong = badModel("Invalid reference in model. Reference must be in canonical form: " + ref)
		case ok && !known[name] && wrong == nil:
			wrong = badModel("Invalid model identifier specified: " + name)
		}
		return openapi.CanonicalRef(val(im.rec.Api.Id), name)
	})
	if wrong != nil {
		return apigatewayapi.Model{}, wrong
	}
	if !schema.Is(openapi.Object) {
		return apigatewayapi.Model{}, badModel("Invalid model schema specified")
	}
	return apigatewayapi.Model{
		Name: new(m.Name), Description: filled(new(schema.Get("description").Scalar())),
		ContentType: new("application/json"), Schema: new(string(bytes.TrimSpace(schema.JSON()))),
	}, nil
}
