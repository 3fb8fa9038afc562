package verify_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/keyset"
	"github.com/gatehouse-id/gatehouse/pkg/token"
	"github.com/gatehouse-id/gatehouse/pkg/verify"
)

const audience = "my-api"

// issuer is no Gatehouse but the two answers of one that a verifier asks for, so that a test
// can say how they fail. It has a clock of its own.
type issuer struct {
	URL     string
	fetches atomic.Int32 // of the key set
	asked   atomic.Int32 // about tokens

	mu         sync.Mutex
	now        time.Time
	published  []keyset.Key
	jwks       http.HandlerFunc // instead of the key set
	introspect http.HandlerFunc
	key        *rsa.PrivateKey
}

func newIssuer(t testing.TB) *issuer {
	t.Helper()
	i := &issuer{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	key, err := firstKey()
	if err != nil {
		t.Fatal(err)
	}
	i.use(key)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/jwks.json", func(w http.ResponseWriter, r *http.Request) {
		i.fetches.Add(1)
		i.handler(&i.jwks)(w, r)
	})
	mux.HandleFunc("POST /auth/introspect", func(w http.ResponseWriter, r *http.Request) {
		i.asked.Add(1)
		i.handler(&i.introspect)(w, r)
	})
	i.publish(t)
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	i.URL = web.URL
	return i
}

func (i *issuer) handler(which *http.HandlerFunc) http.HandlerFunc {
	i.mu.Lock()
	defer i.mu.Unlock()
	return *which
}

// serve sets what is answered to a fetch of the key set.
func (i *issuer) serve(h http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.jwks = h
}

// answer sets what is answered to a question about a token.
func (i *issuer) answer(h http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.introspect = h
}

// publish answers with the key set as it is.
func (i *issuer) publish(t testing.TB) {
	t.Helper()
	body, _, err := keyset.JWKS(i.published)
	if err != nil {
		t.Fatal(err)
	}
	i.serve(says(http.StatusOK, string(body)))
}

// rotate signs with a new key from now on; publish tells others.
func (i *issuer) rotate(t testing.TB) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i.use(key)
}

func (i *issuer) use(key *rsa.PrivateKey) {
	i.key = key
	i.published = append(i.published, keyset.NewKey(&key.PublicKey, []byte("sealed")))
}

// firstKey is the first key of every issuer: making one takes longer than most tests.
var firstKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// down answers nothing good.
func (i *issuer) down() {
	i.serve(says(http.StatusBadGateway, ""))
	i.answer(says(http.StatusBadGateway, ""))
}

// Now is the clock of issuer and verifier.
func (i *issuer) Now() time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.now
}

func (i *issuer) advance(d time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.now = i.now.Add(d)
}

// token returns a good token of now.
func (i *issuer) token(t testing.TB) string {
	t.Helper()
	now := i.Now()
	raw, err := token.NewMinter().Mint(t.Context(), keyset.Thumbprint(&i.key.PublicKey), i.key, token.Claims{
		Issuer: i.URL, Subject: "u1", Audience: []string{audience}, IssuedAt: now, ExpiresAt: now.Add(time.Hour),
		ID: rand.Text(), SessionID: "s1", AuthTime: now, AMR: []string{"pwd"}, UserType: "customer",
		Custom: json.RawMessage(`{"plan":"pro","seats":3,"Plan":"x"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// verifier returns a verifier of the issuer's tokens that logs nothing.
func (i *issuer) verifier(t testing.TB, opts ...verify.Option) *verify.Verifier {
	t.Helper()
	v, err := verify.New(t.Context(), i.URL, append([]verify.Option{
		verify.Audience(audience), verify.Clock(i.Now), verify.Logger(slog.New(slog.DiscardHandler)),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// says answers with a status and a body.
func says(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}
