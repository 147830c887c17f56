// Package sts answers the one STS operation that AWS clients cannot do without:
// GetCallerIdentity, which tools call first to learn their account.
//
// Its place on the way of an operator's request: awsproto authenticates and
// calls it; the answer is what authentication found out.
//
// It must not know how callers are authenticated, and keeps nothing.
package sts
