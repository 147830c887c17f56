package policy

import (
	"slices"
	"strings"
)

// principals is a compiled Principal or NotPrincipal.
type principals struct {
	not      bool
	deny     bool // of a Deny statement, which reads NotPrincipal strictly
	any      bool
	accounts []string // {"AWS":"123456789012"} and the root ARN
	arns     []string
	// unique ids of deleted users and roles match nobody and are not kept
	services  []string
	federated []string
	canonical []string
}

func compilePrincipals(p *Principals, path string) (*principals, error) {
	out := &principals{any: p.Any}
	for _, e := range p.Entries {
		at := join(path, e.Kind)
		ok := false
		switch e.Kind {
		case "AWS":
			ok = out.addAWS(e.Value)
		case "Service":
			ok = strings.Contains(e.Value, ".") && onlyChars(e.Value, ".-")
			out.services = append(out.services, e.Value)
		case "Federated":
			// a provider's domain, for EKS and the like with a path
			ok = strings.Contains(e.Value, ".") && onlyChars(e.Value, ".-/_") || isProviderARN(e.Value)
			out.federated = append(out.federated, e.Value)
		case "CanonicalUser":
			ok = len(e.Value) == 64 && strings.Trim(e.Value, "0123456789abcdef") == ""
			out.canonical = append(out.canonical, e.Value)
		}
		if !ok {
			return nil, &ParseError{Path: at, Why: "is not a principal of this kind"}
		}
	}
	return out, nil
}

// addAWS takes the forms of reference/api-gateway.md 3.2; there are no
// wildcards inside an ARN.
func (p *principals) addAWS(v string) bool {
	switch {
	case v == "*":
		p.any = true
		return true
	case isAccount(v):
		p.accounts = append(p.accounts, v)
		return true
	case len(v) >= 16 && len(v) <= 128 && (strings.HasPrefix(v, "AIDA") || strings.HasPrefix(v, "AROA")):
		return strings.ToUpper(v) == v && onlyChars(v, "")
	}
	f := strings.SplitN(v, ":", arnFields)
	if len(f) != arnFields || f[0] != "arn" || !isPartition(f[1]) || f[3] != "" || !isAccount(f[4]) {
		return false
	}
	kind, name, _ := strings.Cut(f[5], "/")
	const inName = "+=,.@_-" // reference_iam-quotas, names
	switch {
	case f[2] == "iam" && f[5] == "root":
		p.accounts = append(p.accounts, f[4])
		return true
	case f[2] == "iam" && (kind == "user" || kind == "role"):
		p.arns = append(p.arns, v)
		return onlyChars(name, inName+"/") && !strings.HasSuffix(name, "/")
	case f[2] == "sts" && kind == "federated-user":
		p.arns = append(p.arns, v)
		return onlyChars(name, inName)
	case f[2] == "sts" && kind == "assumed-role":
		role, session, _ := strings.Cut(name, "/")
		p.arns = append(p.arns, v)
		return onlyChars(role, inName) && onlyChars(session, inName)
	}
	return false
}

func isAccount(s string) bool { return len(s) == 12 && isDigits(s) }

// isPartition: aws, aws-cn, aws-us-gov, aws-iso-b ...
func isPartition(s string) bool {
	return (s == "aws" || strings.HasPrefix(s, "aws-")) && onlyChars(s, "-")
}

func isProviderARN(s string) bool {
	f := strings.SplitN(s, ":", arnFields)
	return len(f) == arnFields && f[0] == "arn" && isPartition(f[1]) && f[2] == "iam" && f[3] == "" &&
		isAccount(f[4]) && (strings.HasPrefix(f[5], "saml-provider/") || strings.HasPrefix(f[5], "oidc-provider/")) &&
		onlyChars(f[5], "+=,.@_-/:")
}

func (p *principals) matches(who *Principal) bool {
	switch {
	case !p.not:
		return p.covers(who)
	case p.deny:
		return !p.any && !p.listsWhole(who)
	}
	return !p.covers(who)
}

// covers: does the list name this caller, or the account or role it acts for?
// An anonymous caller is covered by "*" alone.
func (p *principals) covers(who *Principal) bool {
	if p.any || who.Type == Anonymous {
		return p.any
	}
	return has(p.accounts, who.Account) || has(p.arns, who.ARN) || has(p.arns, who.RoleARN) ||
		has(p.services, who.Service) || has(p.federated, who.Federated) || has(p.canonical, who.CanonicalUser)
}

// listsWhole is how Deny reads NotPrincipal: account, role and session are
// looked at one after the other, and each must be in the list to be spared.
// "arn:...:root" therefore does not spare the users of the account
// (reference_policies_elements_notprincipal).
func (p *principals) listsWhole(who *Principal) bool {
	switch who.Type {
	case Anonymous:
		return false
	case Service:
		return has(p.services, who.Service)
	case FederatedLogin:
		return has(p.federated, who.Federated)
	}
	if has(p.canonical, who.CanonicalUser) {
		return true
	}
	return has(p.accounts, who.Account) &&
		(who.RoleARN == "" || has(p.arns, who.RoleARN)) &&
		(who.Type == Account || has(p.arns, who.ARN))
}

func has(list []string, s string) bool { return s != "" && slices.Contains(list, s) }
