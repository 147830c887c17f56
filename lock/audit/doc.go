// Package audit judges whether a CloudFront distribution is the only way in to
// an API: per stage and method locked, open, open by a side door, or cannot
// tell, each with its reason and mend.
//
// Its place on the way: somebody fills a Stack (package lock from the AWS APIs,
// or this package from a Terraform plan, a CloudFormation template or an OpenAPI
// document), Run reads it and makes a Report, Report.Write shows it. Everything
// here is a pure function of the Stack and the time it is given.
//
// It must not know how a Stack was read: no AWS SDK, no network, no Drawbridge
// inside. It never shows the value of a secret: those travel as Secret.
package audit
