package cloudfront

import (
	"context"
	"slices"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/store"
)

// holder is who has an alias or a tenant's domain.
type holder struct {
	distributionRef
	domain string
}

// parseHolder reads an entry of the index of aliases.
func parseHolder(domain, text string) holder {
	account, id, _ := strings.Cut(text, "/")
	return holder{distributionRef{account, id}, domain}
}

func (h holder) isTenant() bool { return strings.HasPrefix(h.id, "dt_") }

// index notes in a change that an index entry, now at revision, has a new value.
func (c *change) index(key, value string, revision int64) {
	c.expect(key, revision)
	c.txn.Puts = append(c.txn.Puts, store.Put{Key: key, Value: []byte(value)})
}

// AssociateAlias moves an alias to a distribution, from another one of the same
// account. From other accounts AWS moves it by a TXT record; Drawbridge does
// not look up DNS and denies that.
func (s *Service) AssociateAlias(call *api.Call, in *cloudfrontapi.AssociateAliasRequest) error {
	alias := strings.ToLower(value(in.Alias))
	target, err := s.distribution(call, in.TargetDistributionId)
	if err != nil {
		return err
	}
	if !aliasAllowed(alias) {
		return badParameter("CNAME contains one or more parameters that are not valid.")
	}
	if slices.Contains(target.Config.Aliases.Items, alias) {
		return nil
	}
	_, err = s.write(call, func(c *change) error {
		target, err := s.distribution(call, in.TargetDistributionId)
		if err != nil {
			return err
		}
		_, err = s.moveAlias(call, c, alias, target)
		return err
	})
	return err
}

// moveAlias notes in a change that a distribution gets an alias, whoever of the
// account has it now; it gives the distribution's new ETag.
func (s *Service) moveAlias(call *api.Call, c *change, alias string, target stored) (string, error) {
	if err := s.releaseDomain(call, c, alias, distributionRef{call.Account, target.ID}); err != nil {
		return "", err
	}
	config, err := cloneConfig(&target.Config)
	if err != nil {
		return "", err
	}
	if !slices.Contains(config.Aliases.Items, alias) {
		config.Aliases.Items = append(config.Aliases.Items, alias)
	}
	config.Aliases.Quantity = new(int32(len(config.Aliases.Items)))
	switch {
	case isTenantOnly(config):
		return "", cloudfrontapi.IllegalUpdate("A multi-tenant distribution cannot have aliases.")
	case len(config.Aliases.Items) > s.limits.Aliases:
		return "", cloudfrontapi.TooManyDistributionCNAMEs("Your request contains more CNAMEs than are allowed per distribution.")
	case certificateOf(config) == "" || s.checkCertificate(call, c, call.Account, config) != nil:
		return "", cloudfrontapi.IllegalUpdate(notCoveredText)
	}
	return s.putConfig(call, c, target, *config), nil
}

// putConfig notes in a change a distribution's new configuration and gives its
// new ETag.
func (s *Service) putConfig(call *api.Call, c *change, old stored, config cloudfrontapi.DistributionConfig) string {
	record := *old.DistributionRecord
	record.ETag, record.LastModifiedTime, record.Config = s.newID(IDETag), moment(call), config
	key := Key(call.Account, KindDistribution, old.ID)
	c.expect(key, old.revision)
	c.put(key, record)
	return record.ETag
}

// releaseDomain notes in a change that a domain belongs to a new owner, and
// takes it off the distribution or tenant of the same account that has it.
func (s *Service) releaseDomain(call *api.Call, c *change, domain string, owner distributionRef) error {
	text, revision, err := s.readIndex(call, aliasKey(domain))
	if err != nil {
		return err
	}
	foreign, err := s.overlapsForeign(call, call.Account, domain)
	if err != nil {
		return err
	}
	from := parseHolder(domain, text)
	if foreign || text != "" && from.account != call.Account {
		return cloudfrontapi.AccessDenied("Access denied. The domain name belongs to a resource of another account.")
	}
	c.index(aliasKey(domain), owner.String(), revision)
	switch {
	case text == "" || from.distributionRef == owner:
		return nil
	case from.isTenant():
		return s.dropTenantDomain(call, c, from)
	}
	source, err := s.distribution(call, &from.id)
	if err != nil {
		return err
	}
	config, err := cloneConfig(&source.Config)
	if err != nil {
		return err
	}
	config.Aliases.Items = slices.DeleteFunc(config.Aliases.Items, func(a string) bool { return a == domain })
	config.Aliases.Quantity = new(int32(len(config.Aliases.Items)))
	if len(config.Aliases.Items) == 0 {
		config.Aliases.Items = nil
	}
	s.putConfig(call, c, source, *config)
	return nil
}

