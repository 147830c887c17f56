package server

import (
	"fmt"
	"net"
	"strings"
)

// Roles is what a listener serves (design.md section 2, --listen).
type Roles uint8

// The roles of a listener.
const (
	RoleEdge Roles = 1 << iota
	RoleGateway
	RoleControl
	RoleOps // health, metrics, console, path forms

	AllRoles = RoleEdge | RoleGateway | RoleControl | RoleOps
)

// roleNames are the roles in the order they are printed in.
var roleNames = [...]struct {
	role Roles
	name string
}{{RoleEdge, "edge"}, {RoleGateway, "gateway"}, {RoleControl, "control"}, {RoleOps, "ops"}}

// ParseRoles reads a list like "edge,gateway".
func ParseRoles(list string) (Roles, error) {
	var roles Roles
next:
	for word := range strings.SplitSeq(list, ",") {
		for _, r := range roleNames {
			if r.name == word {
				roles |= r.role
				continue next
			}
		}
		return 0, fmt.Errorf("unknown role %q: the roles are edge, gateway, control and ops", word)
	}
	return roles, nil
}

// Has tells whether every role of r2 is among r.
func (r Roles) Has(r2 Roles) bool { return r&r2 == r2 }

// String returns the list that ParseRoles reads.
func (r Roles) String() string {
	var names []string
	for _, known := range roleNames {
		if r.Has(known.role) {
			names = append(names, known.name)
		}
	}
	return strings.Join(names, ",")
}

// Listener is a socket with the roles it serves.
type Listener struct {
	net.Listener
	Roles Roles
}
