package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"drawbridge/controlplane/certificates"
	"drawbridge/dataplane/edge"
	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/gateway"
	"drawbridge/dataplane/lambda"
	"drawbridge/dataplane/program"
	"drawbridge/dataplane/server"
	"drawbridge/dataplane/telemetry"
	"drawbridge/dataplane/upstream"
	"drawbridge/dataplane/usage"
	"drawbridge/store"
	"drawbridge/store/bolt"
	"drawbridge/store/memory"
)

// App is a running Drawbridge.
type App struct {
	config    Config
	log       *slog.Logger
	store     store.Store
	publisher *publisher
	meter     *usage.Meter
	upstream  *upstream.Client
	edge      *edge.Edge
	gateway   *gateway.Gateway
	lambda    *lambda.Invoker
	ca        *server.CA
	certs     *certificates.Store
	metrics   *telemetry.Metrics

	truststores *truststores
	accessLog   *telemetry.AccessLog
	stageLogs   stageLogs
	server      *server.Server

	listeners []server.Listener
	closers   []func() error // in the order of opening
	ready     readiness
}

// Address is one address in service.
type Address struct {
	URL   string // "http://127.0.0.1:4566"
	Roles string // "edge,gateway,control,ops"
}

// New opens the store, puts what it holds in force and binds the addresses, but
// serves nothing yet. It fails when a port is taken, the data folder is in use
// or the settings make no sense; then nothing stays open.
func New(ctx context.Context, config Config) (*App, error) {
	if err := config.Check(); err != nil {
		return nil, err
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	a := &App{config: config, log: config.Log}
	for _, step := range []func(context.Context) error{
		a.listen, a.openStore, a.openTelemetry, a.openUpstream, a.openUsage, a.buildPlanes, a.publish, a.buildServer,
	} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, a.close())
		}
	}
	return a, nil
}

// listen binds all addresses, so that a taken port is known before anything else happens.
func (a *App) listen(context.Context) error {
	addresses, err := parseListen(a.config.Listen)
	if err != nil {
		return err
	}
	for _, at := range addresses {
		listener, err := net.Listen("tcp", at.addr)
		if err != nil {
			return fmt.Errorf("cannot listen on %s: %w; is another drawbridge running? choose another --listen", at.addr, err)
		}
		a.listeners = append(a.listeners, server.Listener{Listener: listener, Roles: at.roles})
		a.closers = append(a.closers, func() error { return ignoreClosed(listener.Close()) })
	}
	return nil
}

