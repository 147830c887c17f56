package apigateway

import (
	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

// stageRefs are what a stage names besides its deployments.
type stageRefs struct{ documentation, certificate string }

func refsOf(st *apigatewayapi.Stage) stageRefs {
	return stageRefs{val(st.DocumentationVersion), val(st.ClientCertificateId)}
}

// holdRefs holds a transaction to what a stage newly names: a documentation
// version of its API and a client certificate of its account. The API's owner
// record and the certificate are touched, so that neither goes away meanwhile.
func (s *Service) holdRefs(call *api.Call, t *tx, apiID string, before, after stageRefs) error {
	if name := after.documentation; name != "" && name != before.documentation {
		if err := structure(call, t, apiID); err != nil {
			return err
		}
		rec, err := read[DocumentationRecord](t, documentationRef(call, apiID, name))
		if err != nil {
			return err
		}
		if rec == nil {
			return noDocumentationVersion()
		}
	}
	if id := after.certificate; id != "" && id != before.certificate {
		ref := certificateRef(call, id)
		rec, err := read[CertificateRecord](t, ref)
		if err != nil {
			return err
		}
		if rec == nil {
			return noCertificate()
		}
		t.touch(ref)
	}
	return nil
}
