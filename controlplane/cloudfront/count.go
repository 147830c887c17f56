package cloudfront

import (
	"context"
	"strings"
	"sync"

	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/store"
)

// distributionCount knows how many distributions each account has, so that a
// create need not count them. It is read from the store once for an account;
// distributions that another process makes in the same store go unseen: the
// quota is a guard rail and no invariant.
type distributionCount struct {
	mu       sync.Mutex
	accounts map[string]int
}

// reserve makes room for one more distribution, or answers that there is none.
// Whoever then makes no distribution gives the room back with release.
func (s *Service) reserve(ctx context.Context, account string) error {
	s.count.mu.Lock()
	defer s.count.mu.Unlock()
	n, known := s.count.accounts[account]
	if !known {
		var err error
		if n, err = s.countDistributions(ctx, account); err != nil {
			return err
		}
		if s.count.accounts == nil {
			s.count.accounts = make(map[string]int)
		}
	}
	if n >= s.limits.Distributions {
		s.count.accounts[account] = n
		return cloudfrontapi.TooManyDistributions(
			"Processing your request would cause you to exceed the maximum number of distributions allowed.")
	}
	s.count.accounts[account] = n + 1
	return nil
}

// release takes one distribution off the count.
func (s *Service) release(account string) {
	s.count.mu.Lock()
	defer s.count.mu.Unlock()
	if n, known := s.count.accounts[account]; known {
		s.count.accounts[account] = n - 1
	}
}

// countDistributions counts by the index of ids, whose values are short.
func (s *Service) countDistributions(ctx context.Context, account string) (int, error) {
	n := 0
	err := s.each(ctx, idPrefix+"E", func(entry store.Entry) bool {
		if strings.HasPrefix(string(entry.Value), account+"/") {
			n++
		}
		return true
	})
	return n, err
}

// each calls visit for the entries below a prefix, in the order of their keys,
// until visit returns false.
func (s *Service) each(ctx context.Context, prefix string, visit func(store.Entry) bool) error {
	return s.eachAfter(ctx, prefix, "", visit)
}

// eachAfter is each for the entries behind the key after.
func (s *Service) eachAfter(ctx context.Context, prefix, after string, visit func(store.Entry) bool) error {
	for {
		snapshot, err := s.store.ListPage(ctx, prefix, after, store.MaxPage)
		if err != nil {
			return storeError(err)
		}
		for _, entry := range snapshot.Entries {
			if !visit(entry) {
				return nil
			}
			after = entry.Key
		}
		if !snapshot.More {
			return nil
		}
	}
}
