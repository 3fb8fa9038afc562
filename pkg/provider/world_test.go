package provider_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/outbound"
	"github.com/gatehouse-id/gatehouse/pkg/provider"
	"github.com/gatehouse-id/gatehouse/pkg/provider/providertest"
)

const (
	verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	redirect = "https://id.example.com/auth/social/x/callback"
)

func authorization() provider.Authorization {
	return provider.Authorization{State: "the-state", Nonce: "the-nonce", Verifier: verifier, RedirectURI: redirect}
}

func jane() providertest.User {
	return providertest.User{Subject: "110169484474386276", Email: "jane@example.com", Verified: true, Name: "Jane Doe", Picture: "https://pictures.example.com/jane.png"}
}

// clock is both sides' time.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// start runs a provider and what talks to it, at one time.
func start(t *testing.T, name string, change ...func(*provider.Config)) (*provider.Provider, *providertest.Provider, *clock) {
	t.Helper()
	at := &clock{now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	there := providertest.Start(t, name, jane())
	there.Clock(at.Now)
	client, err := outbound.New(there.URLs()...)
	if err != nil {
		t.Fatal(err)
	}
	client.HTTP().Timeout = time.Hour // no test waits for it
	config := there.Config()
	for _, c := range change {
		c(&config)
	}
	p, err := provider.New(config, client, at.Now)
	if err != nil {
		t.Fatal(err)
	}
	p.Wait(time.Hour, time.Hour)
	return p, there, at
}

// code goes through the browser's part of the web flow.
func code(t *testing.T, p *provider.Provider, there *providertest.Provider, a provider.Authorization) string {
	t.Helper()
	at, err := p.AuthURL(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	back := there.Authorize(t, at)
	if got := back.Values().Get("state"); got != a.State || !strings.HasPrefix(back.URL.String(), redirect) || (back.Form != nil) != p.FormPost() {
		t.Fatalf("came back to %s with state %q, form %v", back.URL, got, back.Form)
	}
	return back.Values().Get("code")
}

// wants checks the fault, and that its private cause tells nothing it should not.
func wants(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
	if err == nil {
		return
	}
	for _, secret := range []string{"://", providertest.ClientSecret, "tok_", "eyJ", "PRIVATE KEY", "<html>", "127.0.0.1"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error tells %q: %v", secret, err)
		}
	}
}

// short is a context for a provider that does not answer.
func short(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}
