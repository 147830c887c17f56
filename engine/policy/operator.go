package policy

import "strings"

// family is the type of comparison an operator makes.
type family uint8

const (
	familyString family = iota // byte for byte
	familyFold                 // ignoring case
	familyLike                 // with wildcards
	familyNumeric
	familyDate
	familyBool
	familyBinary
	familyIP
	familyArn
	familyNull
)

// relation is how the request's value must stand to the policy's.
type relation uint8

const (
	equal relation = iota
	less
	lessEqual
	greater
	greaterEqual
)

// quantifier is the set prefix of an operator.
type quantifier uint8

const (
	single quantifier = iota
	forAll
	forAny
)

type operator struct {
	family   family
	relation relation
	negated  bool
	ifExists bool
	set      quantifier
}

// operators are reference/api-gateway.md 3.4, by lower-case name.
// ArnEquals is ArnLike (reference_policies_elements_condition_operators).
var operators = map[string]operator{
	"stringequals":              {family: familyString},
	"stringnotequals":           {family: familyString, negated: true},
	"stringequalsignorecase":    {family: familyFold},
	"stringnotequalsignorecase": {family: familyFold, negated: true},
	"stringlike":                {family: familyLike},
	"stringnotlike":             {family: familyLike, negated: true},

	"numericequals":            {family: familyNumeric},
	"numericnotequals":         {family: familyNumeric, negated: true},
	"numericlessthan":          {family: familyNumeric, relation: less},
	"numericlessthanequals":    {family: familyNumeric, relation: lessEqual},
	"numericgreaterthan":       {family: familyNumeric, relation: greater},
	"numericgreaterthanequals": {family: familyNumeric, relation: greaterEqual},

	"dateequals":            {family: familyDate},
	"datenotequals":         {family: familyDate, negated: true},
	"datelessthan":          {family: familyDate, relation: less},
	"datelessthanequals":    {family: familyDate, relation: lessEqual},
	"dategreaterthan":       {family: familyDate, relation: greater},
	"dategreaterthanequals": {family: familyDate, relation: greaterEqual},

	"bool":         {family: familyBool},
	"binaryequals": {family: familyBinary},
	"ipaddress":    {family: familyIP},
	"notipaddress": {family: familyIP, negated: true},
	"arnequals":    {family: familyArn},
	"arnlike":      {family: familyArn},
	"arnnotequals": {family: familyArn, negated: true},
	"arnnotlike":   {family: familyArn, negated: true},
	"null":         {family: familyNull},
}

// parseOperator reads [ForAllValues:|ForAnyValue:]Name[IfExists]. Null takes
// neither prefix nor suffix. Case does not matter: AWS's own examples show
// "stringEquals" beside "StringEquals".
func parseOperator(name string) (operator, bool) {
	rest := strings.ToLower(name)
	set := single
	if after, ok := strings.CutPrefix(rest, "forallvalues:"); ok {
		rest, set = after, forAll
	} else if after, ok := strings.CutPrefix(rest, "foranyvalue:"); ok {
		rest, set = after, forAny
	}
	rest, ifExists := strings.CutSuffix(rest, "ifexists")
	op, ok := operators[rest]
	if !ok || op.family == familyNull && (ifExists || set != single) {
		return operator{}, false
	}
	op.set, op.ifExists = set, ifExists
	return op, true
}
