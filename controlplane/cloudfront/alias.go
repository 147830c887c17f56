package cloudfront

import (
	"context"
	"slices"
	"strings"

	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/store"
)

// String is the value of the indexes: account/id.
func (d distributionRef) String() string { return d.account + "/" + d.id }

// takeAliases notes in a change which aliases a distribution gives up and
// takes; change[0] is what it has, [1] what it is to have. An alias belongs to
// one distribution on the whole server, and wildcard and specific names
// overlap in one account only (reference/cloudfront.md 1.9).
func (s *Service) takeAliases(ctx context.Context, c *change, owner distributionRef, aliases [2][]string) error {
	for _, alias := range aliases[0] {
		if !slices.Contains(aliases[1], alias) {
			c.delete(aliasKey(alias))
		}
	}
	for _, alias := range aliases[1] {
		if slices.Contains(aliases[0], alias) {
			continue
		}
		holder, _, err := s.readIndex(ctx, aliasKey(alias))
		if err != nil {
			return err
		}
		foreign, err := s.overlapsForeign(ctx, owner.account, alias)
		if err != nil {
			return err
		}
		if holder != "" || foreign {
			return cloudfrontapi.CNAMEAlreadyExists(
				"One or more of the CNAMEs you provided are already associated with a different resource.")
		}
		c.create(aliasKey(alias), owner.String())
	}
	return nil
}

// overlapsForeign tells whether another account has the wildcard above a
// specific name, or a name below a wildcard. A wildcard is one label.
func (s *Service) overlapsForeign(ctx context.Context, account, alias string) (bool, error) {
	foreign := func(holder string) bool { return holder != "" && !strings.HasPrefix(holder, account+"/") }
	first, parent, _ := strings.Cut(alias, ".")
	if first != "*" {
		holder, _, err := s.readIndex(ctx, aliasKey("*."+parent))
		return foreign(holder), err
	}
	found := false
	err := s.each(ctx, aliasPrefix, func(entry store.Entry) bool {
		_, above, _ := strings.Cut(strings.TrimPrefix(entry.Key, aliasPrefix), ".")
		found = found || above == parent && foreign(string(entry.Value))
		return !found
	})
	return found, err
}
