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

// refChange is how the references of a stage change.
type refChange struct {
	apiID         string
	before, after stageRefs
}

// holdRefs holds a transaction to what a stage newly names: a documentation
// version of its API and a client certificate of its account. The API's owner
// record and the certificate are touched, so that neither goes away meanwhile.
func holdRefs(call *api.Call, t *tx, c refChange) error {
	if name := c.after.documentation; name != "" && name != c.before.documentation {
		if err := structure(call, t, c.apiID); err != nil {
			return err
		}
		rec, err := read[DocumentationRecord](t, documentationRef(call, c.apiID, name))
		if err != nil {
			return err
		}
		if rec == nil {
			return noDocumentationVersion()
		}
	}
	if id := c.after.certificate; id != "" && id != c.before.certificate {
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
