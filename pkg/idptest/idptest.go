// Package idptest starts a whole Gatehouse in one line, for the tests of services that take
// its tokens:
//
//	idp := idptest.Start(t)
//	v, err := verify.New(t.Context(), idp.URL, verify.Audience(idp.Audience), verify.Clock(idp.Now))
//	ada := idp.User(t, "ada@example.com") // ada.AccessToken
//
// It is the real service with a database file of its own, on a loopback port that is also its
// issuer: every route works. Three things are for tests: passwords are hashed cheaply, nothing
// is limited, and the clock can be advanced. It owns no behaviour and is for tests only.
package idptest

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/apikey"
	"github.com/gatehouse-id/gatehouse/pkg/app"
	"github.com/gatehouse-id/gatehouse/pkg/config"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
)

// Server is a running Gatehouse. Its methods fail the test when they cannot do what they say;
// they may be called from the test's own goroutine only, except Now.
type Server struct {
	URL         string // its address and its issuer
	Audience    string // the first aud of its tokens: "my-api", unless a setting says otherwise
	Publishable string // an API key for apps
	Secret      string // an API key for servers, with every scope

	app      *app.App
	clock    clock
	password string // of every user
}

// operator acts like somebody at the command line.
var operator = identity.Actor{CLI: true}

// Start starts a server that stops when the test ends. Settings are variables such as
// "GATEHOUSE_REGISTRATION=invite"; see docs/operations.md.
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	s := &Server{password: opaque.Random(20)}
	web := httptest.NewUnstartedServer(nil)
	t.Cleanup(web.Close)
	s.URL = "http://" + web.Listener.Addr().String()
	dir := t.TempDir()
	cfg, err := config.FromEnv(last(append([]string{
		"GATEHOUSE_PUBLIC_URL=" + s.URL, "GATEHOUSE_AUDIENCE=my-api", "GATEHOUSE_RATE_LIMIT=off",
		"GATEHOUSE_STORE=" + filepath.Join(dir, "gatehouse.db"), "GATEHOUSE_KEY_DIR=" + dir,
	}, settings...)))
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	if s.app, err = app.Open(t.Context(), cfg, app.Options{Log: log, Now: s.Now}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		web.Close() // before what it serves from
		if err := s.app.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	s.app.Signin.Passwords, s.app.Accounts.Passwords = cheap{}, cheap{}
	s.Audience = cfg.Audience[0]
	s.Publishable = s.key(t, identity.Publishable)
	s.Secret = s.key(t, identity.Secret, identity.AllScopes()...)
	web.Config.Handler = s.app.Handler()
	web.Start()
	return s
}

func (s *Server) key(t testing.TB, kind identity.KeyKind, scopes ...string) string {
	t.Helper()
	_, key, err := s.app.APIKeys.Create(t.Context(), operator, apikey.New{Name: "test", Kind: kind, Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// last keeps the last setting of each variable, as an environment does.
func last(settings []string) []string {
	at := map[string]int{}
	var out []string
	for _, setting := range settings {
		name, _, _ := strings.Cut(setting, "=")
		if i, twice := at[name]; twice {
			out[i] = setting
			continue
		}
		at[name] = len(out)
		out = append(out, setting)
	}
	return out
}

// RotateKeys signs with a new key from now on. Tokens that the old key signed stay good.
func (s *Server) RotateKeys(t testing.TB) {
	t.Helper()
	if _, err := s.app.Keys.Rotate(t.Context(), true); err != nil {
		t.Fatal(err)
	}
}
