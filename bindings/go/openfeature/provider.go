// SPDX-License-Identifier: MIT

// Package openfeature is a provider for OpenFeature: typed variables of one environment as feature
// flags.
//
// Flags. The key of a flag is the name of a variable; "-" and "." stand for "_", which no name can hold
// (Options.Names changes that). boolean, string (template too), number and json variables are flags of
// type boolean, string, integer or float, and object. A json variable in the form that flagd defines
// ({"state": "ENABLED", "variants": {...}, "defaultVariant": "on", "metadata": {...}}) is a flag of the
// type of its variant, with that variant's name.
//
// The environment is fixed when the provider is made. The evaluation context chooses nothing: there is
// no targeting, and a "targeting" member is ignored.
//
// Reasons. STATIC: the value was read from the snapshot; CACHED: again; DISABLED: the variable is known
// and not set in this environment, or its state is DISABLED; DEFAULT: it has no default variant.
// DISABLED and DEFAULT give the caller's default.
//
// Errors (with the caller's default): FLAG_NOT_FOUND; TYPE_MISMATCH; PARSE_ERROR for a flag of that form
// that is broken; GENERAL for a secret, which is never a flag, and for a value that cannot be read.
//
// Metadata. "environment", "revision" (of the configuration), and where an app is served "app",
// "version", "release"; then what the flag itself has.
//
// Events. Poll looks whether the store changed, and does so every Options.Poll where that is set:
// PROVIDER_CONFIGURATION_CHANGED with the names of the variables that differ, PROVIDER_STALE while the
// store cannot be read (the last snapshot serves on), PROVIDER_READY when it can again.
package openfeature

import (
	"context"
	"errors"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	envres "envres.dev/go"
	of "github.com/open-feature/go-sdk/openfeature"
)

// Options are options of NewProvider. The zero value: no app, polled by hand.
type Options struct {
	// App: flags are read as the app's live release sees them (a release that pins its configuration
	// pins its flags).
	App string
	// Poll is how often to look for changes; 0: when Poll is called.
	Poll time.Duration
	// Names gives the variable of a flag's key; nil: Underscored.
	Names func(key string) string
}

// Underscored is the name of the variable for a flag's key.
func Underscored(key string) string { return strings.NewReplacer("-", "_", ".", "_").Replace(key) }

// Provider serves variables of one environment as flags. Any goroutine may use it.
type Provider struct {
	session     *envres.Session
	environment string
	options     Options
	events      chan of.Event
	snapshot    atomic.Pointer[snapshot]
	polling     sync.Mutex
	isStale     bool // under polling
	life        sync.Mutex
	stop        chan struct{} // under life; nil: no goroutine polls
	ended       sync.WaitGroup
}

// NewProvider makes a provider. The session stays the host's, who closes it after the provider was shut
// down.
func NewProvider(session *envres.Session, environment string, options ...Options) *Provider {
	made := &Provider{session: session, environment: environment, events: make(chan of.Event, 64)}
	if len(options) > 0 {
		made.options = options[len(options)-1]
	}
	if made.options.Names == nil {
		made.options.Names = Underscored
	}
	return made
}

// Metadata gives its name: "envres".
func (p *Provider) Metadata() of.Metadata { return of.Metadata{Name: "envres"} }

// Hooks gives none.
func (p *Provider) Hooks() []of.Hook { return nil }

// EventChannel gives the events, for the SDK.
func (p *Provider) EventChannel() <-chan of.Event { return p.events }

// Init opens the snapshot. PROVIDER_FATAL for what waiting does not mend: no such environment, no key for
// it, damage; any other failure leaves the provider in ERROR until Poll succeeds.
func (p *Provider) Init(of.EvaluationContext) error {
	defer p.start()
	p.polling.Lock()
	defer p.polling.Unlock()
	opened, err := p.open()
	if err == nil {
		p.snapshot.Store(opened)
		return nil
	}
	for _, lasting := range []envres.Family{envres.ErrNotFound, envres.ErrDenied, envres.ErrIntegrity,
		envres.ErrName, envres.ErrClosed} {
		if errors.Is(err, lasting) {
			return &of.ProviderInitError{ErrorCode: of.ProviderFatalCode, Message: err.Error()}
		}
	}
	return err
}

func (p *Provider) open() (*snapshot, error) {
	scope, err := p.session.Scope(p.environment, envres.ScopeOptions{App: p.options.App})
	if err != nil {
		return nil, err
	}
	return newSnapshot(scope), nil
}

func (p *Provider) start() {
	p.life.Lock()
	defer p.life.Unlock()
	if p.options.Poll <= 0 || p.stop != nil {
		return
	}
	stop := make(chan struct{})
	p.stop = stop
	p.ended.Add(1)
	go func() {
		defer p.ended.Done()
		ticker := time.NewTicker(p.options.Poll)
		defer ticker.Stop()
		for {
			select {
			case <-stop:
				return
			case <-ticker.C:
				p.Poll()
			}
		}
	}()
}

// Shutdown ends the polling and lets go of the snapshot. The session stays open.
func (p *Provider) Shutdown() {
	p.life.Lock()
	if p.stop != nil {
		close(p.stop)
		p.stop = nil
	}
	p.life.Unlock()
	p.ended.Wait()
	p.snapshot.Store(nil)
}

