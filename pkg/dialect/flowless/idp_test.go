package flowless_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/provider"
	"github.com/gatehouse-id/gatehouse/pkg/social"
)

// idp stands for an identity provider: whoever comes is who says tells. What providers really
// send is tested where they are spoken to.
type idp struct {
	name string

	mu     sync.Mutex
	says   identity.Assertion // of whoever comes now
	issued map[string]grant   // by code
}

type grant struct {
	provider.Authorization
	who identity.Assertion
}

// idps are the providers of a service.
type idps map[string]*idp

func (all idps) Get(name string) (social.Provider, error) {
	if all[name] == nil {
		return nil, provider.ErrUnknown
	}
	return all[name], nil
}

func (all idps) Names() []string { return slices.Sorted(maps.Keys(all)) }

// provided gives services google, and a provider of the operator's own called acme.
func provided(nodes ...*dialecttest.Server) idps {
	all := idps{}
	for _, name := range []string{"google", "acme"} {
		all[name] = &idp{name: name, issued: map[string]grant{}}
	}
	for _, n := range nodes {
		n.App.Social.Providers = all
	}
	return all
}

// is has somebody with a verified address come.
func (p *idp) is(subject, email string) { p.vouches(subject, email, true) }

func (p *idp) vouches(subject, email string, verified bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.says = identity.Assertion{
		Provider: p.name, Subject: subject, Email: email, EmailVerified: verified, Name: "John Doe", Picture: "https://example.com/avatar.jpg",
	}
}

func (p *idp) AuthURL(_ context.Context, a provider.Authorization) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	code := opaque.Random(20)
	p.issued[code] = grant{a, p.says}
	q := url.Values{"state": {a.State}, "code": {code}, "redirect_uri": {a.RedirectURI}}
	return "https://" + p.name + ".example/authorize?" + q.Encode(), nil
}

func (p *idp) Exchange(_ context.Context, code string, a provider.Authorization) (identity.Assertion, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g, ok := p.issued[code]
	if delete(p.issued, code); !ok || g.Authorization != a {
		return identity.Assertion{}, provider.ErrRejected
	}
	return g.who, nil
}

// token returns an ID token of whoever comes now.
func (p *idp) token(s *dialecttest.Server) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	claims, _ := json.Marshal(map[string]any{"who": p.says, "exp": s.Clock.Now().Add(time.Hour).Unix(), "jti": opaque.Random(8)})
	return "e30." + base64.RawURLEncoding.EncodeToString(claims) + ".c2ln"
}

func (p *idp) IDToken(_ context.Context, raw, nonce string) (identity.Assertion, error) {
	var claims struct{ Who identity.Assertion }
	parts := strings.Split(raw, ".")
	if len(parts) != 3 || nonce != "" && nonce != "of-the-app" {
		return identity.Assertion{}, provider.ErrRejected
	}
	plain, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(plain, &claims) != nil || claims.Who.Provider != p.name {
		return identity.Assertion{}, provider.ErrRejected
	}
	return claims.Who, nil
}

func (p *idp) AccessToken(_ context.Context, raw string) (identity.Assertion, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.name != "google":
		return identity.Assertion{}, provider.ErrAccessTokenUnsupported
	case raw != "made-for-us":
		return identity.Assertion{}, provider.ErrRejected
	}
	return p.says, nil
}

func (p *idp) CheckIssuer(_ context.Context, iss string) error {
	if iss != "" && iss != "https://"+p.name+".example" {
		return provider.ErrRejected
	}
	return nil
}

// browser keeps cookies as browsers do, as far as these tests need it.
type browser struct {
	*dialecttest.Server
	jar map[string]string
}

func newBrowser(s *dialecttest.Server) *browser { return &browser{s, map[string]string{}} }

// goes sends a request with the browser's cookies and keeps those that come back.
func (b *browser) goes(t *testing.T, q dialecttest.Request) dialecttest.Response {
	t.Helper()
	var all []string
	for name, value := range b.jar {
		all = append(all, name+"="+value)
	}
	q.Header = maps.Clone(q.Header)
	if len(all) > 0 {
		if q.Header == nil {
			q.Header = map[string]string{}
		}
		q.Header["Cookie"] = strings.Join(all, "; ")
	}
	r := b.Do(t, q)
	for _, c := range cookies(r) {
		if c.MaxAge < 0 {
			delete(b.jar, c.Name)
		} else {
			b.jar[c.Name] = c.Value
		}
	}
	return r
}

// sent begins a flow and returns what the provider answers with.
func (b *browser) sent(t *testing.T, path string) url.Values {
	t.Helper()
	r := b.goes(t, dialecttest.Request{Path: path})
	at, err := url.Parse(r.Header.Get("Location"))
	if r.Status != http.StatusFound || err != nil || at.Path != "/authorize" {
		t.Fatalf("%s: %d %s leads to %q", path, r.Status, r.Body, r.Header.Get("Location"))
	}
	return at.Query()
}

// back brings an answer to the callback that it is for.
func (b *browser) back(t *testing.T, answer url.Values) dialecttest.Response {
	t.Helper()
	return b.goes(t, dialecttest.Request{Path: returning(t, answer)})
}

// returning is the path that a provider sends a browser to.
func returning(t *testing.T, answer url.Values) string {
	t.Helper()
	at, err := url.Parse(answer.Get("redirect_uri"))
	if err != nil {
		t.Fatal(err)
	}
	answer = maps.Clone(answer)
	answer.Del("redirect_uri")
	return at.Path + "?" + answer.Encode()
}
