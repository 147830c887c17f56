package certificates

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/acmapi"
	"drawbridge/store"
)

// ACM is the service acm.
type ACM struct {
	acmapi.Unimplemented
	*Store
}

var _ acmapi.Service = ACM{}

// ACM gives the service acm on a Store.
func (s *Store) ACM() ACM { return ACM{Store: s} }

// Bounds of ACM.
const (
	maxACMCertificates = 2500 // per account and region
	maxNames           = 100  // of a requested certificate
	maxTags            = 50
	tokenLife          = time.Hour
)

func arn(call *api.Call, id string) string {
	return "arn:" + call.Partition + ":acm:" + call.Region + ":" + call.Account + ":certificate/" + id
}

func invalidText(text string) error { return acmapi.ValidationException(text) }

// asValidation turns a refusal into ACM's error.
func asValidation(err error) error {
	if refused := new(refusal); errors.As(err, &refused) {
		return invalidText(refused.text)
	}
	return err
}

// find reads a certificate of the caller's account and region by its ARN.
func (s ACM) find(call *api.Call, text *string) (*Record, string, int64, error) {
	parts := arnPattern.FindStringSubmatch(value(text))
	if parts == nil {
		return nil, "", 0, acmapi.InvalidArnException("The ARN is not that of a certificate.")
	}
	name := key(call.Account, familyACM, parts[1]+"/"+parts[3])
	record, revision, err := load[Record](call, s.store, name)
	if err == nil && (record == nil || parts[1] != call.Region || parts[2] != call.Account) {
		err = acmapi.ResourceNotFoundException("Could not find certificate " + *text + ".")
	}
	return record, name, revision, err
}

// ImportCertificate takes a certificate with its key, or replaces one that was
// imported before.
func (s ACM) ImportCertificate(call *api.Call, in *acmapi.ImportCertificateRequest) (*acmapi.ImportCertificateResponse, error) {
	checked, err := parsePair(in.Certificate, in.PrivateKey, in.CertificateChain, call.Now)
	if err != nil {
		return nil, asValidation(err)
	}
	tags, err := checkACMTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	names := namesOf(checked.leaf)
	if len(names) == 0 {
		return nil, invalidText("The certificate names no domain.")
	}
	fresh := Record{
		ID: randomUUID(), Type: acmapi.CertificateTypeImported, Created: moment(call), Updated: moment(call),
		DomainName: domainName(checked, names), Names: names, KeyAlgorithm: checked.algorithm, Certificate: string(in.Certificate),
		Chain: string(in.CertificateChain), PrivateKey: string(in.PrivateKey), Tags: tags,
	}
	err = change(call, s.store, func(txn *store.Txn) error {
		if in.CertificateArn == nil {
			fresh.ARN = arn(call, fresh.ID)
			return s.add(call, txn, &fresh)
		}
		old, name, revision, err := s.find(call, in.CertificateArn)
		if err != nil {
			return err
		}
		switch {
		case old.Type != acmapi.CertificateTypeImported:
			return invalidText("The certificate to replace was not imported.")
		case len(in.Tags) > 0:
			return acmapi.InvalidParameterException("Tags cannot be given when a certificate is imported again.")
		}
		fresh.ID, fresh.ARN, fresh.Created, fresh.Tags = old.ID, old.ARN, old.Created, old.Tags
		return put(txn, name, revision, &fresh)
	})
	if err != nil {
		return nil, err
	}
	return &acmapi.ImportCertificateResponse{CertificateArn: new(fresh.ARN)}, nil
}

// domainName is what ACM shows as the certificate's domain.
func domainName(p *pair, names []string) string {
	if cn := strings.ToLower(p.leaf.Subject.CommonName); slices.Contains(names, cn) {
		return cn
	}
	return names[0]
}

// add notes in a transaction a new certificate.
func (s ACM) add(call *api.Call, txn *store.Txn, record *Record) error {
	prefix := key(call.Account, familyACM, call.Region+"/")
	all, err := s.store.ListPage(call, prefix, "", maxACMCertificates)
	if err != nil {
		return fmt.Errorf("count certificates: %w", err)
	}
	if len(all.Entries) >= maxACMCertificates {
		return acmapi.LimitExceededException("An ACM quota has been exceeded.")
	}
	return put(txn, prefix+record.ID, 0, record)
}