// Poll looks whether the store changed, and emits events; whether a new snapshot serves. A store that
// cannot be read is an event, and no error.
func (p *Provider) Poll() bool {
	p.polling.Lock()
	defer p.polling.Unlock()
	old := p.snapshot.Load()
	next, err := p.newer(old)
	if err != nil {
		if !p.isStale && old != nil {
			p.isStale = true
			p.emit(of.ProviderStale, of.ProviderEventDetails{Message: err.Error()})
		}
		return false
	}
	if p.isStale || old == nil {
		p.isStale = false
		p.emit(of.ProviderReady, of.ProviderEventDetails{})
	}
	if next == old {
		return false
	}
	p.snapshot.Store(next)
	if old != nil {
		p.emit(of.ProviderConfigChange, of.ProviderEventDetails{FlagChanges: changed(old.scope, next.scope),
			EventMetadata: next.metadata(nil)})
	}
	return true
}

func (p *Provider) newer(old *snapshot) (*snapshot, error) {
	if old == nil {
		return p.open()
	}
	scope, err := p.session.Latest(old.scope)
	if err != nil || scope == old.scope {
		return old, err
	}
	return newSnapshot(scope), nil
}

// emit hands an event to the SDK; where nobody takes them, the newest are dropped.
func (p *Provider) emit(kind of.EventType, details of.ProviderEventDetails) {
	select {
	case p.events <- of.Event{ProviderName: "envres", EventType: kind, ProviderEventDetails: details}:
	default:
	}
}

// changed gives the names of the variables that differ.
func changed(old, next *envres.Scope) []string {
	names := map[string]bool{}
	for _, name := range append(old.Names(), next.Names()...) {
		names[name] = true
	}
	found := []string{}
	for name := range names {
		if plain(old, name) != plain(next, name) {
			found = append(found, name)
		}
	}
	sort.Strings(found)
	return found
}

// seen is what a flag of a name gives, to be compared; a secret gives nothing.
type seen struct {
	kind envres.Type
	text string
}

func plain(scope *envres.Scope, name string) seen {
	index, err := scope.Find(name)
	if err != nil || scope.IsSecret(index) {
		return seen{}
	}
	text, err := scope.At(index)
	if err != nil {
		return seen{}
	}
	return seen{scope.Type(index), text}
}

// BooleanEvaluation gives a boolean.
func (p *Provider) BooleanEvaluation(_ context.Context, key string, fallback bool,
	_ of.FlattenedContext) of.BoolResolutionDetail {
	value, detail := resolve(p, key, fallback, boolean)
	return of.BoolResolutionDetail{Value: value, ProviderResolutionDetail: detail}
}

// StringEvaluation gives a string.
func (p *Provider) StringEvaluation(_ context.Context, key string, fallback string,
	_ of.FlattenedContext) of.StringResolutionDetail {
	value, detail := resolve(p, key, fallback, str)
	return of.StringResolutionDetail{Value: value, ProviderResolutionDetail: detail}
}

// FloatEvaluation gives a number; an integer that a float64 holds exactly is one too.
func (p *Provider) FloatEvaluation(_ context.Context, key string, fallback float64,
	_ of.FlattenedContext) of.FloatResolutionDetail {
	value, detail := resolve(p, key, fallback, float)
	return of.FloatResolutionDetail{Value: value, ProviderResolutionDetail: detail}
}

// IntEvaluation gives a number that is written as an integer of 64 bits.
func (p *Provider) IntEvaluation(_ context.Context, key string, fallback int64,
	_ of.FlattenedContext) of.IntResolutionDetail {
	value, detail := resolve(p, key, fallback, integer)
	return of.IntResolutionDetail{Value: value, ProviderResolutionDetail: detail}
}

// ObjectEvaluation gives a JSON object or array, of the caller's own to change.
func (p *Provider) ObjectEvaluation(_ context.Context, key string, fallback interface{},
	_ of.FlattenedContext) of.InterfaceResolutionDetail {
	value, detail := resolve(p, key, fallback, object)
	return of.InterfaceResolutionDetail{Value: value, ProviderResolutionDetail: detail}
}

// resolve reads a flag whose value fits.
func resolve[T any](p *Provider, key string, fallback T, fits func(flag) (T, bool)) (T, of.ProviderResolutionDetail) {
	snapshot := p.snapshot.Load()
	if snapshot == nil {
		return fallback, failed(of.NewProviderNotReadyResolutionError("the provider has no snapshot"), nil)
	}
	found, reason, failure := snapshot.flag(key, p.options.Names(key))
	if failure != nil {
		return fallback, failed(*failure, snapshot.metadata(nil))
	}
	detail := of.ProviderResolutionDetail{Reason: reason, Variant: found.variant,
		FlagMetadata: snapshot.metadata(found.metadata)}
	if found.reason != "" {
		detail.Reason = found.reason
		return fallback, detail
	}
	value, ok := fits(found)
	if !ok {
		return fallback, failed(of.NewTypeMismatchResolutionError("the flag '"+key+"' has another type"),
			snapshot.metadata(found.metadata))
	}
	return value, detail
}

func failed(err of.ResolutionError, metadata of.FlagMetadata) of.ProviderResolutionDetail {
	return of.ProviderResolutionDetail{ResolutionError: err, Reason: of.ErrorReason, FlagMetadata: metadata}
}
