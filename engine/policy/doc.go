// Package policy reads, checks, compiles and evaluates AWS IAM policy
// documents: resource policies, identity policies and what an authorizer
// returns.
//
// Its place on the way: the control plane parses a document when it is written
// (Parse, Document.Canonical); the compiler turns the stored document into a
// Policy once (New); the gateway asks that Policy about every request
// (Policy.Evaluate), which allocates nothing. One direction, one step a file:
//
//	bytes -> json.go -> ast.go, parse*.go -> compile.go -> evaluate.go
//
// Policy.Ask (question.go, search.go) answers for a whole set of requests at
// once whether any gets through, and shows one: what an audit wants to know.
//
// How the answers of several policies are combined (same account, cross
// account, before and after an authorizer), what a refusal looks like on the
// wire, and how a service writes its resources in short are the caller's
// business: the package must not know any AWS resource, HTTP, or time (the
// request carries the time). It imports the standard library only.
//
// Sources: reference/api-gateway.md 3, and the IAM user guide pages
// reference_policies_grammar, reference_policies_elements_*,
// reference_policies_condition-* and reference_policies_variables. Comments
// name the page where the reference is silent.
package policy
