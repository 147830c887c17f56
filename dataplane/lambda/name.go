package lambda

import (
	"fmt"
	"regexp"
	"strings"

	"drawbridge/engine/policy"
)

// Name is a function's name as AWS takes it: "name", "name:qualifier", the
// partial "account:function:name", or a whole ARN.
type Name struct {
	Region, Account string // "" when the text had none
	Function        string
	Qualifier       string // version or alias, "" for none
}

var (
	functionForm  = regexp.MustCompile(`^[a-zA-Z0-9-_]{1,64}$`)
	qualifierForm = regexp.MustCompile(`^(\$LATEST|[a-zA-Z0-9-_]{1,128})$`)
)

// ParseName reads a function's name.
func ParseName(text string) (Name, error) {
	var n Name
	parts := strings.Split(text, ":")
	switch {
	case len(parts) >= 7 && len(parts) <= 8 && parts[0] == "arn" && parts[2] == "lambda" && parts[5] == "function":
		n.Region, n.Account, parts = parts[3], parts[4], parts[6:]
	case len(parts) >= 3 && len(parts) <= 4 && parts[1] == "function":
		n.Account, parts = parts[0], parts[2:]
	}
	if len(parts) > 2 || !functionForm.MatchString(parts[0]) || len(parts) == 2 && !qualifierForm.MatchString(parts[1]) {
		return Name{}, fmt.Errorf("%q names no Lambda function", text)
	}
	n.Function = parts[0]
	if len(parts) == 2 {
		n.Qualifier = parts[1]
	}
	return n, nil
}

// String returns "function" or "function:qualifier".
func (n Name) String() string {
	if n.Qualifier == "" {
		return n.Function
	}
	return n.Function + ":" + n.Qualifier
}

// matchARN tells whether an ARN fits a pattern as ArnLike does: the first five
// parts each for themselves, then the rest; "*" stands for any text, "?" for one
// character.
func matchARN(pattern, arn string) bool {
	patterns, parts := strings.SplitN(pattern, ":", 6), strings.SplitN(arn, ":", 6)
	if len(patterns) != len(parts) {
		return false
	}
	for i := range parts {
		if !policy.Like(patterns[i], parts[i]) {
			return false
		}
	}
	return true
}