// conflicts gives who has a domain, the wildcard above it, or names below it if
// it is a wildcard, sorted by domain; self is left out.
func (s *Service) conflicts(ctx context.Context, domain string, self distributionRef) ([]holder, error) {
	first, parent, _ := strings.Cut(domain, ".")
	var found []holder
	note := func(name, text string) {
		if h := parseHolder(name, text); text != "" && h.distributionRef != self {
			found = append(found, h)
		}
	}
	if first != "*" {
		for _, name := range []string{"*." + parent, domain} {
			text, _, err := s.readIndex(ctx, aliasKey(name))
			if err != nil {
				return nil, err
			}
			note(name, text)
		}
		return found, nil
	}
	err := s.each(ctx, aliasPrefix, func(entry store.Entry) bool {
		name := strings.TrimPrefix(entry.Key, aliasPrefix)
		if _, above, _ := strings.Cut(name, "."); above == parent {
			note(name, string(entry.Value))
		}
		return true
	})
	return found, err
}

// pageOf cuts a page out of holders; the marker is the domain of the last one
// of the page before.
func pageOf(all []holder, q pageQuery) (page []holder, most int, next *string, err error) {
	if most, err = pageSize(q.maxItems); err != nil {
		return nil, 0, nil, err
	}
	for len(all) > 0 && value(q.marker) != "" && all[0].domain <= *q.marker {
		all = all[1:]
	}
	page = all[:min(most, len(all))]
	if len(page) < len(all) {
		next = new(page[len(page)-1].domain)
	}
	return page, most, next, nil
}

// masked hides all but the end of an identifier that another account owns.
func (h holder) masked(account, text string, shown int) *string {
	if h.account == account || len(text) <= shown {
		return new(text)
	}
	return new(strings.Repeat("*", len(text)-shown) + text[len(text)-shown:])
}

// Of identifiers of other accounts AWS shows so many characters.
const (
	shownOfID      = 7
	shownOfAccount = 6
)

// ListConflictingAliases shows which aliases stand in the way of one that a
// distribution wants. The distribution's certificate must cover it.
func (s *Service) ListConflictingAliases(call *api.Call, in *cloudfrontapi.ListConflictingAliasesRequest) (*cloudfrontapi.ListConflictingAliasesResult, error) {
	alias := strings.ToLower(value(in.Alias))
	found, err := s.distribution(call, in.DistributionId)
	if err != nil {
		return nil, err
	}
	if !aliasAllowed(alias) {
		return nil, badParameter("CNAME contains one or more parameters that are not valid.")
	}
	if err := s.controls(call, found, alias); err != nil {
		return nil, err
	}
	all, err := s.conflicts(call, alias, distributionRef{call.Account, found.ID})
	if err != nil {
		return nil, err
	}
	page, most, next, err := pageOf(all, pageQuery{in.Marker, in.MaxItems})
	if err != nil {
		return nil, err
	}
	list := &cloudfrontapi.ConflictingAliasesList{MaxItems: new(int32(most)), NextMarker: next, Quantity: new(int32(len(page)))}
	for _, h := range page {
		list.Items = append(list.Items, cloudfrontapi.ConflictingAlias{
			Alias: new(h.domain), DistributionId: h.masked(call.Account, h.id, shownOfID), AccountId: h.masked(call.Account, h.account, shownOfAccount),
		})
	}
	return &cloudfrontapi.ListConflictingAliasesResult{ConflictingAliasesList: list}, nil
}

// controls demands that a distribution has a certificate that covers a domain:
// that shows who may ask about it.
func (s *Service) controls(call *api.Call, d stored, domain string) error {
	reference := certificateOf(&d.Config)
	if reference != "" {
		found, err := s.findCertificate(call, call.Account, reference)
		if err == nil && (found == nil || covers(found.Names, domain)) {
			return nil
		}
	}
	return cloudfrontapi.InvalidArgument("The distribution has no SSL certificate that covers the domain name.")
}
