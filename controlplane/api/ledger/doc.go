// Package ledger keeps the field ledgers (design.md section 8): tests of the
// services hand it their ledger.txt, and it finds every input field of the
// service's table in exactly one line and writes the service's part of
// docs/compatibility.md.
//
// Its place on the way: beside the generated tables, used by the services'
// tests only.
//
// It must not know what any field means.
package ledger
