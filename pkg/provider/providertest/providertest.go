// Package providertest owns identity providers to test against, on loopback: OpenID providers are
// oauth2-proxy/mockoidc behind a front that counts, delays and breaks; the plain OAuth ones are
// small stand-ins that answer with the fields that those providers document.
//
// It refuses to be a provider: it takes everybody's word for who they are.
package providertest

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/provider"
)

// The client that every provider knows, and the one of an app.
const (
	ClientID       = "gatehouse-web"
	ClientSecret   = "gatehouse-web-secret"
	MobileClientID = "gatehouse-mobile"
	OtherClientID  = "somebody-else" // another service at the same provider
)

// User is who signs in at a provider.
type User struct {
	Subject  string // digits, so that every provider can have it
	Email    string
	Verified bool
	Name     string
	Picture  string
}

// Provider is one that runs. Safe for concurrent use.
type Provider struct {
	Name string
	URL  string // of its server: http, loopback, without a path

	kind   kind
	config provider.Config

	mu      sync.Mutex
	user    User
	now     func() time.Time
	hits    map[string]int
	down    bool
	held    chan struct{} // closed when calls may go on; nil when none is held
	answers map[string]http.HandlerFunc
}

// kind is what kinds of providers have of their own.
type kind interface {
	// serve answers a call. The provider's lock is held.
	serve(w http.ResponseWriter, r *http.Request)
	// accessToken makes one for the current user and a client. The lock is held.
	accessToken(client string, expires time.Time) string
}

// Start runs a provider until the test ends. The names google, microsoft, apple, github, facebook
// and discord are those providers; every other name is an OpenID provider.
func Start(t testing.TB, name string, u User) *Provider {
	t.Helper()
	p := &Provider{Name: name, user: u, now: time.Now, hits: map[string]int{}, answers: map[string]http.HandlerFunc{}} //nolint:forbidigo // what a test does not replace
	srv := httptest.NewServer(http.HandlerFunc(p.front))
	t.Cleanup(func() { p.Release(); srv.CloseClientConnections(); srv.Close() })
	p.URL = srv.URL
	p.config = provider.Config{Name: name, ClientID: ClientID, ClientSecret: ClientSecret}
	switch name {
	case "github", "facebook", "discord":
		p.kind = newPlain(p)
	default:
		p.kind = newOpenID(t, p)
	}
	return p
}

// front is the server: it counts, and holds or breaks a call before it is answered.
func (p *Provider) front(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.hits[r.URL.Path]++
	held, down := p.held, p.down
	p.mu.Unlock()
	if held != nil {
		select {
		case <-held:
		case <-r.Context().Done():
			return
		}
	}
	if down {
		panic(http.ErrAbortHandler) // the connection ends without a word
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if answer := p.answers[r.URL.Path]; answer != nil {
		answer(w, r)
		return
	}
	p.kind.serve(w, r)
}

// Config returns what provider.New takes to use the provider.
func (p *Provider) Config() provider.Config { return p.config }

// URLs returns what outbound.New takes to reach it.
func (p *Provider) URLs() []string {
	c := p.config
	return slices.DeleteFunc([]string{c.Issuer, c.AuthURL, c.TokenURL, c.UserinfoURL, c.TokenInfoURL}, func(s string) bool { return s == "" })
}

// Env returns the variables that point Gatehouse at the provider, as NAME=VALUE.
func (p *Provider) Env() []string {
	c := p.config
	var out []string
	for _, v := range []struct{ part, value string }{
		{"CLIENT_ID", c.ClientID},
		{"CLIENT_SECRET", c.ClientSecret},
		{"SCOPES", strings.Join(c.Scopes, ",")},
		{"ISSUER", c.Issuer},
		{"AUTH_URL", c.AuthURL},
		{"TOKEN_URL", c.TokenURL},
		{"USERINFO_URL", c.UserinfoURL},
		{"TOKEN_INFO_URL", c.TokenInfoURL},
		{"TEAM_ID", c.TeamID},
		{"KEY_ID", c.KeyID},
		{"MOBILE_CLIENT_IDS", strings.Join(c.MobileClientIDs, ",")},
	} {
		if v.value != "" {
			out = append(out, "GATEHOUSE_SOCIAL_"+strings.ToUpper(p.Name)+"_"+v.part+"="+v.value)
		}
	}
	return out
}

// SignIn changes who signs in from now on.
func (p *Provider) SignIn(u User) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.user = u
}

// Clock gives the provider another clock than that of the machine.
func (p *Provider) Clock(now func() time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = now
}

// Hits returns how many calls of paths there were, of all paths when none is given.
func (p *Provider) Hits(paths ...string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for path, more := range p.hits {
		if len(paths) == 0 || slices.Contains(paths, path) {
			n += more
		}
	}
	return n
}

// Hold lets calls wait until Release, or until their callers lose patience.
func (p *Provider) Hold() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held == nil {
		p.held = make(chan struct{})
	}
}

// Release lets go on what Hold has stopped.
func (p *Provider) Release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held != nil {
		close(p.held)
		p.held = nil
	}
}

// Down breaks the connection of every call, or lets them be answered again.
func (p *Provider) Down(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

// Answer replaces what a path answers; nil gives it back.
func (p *Provider) Answer(path string, h http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers[path] = h
}

// AccessToken makes an access token of the current user for a client, good for an hour, as an app
// would have got one.
func (p *Provider) AccessToken(client string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.kind.accessToken(client, p.now().Add(time.Hour))
}

// ExpiredAccessToken is AccessToken a while later.
func (p *Provider) ExpiredAccessToken(client string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.kind.accessToken(client, p.now().Add(-time.Second))
}

// Alias lets another path answer as one does.
func (p *Provider) Alias(path, as string) {
	p.Answer(path, func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = as
		p.kind.serve(w, r)
	})
}

// Time returns what the provider takes for now.
func (p *Provider) Time() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now()
}
