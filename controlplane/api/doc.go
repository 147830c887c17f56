// Package api holds what all generated service packages (apigatewayapi,
// cloudfrontapi, stsapi) share: the caller of one control-plane call, the error
// every operation answers with, and the tables that describe shapes and
// operations.
//
// Its place on the way: below everything of the control plane. The generator
// (api/gen) writes tables of these types from the AWS SDK's schemas
// (api/models), awsproto reads them to route, decode, validate and encode, and
// the services use the Call and the Error.
//
// It must not know any AWS resource, any wire format or any transport; it has
// no dependency beyond the standard library.
package api
