package bridge_test

import (
	"crypto/rand"
	"crypto/rsa"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/bridge"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/masterkey"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/session"
	"github.com/gatehouse-id/gatehouse/pkg/store/sqlite"
	"github.com/gatehouse-id/gatehouse/pkg/token"
)

const (
	issuer   = "https://id.example.com"
	audience = "my-api"
	kid      = "test-key-1"
	ttl      = 5 * time.Minute
)

var (
	secret = "a-secret-of-this-test-" + opaque.Random(20)
	older  = "the-one-before-it-" + opaque.Random(20)
)

// world is a bridge service over an empty store, with a clock that stands still.
type world struct {
	*bridge.Service
	store *sqlite.Store

	mu  sync.Mutex
	now time.Time
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// signer is one signing key.
type signer struct{ key *rsa.PrivateKey }

func (s signer) Signer() (string, *rsa.PrivateKey) { return kid, s.key }

func (s signer) find(id string) (*rsa.PublicKey, bool) { return &s.key.PublicKey, id == kid }

var oneKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func newWorld(t *testing.T, secrets ...string) *world {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	key, err := oneKey()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{store: db, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	keys, minter, log := signer{key}, token.NewMinter(), slog.New(slog.DiscardHandler)
	fairness := &limit.Fairness{Now: w.clock}
	w.Service = &bridge.Service{
		Secrets: bridge.Hash(secrets...),
		Sessions: &session.Service{
			Store: db, Keys: keys, Minter: minter, Verifier: token.NewVerifier(issuer, audience, keys.find, w.clock),
			Issuer: issuer, Audience: []string{audience}, RefreshKey: []byte("refresh tokens"), IDKey: []byte("session ids"),
			Lifetimes: session.Lifetimes{Access: time.Hour, Grace: 30 * time.Second, Idle: 30 * 24 * time.Hour, ID: 7 * 24 * time.Hour, Max: 90 * 24 * time.Hour},
			Fairness:  fairness, Refreshes: limit.Policy{Name: "refresh", Limit: 1000, Window: time.Minute},
			Outbox: mail.Outbox{Master: masterkey.New()}, Now: w.clock, Log: log,
		},
		Guard: &limit.Guard{Store: db, Now: w.clock, Key: []byte("subjects")}, Fairness: fairness,
		Limits: bridge.Limits{
			Secret: limit.Policy{Name: "bridge", Limit: 10, Window: 15 * time.Minute},
			ID:     limit.Policy{Name: "bridge_id", Limit: 100, Window: time.Minute},
		},
		Trust:  bridge.JWT{Keys: keys, Minter: minter},
		Issuer: issuer, Audience: []string{audience}, TTL: ttl, Now: w.clock, Log: log,
	}
	return w
}

// device is what the holder of a session calls theirs.
const device = "phone-1"

func holder() identity.Actor {
	return identity.Actor{HoldsID: true, Client: identity.Client{IP: "198.51.100.7", UserAgent: "app/1", DeviceID: device}}
}

// server is a bridge at an address.
func server(ip string) identity.Actor { return identity.Actor{Bridge: true, Peer: ip} }

// signIn opens a session of a new user.
func (w *world) signIn(t *testing.T) session.Grant {
	t.Helper()
	u := identity.User{
		ID: opaque.Random(identity.UserIDLength), Email: "ada@example.com", EmailVerified: true, UserType: identity.Customer,
		Profile: identity.Profile{Name: "Ada", LastName: "Lovelace"}, CreatedAt: w.clock(), UpdatedAt: w.clock(),
	}
	u.SetName(identity.EmailIdentifier, u.ID+"@example.com")
	if err := w.store.CreateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	g, err := w.Sessions.Start(t.Context(), holder(), u, []string{"pwd"})
	if err != nil {
		t.Fatal(err)
	}
	return g
}
