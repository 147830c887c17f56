// Command drawbridge is CloudFront and API Gateway that people run themselves,
// with one way in. All it does is in package cli; this file calls it.
package main

import (
	"os"

	"drawbridge/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr))
}
