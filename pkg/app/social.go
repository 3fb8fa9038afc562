package app

import (
	"fmt"
	neturl "net/url"
	"strings"

	"github.com/gatehouse-id/gatehouse/pkg/config"
	"github.com/gatehouse-id/gatehouse/pkg/masterkey"
	"github.com/gatehouse-id/gatehouse/pkg/outbound"
	"github.com/gatehouse-id/gatehouse/pkg/provider"
	"github.com/gatehouse-id/gatehouse/pkg/social"
)

// buildSocial builds the flows of signing in with the configured identity providers. It asks none
// of them anything: one that is down keeps nobody from starting the service.
func (a *App) buildSocial(master masterkey.Key) error {
	var named []string
	for _, c := range a.Config.Social {
		named = append(named, c.URLs()...)
	}
	client, err := outbound.New(named...)
	if err != nil {
		return fmt.Errorf("identity providers: %w", err)
	}
	var all []*provider.Provider
	for _, c := range a.Config.Social {
		p, err := provider.New(providerConfig(c), client, a.Now)
		if err != nil {
			return fmt.Errorf("GATEHOUSE_SOCIAL_%s: %w", strings.ToUpper(c.Name), err)
		}
		all = append(all, p)
	}
	a.Social = &social.Service{
		Providers: providers{provider.NewSet(all...)}, Signin: a.Signin, Accounts: a.Accounts, Sessions: a.Sessions, Store: a.Store,
		Guard: a.guard, Limits: socialLimits(a.Config), Key: master.Derive("social sign-in"),
		PublicURL: a.Config.PublicURL, AppURL: a.Config.AppURL, Origins: a.Config.CORSOrigins, Now: a.Now, Log: a.Log,
	}
	return nil
}

func providerConfig(c config.Social) provider.Config {
	return provider.Config{
		Name: c.Name, ClientID: c.ClientID, ClientSecret: c.ClientSecret.Reveal(), Scopes: c.Scopes, Issuer: c.Issuer,
		AuthURL: c.AuthURL, TokenURL: c.TokenURL, UserinfoURL: c.UserinfoURL, TokenInfoURL: c.TokenInfoURL,
		TeamID: c.TeamID, KeyID: c.KeyID, MobileClientIDs: c.MobileClientIDs,
	}
}

// usable reports whether people can sign in by their identity at a provider of this name.
func (a *App) usable(name string) bool {
	_, err := a.Social.Providers.Get(name)
	return err == nil
}

// socialLimits: an address may sign in with providers as often as it may try passwords.
func socialLimits(cfg config.Config) social.Limits {
	all := policy("social", cfg.LimitLogin)
	all.Limit *= 10
	start := all
	start.Name = "social_start"
	return social.Limits{Start: start, Answer: all}
}

// providers are a provider.Set as the flows see it.
type providers struct{ *provider.Set }

func (p providers) Get(name string) (social.Provider, error) {
	found, err := p.Set.Get(name)
	if err != nil {
		return nil, err
	}
	return found, nil
}

// baseOf returns the URL under which clients reach what is mounted at m. Nothing that a client
// sends has a part in it.
func (a *App) baseOf(m config.Mount) string {
	if m.Host == "" {
		return a.Config.PublicURL + m.Prefix
	}
	u, err := neturl.Parse(a.Config.PublicURL)
	if err != nil {
		return a.Config.PublicURL + m.Prefix // the configuration has checked that it is one
	}
	host := m.Host
	if port := u.Port(); port != "" {
		host += ":" + port
	}
	return u.Scheme + "://" + host + m.Prefix
}