// RequestCertificate makes a certificate that the local authority signs at
// once: there is nobody to validate a domain with.
func (s ACM) RequestCertificate(call *api.Call, in *acmapi.RequestCertificateRequest) (*acmapi.RequestCertificateResponse, error) {
	record, err := requested(call, in)
	if err != nil {
		return nil, err
	}
	tokenKey := ""
	if token := value(in.IdempotencyToken); token != "" {
		sum := sha256.Sum256([]byte(token + "\x00" + strings.Join(record.Names, "\x00")))
		tokenKey = key(call.Account, familyToken, call.Region+"/"+hex.EncodeToString(sum[:]))
		if first, err := s.firstRequest(call, tokenKey); err != nil || first != "" {
			return &acmapi.RequestCertificateResponse{CertificateArn: &first}, err
		}
	}
	signer, keyText, err := makeKey(record.KeyAlgorithm)
	if err != nil {
		return nil, asValidation(err)
	}
	certificate, chain, err := s.sign(record.Names, signer.Public(), call.Now)
	if err != nil {
		return nil, fmt.Errorf("sign a certificate: %w", err)
	}
	record.Certificate, record.Chain, record.PrivateKey = string(certificate), string(chain), keyText
	err = change(call, s.store, func(txn *store.Txn) error {
		if err := s.add(call, txn, record); err != nil || tokenKey == "" {
			return err
		}
		_, revision, err := load[tokenRecord](call, s.store, tokenKey)
		if err != nil {
			return err
		}
		return put(txn, tokenKey, revision, tokenRecord{record.ID, moment(call)})
	})
	if err != nil {
		return nil, err
	}
	return &acmapi.RequestCertificateResponse{CertificateArn: new(record.ARN)}, nil
}

// firstRequest gives the ARN of what was requested with the same token within
// the hour; "" when there is none.
func (s ACM) firstRequest(call *api.Call, tokenKey string) (string, error) {
	token, _, err := load[tokenRecord](call, s.store, tokenKey)
	if err != nil || token == nil || call.Now.Sub(token.Time) > tokenLife {
		return "", err
	}
	record, _, err := load[Record](call, s.store, key(call.Account, familyACM, call.Region+"/"+token.ID))
	if err != nil || record == nil {
		return "", err
	}
	return record.ARN, nil
}

// requested makes the record of a request, still without a certificate.
func requested(call *api.Call, in *acmapi.RequestCertificateRequest) (*Record, error) {
	names := []string{strings.ToLower(value(in.DomainName))}
	for _, name := range in.SubjectAlternativeNames {
		if name = strings.ToLower(name); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		if !requestable(name) {
			return nil, invalidText("The domain name " + quoted(name) + " is not valid for a certificate.")
		}
	}
	if len(names) > maxNames {
		return nil, acmapi.LimitExceededException("The certificate has more domain names than are allowed.")
	}
	if in.CertificateAuthorityArn != nil {
		return nil, acmapi.InvalidArnException("Drawbridge has no AWS Private CA: the certificate authority does not exist.")
	}
	tags, err := checkACMTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	record := &Record{
		ID: randomUUID(), Type: acmapi.CertificateTypeAmazonIssued, Created: moment(call), Updated: moment(call),
		DomainName: names[0], Names: names, ValidationMethod: value(in.ValidationMethod), KeyAlgorithm: value(in.KeyAlgorithm),
		CTLogging: acmapi.CertificateTransparencyLoggingPreferenceEnabled, Tags: tags,
	}
	record.ARN = arn(call, record.ID)
	if record.ValidationMethod == "" {
		record.ValidationMethod = acmapi.ValidationMethodEmail
	}
	if record.KeyAlgorithm == "" {
		record.KeyAlgorithm = acmapi.KeyAlgorithmRsa2048
	}
	if in.Options != nil && in.Options.CertificateTransparencyLoggingPreference != nil {
		record.CTLogging = *in.Options.CertificateTransparencyLoggingPreference
	}
	return record, nil
}

