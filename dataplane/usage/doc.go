// Package usage meters calls: token buckets (throttles) and quotas of usage
// plans, keyed by stable ids, so that they survive a change of the program that
// names them. The gateway asks it in its meter step; the control plane reads
// daily numbers and sets what remains (GetUsage, UpdateUsage).
//
// Every function takes now and keeps no clock. The package must not know what a
// request is, nor which limits apply to it: it is told.
package usage
