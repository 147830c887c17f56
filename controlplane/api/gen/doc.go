// Command gen writes the generated service packages of controlplane/api from
// the committed models:
//
//	go run ./controlplane/api/gen           (at the repository's root; offline)
//
// models/<service>.json → <service>api/{types,shapes,operations,service,enums,errors}.go
//
// extract.mjs renews the models from npm packages and is needed only then.
//
// It must not know how the tables are used: what is true of one service only
// stands in config.go, everything else in the models.
package main
