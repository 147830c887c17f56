package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"drawbridge/controlplane/compile"
	"drawbridge/dataplane/program"
	"drawbridge/store"
)

// locations is how many edge locations (and gateway cells) a process runs when
// changes take time to spread; without that one is enough.
const locations = 8

// publisher feeds the store's changes to the compiler and puts the programs in
// force, location by location.
type publisher struct {
	store store.Store
	log   *slog.Logger
	edge  *fleet[program.Edge]
	cells *fleet[program.Gateway]
	state *compile.State
	purge func(location int, p compile.Purge)
	// locates tells that the edge knows where viewers are, signs that it has
	// credentials for origins.
	locates, signs bool
}

// fleet is the places that run one plane's programs. A change reaches each of
// them at a moment of its own, spread over spread; with 0 it is in force at all
// of them before the write is answered.
type fleet[P any] struct {
	spread time.Duration
	places []*program.Location[P]
	queues []chan change[P] // one for each place, nil without spread

	mu      sync.Mutex
	inForce []int64       // revision by place
	moved   chan struct{} // closed and replaced whenever inForce moves
}

// change is one program for one place.
type change[P any] struct {
	due      time.Time
	revision int64
	program  *P // nil: the revision changes nothing here
	after    func()
}

// queued bounds the changes that wait for their moment at one place; a writer
// that is faster than that waits.
const queued = 4096

func newFleet[P any](spread time.Duration, names []string) *fleet[P] {
	f := &fleet[P]{spread: spread, inForce: make([]int64, len(names)), moved: make(chan struct{})}
	for _, place := range names {
		f.places = append(f.places, program.NewLocation(place, new(P)))
		if spread > 0 {
			f.queues = append(f.queues, make(chan change[P], queued))
		}
	}
	return f
}

// anyIndex picks a place for a caller that belongs to none.
func (f *fleet[P]) anyIndex() int { return rand.IntN(len(f.places)) }

// any returns a place for a caller that belongs to none.
func (f *fleet[P]) any() *program.Location[P] { return f.places[f.anyIndex()] }

// put brings a program to every place. after runs at a place right behind the
// switch there (purges).
func (f *fleet[P]) put(ctx context.Context, revision int64, p *P, after func(place int)) {
	last := rand.IntN(len(f.places)) // this place is the last, exactly spread later
	for i := range f.places {
		c := change[P]{revision: revision, program: p, after: func() { after(i) }}
		if f.spread == 0 {
			f.apply(i, c)
			continue
		}
		delay := f.spread
		if i != last {
			delay = rand.N(f.spread)
		}
		c.due = time.Now().Add(delay)
		select {
		case f.queues[i] <- c:
		case <-ctx.Done():
		}
	}
}

// apply puts a change in force at a place. A change that a reload has overtaken
// is passed over.
func (f *fleet[P]) apply(place int, c change[P]) {
	f.mu.Lock()
	overtaken := c.revision < f.inForce[place]
	f.mu.Unlock()
	if overtaken {
		return
	}
	if c.program != nil {
		f.places[place].Switch(c.program)
	}
	c.after()
	f.mu.Lock()
	f.inForce[place] = c.revision
	close(f.moved)
	f.moved = make(chan struct{})
	f.mu.Unlock()
}

// run applies a place's changes at their moments, in order, until ctx ends.
func (f *fleet[P]) run(ctx context.Context, place int) {
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-f.queues[place]:
			timer := time.NewTimer(time.Until(c.due))
			select {
			case <-ctx.Done():
				timer.Stop()
				return
			case <-timer.C:
				f.apply(place, c)
			}
		}
	}
}

// everywhere is the revision that is in force at every place.
func (f *fleet[P]) everywhere() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	least := f.inForce[0]
	for _, revision := range f.inForce {
		least = min(least, revision)
	}
	return least
}

