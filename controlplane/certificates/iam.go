package certificates

import (
	"crypto/rand"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/iamapi"
	"drawbridge/store"
)

// IAM is the service iam, with its server certificates only.
type IAM struct {
	iamapi.Unimplemented
	*Store
}

var _ iamapi.Service = IAM{}

// IAM gives the service iam on a Store.
func (s *Store) IAM() IAM { return IAM{Store: s} }

// maxServerCertificates is IAM's quota per account.
const maxServerCertificates = 20

var (
	serverName = regexp.MustCompile(`\A[0-9A-Za-z_+=,.@-]{1,128}\z`)
	serverPath = regexp.MustCompile(`\A(/|/[!-~]{0,510}/)\z`)
)

// iamKey: names of server certificates are unique whatever their case.
func iamKey(account, name string) string {
	return key(account, familyIAM, escape(strings.ToLower(name)))
}

func (s IAM) find(call *api.Call, name *string) (*Record, int64, error) {
	record, revision, err := load[Record](call, s.store, iamKey(call.Account, value(name)))
	if err == nil && (record == nil || record.Name != value(name)) {
		err = iamapi.NoSuchEntity("The Server Certificate with name " + quoted(value(name)) + " cannot be found.")
	}
	return record, revision, err
}

func serverARN(call *api.Call, path, name string) string {
	return "arn:" + call.Partition + ":iam::" + call.Account + ":server-certificate" + path + name
}

func metadata(r *Record) *iamapi.ServerCertificateMetadata {
	m := &iamapi.ServerCertificateMetadata{
		Path: new(r.Path), ServerCertificateName: new(r.Name), ServerCertificateId: new(r.ID), Arn: new(r.ARN), UploadDate: new(r.Created),
	}
	if leaf, err := r.leafOf(); err == nil {
		m.Expiration = new(leaf.NotAfter)
	}
	return m
}

// UploadServerCertificate takes a certificate with its key.
func (s IAM) UploadServerCertificate(call *api.Call, in *iamapi.UploadServerCertificateRequest) (*iamapi.UploadServerCertificateResponse, error) {
	path := value(in.Path)
	if path == "" {
		path = "/"
	}
	if !serverName.MatchString(value(in.ServerCertificateName)) || !serverPath.MatchString(path) {
		return nil, iamapi.InvalidInput("The name or the path of the server certificate is not valid.")
	}
	checked, err := parsePair([]byte(value(in.CertificateBody)), []byte(value(in.PrivateKey)), []byte(value(in.CertificateChain)), call.Now)
	if refused := new(refusal); errors.As(err, &refused) {
		return nil, iamapi.MalformedCertificate(refused.text)
	}
	if err != nil {
		return nil, err
	}
	tags, err := checkIAMTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	record := &Record{
		ID: "ASCA" + rand.Text()[:17], ARN: serverARN(call, path, *in.ServerCertificateName), Name: *in.ServerCertificateName, Path: path,
		Created: call.Now.UTC().Truncate(1e9), Names: namesOf(checked.leaf), KeyAlgorithm: checked.algorithm,
		Certificate: *in.CertificateBody, Chain: value(in.CertificateChain), PrivateKey: *in.PrivateKey, Tags: tags,
	}
	err = change(call, s.store, func(txn *store.Txn) error { return s.add(call, txn, record) })
	if err != nil {
		return nil, err
	}
	return &iamapi.UploadServerCertificateResponse{ServerCertificateMetadata: metadata(record), Tags: iamTags(tags)}, nil
}

func (s IAM) add(call *api.Call, txn *store.Txn, record *Record) error {
	all, _, err := s.page(call, section{key(call.Account, familyIAM, ""), "", maxServerCertificates})
	if err != nil {
		return err
	}
	for _, other := range all {
		if strings.EqualFold(other.Name, record.Name) {
			return iamapi.EntityAlreadyExists("The Server Certificate with name " + record.Name + " already exists.")
		}
	}
	if len(all) >= maxServerCertificates {
		return iamapi.LimitExceeded("Cannot exceed quota for ServerCertificatesPerAccount: 20.")
	}
	name := iamKey(call.Account, record.Name)
	if err := put(txn, name, 0, record); err != nil {
		return err
	}
	return put(txn, key(call.Account, familyIAMIDs, record.ID), 0, name)
}

// GetServerCertificate shows a certificate and its chain, never the key.
func (s IAM) GetServerCertificate(call *api.Call, in *iamapi.GetServerCertificateRequest) (*iamapi.GetServerCertificateResponse, error) {
	record, _, err := s.find(call, in.ServerCertificateName)
	if err != nil {
		return nil, err
	}
	shown := &iamapi.ServerCertificate{
		ServerCertificateMetadata: metadata(record), CertificateBody: new(record.Certificate), Tags: iamTags(record.Tags),
	}
	if record.Chain != "" {
		shown.CertificateChain = new(record.Chain)
	}
	return &iamapi.GetServerCertificateResponse{ServerCertificate: shown}, nil
}

