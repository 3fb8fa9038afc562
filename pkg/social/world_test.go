package social_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/provider"
	"github.com/gatehouse-id/gatehouse/pkg/session"
	"github.com/gatehouse-id/gatehouse/pkg/social"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

const (
	callback = "https://id.example.com/flowless/auth/social/google/callback"
	issuer   = "https://accounts.example.com"
)

// browser is who asks.
var browser = identity.Actor{Client: identity.Client{IP: "192.0.2.7", UserAgent: "Firefox"}}

// idp is a provider as the service sees one. It gives a code for each authorization URL and
// redeems it for whoever shows what belongs to it.
type idp struct {
	mu        sync.Mutex
	name      string
	issued    map[string]provider.Authorization // by code
	exchanges int
	asked     int
	hang      chan struct{} // closed when it may answer; nil answers at once
	fail      error
	as        string // whom it vouches for instead of itself
}

func (p *idp) AuthURL(ctx context.Context, a provider.Authorization) (string, error) {
	if err := p.wait(ctx); err != nil {
		return "", err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	code := opaque.Random(20)
	p.issued[code] = a
	q := url.Values{"state": {a.State}, "code": {code}}
	return "https://" + p.name + ".example/authorize?" + q.Encode(), p.fail
}

func (p *idp) Exchange(ctx context.Context, code string, a provider.Authorization) (identity.Assertion, error) {
	if err := p.wait(ctx); err != nil {
		return identity.Assertion{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.exchanges++
	if want, ok := p.issued[code]; !ok || want != a {
		return identity.Assertion{}, provider.ErrRejected
	}
	return p.says("ada"), p.fail
}

func (p *idp) IDToken(ctx context.Context, raw, nonce string) (identity.Assertion, error) {
	if err := p.wait(ctx); err != nil {
		return identity.Assertion{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	if strings.Contains(raw, "forged") || nonce != "" && nonce != "of the app" {
		return identity.Assertion{}, provider.ErrRejected
	}
	return p.says("ada"), p.fail
}

func (p *idp) AccessToken(ctx context.Context, raw string) (identity.Assertion, error) {
	if err := p.wait(ctx); err != nil {
		return identity.Assertion{}, err
	}
	if raw == "foreign" {
		return identity.Assertion{}, provider.ErrRejected
	}
	return p.says("ada"), p.fail
}

func (p *idp) CheckIssuer(_ context.Context, iss string) error {
	if iss != "" && iss != issuer {
		return provider.ErrRejected
	}
	return nil
}

// idps are providers by name.
type idps map[string]*idp

func (all idps) Get(name string) (social.Provider, error) {
	if all[name] == nil {
		return nil, provider.ErrUnknown
	}
	return all[name], nil
}

func (all idps) Names() []string { return slices.Sorted(maps.Keys(all)) }

func (p *idp) says(subject string) identity.Assertion {
	name := p.name
	if p.as != "" {
		name = p.as
	}
	return identity.Assertion{Provider: name, Subject: subject}
}

func (p *idp) wait(ctx context.Context) error {
	if p.hang == nil {
		return nil
	}
	select {
	case <-p.hang:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// world is everything around the service: who was let in, who was linked, and which sessions live.
type world struct {
	*social.Service
	clock  *dialecttest.Clock
	google *idp
	evil   *idp
	log    *dialecttest.Log

	mu      sync.Mutex
	entered []identity.Assertion
	linked  map[string][]identity.Assertion // by user
	living  map[string]identity.User        // by session

	invitations []string // of those who were let in
}

func (w *world) Assert(_ context.Context, by identity.Actor, a identity.Assertion, invitation string) (session.Grant, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if by.User != nil || by.Session != nil {
		return session.Grant{}, errors.New("somebody signs somebody else in")
	}
	w.entered, w.invitations = append(w.entered, a), append(w.invitations, invitation)
	return session.Grant{User: identity.User{ID: "user of " + a.Subject}}, nil
}

func (w *world) MayLink(by identity.Actor) error {
	if by.Session.ID == "session of an old hand" {
		return account.ErrReauth
	}
	return nil
}

func (w *world) Link(_ context.Context, by identity.Actor, a identity.Assertion) (identity.User, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if by.User == nil || by.Session == nil {
		return identity.User{}, errors.New("nobody links")
	}
	w.linked[by.User.ID] = append(w.linked[by.User.ID], a)
	return *by.User, nil
}

func (w *world) Living(_ context.Context, id string) (identity.User, identity.Session, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	u, ok := w.living[id]
	if !ok {
		return identity.User{}, identity.Session{}, session.ErrSessionEnded
	}
	return u, identity.Session{ID: id, UserID: u.ID}, nil
}

// signedIn is somebody who has a session.
func (w *world) signedIn(name string) identity.Actor {
	by := browser
	by.User, by.Session = &identity.User{ID: name}, &identity.Session{ID: "session of " + name, UserID: name}
	w.living[by.Session.ID] = *by.User
	return by
}

// lives returns how many people were let in or linked.
func (w *world) changes() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(w.entered)
	for _, all := range w.linked {
		n += len(all)
	}
	return n
}

func newWorld(t testing.TB, open dialecttest.Opener, change ...func(*social.Service)) *world {
	t.Helper()
	w := &world{
		clock: dialecttest.NewClock(), log: &dialecttest.Log{}, linked: map[string][]identity.Assertion{}, living: map[string]identity.User{},
		google: &idp{name: "google", issued: map[string]provider.Authorization{}}, evil: &idp{name: "evil", issued: map[string]provider.Authorization{}},
	}
	w.Service = w.node(open(t, w.clock.Now))
	for _, f := range change {
		f(w.Service)
	}
	return w
}

// node returns one more service over the same world.
func (w *world) node(st store.Counters) *social.Service {
	s := &social.Service{
		Providers: idps{"google": w.google, "evil": w.evil},
		Signin:    w, Accounts: w, Sessions: w, Store: st,
		Guard: &limit.Guard{Store: st, Now: w.clock.Now, Key: []byte("a key of the guard's, in this test")},
		Limits: social.Limits{
			Start:  limit.Policy{Name: "social_start", Limit: 1000, Window: time.Minute},
			Answer: limit.Policy{Name: "social_answer", Limit: 1000, Window: time.Minute},
		},
		Key: []byte("thirty-two bytes that are no key"), PublicURL: "https://id.example.com", AppURL: "/app/",
		Origins: []string{"https://app.example.org"}, Now: w.clock.Now,
		Log: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	s.Wait(time.Hour) // no test waits for it
	return s
}

// begin begins a flow and returns what a browser brings back in the end.
func (w *world) begin(t testing.TB, q social.Start) social.Answer {
	t.Helper()
	if q.Provider == "" {
		q.Provider = "google"
	}
	if q.RedirectURI == "" {
		q.RedirectURI = callback
	}
	b, err := w.Begin(t.Context(), browser, q)
	if err != nil {
		t.Fatal(err)
	}
	return w.back(t, q, b)
}

func (w *world) back(t testing.TB, q social.Start, b social.Begun) social.Answer {
	t.Helper()
	at, err := url.Parse(b.URL)
	if err != nil {
		t.Fatal(err)
	}
	held := social.Cookies{b.Cookie.Name: b.Cookie.Value}
	for name, value := range q.Cookies {
		if name != b.Cookie.Name {
			held[name] = value
		}
	}
	return social.Answer{
		Provider: q.Provider, RedirectURI: q.RedirectURI, State: at.Query().Get("state"), Code: at.Query().Get("code"), Cookies: held,
	}
}

// refused fails unless an answer is refused in this way, and has no effect.
func (w *world) refused(t *testing.T, a social.Answer, want error) {
	t.Helper()
	before := w.changes()
	if got, err := w.Finish(t.Context(), browser, a); !errors.Is(err, want) {
		t.Errorf("got %+v, %v; want %v", got, err, want)
	}
	if w.changes() != before {
		t.Error("somebody was let in or linked")
	}
}
