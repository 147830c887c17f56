package cloudfront

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

// maxEncodedKey bounds a public key in PEM; the keys AWS takes have under 500 bytes.
const maxEncodedKey = 4096

func (s *Service) publicKeyFamily() *recordFamily[cloudfrontapi.PublicKeyConfig] {
	type config = cloudfrontapi.PublicKeyConfig
	return &recordFamily[config]{
		service:   s,
		kind:      KindPublicKey,
		newID:     func(*config) string { return s.newID(IDPublicKey) },
		name:      func(c *config) string { return value(c.Name) },
		reference: func(c *config) string { return value(c.CallerReference) },
		prepare: preparation[config]{
			"CreatePublicKey", func(c *config) { fill(&c.Comment, "") }, publicKeyRules,
		}.with(&s.limits),
		kept: func(old, c *config) error {
			if value(old.CallerReference) != value(c.CallerReference) || value(old.Name) != value(c.Name) ||
				value(old.EncodedKey) != value(c.EncodedKey) {
				return cloudfrontapi.CannotChangeImmutablePublicKeyFields("You can't change the value of a public key.")
			}
			return nil
		},
		limit:  s.limits.PublicKeys,
		noSuch: noSuchPublicKey,
		exists: func() error { return cloudfrontapi.PublicKeyAlreadyExists("The specified public key already exists.") },
		inUse: func() error {
			return cloudfrontapi.PublicKeyInUse("The Cloudfront public key is currently associated with either Key Group " +
				"or a field level encryption profile. Please disassociate the key before deleting.")
		},
		tooMany: func() error {
			return cloudfrontapi.TooManyPublicKeys("The maximum number of public keys for field-level encryption have been " +
				"created. To create a new public key, delete one of the existing keys.")
		},
	}
}

func noSuchPublicKey() error {
	return cloudfrontapi.NoSuchPublicKey("The specified public key doesn't exist.")
}

func publicKeyRules() []configRule[cloudfrontapi.PublicKeyConfig] {
	type config = cloudfrontapi.PublicKeyConfig
	return []configRule[config]{
		callerReference(func(c *config) *string { return c.CallerReference }),
		{"name and comment", func(c *config, _ *Limits) error { return policyText(value(c.Name), value(c.Comment)) }},
		{"key", func(c *config, _ *Limits) error {
			if !signerKey(value(c.EncodedKey)) {
				return cloudfrontapi.InvalidArgument("Your request contains empty/invalid/out of limits RSA Encoded Key")
			}
			return nil
		}},
	}
}

// signerKey tells whether a text is a public key that can verify signed URLs
// or encrypt fields: RSA of 2048 bits or ECDSA on P-256, in PEM.
func signerKey(text string) bool {
	if len(text) > maxEncodedKey {
		return false
	}
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return false
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return false
	}
	switch key := key.(type) {
	case *rsa.PublicKey:
		return key.N.BitLen() == 2048
	case *ecdsa.PublicKey:
		return key.Curve == elliptic.P256()
	}
	return false
}

func publicKey(r *PublicKeyRecord) *cloudfrontapi.PublicKey {
	return &cloudfrontapi.PublicKey{Id: new(r.ID), CreatedTime: new(r.CreatedTime), PublicKeyConfig: &r.Config}
}

// CreatePublicKey uploads a public key.
func (s *Service) CreatePublicKey(call *api.Call, in *cloudfrontapi.CreatePublicKeyRequest) (*cloudfrontapi.CreatePublicKeyResult, error) {
	record, err := s.publicKeyFamily().create(call, in.PublicKeyConfig)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.CreatePublicKeyResult{
		PublicKey: publicKey(record), ETag: new(record.ETag), Location: new(endpoint + "public-key/" + record.ID),
	}, nil
}

// GetPublicKey shows a public key.
func (s *Service) GetPublicKey(call *api.Call, in *cloudfrontapi.GetPublicKeyRequest) (*cloudfrontapi.GetPublicKeyResult, error) {
	record, err := s.publicKeyFamily().get(call, in.Id)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetPublicKeyResult{PublicKey: publicKey(record), ETag: new(record.ETag)}, nil
}

// GetPublicKeyConfig shows the configuration of a public key.
func (s *Service) GetPublicKeyConfig(call *api.Call, in *cloudfrontapi.GetPublicKeyConfigRequest) (*cloudfrontapi.GetPublicKeyConfigResult, error) {
	record, err := s.publicKeyFamily().get(call, in.Id)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetPublicKeyConfigResult{PublicKeyConfig: &record.Config, ETag: new(record.ETag)}, nil
}

// UpdatePublicKey changes the comment of a public key.
func (s *Service) UpdatePublicKey(call *api.Call, in *cloudfrontapi.UpdatePublicKeyRequest) (*cloudfrontapi.UpdatePublicKeyResult, error) {
	record, err := s.publicKeyFamily().update(call,
		recordUpdate[cloudfrontapi.PublicKeyConfig]{in.Id, in.IfMatch, in.PublicKeyConfig})
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.UpdatePublicKeyResult{PublicKey: publicKey(record), ETag: new(record.ETag)}, nil
}

// DeletePublicKey deletes a public key that no key group and no profile uses.
func (s *Service) DeletePublicKey(call *api.Call, in *cloudfrontapi.DeletePublicKeyRequest) error {
	return s.publicKeyFamily().remove(call, in.Id, in.IfMatch)
}

// ListPublicKeys lists the account's public keys by id.
func (s *Service) ListPublicKeys(call *api.Call, in *cloudfrontapi.ListPublicKeysRequest) (*cloudfrontapi.ListPublicKeysResult, error) {
	page, err := s.publicKeyFamily().list(call, recordQuery{marker: in.Marker, maxItems: in.MaxItems})
	if err != nil {
		return nil, err
	}
	list := &cloudfrontapi.PublicKeyList{
		MaxItems: page.maxItems, NextMarker: page.nextMarker, Quantity: new(int32(len(page.items))),
	}
	for _, item := range page.items {
		c := &item.record.Config
		list.Items = append(list.Items, cloudfrontapi.PublicKeySummary{
			Id: new(item.record.ID), Name: c.Name, CreatedTime: new(item.record.CreatedTime),
			EncodedKey: c.EncodedKey, Comment: c.Comment,
		})
	}
	return &cloudfrontapi.ListPublicKeysResult{PublicKeyList: list}, nil
}
