package provider

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

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

// providerName has no colon, which separates it from the subject in identifiers.
var providerName = regexp.MustCompile(`^[a-z0-9]{1,24}$`)

// New returns a provider. It does no network: what a provider says of itself is fetched when it is
// first needed. The error says what is missing in the configuration.
func New(c Config, client *outbound.Client, now func() time.Time) (*Provider, error) {
	if !providerName.MatchString(c.Name) {
		return nil, errors.New("provider: a name is lower-case letters and digits")
	}
	p := &Provider{
		config: c, known: lookKnown(c.Name, c.ClientID).with(c), client: client, now: now,
		patience: patience, newsWait: newsWait,
	}
	switch {
	case c.ClientID == "" || c.ClientSecret == "":
		return nil, fmt.Errorf("provider: %s needs a client id and a secret", c.Name)
	case p.known.openID && p.known.issuer == "":
		return nil, fmt.Errorf("provider: %s needs an issuer", c.Name)
	}
	if p.known.openID && !slices.Contains(p.known.scopes, "openid") {
		p.known.scopes = append([]string{"openid"}, p.known.scopes...)
	}
	p.secret = func() (string, error) { return c.ClientSecret, nil }
	if c.Name == apple {
		signer, err := newAppleSecret(c, p.known.issuer, now)
		if err != nil {
			return nil, err
		}
		p.secret = signer.get
	}
	for _, at := range []string{p.known.issuer, p.known.authURL, p.known.tokenURL, p.known.userinfoURL, p.known.tokenInfoURL} {
		if at != "" && !p.callable(at) {
			return nil, fmt.Errorf("provider: a URL of %s is neither https nor named to the client that calls it", c.Name)
		}
	}
	p.discovery.provider = p
	return p, nil
}
