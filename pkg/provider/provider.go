package provider

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/outbound"
)

// Config is one provider as the operator has set it up. What is empty has the default of the
// provider that Name names: google, microsoft, apple, github, facebook or discord. Any other name
// is an OpenID provider and needs Issuer.
type Config struct {
	Name         string // lower-case letters and digits
	ClientID     string
	ClientSecret string // of apple the private key, as PEM
	Scopes       []string
	Issuer       string // of OpenID providers
	AuthURL      string
	TokenURL     string
	UserinfoURL  string
	TokenInfoURL string // where an access token proves its audience
	TeamID       string // of apple
	KeyID        string // of apple
	// MobileClientIDs are the client ids of the operator's apps at this provider, whose tokens the
	// API flow takes beside those of ClientID.
	MobileClientIDs []string
}

// Authorization is one authorization request and what binds its answer to it.
type Authorization struct {
	State       string
	Nonce       string // for OpenID providers
	Verifier    string // the PKCE code verifier (RFC 7636)
	RedirectURI string
}

// Provider is one identity provider. Safe for concurrent use.
type Provider struct {
	config Config
	client *outbound.Client
	now    func() time.Time
}

// New returns a provider. It does no network: what a provider says of itself is fetched when it is
// first needed. The error says what is missing in the configuration.
func New(c Config, client *outbound.Client, now func() time.Time) (*Provider, error) {
	return &Provider{config: c, client: client, now: now}, nil
}

// Name returns the name that the provider is configured by, such as "google".
func (p *Provider) Name() string { return p.config.Name }

// FormPost reports whether the provider answers with a form rather than a query (OAuth 2.0 Form
// Post Response Mode), so that the callback takes POST as well.
func (p *Provider) FormPost() bool { return false }

// AuthURL returns where to send a browser, https unless the operator has said otherwise.
func (p *Provider) AuthURL(ctx context.Context, a Authorization) (string, error) {
	return "", ErrUnavailable
}

// Exchange redeems the code of the web flow. a is what AuthURL was called with.
func (p *Provider) Exchange(ctx context.Context, code string, a Authorization) (identity.Assertion, error) {
	return identity.Assertion{}, ErrUnavailable
}

// IDToken verifies an ID token that an app was given. nonce is empty when the caller sent none. The
// caller refuses a token that it has seen before: it is good for ten minutes.
func (p *Provider) IDToken(ctx context.Context, raw, nonce string) (identity.Assertion, error) {
	return identity.Assertion{}, ErrUnavailable
}

// AccessToken asks the provider whom an access token is of and whom it was made for.
func (p *Provider) AccessToken(ctx context.Context, raw string) (identity.Assertion, error) {
	return identity.Assertion{}, ErrAccessTokenUnsupported
}

// CheckIssuer checks the parameter iss of an authorization response (RFC 9207); empty is none.
func (p *Provider) CheckIssuer(ctx context.Context, iss string) error { return nil }