// DescribeCertificate shows a certificate.
func (s ACM) DescribeCertificate(call *api.Call, in *acmapi.DescribeCertificateRequest) (*acmapi.DescribeCertificateResponse, error) {
	record, _, _, err := s.find(call, in.CertificateArn)
	if err != nil {
		return nil, err
	}
	detail, err := s.detail(call, record)
	return &acmapi.DescribeCertificateResponse{Certificate: detail}, err
}

// GetCertificate gives a certificate and its chain, never the key.
func (s ACM) GetCertificate(call *api.Call, in *acmapi.GetCertificateRequest) (*acmapi.GetCertificateResponse, error) {
	record, _, _, err := s.find(call, in.CertificateArn)
	if err != nil {
		return nil, err
	}
	out := &acmapi.GetCertificateResponse{Certificate: new(record.Certificate)}
	if record.Chain != "" {
		out.CertificateChain = new(record.Chain)
	}
	return out, nil
}

// DeleteCertificate deletes a certificate that nothing uses.
func (s ACM) DeleteCertificate(call *api.Call, in *acmapi.DeleteCertificateRequest) error {
	return change(call, s.store, func(txn *store.Txn) error {
		record, name, revision, err := s.find(call, in.CertificateArn)
		if err != nil {
			return err
		}
		users, err := s.users(call, call.Account, record.ARN)
		if err != nil {
			return err
		}
		if len(users.ARNs) > 0 {
			return acmapi.ResourceInUseException("Certificate " + record.ARN + " in account " + call.Account + " is in use.")
		}
		remove(txn, name, revision)
		txn.Compares = append(txn.Compares, users.Unchanged...)
		return nil
	})
}

// AddTagsToCertificate adds tags or replaces their values.
func (s ACM) AddTagsToCertificate(call *api.Call, in *acmapi.AddTagsToCertificateRequest) error {
	return s.changeTags(call, in.CertificateArn, func(tags map[string]string) (map[string]string, error) {
		return checkACMTags(tags, in.Tags)
	})
}

// RemoveTagsFromCertificate takes tags off: with a value, only where it is that.
func (s ACM) RemoveTagsFromCertificate(call *api.Call, in *acmapi.RemoveTagsFromCertificateRequest) error {
	return s.changeTags(call, in.CertificateArn, func(tags map[string]string) (map[string]string, error) {
		for _, tag := range in.Tags {
			if tag.Value == nil || *tag.Value == tags[value(tag.Key)] {
				delete(tags, value(tag.Key))
			}
		}
		return tags, nil
	})
}

func (s ACM) changeTags(call *api.Call, arn *string, edit func(map[string]string) (map[string]string, error)) error {
	return change(call, s.store, func(txn *store.Txn) error {
		record, name, revision, err := s.find(call, arn)
		if err != nil {
			return err
		}
		if record.Tags, err = edit(record.Tags); err != nil {
			return err
		}
		return put(txn, name, revision, record)
	})
}

// ListTagsForCertificate shows the tags, sorted by key.
func (s ACM) ListTagsForCertificate(call *api.Call, in *acmapi.ListTagsForCertificateRequest) (*acmapi.ListTagsForCertificateResponse, error) {
	record, _, _, err := s.find(call, in.CertificateArn)
	if err != nil {
		return nil, err
	}
	out := &acmapi.ListTagsForCertificateResponse{Tags: []acmapi.Tag{}}
	for _, name := range slices.Sorted(maps.Keys(record.Tags)) {
		out.Tags = append(out.Tags, acmapi.Tag{Key: new(name), Value: new(record.Tags[name])})
	}
	return out, nil
}

// checkACMTags adds tags to those there are.
func checkACMTags(tags map[string]string, added []acmapi.Tag) (map[string]string, error) {
	pairs := make([][2]string, len(added))
	for i, tag := range added {
		pairs[i] = [2]string{value(tag.Key), value(tag.Value)}
	}
	tags, ok := addTags(tags, pairs)
	switch {
	case !ok:
		return nil, acmapi.InvalidTagException("One or both of the values that make up the key-value pair is not valid.")
	case len(tags) > maxTags:
		return nil, acmapi.TooManyTagsException("The request contains too many tags.")
	}
	return tags, nil
}
