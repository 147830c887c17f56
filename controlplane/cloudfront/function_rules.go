package cloudfront

import (
	"regexp"
	"slices"
	"strings"

	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/engine/jsfunc"
)

var (
	// Names of functions and key value stores (reference/cloudfront.md 1.9).
	functionNamePattern = regexp.MustCompile(`\A[a-zA-Z0-9-_]{1,64}\z`)
	functionARN         = regexp.MustCompile(`\Aarn:aws[a-z-]*:cloudfront::([0-9]{12}):function/([a-zA-Z0-9-_]{1,64})\z`)
	keyValueStoreARN    = regexp.MustCompile(`\Aarn:aws[a-z-]*:cloudfront::([0-9]{12}):key-value-store/([0-9a-f-]{36})\z`)
)

// functionName takes the ARN of a function apart; both are "" for what is none.
func functionName(arn string) (account, name string) {
	if m := functionARN.FindStringSubmatch(arn); m != nil {
		return m[1], m[2]
	}
	return "", ""
}

// storeID takes the ARN of a key value store apart.
func storeID(arn string) (account, id string) {
	if m := keyValueStoreARN.FindStringSubmatch(arn); m != nil {
		return m[1], m[2]
	}
	return "", ""
}

// functionAssociations: published functions of the same account, one for each
// viewer event, and not beside Lambda@Edge on viewer events
// (reference/cloudfront.md 1.9). AWS's texts are not recorded.
func functionAssociations(c *distributionCheck) error {
	events := []string{jsfunc.ViewerRequest, jsfunc.ViewerResponse}
	for _, behavior := range c.behaviors {
		var used []string
		for _, association := range behavior.FunctionAssociations.Items {
			used = append(used, value(association.EventType))
			account, name := functionName(value(association.FunctionARN))
			if name == "" || account != c.policies.account || !c.policies.has(KindLiveFunction, name) {
				return cloudfrontapi.InvalidFunctionAssociation("A CloudFront function association is invalid. " +
					"The function must be published in the same account. ARN: " + quote(value(association.FunctionARN)))
			}
		}
		if len(used) > len(events) {
			return cloudfrontapi.TooManyFunctionAssociations(
				"You have reached the maximum number of CloudFront function associations for this distribution.")
		}
		if !distinctOf(used, events) {
			return cloudfrontapi.InvalidFunctionAssociation("A CloudFront function association is invalid. " +
				"There can be one function for viewer-request and one for viewer-response.")
		}
		for _, lambda := range behavior.LambdaFunctionAssociations.Items {
			if len(used) > 0 && slices.Contains(events, value(lambda.EventType)) {
				return cloudfrontapi.InvalidFunctionAssociation("A CloudFront function association is invalid. " +
					"CloudFront Functions and Lambda@Edge cannot be combined in viewer events of one cache behavior.")
			}
		}
	}
	return nil
}

// checkFunctionName refuses what cannot be the name of a function or a store.
func checkFunctionName(name *string) error {
	if !functionNamePattern.MatchString(value(name)) {
		return badParameter("Name is not valid.")
	}
	return nil
}

// checkFunction validates what a function is made of and fills in defaults.
// The code is not compiled: AWS takes what does not compile, too, and says so
// when it is tested.
func checkFunction(operation string, config *cloudfrontapi.FunctionConfig, code []byte) error {
	switch {
	case config == nil:
		return badParameter("FunctionConfig is required.")
	case config.Comment == nil:
		return badParameter("Comment is required.")
	case len([]rune(*config.Comment)) > maxComment:
		return badParameter("Comment is too big.")
	case !oneOf(value(config.Runtime), cloudfrontapi.FunctionRuntimeValues):
		return badParameter("Runtime is not valid.")
	case strings.Contains(operation, "Connection") && value(config.Runtime) != jsfunc.Runtime20:
		return badParameter("Runtime must be %s for connection functions.", jsfunc.Runtime20)
	case len(code) == 0:
		return badParameter("FunctionCode is required.")
	}
	if len(code) > jsfunc.MaxCode {
		text := "The function is too large. The maximum size is 10 KB."
		if strings.Contains(operation, "Connection") {
			return cloudfrontapi.EntitySizeLimitExceeded(text)
		}
		return cloudfrontapi.FunctionSizeLimitExceeded(text)
	}
	if config.KeyValueStoreAssociations == nil {
		return nil
	}
	if err := quantities(config.KeyValueStoreAssociations); err != nil {
		return err
	}
	stores := config.KeyValueStoreAssociations.Items
	switch {
	case len(stores) > 1:
		return badParameter("KeyValueStoreAssociations has more than one KeyValueStore.")
	case len(stores) == 1 && value(config.Runtime) != jsfunc.Runtime20:
		return badParameter("KeyValueStoreAssociations is not supported by runtime %s.", *config.Runtime)
	}
	return nil
}

// storesOf are the key value stores that configurations of a function name.
func storesOf(account string, configs ...*cloudfrontapi.FunctionConfig) (map[recordRef]bool, error) {
	refs := make(map[recordRef]bool)
	for _, config := range configs {
		if config == nil || config.KeyValueStoreAssociations == nil {
			continue
		}
		for _, association := range config.KeyValueStoreAssociations.Items {
			owner, id := storeID(value(association.KeyValueStoreARN))
			if owner != account {
				return nil, badParameter("KeyValueStoreARN is not valid.")
			}
			refs[recordRef{KindKeyValueStoreID, id}] = true
		}
	}
	return refs, nil
}