// mayListen refuses an address that would leave the control plane or ops open
// to others without credentials (design.md section 2, who may call).
func (c *Config) mayListen(at address) error {
	guarded := at.roles&(server.RoleControl|server.RoleOps) != 0
	if guarded && !loopback(at.addr) && c.Credentials == "" && c.CredentialsInline == "" {
		return fmt.Errorf("--listen %s=%s: control and ops on an address that others reach need --credentials (or DRAWBRIDGE_CREDENTIALS)", at.roles, at.addr)
	}
	return nil
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (a *App) openStore(context.Context) error {
	var err error
	if a.config.Data == MemoryData {
		a.store, err = memory.New(memory.Options{})
	} else if a.store, err = bolt.New(bolt.Options{Dir: a.config.Data}); errors.Is(err, store.ErrLocked) {
		return fmt.Errorf("%s: %w by another drawbridge; stop it or choose another --data", a.config.Data, store.ErrLocked)
	}
	if err != nil {
		return fmt.Errorf("open the store: %w", err)
	}
	a.closers = append(a.closers, a.store.Close)
	folder := "" // in memory
	if a.config.Data != MemoryData {
		folder = filepath.Join(a.config.Data, "tls")
	}
	a.ca, err = server.NewCA(server.CAOptions{Folder: folder, Now: a.config.Now})
	return err
}

func (a *App) openTelemetry(context.Context) error {
	a.metrics = telemetry.NewMetrics()
	if err := a.openStageLogs(); err != nil {
		return err
	}
	switch a.config.AccessLog {
	case "off":
	case "stderr":
		a.accessLog = telemetry.NewAccessLog(a.config.Stderr)
		a.closers = append(a.closers, a.accessLog.Close)
	default:
		file, err := os.OpenFile(a.config.AccessLog, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
		if err != nil {
			return fmt.Errorf("--access-log: %w", err)
		}
		a.closers = append(a.closers, file.Close)
		a.accessLog = telemetry.NewAccessLog(file)
		a.closers = append(a.closers, a.accessLog.Close)
	}
	return nil
}

func (a *App) openUpstream(context.Context) error {
	roots, err := a.config.originRoots()
	if err != nil {
		return err
	}
	allowed, err := a.config.allowedOrigins()
	if err != nil {
		return err
	}
	connectTo, err := a.config.connectTo()
	if err != nil {
		return err
	}
	a.upstream, err = upstream.New(upstream.Options{
		InProcess: a.inProcess, ConnectTo: connectTo, RootCAs: roots, AllowOrigin: allowed,
		OwnListeners: a.ownListeners, Now: a.config.Now,
	})
	if err != nil {
		return err
	}
	a.closers = append(a.closers, func() error { a.upstream.Close(); return nil })
	return nil
}

func (a *App) ownListeners() []netip.AddrPort {
	var own []netip.AddrPort
	for _, listener := range a.listeners {
		if addr, ok := listener.Addr().(*net.TCPAddr); ok {
			own = append(own, addr.AddrPort())
		}
	}
	return own
}

// inProcess says who serves a host name in this process. The callee pins its
// own plane's program: it never inherits the caller's.
func (a *App) inProcess(host string) (upstream.Local, bool) {
	edges, cells := a.publisher.edge, a.publisher.cells
	switch server.InProcess(host, edges.any().Load(), cells.any().Load()) {
	case exchange.PlaneGateway:
		return upstream.Local{Handler: a.gatewayInProcess}, true
	case exchange.PlaneEdge:
		return upstream.Local{Handler: a.edgeInProcess, PlainHTTP: true}, true
	}
	return upstream.Local{}, false
}

// gatewayInProcess is execute-api as another part of this process calls it: the
// forwarded Host decides whose request it is.
func (a *App) gatewayInProcess(ctx context.Context, x *exchange.Exchange) *exchange.Response {
	x.Conn.Cell = a.publisher.cells.anyIndex()
	x.Gateway = a.publisher.cells.places[x.Conn.Cell].Load()
	x.Owner = server.GatewayOwner(x.Gateway, x.Request.Host, x.Request.Path)
	response := a.gateway.Serve(ctx, x)
	a.finishInProcess(x, response)
	return response
}

// edgeInProcess is a distribution that is another one's origin.
func (a *App) edgeInProcess(ctx context.Context, x *exchange.Exchange) *exchange.Response {
	x.Conn.Location = a.publisher.edge.anyIndex()
	x.Edge = a.publisher.edge.places[x.Conn.Location].Load()
	x.Owner = server.EdgeOwner(x.Edge, x.Request.Host)
	response := a.edge.Serve(ctx, x)
	a.finishInProcess(x, response)
	return response
}

// finishInProcess makes the record of an exchange no server finishes.
func (a *App) finishInProcess(x *exchange.Exchange, response *exchange.Response) {
	x.Record.Status = response.Status
	x.Record.BytesSent = max(0, response.Body.Length())
	x.Record.Duration = time.Since(x.Start)
	a.finish(x)
}

func (a *App) finish(x *exchange.Exchange) {
	a.metrics.Observe(x)
	if a.accessLog != nil {
		a.accessLog.Write(x)
	}
	if x.Finished != nil {
		x.Finished(x)
	}
}

func (a *App) buildPlanes(context.Context) error {
	edgeNames, cellNames := []string{pops[0]}, []string{"cell-1"}
	if a.config.Propagation > 0 {
		edgeNames = pops[:]
	}
	if a.config.GatewayPropagation > 0 {
		cellNames = nil
		for i := range locations {
			cellNames = append(cellNames, fmt.Sprintf("cell-%d", i+1))
		}
	}
	a.publisher = &publisher{
		store: a.store, log: a.log, purge: a.purge, locates: len(a.config.GeoDatabases) > 0, signs: a.config.Signer.AccessKeyID != "",
		edge:  newFleet[program.Edge](a.config.Propagation, edgeNames),
		cells: newFleet[program.Gateway](a.config.GatewayPropagation, cellNames),
	}
	return a.newPlanes(edgeNames)
}

// pops are the codes of the edge locations (reference/cloudfront.md section 4.1).
var pops = [locations]string{"NRT57-P2", "NRT20-C4", "SEA19-C1", "IAD89-P1", "FRA56-P4", "LHR61-P3", "SIN2-P1", "GRU1-C1"}

func (a *App) publish(ctx context.Context) error {
	revision, err := a.publisher.load(ctx)
	if err != nil {
		return err
	}
	watching, stop := context.WithCancel(context.Background())
	wait := a.publisher.start(watching, revision)
	a.closers = append(a.closers, func() error { stop(); wait(); return nil })
	return a.forgetLeases(ctx)
}

// Addresses lists where the app can be reached, in the order of --listen.
func (a *App) Addresses() []Address {
	var addresses []Address
	for _, listener := range a.listeners {
		addresses = append(addresses, Address{URL: "http://" + listener.Addr().String(), Roles: listener.Roles.String()})
	}
	return addresses
}

// CACertificate returns the local CA's certificate in PEM.
func (a *App) CACertificate() []byte { return a.ca.PEM() }

// Serve answers requests until ctx ends, then drains: running exchanges have
// the drain timeout to finish. It returns nil when everything ended in time.
func (a *App) Serve(ctx context.Context) error {
	failed := make(chan error, len(a.listeners))
	var group sync.WaitGroup
	for _, listener := range a.listeners {
		group.Go(func() {
			if err := a.server.Serve(listener); err != nil {
				failed <- fmt.Errorf("listener %s: %w", listener.Addr(), err)
			}
		})
	}
	a.ready.set(true)
	var failure error
	select {
	case <-ctx.Done():
	case failure = <-failed:
	}
	a.ready.set(false)
	drain, cancel := context.WithTimeout(context.Background(), a.config.DrainTimeout)
	defer cancel()
	if err := a.server.Shutdown(drain); err != nil {
		a.log.Warn("not every exchange ended in time", "error", err)
	}
	group.Wait()
	return errors.Join(failure, a.close())
}

// close undoes New, last thing first.
func (a *App) close() error {
	var failures []error
	if a.server != nil {
		failures = append(failures, a.server.Close())
	}
	for i := len(a.closers) - 1; i >= 0; i-- {
		failures = append(failures, a.closers[i]())
	}
	a.closers = nil
	return errors.Join(failures...)
}
