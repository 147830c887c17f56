// Package app is the composition root: it turns settings into a running
// Drawbridge — store, services, compiler, planes, listeners — and drains and
// stops it again.
//
// It is the only place that knows all parts. What a service needs of the data
// plane (is a revision in force?) and what the planes need of each other
// (origins that are served in process) is handed over here as functions.
package app
