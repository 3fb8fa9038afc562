package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/apikey"
	"github.com/gatehouse-id/gatehouse/pkg/audit"
	"github.com/gatehouse-id/gatehouse/pkg/bridge"
	"github.com/gatehouse-id/gatehouse/pkg/config"
	"github.com/gatehouse-id/gatehouse/pkg/handoff"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
	"github.com/gatehouse-id/gatehouse/pkg/keyring"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/mail/inbox"
	"github.com/gatehouse-id/gatehouse/pkg/masterkey"
	"github.com/gatehouse-id/gatehouse/pkg/openapi"
	"github.com/gatehouse-id/gatehouse/pkg/password"
	"github.com/gatehouse-id/gatehouse/pkg/picture"
	"github.com/gatehouse-id/gatehouse/pkg/relay"
	"github.com/gatehouse-id/gatehouse/pkg/session"
	"github.com/gatehouse-id/gatehouse/pkg/signin"
	"github.com/gatehouse-id/gatehouse/pkg/social"
	"github.com/gatehouse-id/gatehouse/pkg/store"
	"github.com/gatehouse-id/gatehouse/pkg/token"
)

// App is the whole service over one open store. Its services may be called at once, by the
// server and by commands alike. Close it when done.
type App struct {
	Config   config.Config
	Store    store.Store
	Keys     *keyring.Ring
	APIKeys  *apikey.Service
	Sessions *session.Service
	Accounts *account.Service
	Invites  *invite.Service
	Signin   *signin.Service
	Handoffs *handoff.Service
	Bridge   *bridge.Service
	Pictures *picture.Service
	Social   *social.Service
	Audit    *audit.Log
	Relay    *relay.Relay
	API      *openapi.API // what the routes are, for people and programs

	Log *slog.Logger
	Now func() time.Time

	guard      *limit.Guard
	fairness   *limit.Fairness
	health     health
	placed     []place
	handler    http.Handler
	shield     shieldStats
	metrics    *metrics
	inbox      *inbox.Inbox // of a development server; nil otherwise
	devKey     string       // the publishable key of a development server; set before it serves
	pasetoKeys []byte       // what verifies trust tokens that are no JWT; nil otherwise
	tracing    tracing
}

// Options are what a process chooses beside the configuration. The zero value is usable.
type Options struct {
	Log *slog.Logger
	// Now replaces the clock, in tests.
	Now func() time.Time
	// Store replaces the configured store, in tests. Close closes it too.
	Store store.Store
	// Mail replaces the configured carrier of mails.
	Mail mail.Sender
	// Exclusive takes the lock that keeps a second server off an embedded store.
	Exclusive bool
	// Tracing sends spans by OpenTelemetry, as the OTEL_* variables say.
	Tracing bool
}

// Open builds the service: it opens the store, finds or makes the master key and the signing
// keys, and wires everything together. It starts nothing that runs on its own.
func Open(ctx context.Context, cfg config.Config, opts Options) (*App, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Now == nil {
		opts.Now = clock
	}
	st := opts.Store
	if st == nil {
		var err error
		if st, err = openStore(ctx, cfg, opts); err != nil {
			return nil, err
		}
	}
	a, err := build(ctx, cfg, opts, st)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return a, nil
}

// clock is the time as records keep it: UTC, whole milliseconds.
func clock() time.Time { return time.Now().UTC().Truncate(time.Millisecond) } //nolint:forbidigo // the one place where the clock is read

func build(ctx context.Context, cfg config.Config, opts Options, st store.Store) (*App, error) {
	master, err := findMasterKey(ctx, cfg, st)
	if err != nil {
		return nil, err
	}
	a := &App{Config: cfg, Store: st, Log: opts.Log, Now: opts.Now}
	a.Audit = &audit.Log{Store: st, Key: master.Derive("audit chain")}
	a.Keys = &keyring.Ring{
		Store: st, Master: master, Policy: keyPolicy(cfg), Now: opts.Now, Log: opts.Log,
		MayCreate: func(ctx context.Context) error { return mayCreateKeys(ctx, st) },
		Audit: func(kind, subject string, detail map[string]string) identity.Consequence {
			return audit.Record(identity.Event{At: opts.Now(), Type: kind, Actor: "system", Subject: subject, Detail: detail})
		},
	}
	if err := a.Keys.Open(ctx); err != nil {
		return nil, fmt.Errorf("open signing keys: %w", err)
	}
	if a.tracing, err = openTracing(ctx, opts.Tracing); err != nil {
		return nil, err
	}
	a.buildServices(master)
	if err := a.buildBridge(master); err != nil {
		return nil, err
	}
	if err := a.buildSocial(master); err != nil {
		return nil, err
	}
	if err := a.buildPictures(ctx); err != nil {
		return nil, err
	}
	if err := a.buildCourier(master, opts); err != nil {
		return nil, err
	}
	if err := a.buildHandler(); err != nil {
		return nil, err
	}
	return a, nil
}