// ListServerCertificates lists the account's server certificates by name, all
// or those below a path. There are so few that every list is one page.
func (s IAM) ListServerCertificates(call *api.Call, in *iamapi.ListServerCertificatesRequest) (*iamapi.ListServerCertificatesResponse, error) {
	all, _, err := s.page(call, section{key(call.Account, familyIAM, ""), "", maxServerCertificates})
	if err != nil {
		return nil, err
	}
	out := &iamapi.ListServerCertificatesResponse{IsTruncated: new(false), ServerCertificateMetadataList: []iamapi.ServerCertificateMetadata{}}
	for _, record := range all {
		if strings.HasPrefix(record.Path, value(in.PathPrefix)) {
			out.ServerCertificateMetadataList = append(out.ServerCertificateMetadataList, *metadata(record))
		}
	}
	return out, nil
}

// UpdateServerCertificate gives a certificate another name or path; its id,
// which CloudFront knows it by, stays.
func (s IAM) UpdateServerCertificate(call *api.Call, in *iamapi.UpdateServerCertificateRequest) error {
	return change(call, s.store, func(txn *store.Txn) error {
		record, revision, err := s.find(call, in.ServerCertificateName)
		if err != nil {
			return err
		}
		old := iamKey(call.Account, record.Name)
		if in.NewPath != nil {
			record.Path = *in.NewPath
		}
		if in.NewServerCertificateName != nil {
			record.Name = *in.NewServerCertificateName
		}
		if !serverName.MatchString(record.Name) || !serverPath.MatchString(record.Path) {
			return iamapi.InvalidInput("The name or the path of the server certificate is not valid.")
		}
		record.ARN = serverARN(call, record.Path, record.Name)
		name := iamKey(call.Account, record.Name)
		if name == old {
			return put(txn, name, revision, record)
		}
		if taken, _, err := load[Record](call, s.store, name); err != nil || taken != nil {
			if taken != nil {
				err = iamapi.EntityAlreadyExists("The Server Certificate with name " + record.Name + " already exists.")
			}
			return err
		}
		remove(txn, old, revision)
		txn.Puts = append(txn.Puts, indexPut(key(call.Account, familyIAMIDs, record.ID), name))
		return put(txn, name, 0, record)
	})
}

// DeleteServerCertificate deletes a certificate that nothing uses.
func (s IAM) DeleteServerCertificate(call *api.Call, in *iamapi.DeleteServerCertificateRequest) error {
	return change(call, s.store, func(txn *store.Txn) error {
		record, revision, err := s.find(call, in.ServerCertificateName)
		if err != nil {
			return err
		}
		users, err := s.users(call, call.Account, record.ID)
		if err != nil {
			return err
		}
		if len(users.ARNs) > 0 {
			return iamapi.DeleteConflict("Certificate: " + record.ID + " is currently in use by " + users.ARNs[0] + ".")
		}
		remove(txn, iamKey(call.Account, record.Name), revision)
		txn.Deletes = append(txn.Deletes, key(call.Account, familyIAMIDs, record.ID))
		txn.Compares = append(txn.Compares, users.Unchanged...)
		return nil
	})
}

// TagServerCertificate adds tags or replaces their values.
func (s IAM) TagServerCertificate(call *api.Call, in *iamapi.TagServerCertificateRequest) error {
	return s.changeTags(call, in.ServerCertificateName, func(tags map[string]string) (map[string]string, error) {
		return checkIAMTags(tags, in.Tags)
	})
}

// UntagServerCertificate takes tags off.
func (s IAM) UntagServerCertificate(call *api.Call, in *iamapi.UntagServerCertificateRequest) error {
	return s.changeTags(call, in.ServerCertificateName, func(tags map[string]string) (map[string]string, error) {
		for _, name := range in.TagKeys {
			delete(tags, name)
		}
		return tags, nil
	})
}

func (s IAM) changeTags(call *api.Call, name *string, edit func(map[string]string) (map[string]string, error)) error {
	return change(call, s.store, func(txn *store.Txn) error {
		record, revision, err := s.find(call, name)
		if err != nil {
			return err
		}
		if record.Tags, err = edit(record.Tags); err != nil {
			return err
		}
		return put(txn, iamKey(call.Account, record.Name), revision, record)
	})
}

// ListServerCertificateTags shows the tags, sorted by key.
func (s IAM) ListServerCertificateTags(call *api.Call, in *iamapi.ListServerCertificateTagsRequest) (*iamapi.ListServerCertificateTagsResponse, error) {
	record, _, err := s.find(call, in.ServerCertificateName)
	if err != nil {
		return nil, err
	}
	return &iamapi.ListServerCertificateTagsResponse{IsTruncated: new(false), Tags: iamTags(record.Tags)}, nil
}

func iamTags(tags map[string]string) []iamapi.Tag {
	list := []iamapi.Tag{}
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, iamapi.Tag{Key: new(name), Value: new(tags[name])})
	}
	return list
}

func checkIAMTags(tags map[string]string, added []iamapi.Tag) (map[string]string, error) {
	pairs := make([][2]string, len(added))
	for i, tag := range added {
		pairs[i] = [2]string{value(tag.Key), value(tag.Value)}
	}
	tags, ok := addTags(tags, pairs)
	switch {
	case !ok:
		return nil, iamapi.InvalidInput("The tags are not valid.")
	case len(tags) > maxTags:
		return nil, iamapi.LimitExceeded("Cannot exceed quota for TagsPerServerCertificate: 50.")
	}
	return tags, nil
}
