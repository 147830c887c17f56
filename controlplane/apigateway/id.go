package apigateway

import (
	"crypto/rand"
	"errors"
	"regexp"

	"drawbridge/controlplane/api/apigatewayapi"
)

// Lengths of ids (reference/api-gateway.md 1.5).
const (
	apiIDLength   = 10 // REST API, root resource, API key
	childIDLength = 6  // other resources, deployment, usage plan, model …
	keyValueChars = 40
)

// customIDTag sets the id of what is created (design.md 2, "Custom ids").
const customIDTag = "_custom_id_"

var (
	// customAPIID: it becomes a DNS label, and hosts are compared in lower case.
	customAPIID = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	// customID is for ids that stand in paths only.
	customID = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,128}$`)
	// regionalName is the form of a custom domain's regional name, which shares
	// the API's place in host names.
	regionalName = regexp.MustCompile(`^d-[a-z0-9]+$`)
)

func randomID(n int) string {
	return randomText(n, "abcdefghijklmnopqrstuvwxyz0123456789")
}

func randomKeyValue() string {
	return randomText(keyValueChars, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
}

// randomText draws each character evenly: bytes beyond the last whole multiple
// of the alphabet are drawn again.
func randomText(n int, alphabet string) string {
	out := make([]byte, 0, n)
	buf := make([]byte, n+n/2)
	bound := byte(256 / len(alphabet) * len(alphabet))
	for {
		_, _ = rand.Read(buf) // never fails (crypto/rand: it crashes the program instead)
		for _, b := range buf {
			if b >= bound && bound != 0 {
				continue
			}
			out = append(out, alphabet[int(b)%len(alphabet)])
			if len(out) == n {
				return string(out)
			}
		}
	}
}

// freshID draws ids until one is not taken. Only a generator that repeats itself
// (a test's) or a space that is nearly full can exhaust the attempts.
func (s *Service) freshID(n int, taken func(id string) (bool, error)) (string, error) {
	for range 100 {
		id := s.newID(n)
		used, err := taken(id)
		if err != nil {
			return "", err
		}
		if !used {
			return id, nil
		}
	}
	return "", errors.New("no free id found")
}

// wantedID is the id that tags ask for, "" when they do not.
func wantedID(tags map[string]string, form *regexp.Regexp) (string, error) {
	id, ok := tags[customIDTag]
	if !ok {
		return "", nil
	}
	if !form.MatchString(id) || regionalName.MatchString(id) {
		return "", apigatewayapi.BadRequestException("Invalid value for tag " + customIDTag + ": it must match " + form.String() + " and not begin with d-")
	}
	return id, nil
}
