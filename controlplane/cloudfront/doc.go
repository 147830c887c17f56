// Package cloudfront is CloudFront's control API: its operations validate,
// fill in AWS's defaults, check references and put records into the store,
// one file for each resource.
//
// Its place on the way: awsproto calls it with decoded inputs; compile reads
// its records (record.go) and makes program units of them. What it needs of
// the data plane (is a revision in force?) is handed in as functions.
//
// It must not know wire formats, nor how the edge serves what it stores.
package cloudfront
