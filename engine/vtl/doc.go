// Package vtl is the Velocity Template Language as API Gateway's mapping
// templates use it (the family of Velocity 1.7).
//
// Its place on the way: a deployment is compiled, and each of its templates is
// parsed to a tree once ([Parse]); then the gateway's steps "map request" and
// "map response", MOCK integrations and gateway responses render it
// ([Template.Render]) with the objects they provide: $input ([NewInput]),
// $util ([NewUtil]), $context ([NewContext]) and $stageVariables. A template
// that assigns into $context.requestOverride or $context.responseOverride
// changes the very objects that the caller gave, who reads them afterwards.
//
// It must not know requests, stages or integrations, nor what an error becomes.
//
// A template cannot hang or grow the process: iterations, steps, nesting,
// texts and output are bounded, and patterns run in linear time.
//
// Where API Gateway differs from plain Velocity it is followed: a reference
// without value prints nothing, null equals the empty text, maps and lists
// print as recorded (reference/api-gateway.md 5.5 to 5.7).
package vtl
