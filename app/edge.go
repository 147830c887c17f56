package app

import (
	"drawbridge/dataplane/edge"
	"drawbridge/engine/sigv4"
)

// newEdge makes the edge with what it knows of the world outside.
func (a *App) newEdge(names []string) error {
	locate, err := a.openGeo()
	if err != nil {
		return err
	}
	sign, err := a.originSigner()
	if err != nil {
		return err
	}
	a.edge, err = edge.New(edge.Options{
		Pops: names, CacheBytes: a.config.CacheSize, Do: a.upstream.Do, EdgeAddress: a.config.EdgeAddress,
		Region: a.config.Region, Locate: locate, Sign: sign, ClientCertificate: a.attachedCertificate, Now: a.config.Now, Logger: a.log,
	})
	return err
}

// originSigner signs the edge's requests to origins with the credentials of the
// environment; nil without any.
func (a *App) originSigner() (func(sigv4.SignInput) ([]sigv4.Field, error), error) {
	if a.config.Signer.AccessKeyID == "" {
		return nil, nil
	}
	keys, err := sigv4.New(sigv4.Options{})
	if err != nil {
		return nil, err
	}
	return func(in sigv4.SignInput) ([]sigv4.Field, error) {
		in.Credential = a.config.Signer
		return keys.Sign(in)
	}, nil
}
