// Command bench measures Drawbridge side by side with real peers: the CPU time
// a server needs for one request, on one core, by the fair rules of design.md
// section 7. Today it measures a cache hit of 1 KiB against nginx.
//
// It is a module of its own and sees of the product only the built binary and
// AWS's API, as any user does. It must not import the product, and no server
// may know that it is being measured.
//
// The way of a run: main → bench (set up, interleave, tear down) → contenders
// (drawbridge, nginx: process, configuration, doors) → load (the generators h1
// and h2) → report.
package main
