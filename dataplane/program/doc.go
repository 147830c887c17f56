// Package program is the compiled, immutable configuration that the data plane
// runs: what stored resources become once every policy, template and pattern
// in them has been parsed. controlplane/compile makes its units; a location
// holds a pointer to one whole program, and an exchange pins it once.
//
// Edge is the program of edge locations (distributions, key value stores), Gateway that of
// gateway cells (stages, keys, plans, custom domains). A unit (a distribution,
// a stage) is shared between programs: With copies the index, not the units.
//
// Mutable state (cached objects, token buckets, connections) lives elsewhere,
// keyed by the stable ids found here. The package must not know where the
// configuration came from, nor how a request is answered.
package program
