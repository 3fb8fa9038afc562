package provider

import (
	"time"

	"github.com/go-json-experiment/json"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// Wait has everybody wait so long for news of a known provider, and for all calls of one step.
func (p *Provider) Wait(news, all time.Duration) { p.newsWait, p.patience = news, all }

// Waits returns how long everybody waits for news, and for all calls of one step.
func Waits() []time.Duration { return []time.Duration{newsWait, patience} }

// OneLine is what becomes of a name.
func OneLine(s string) string { return oneLine(s) }

// Short is what is told of an error's code.
func Short(code string) string { return short(code) }

// IsIDToken looks at a token before it is verified.
func IsIDToken(raw string) bool { return isIDToken(raw) }

// Secret returns what the provider is told as client secret.
func (p *Provider) Secret() (string, error) { return p.secret() }

// Read returns what claims would prove if their signature were good.
func (p *Provider) Read(text []byte) (identity.Assertion, bool) {
	var c claims
	if json.Unmarshal(text, &c) != nil {
		return identity.Assertion{}, false
	}
	return p.assertion(c), c.isFor([]string{p.config.ClientID})
}

// Endpoints returns what is known of where a provider is before it is asked.
func (p *Provider) Endpoints() []string {
	k := p.known
	return []string{k.issuer, k.authURL, k.tokenURL, k.userinfoURL, k.tokenInfoURL}
}

// IsGoogle reports whether iss is another spelling of an issuer.
func IsGoogle(issuer, iss string) bool { return isGoogle(issuer, iss) }
