package cloudfront_test

import (
	"context"
	"testing"

	"drawbridge/controlplane/cloudfront"
	"drawbridge/store"
	"drawbridge/store/memory"
)

// TestAttachedWhileDeleted: a certificate that is deleted between the look at it
// and the distribution's transaction is not attached.
func TestAttachedWhileDeleted(t *testing.T) {
	st, err := memory.New(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	revision, err := st.Txn(t.Context(), store.Txn{Puts: []store.Put{{Key: "certificate", Value: []byte("{}")}}})
	if err != nil {
		t.Fatal(err)
	}
	gone := false
	s := newService(t, cloudfront.Options{Store: st, Certificate: func(ctx context.Context, _, _ string) (cloudfront.Certificate, error) {
		if gone {
			return cloudfront.Certificate{}, cloudfront.ErrNoCertificate
		}
		gone = true
		_, err := st.Txn(ctx, store.Txn{Deletes: []string{"certificate"}}) // just after the look
		return cloudfront.Certificate{Names: []string{"www.example.com"}, Key: "certificate", Revision: revision}, err
	}})
	p := provoker{t, s}
	wantError(t, p.create(func(c *distributionConfig) { setAliases(c, "www.example.com") }), "InvalidViewerCertificate", 400, noCertificate)
}
