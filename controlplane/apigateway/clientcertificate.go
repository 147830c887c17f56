package apigateway

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

const (
	certificateKeyBits = 2048
	certificateLife    = 365 * 24 * time.Hour // reference/api-gateway.md 1.13
)

func certificateRef(call *api.Call, id string) Ref { return accountRef(call, KindCertificate, id) }

func noCertificate() error {
	return apigatewayapi.NotFoundException("Invalid Client Certificate identifier specified")
}

// selfSigned makes a client certificate and its private key.
func selfSigned(now time.Time) (certificate []byte, key []byte, err error) {
	private, err := rsa.GenerateKey(rand.Reader, certificateKeyBits)
	if err != nil {
		return nil, nil, fmt.Errorf("make a key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 63))
	if err != nil {
		return nil, nil, fmt.Errorf("make a serial number: %w", err)
	}
	name := pkix.Name{
		Country: []string{"US"}, Province: []string{"Washington"}, Locality: []string{"Seattle"},
		Organization: []string{"Drawbridge"}, CommonName: "ApiGateway",
	}
	template := &x509.Certificate{
		SerialNumber: serial.Add(serial, big.NewInt(1)), // RFC 5280 section 4.1.2.2: positive
		Subject:      name, NotBefore: now, NotAfter: now.Add(certificateLife),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		return nil, nil, fmt.Errorf("sign the certificate: %w", err)
	}
	if key, err = x509.MarshalPKCS8PrivateKey(private); err != nil {
		return nil, nil, fmt.Errorf("encode the key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), key, nil
}

// GenerateClientCertificate makes a self-signed certificate that backends can
// know the gateway by. Its private key stays here.
func (s *Service) GenerateClientCertificate(call *api.Call, in *apigatewayapi.GenerateClientCertificateRequest) (*apigatewayapi.ClientCertificate, error) {
	tags, err := s.checkTags(in.Tags)
	if err != nil {
		return nil, err
	}
	if err := s.checkCount(call, KindCertificate, s.limits.Certificates, "client certificates"); err != nil {
		return nil, err
	}
	created := seconds(call.Now)
	text, key, err := selfSigned(*created)
	if err != nil {
		return nil, err
	}
	made := apigatewayapi.ClientCertificate{
		Description: filled(in.Description), PemEncodedCertificate: new(string(text)), Tags: tags,
		CreatedDate: created, ExpirationDate: new(created.Add(certificateLife)),
	}
	err = s.write(call, certificateRef(call, "").Key(), func(t *tx) error {
		id := s.newID(childIDLength)
		taken, err := read[CertificateRecord](t, certificateRef(call, id))
		if err != nil {
			return err
		}
		if taken != nil {
			return apigatewayapi.ConflictException("Client certificate already exists: " + id)
		}
		made.ClientCertificateId = new(id)
		return t.put(certificateRef(call, id), CertificateRecord{Certificate: made, PrivateKey: key})
	})
	if err != nil {
		return nil, err
	}
	return &made, nil
}

// GetClientCertificate answers one certificate.
func (s *Service) GetClientCertificate(call *api.Call, in *apigatewayapi.GetClientCertificateRequest) (*apigatewayapi.ClientCertificate, error) {
	rec, err := loadRecord[CertificateRecord](s, call, certificateRef(call, val(in.ClientCertificateId)), noCertificate())
	if err != nil {
		return nil, err
	}
	rec.Certificate.Tags = shownTags(rec.Certificate.Tags)
	return &rec.Certificate, nil
}

// GetClientCertificates answers a page of certificates, by id.
func (s *Service) GetClientCertificates(call *api.Call, in *apigatewayapi.GetClientCertificatesRequest) (*apigatewayapi.ClientCertificates, error) {
	p, err := pageOf(in.Limit, in.Position)
	if err != nil {
		return nil, err
	}
	items, next, err := list(call, s.store, listing[apigatewayapi.ClientCertificate]{
		prefix: Prefix(call.Account, call.Region, KindCertificate), page: p,
		item: func(ref Ref, value []byte) (apigatewayapi.ClientCertificate, bool, error) {
			rec, err := decode[CertificateRecord](ref.Key(), value)
			if err != nil {
				return apigatewayapi.ClientCertificate{}, false, err
			}
			return rec.Certificate, true, nil
		},
	})
	if err != nil {
		return nil, err
	}
	return &apigatewayapi.ClientCertificates{Items: items, Position: next}, nil
}

// UpdateClientCertificate patches a certificate's description.
func (s *Service) UpdateClientCertificate(call *api.Call, in *apigatewayapi.UpdateClientCertificateRequest) (*apigatewayapi.ClientCertificate, error) {
	type target = apigatewayapi.ClientCertificate
	table := patchTable[target]{wording: plainWording(), rules: []rule[target]{
		replaceText("/description", func(c *target) **string { return &c.Description }, nil),
	}}
	var out target
	err := editRecord(s, call, recordEdit[CertificateRecord]{
		ref: certificateRef(call, val(in.ClientCertificateId)), missing: noCertificate(),
		change: func(_ *tx, rec *CertificateRecord) error {
			err := table.apply(&rec.Certificate, in.PatchOperations)
			out = rec.Certificate
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	out.Tags = shownTags(out.Tags)
	return &out, nil
}

// DeleteClientCertificate removes a certificate that no stage of the account
// presents.
func (s *Service) DeleteClientCertificate(call *api.Call, in *apigatewayapi.DeleteClientCertificateRequest) error {
	id := val(in.ClientCertificateId)
	return s.write(call, certificateRef(call, "").Key(), func(t *tx) error {
		rec, err := read[CertificateRecord](t, certificateRef(call, id))
		if err != nil {
			return err
		}
		if rec == nil {
			return noCertificate()
		}
		stage, err := s.stageWithCertificate(call, id)
		if err != nil {
			return err
		}
		if stage != "" {
			return badRequest("Client certificate %s is used by stage %s and cannot be deleted", id, stage)
		}
		t.delete(certificateRef(call, id))
		return nil
	})
}

// stageWithCertificate names a stage ("api/stage") that presents a certificate.
func (s *Service) stageWithCertificate(call *api.Call, id string) (string, error) {
	snap, err := s.store.List(call, Prefix(call.Account, call.Region, KindStage))
	if err != nil {
		return "", storeError("list", err)
	}
	for _, entry := range snap.Entries {
		rec, err := decode[StageRecord](entry.Key, entry.Value)
		if err != nil {
			return "", err
		}
		if ref, ok := ParseKey(entry.Key); ok && val(rec.Stage.ClientCertificateId) == id {
			return ref.Parent + "/" + ref.ID, nil
		}
	}
	return "", nil
}