// await returns when revision is in force at every place, or ctx ends.
func (f *fleet[P]) await(ctx context.Context, revision int64) error {
	for {
		f.mu.Lock()
		moved := f.moved
		f.mu.Unlock()
		if f.everywhere() >= revision {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// published is what services call after a write: with a propagation of 0 the
// answer comes when the write is in force everywhere.
func (p *publisher) published(ctx context.Context, revision int64) error {
	if p.edge.spread == 0 {
		if err := p.edge.await(ctx, revision); err != nil {
			return err
		}
	}
	if p.cells.spread == 0 {
		return p.cells.await(ctx, revision)
	}
	return nil
}

// deployed tells whether a revision is in force at every edge location.
func (p *publisher) deployed(revision int64) bool { return p.edge.everywhere() >= revision }

// load compiles what the store holds and puts it in force everywhere at once.
func (p *publisher) load(ctx context.Context) (int64, error) {
	snapshot, err := p.store.List(ctx, "")
	if err != nil {
		return 0, fmt.Errorf("read the store: %w", err)
	}
	p.state = compile.NewState()
	p.state.Locates, p.state.Signs = p.locates, p.signs
	update := p.state.Load(snapshot)
	p.report(update)
	edge := new(program.Edge).With(snapshot.Revision, update.Edge)
	gateway := new(program.Gateway).With(snapshot.Revision, update.Gateway)
	nothing := func() {}
	for i := range p.edge.places {
		p.edge.apply(i, change[program.Edge]{revision: snapshot.Revision, program: edge, after: nothing})
	}
	for i := range p.cells.places {
		p.cells.apply(i, change[program.Gateway]{revision: snapshot.Revision, program: gateway, after: nothing})
	}
	return snapshot.Revision, nil
}

// watch follows the store from a revision until ctx ends.
func (p *publisher) watch(ctx context.Context, from int64) error {
	edge, gateway := p.edge.places[0].Load(), p.cells.places[0].Load()
	for {
		for event, err := range p.store.Watch(ctx, from, "") {
			if errors.Is(err, store.ErrCompacted) {
				break
			}
			if err != nil {
				return err
			}
			from = event.Revision
			update := p.state.Apply(event)
			p.report(update)
			// Leases change no program; they would only fill the places' queues.
			leases := onlyLeases(event)
			if !leases || p.edge.spread == 0 {
				edge = p.publishEdge(ctx, event.Revision, edge, update)
			}
			if !leases || p.cells.spread == 0 {
				gateway = p.publishGateway(ctx, event.Revision, gateway, update)
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		revision, err := p.load(ctx) // the change log no longer reaches back: begin anew
		if err != nil {
			return err
		}
		from, edge, gateway = revision, p.edge.places[0].Load(), p.cells.places[0].Load()
	}
}

func onlyLeases(event store.Event) bool {
	return !slices.ContainsFunc(event.Changes, func(c store.Change) bool { return !strings.HasPrefix(c.Key, leasePrefix) })
}

func (p *publisher) publishEdge(ctx context.Context, revision int64, now *program.Edge, update compile.Update) *program.Edge {
	var next *program.Edge
	if !update.Edge.Empty() {
		next = now.With(revision, update.Edge)
		now = next
	}
	p.edge.put(ctx, revision, next, func(place int) {
		for _, purge := range update.Purges {
			p.purge(place, purge)
		}
	})
	return now
}

func (p *publisher) publishGateway(ctx context.Context, revision int64, now *program.Gateway, update compile.Update) *program.Gateway {
	var next *program.Gateway
	if !update.Gateway.Empty() {
		next = now.With(revision, update.Gateway)
		now = next
	}
	p.cells.put(ctx, revision, next, func(int) {})
	return now
}

func (p *publisher) report(update compile.Update) {
	for _, warning := range update.Warnings {
		p.log.Warn("stored, but not enforced by this edge yet", "unit", warning.Unit, "what", warning.Text)
	}
	for _, problem := range update.Problems {
		p.log.Error("cannot compile; the last good version stays in force", "unit", problem.Unit, "error", problem.Err)
	}
}

// start runs the watch and the places' queues until ctx ends; the returned
// function waits for their end.
func (p *publisher) start(ctx context.Context, from int64) (wait func()) {
	var group sync.WaitGroup
	group.Go(func() {
		if err := p.watch(ctx, from); err != nil && ctx.Err() == nil {
			p.log.Error("the store's changes are no longer followed", "error", err)
		}
	})
	for i := range p.edge.queues {
		group.Go(func() { p.edge.run(ctx, i) })
	}
	for i := range p.cells.queues {
		group.Go(func() { p.cells.run(ctx, i) })
	}
	return group.Wait
}
