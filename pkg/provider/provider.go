package provider

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/outbound"
)

const (
	// patience is how long all calls of one step may take together.
	patience = 10 * time.Second

	maxCode  = 4 << 10 // Microsoft's are more than a kilobyte
	maxToken = 16 << 10
)

// Authorization is one authorization request and what binds its answer to it.
type Authorization struct {
	State       string
	Nonce       string // for OpenID providers
	Verifier    string // the PKCE code verifier (RFC 7636)
	RedirectURI string
}

// Provider is one identity provider. Safe for concurrent use.
type Provider struct {
	config    Config
	known     known
	client    *outbound.Client
	now       func() time.Time
	secret    func() (string, error)
	discovery discovery

	patience, newsWait time.Duration // as the constants, except in tests
}

// Name returns the name that the provider is configured by, such as "google".
func (p *Provider) Name() string { return p.config.Name }

// FormPost reports whether the provider answers with a form rather than a query (OAuth 2.0 Form
// Post Response Mode), so that the callback takes POST as well. Apple asks for that as soon as it
// is asked for more than who somebody is.
func (p *Provider) FormPost() bool {
	return p.config.Name == apple && (slices.Contains(p.known.scopes, "email") || slices.Contains(p.known.scopes, "name"))
}

// AuthURL returns where to send a browser: https, unless the operator has named another place. All
// of a must be set.
func (p *Provider) AuthURL(ctx context.Context, a Authorization) (string, error) {
	if err := p.check(a); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, p.patience)
	defer cancel()
	m, err := p.metadata(ctx)
	if err != nil {
		return "", err
	}
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(a.Verifier)}
	if p.known.openID {
		options = append(options, oidc.Nonce(a.Nonce))
	}
	if p.FormPost() {
		options = append(options, oauth2.SetAuthURLParam("response_mode", "form_post"))
	}
	conf := oauth2.Config{ClientID: p.config.ClientID, RedirectURL: a.RedirectURI, Scopes: p.known.scopes, Endpoint: oauth2.Endpoint{AuthURL: m.authURL}}
	return conf.AuthCodeURL(a.State, options...), nil
}

// check refuses an authorization that something is missing of: what binds an answer is not
// optional (RFC 9700 section 2.1).
func (p *Provider) check(a Authorization) error {
	if a.State == "" || p.known.openID && a.Nonce == "" || len(a.Verifier) < 43 || len(a.Verifier) > 128 || a.RedirectURI == "" {
		return errors.New("provider: an authorization needs a state, a nonce, a verifier and a redirect URI")
	}
	return nil
}

// Exchange redeems the code of the web flow. a is what AuthURL was called with; the caller has
// compared the state.
func (p *Provider) Exchange(ctx context.Context, code string, a Authorization) (identity.Assertion, error) {
	if err := p.check(a); err != nil {
		return identity.Assertion{}, err
	}
	if code == "" || len(code) > maxCode {
		return identity.Assertion{}, p.reject("a code that is none")
	}
	ctx, cancel := context.WithTimeout(ctx, p.patience)
	defer cancel()
	m, err := p.metadata(ctx)
	if err != nil {
		return identity.Assertion{}, err
	}
	token, err := p.redeem(ctx, m, code, a)
	if err != nil {
		return identity.Assertion{}, err
	}
	if !p.known.openID {
		return p.known.lookUp(p, ctx, token.AccessToken)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return identity.Assertion{}, p.fail("token endpoint", errNonsense)
	}
	c, err := p.verify(ctx, m, raw, expected{clients: []string{p.config.ClientID}, nonce: a.Nonce, accessToken: token.AccessToken})
	if err != nil {
		return identity.Assertion{}, err
	}
	return p.complete(ctx, m, c, token.AccessToken)
}

// IDToken verifies an ID token that an app was given for us or for one of the mobile client ids.
// nonce is empty when the caller sent none. It is good for ten minutes, and more than once: the
// caller refuses what it has seen before, by what stands before the last dot. That text has one
// spelling; signatures of some algorithms have two.
func (p *Provider) IDToken(ctx context.Context, raw, nonce string) (identity.Assertion, error) {
	if !p.known.openID {
		return identity.Assertion{}, ErrIDTokenUnsupported
	}
	ctx, cancel := context.WithTimeout(ctx, p.patience)
	defer cancel()
	m, err := p.metadata(ctx)
	if err != nil {
		return identity.Assertion{}, err
	}
	c, err := p.verify(ctx, m, raw, expected{clients: p.clients(), nonce: nonce, maxAge: maxAge})
	if err != nil {
		return identity.Assertion{}, err
	}
	return p.assertion(c), nil
}

// AccessToken asks the provider whom an access token is of, once it has said that the token was
// made for us: any other service's token would do as well otherwise.
func (p *Provider) AccessToken(ctx context.Context, raw string) (identity.Assertion, error) {
	if p.known.owner == nil {
		return identity.Assertion{}, ErrAccessTokenUnsupported
	}
	if raw == "" || len(raw) > maxToken || !isToken(raw) {
		return identity.Assertion{}, p.reject("an access token that is none")
	}
	ctx, cancel := context.WithTimeout(ctx, p.patience)
	defer cancel()
	owner, err := p.known.owner(p, ctx, raw)
	if err != nil {
		return identity.Assertion{}, err
	}
	a, err := p.whose(ctx, raw)
	if err == nil && a.Subject != owner {
		err = p.reject("an access token of two users")
	}
	if err != nil {
		return identity.Assertion{}, err
	}
	return a, nil
}

// whose returns who an access token is of, however it was come by.
func (p *Provider) whose(ctx context.Context, token string) (identity.Assertion, error) {
	if !p.known.openID {
		return p.known.lookUp(p, ctx, token)
	}
	m, err := p.metadata(ctx)
	if err != nil {
		return identity.Assertion{}, err
	}
	c, err := p.userinfo(ctx, m, token)
	if err != nil {
		return identity.Assertion{}, err
	}
	return p.assertion(c), nil
}

// CheckIssuer checks the parameter iss of an authorization response; empty is none. A provider that
// says it sends one must (RFC 9207 section 2.4). Plain OAuth providers are not told apart by it:
// each has a redirect URI of its own for that.
func (p *Provider) CheckIssuer(ctx context.Context, iss string) error {
	if !p.known.openID {
		return nil
	}
	m, err := p.metadata(ctx)
	switch {
	case err != nil:
		return err
	case iss == "" && !m.sendsIssuer, iss != "" && m.isIssuer(iss, tenantOf(m.issuer, iss)):
		return nil
	}
	return p.reject("an answer of another issuer")
}

// clients returns the client ids whose tokens the API flow takes.
func (p *Provider) clients() []string {
	return append([]string{p.config.ClientID}, p.config.MobileClientIDs...)
}

// isToken accepts what may stand in a header and was ever a token (RFC 6750 section 2.1 allows less).
func isToken(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != ""
}

// reject and fail name the provider in the private cause and nothing that it said.
func (p *Provider) reject(what string) error {
	return ErrRejected.With(errors.New(p.config.Name + ": " + what))
}

func (p *Provider) fail(what string, err error) error {
	return ErrUnavailable.With(fmt.Errorf("%s: %s: %w", p.config.Name, what, err))
}

// callable reports whether the client may call a URL, or a browser be sent there.
func (p *Provider) callable(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Fragment == "" && p.client.Check(u) == nil
}
