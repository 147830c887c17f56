package compile

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/cloudfront"
	"drawbridge/dataplane/program"
)

// notePublicKey takes a public key in, or out.
func (s *State) notePublicKey(p *pending, r record) {
	id := r.account + "/" + r.name
	if r.deleted() {
		delete(s.publicKeys, id)
		return
	}
	stored, err := cloudfront.Decode[cloudfront.PublicKeyRecord](r.key, r.value)
	if err == nil {
		s.publicKeys[id], err = parsePublicKey(value(stored.Config.EncodedKey))
	}
	if err != nil {
		p.problem("public key "+r.name, err)
	}
}

func parsePublicKey(text string) (crypto.PublicKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("not in PEM")
	}
	return x509.ParsePKIXPublicKey(block.Bytes)
}

// behaviorSigners finds the keys whose signatures a behavior asks for. Trusted
// signers (accounts) have no keys that any API could have told.
func behaviorSigners(account string, config *cloudfrontapi.CacheBehavior, b *program.Behavior, known policies) error {
	if signers := config.TrustedSigners; signers != nil && value(signers.Enabled) {
		b.Signed = true
	}
	groups := config.TrustedKeyGroups
	if groups == nil || !value(groups.Enabled) {
		return nil
	}
	b.Signed, b.Signers = true, make(map[string]crypto.PublicKey)
	for _, id := range groups.Items {
		keys, ok := known.keyGroup(account, id)
		if !ok {
			return fmt.Errorf("unknown key group %s", id)
		}
		for id, key := range keys {
			b.Signers[id] = key
		}
	}
	return nil
}

// keyGroup returns the keys of a key group by their ids.
func (u *used) keyGroup(account, id string) (map[string]crypto.PublicKey, bool) {
	u.note(cloudfront.KindKeyGroup, account+"/"+id)
	group, ok := u.state.keyGroups[account+"/"+id]
	if !ok {
		return nil, false
	}
	keys := make(map[string]crypto.PublicKey, len(group.Items))
	for _, key := range group.Items {
		if parsed, ok := u.state.publicKeys[account+"/"+key]; ok {
			keys[key] = parsed
		}
	}
	return keys, true
}