func (a *App) buildServices(master masterkey.Key) {
	cfg, st, now := a.Config, a.Store, a.Now
	outbox, links := mail.Outbox{Master: master}, mail.Links{PublicURL: cfg.PublicURL, Origins: cfg.CORSOrigins}
	a.guard = &limit.Guard{Store: st, Now: now, Key: master.Derive("limit subjects"), Off: !cfg.RateLimit}
	a.fairness = &limit.Fairness{Now: now, Off: !cfg.RateLimit}
	hasher := password.New(password.Config{})
	a.APIKeys = &apikey.Service{Store: st, Now: now, Log: a.Log, Audit: audit.Record}
	a.Sessions = &session.Service{
		Store: st, Keys: a.Keys, Minter: token.NewMinter(),
		Verifier: token.NewVerifier(cfg.PublicURL, cfg.Audience[0], a.Keys.PublicKey, now),
		Issuer:   cfg.PublicURL, Audience: cfg.Audience, RefreshKey: master.Derive("refresh tokens"), IDKey: master.Derive("session ids"),
		Lifetimes: session.Lifetimes{
			Access: cfg.AccessTokenTTL, Grace: cfg.RefreshGrace, Idle: cfg.SessionIdle, ID: cfg.SessionIDTTL, Max: cfg.SessionMax,
		},
		Fairness: a.fairness, Refreshes: policy("refresh", cfg.LimitRefresh), Outbox: outbox, Now: now, Log: a.Log,
	}
	a.Accounts = &account.Service{
		Store: st, Passwords: hasher, Sessions: a.Sessions, Guard: a.guard,
		Limits: accountLimits(cfg), Outbox: outbox, Links: links, ResetIDLife: cfg.ArguflowResetTTL, Usable: a.usable,
		Now: now, Log: a.Log,
	}
	a.Invites = &invite.Service{Store: st, Outbox: outbox, Links: links, OfferLife: cfg.ArguflowInvitationTTL, Now: now, Log: a.Log}
	a.Signin = &signin.Service{
		Store: st, Accounts: a.Accounts, Sessions: a.Sessions, Invites: a.Invites, Passwords: hasher, Guard: a.guard,
		Limits: signinLimits(cfg), Registration: signin.Registration(cfg.Registration), Inviters: inviters(cfg),
		RequireVerified: cfg.RequireVerifiedEmail, Now: now, Wait: wait, Log: a.Log,
	}
	a.Handoffs = &handoff.Service{
		Store: st, Sessions: a.Sessions, Accounts: a.Accounts, Key: master.Derive("hand-off"),
		PublicURL: cfg.PublicURL, AppURL: cfg.AppURL, Origins: cfg.CORSOrigins, Now: now,
	}
	a.Relay = &relay.Relay{Store: st, Now: now, Log: a.Log, Handlers: map[identity.ConsequenceKind]relay.Handler{
		audit.Kind:            a.Audit.CarryOutEvents,
		session.CutoffKind:    a.Sessions.CarryOutCutoffs,
		invite.SettleKind:     a.Invites.CarryOutRedemptions,
		account.RequestKind:   a.Accounts.CarryOutRequests,
		account.NewClientKind: a.Accounts.CarryOutNewClients,
		signin.InvitationKind: a.Signin.CarryOutInvitations,
	}}
}

// Handler returns the service's routes behind their shield.
func (a *App) Handler() http.Handler { return a.handler }

// Close carries out what is due, so that a command leaves nothing half done, and closes the
// store.
func (a *App) Close(ctx context.Context) error {
	_, err := a.Relay.Drain(ctx)
	if err != nil {
		a.Log.WarnContext(ctx, "not everything that was due is done; a server will do it", "error", err)
	}
	return errors.Join(a.APIKeys.Flush(ctx), a.tracing.close(ctx), a.Store.Close())
}
