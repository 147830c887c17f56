// Package scenario holds the main tests of Drawbridge: stories. A story is one
// file in testdata, written in the small language that README.md describes: AWS
// calls, viewers' requests, origins, and what must be seen.
//
// Its place on the way: above everything; it starts servers through package app
// (or the program itself) and then knows only what a user knows, real sockets
// and AWS's own protocols. The engine is test code, in this folder's _test.go
// files; the package has no other code.
//
// It must not know how anything is stored, compiled or decided, and its AWS
// client shares no code with the server's codecs, only the tables of the API.
package scenario
