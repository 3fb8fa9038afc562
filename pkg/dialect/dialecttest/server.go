package dialecttest

import (
	"context"
	"log/slog"
	"net"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/apikey"
	"github.com/gatehouse-id/gatehouse/pkg/app"
	"github.com/gatehouse-id/gatehouse/pkg/config"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/password"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// Operator acts like somebody at the command line.
var Operator = identity.Actor{CLI: true}

// Server is one node of a service.
type Server struct {
	URL         string
	App         *app.App
	Clock       *Clock
	Publishable string // API keys that exist from the start; the secret one has every scope
	Secret      string
	Log         *Log
	Letters     *Letters // the mails of all nodes

	open Opener
	env  []string

	tracing bool
	promise *promise
	door    net.Listener // where the first node is to listen; nil means anywhere
}

// Options are what a scenario wants to be different. The zero value is usable.
type Options struct {
	// Env sets variables, for example "GATEHOUSE_REGISTRATION=invite". Limits are a million a
	// minute unless they are set here.
	Env []string
	// Wrap stands between the service and its store, to make it fail.
	Wrap func(store.Store) store.Store
	// Tracing sends spans as the OTEL_* variables say.
	Tracing bool
	// Clock replaces the one that stands still.
	Clock *Clock
	// OwnURL makes the address that the first node really listens on its public URL, for browsers.
	OwnURL bool
}

// Start starts a service with its first node.
func Start(t testing.TB, open Opener, opts Options) *Server {
	t.Helper()
	env := []string{
		"GATEHOUSE_MASTER_KEY=" + shared.masterKey(), "GATEHOUSE_PUBLIC_URL=http://localhost:8080",
		"GATEHOUSE_BRIDGE_SECRETS=" + BridgeSecret + "," + OldBridgeSecret,
	}
	for _, name := range []string{"LOGIN", "REGISTER", "REFRESH", "ME", "LOGOUT", "MAIL", "MAIL_DAY", "CODE", "UPLOAD"} {
		env = append(env, "GATEHOUSE_LIMIT_"+name+"=1000000/1m")
	}
	if opts.Clock == nil {
		opts.Clock = NewClock()
	}
	first := &Server{open: open, env: append(env, opts.Env...), Clock: opts.Clock, Letters: &Letters{}, tracing: opts.Tracing}
	if opts.OwnURL {
		var err error
		if first.door, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		first.env = append(first.env, "GATEHOUSE_PUBLIC_URL=http://"+first.door.Addr().String())
	}
	s := first.node(t, opts.Wrap)
	s.Publishable = s.NewKey(t, identity.Publishable)
	s.Secret = s.NewKey(t, identity.Secret, identity.AllScopes()...)
	return s
}

// Node starts one more node on the same store, with the same clock and API keys.
func (s *Server) Node(t testing.TB) *Server {
	t.Helper()
	return s.node(t, nil)
}

// NodeWith is Node with something between it and its store.
func (s *Server) NodeWith(t testing.TB, wrap func(store.Store) store.Store) *Server {
	t.Helper()
	return s.node(t, wrap)
}

func (s *Server) node(t testing.TB, wrap func(store.Store) store.Store) *Server {
	t.Helper()
	n := &Server{
		Clock: s.Clock, Publishable: s.Publishable, Secret: s.Secret, Log: &Log{}, Letters: s.Letters, open: s.open, env: s.env,
	}
	cfg, err := config.FromEnv(last(s.env))
	if err != nil {
		t.Fatal(err)
	}
	db := s.open(t, s.Clock.Now)
	if wrap != nil {
		db = wrap(db)
	}
	log := slog.New(slog.NewJSONHandler(n.Log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if err := shared.plant(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	if n.App, err = app.Open(t.Context(), cfg, app.Options{Log: log, Now: s.Clock.Now, Store: db, Mail: n.Letters, Tracing: s.tracing}); err != nil {
		t.Fatal(err)
	}
	if err := shared.keep(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	contract, err := described.of(n.App)
	if err != nil {
		t.Fatal(err)
	}
	n.promise = &promise{contract: contract}
	n.App.Signin.Wait = func(context.Context, time.Duration) {}
	patient := password.New(password.Config{Wait: time.Hour}) // with the race detector, on a busy machine
	n.App.Signin.Passwords, n.App.Accounts.Passwords = patient, patient
	n.App.Keys.Patience = time.Minute
	web := httptest.NewUnstartedServer(n.App.Handler())
	if s.door != nil {
		_ = web.Listener.Close() // nobody has connected
		web.Listener = s.door
	}
	web.Start()
	n.URL = web.URL
	t.Cleanup(func() {
		web.Close()
		n.promise.report(t)
		_ = n.App.Close(context.WithoutCancel(t.Context())) // a scenario may have broken the store on purpose
	})
	return n
}

// last keeps the last setting of each variable, as an environment would.
func last(env []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, entry := range slices.Backward(env) {
		if name, _, _ := strings.Cut(entry, "="); !seen[name] {
			seen[name] = true
			out = append(out, entry)
		}
	}
	return out
}

// NewKey makes an API key.
func (s *Server) NewKey(t testing.TB, kind identity.KeyKind, scopes ...string) string {
	t.Helper()
	_, key, err := s.App.APIKeys.Create(t.Context(), Operator, apikey.New{Name: "test", Kind: kind, Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// NewUser makes an account of a type, signs it in and returns the answer.
func (s *Server) NewUser(t testing.TB, email, userType string) Authorization {
	t.Helper()
	password := "pw-" + opaque.Random(12)
	_, err := s.App.Accounts.Create(t.Context(), Operator, account.Draft{Email: email, Password: password}, account.Setting{UserType: &userType})
	if err != nil {
		t.Fatal(err)
	}
	a := s.Login(t, email, password)
	a.Password = password
	return a
}

// Settle carries out everything that is due, as the relay of a running server would.
func (s *Server) Settle(t testing.TB) {
	t.Helper()
	if _, err := s.App.Relay.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Log collects what a node logs. It is safe for concurrent use.
type Log struct {
	mu  sync.Mutex
	buf []byte
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = append(l.buf, p...)
	return len(p), nil
}

// String returns everything that was logged.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.buf)
}
