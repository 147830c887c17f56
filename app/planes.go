package app

import (
	"context"

	"drawbridge/controlplane/api/acmapi"
	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/api/cloudfrontkeyvaluestoreapi"
	"drawbridge/controlplane/api/iamapi"
	"drawbridge/controlplane/api/stsapi"
	"drawbridge/controlplane/apigateway"
	"drawbridge/controlplane/awsproto"
	"drawbridge/controlplane/cloudfront"
	"drawbridge/controlplane/compile"
	"drawbridge/controlplane/sts"
	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/gateway"
	"drawbridge/dataplane/server"
)

// newPlanes makes the edge, the gateway and what counts their calls.
func (a *App) newPlanes(edgeNames []string) error {
	bounds, err := a.config.limits()
	if err != nil {
		return err
	}
	wording := gateway.WordingCurrent
	if a.config.Wording == "2022" {
		wording = gateway.Wording2022
	}
	identities, err := a.config.identities()
	if err != nil {
		return err
	}
	if err := a.openLambda(); err != nil {
		return err
	}
	options := gateway.Options{
		Do: a.upstream.Do, Usage: a.meter, Wording: wording, AccountThrottle: bounds.accountThrottle(), Identities: identities,
		Invoke: a.lambda.Invoke, UserPools: a.config.CognitoEndpoint, Now: a.config.Now, Logger: a.log, CacheBytes: a.config.APICacheSize, BodyBytes: int64(bounds.bodyBytes),
	}
	a.stageLogs.attach(&options)
	if err := a.config.attachIntegrations(&options); err != nil {
		return err
	}
	if a.gateway, err = gateway.New(options); err != nil {
		return err
	}
	if err := a.newEdge(edgeNames); err != nil {
		return err
	}
	a.metrics.Gauge("drawbridge_cached_objects", "Objects in the edge's cache.", func() float64 { return float64(a.edge.Stats().Objects) })
	a.metrics.Gauge("drawbridge_cached_bytes", "RAM the edge's objects take.", func() float64 { return float64(a.edge.Stats().Bytes) })
	a.metrics.Gauge("drawbridge_stage_cached_answers", "Answers in the caches of stages.", func() float64 { n, _ := a.gateway.CacheStats(); return float64(n) })
	a.metrics.Gauge("drawbridge_stage_cached_bytes", "RAM that stages' cached answers take.", func() float64 { _, n := a.gateway.CacheStats(); return float64(n) })
	a.metrics.Gauge("drawbridge_body_bytes", "RAM that bodies of running API calls take.", func() float64 { return float64(a.gateway.BodyBytes()) })
	a.metrics.Gauge("drawbridge_revision", "Store revision in force at every edge location.", func() float64 { return float64(a.publisher.edge.everywhere()) })
	a.metrics.Gauge("drawbridge_gateway_propagation_seconds", "Time a change takes to reach all of the gateway; drawbridge lock asks for it.",
		func() float64 { return a.config.GatewayPropagation.Seconds() })
	return nil
}

// refuse answers a request that its plane did not answer itself.
func (a *App) refuse(status int, x *exchange.Exchange) *exchange.Response {
	if x.Owner.Plane == exchange.PlaneGateway {
		return a.gateway.Refuse(status, x)
	}
	return a.edge.Refuse(status, x)
}

// purge applies an invalidation at one location.
func (a *App) purge(location int, p compile.Purge) {
	a.edge.Purge(location, p.DistributionID, p.Paths)
}

// flush makes the gateway forget what authorizers said, or the answers in a
// stage's cache.
func (a *App) flush(_ context.Context, f apigateway.Flush) error {
	if f.Authorizers {
		a.gateway.FlushAuthorizers(f.APIID, f.Stage)
	} else {
		a.gateway.FlushCache(f.APIID, f.Stage)
	}
	return nil
}

// control makes the control plane: the services behind AWS's protocols.
func (a *App) control(bounds limits, credentials []awsproto.Credential) (*awsproto.Handler, error) {
	gateways, err := apigateway.New(apigateway.Options{
		Truststore: a.truststores.warnings,
		Store:      a.store, Published: a.publisher.published, Usage: a.usageDays, SetRemaining: a.setRemaining,
		TestInvoke: a.testInvoke, TestAuthorizer: a.testAuthorizer, Flush: a.flush, Limits: bounds.apigateway,
	})
	if err != nil {
		return nil, err
	}
	wording := cloudfront.WordingCurrent
	if a.config.Wording == "2022" {
		wording = cloudfront.Wording2022
	}
	var distributions *cloudfront.Service // known to the certificates' in-use check once it is made
	certs, err := a.certificates(func() *cloudfront.Service { return distributions })
	if err != nil {
		return nil, err
	}
	a.certs = certs
	readObject, err := a.config.readObject()
	if err != nil {
		return nil, err
	}
	distributions, err = cloudfront.New(cloudfront.Options{
		ReadObject: readObject,
		Store:      a.store, Limits: bounds.cloudfront, Wording: wording, Published: a.publisher.published, Deployed: a.publisher.deployed,
		Certificate: a.findCertificate(certs), IssueCertificate: issueCertificate(certs),
	})
	if err != nil {
		return nil, err
	}
	identities, err := sts.New(sts.Options{})
	if err != nil {
		return nil, err
	}
	return awsproto.New(awsproto.Options{
		Services: []awsproto.Service{
			{Table: apigatewayapi.Table, Impl: gateways},
			{Table: cloudfrontapi.Table, Impl: distributions},
			{Table: cloudfrontkeyvaluestoreapi.Table, Impl: distributions.KeyValues()},
			{Table: stsapi.Table, Impl: identities},
			{Table: acmapi.Table, Impl: certs.ACM()},
			{Table: iamapi.Table, Impl: certs.IAM()},
		},
		Account: a.config.Account, Region: a.config.Region, Credentials: credentials, Now: a.config.Now, Log: a.log,
	})
}

// buildServer makes the server around planes and control plane.
func (a *App) buildServer(context.Context) error {
	bounds, err := a.config.limits()
	if err != nil {
		return err
	}
	credentials, err := a.config.credentials()
	if err != nil {
		return err
	}
	if a.truststores, err = newTruststores(a.config.Truststores, a.config.Now); err != nil {
		return err
	}
	control, err := a.control(bounds, credentials)
	if err != nil {
		return err
	}
	own, err := a.config.certificates()
	if err != nil {
		return err
	}
	proxies, err := a.config.trustedProxies()
	if err != nil {
		return err
	}
	a.server, err = server.New(server.Options{
		Truststore: a.truststores.pool, TrustedProxies: proxies,
		Certificates: own, Attached: a.attachedCertificate,
		Edge: a.edge.Serve, EdgeAtOnce: a.edge.AtOnce, Gateway: a.gateway.Serve, Control: control, Ops: a.ops(),
		EdgeLocations: a.publisher.edge.places, GatewayCells: a.publisher.cells.places,
		Rules:  server.Rules{ControlHosts: a.config.ControlHosts, SignaturesVerified: len(credentials) > 0},
		Refuse: a.refuse, Finish: a.finish, CA: a.ca, Limits: bounds.server, Now: a.config.Now, Logger: a.log,
	})
	return err
}
