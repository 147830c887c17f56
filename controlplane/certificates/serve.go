package certificates

import (
	"context"
	"crypto/tls"
	"fmt"
	"sync"
)

// maxServed bounds the certificates that are kept ready to serve.
const maxServed = 10_000

// served keeps certificates ready to serve, by the key of their record.
type served struct {
	mu   sync.Mutex
	made map[string]servedCertificate
}

type servedCertificate struct {
	revision int64
	cert     *tls.Certificate
}

// Serve gives the certificate that viewers are shown, with its chain and key;
// nil when there is none. An expired one is served, as by AWS: its viewers see
// it. A new import under the same ARN is served from then on.
func (s *Store) Serve(ctx context.Context, account, reference string) (*tls.Certificate, error) {
	found, err := s.find(ctx, account, reference)
	if err != nil || found == nil {
		return nil, err
	}
	s.served.mu.Lock()
	known, ok := s.served.made[found.Key]
	s.served.mu.Unlock()
	if ok && known.revision == found.Revision {
		return known.cert, nil
	}
	pair, err := tls.X509KeyPair([]byte(found.Certificate+"\n"+found.Chain), []byte(found.PrivateKey))
	if err != nil {
		return nil, fmt.Errorf("certificate %s cannot be served: %w", found.ARN, err)
	}
	s.served.mu.Lock()
	defer s.served.mu.Unlock()
	if len(s.served.made) >= maxServed {
		clear(s.served.made)
	}
	s.served.made[found.Key] = servedCertificate{found.Revision, &pair}
	return &pair, nil
}
