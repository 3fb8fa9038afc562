package verify_test

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/keyset"
	"github.com/gatehouse-id/gatehouse/pkg/token"
	"github.com/gatehouse-id/gatehouse/pkg/verify"
)

// trustToken returns a good trust token of now.
func (i *issuer) trustToken(t testing.TB, audience string) string {
	t.Helper()
	now := i.Now()
	raw, err := token.NewMinter().MintTrust(t.Context(), keyset.Thumbprint(&i.key.PublicKey), i.key, token.Trust{
		Issuer: i.URL, Subject: "u1", Audience: []string{audience}, IssuedAt: now, ExpiresAt: now.Add(5 * time.Minute),
		ID: rand.Text(), SessionID: "s1", Email: "ada@example.com", EmailVerified: true, Name: "Ada",
	})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestATrustTokenIsVerifiedOffline(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier(t)
	raw := i.trustToken(t, audience)
	fetches := i.fetches.Load()
	trust, err := v.TrustToken(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	if trust.Subject != "u1" || trust.SessionID != "s1" || trust.Email != "ada@example.com" || !trust.EmailVerified || trust.Name != "Ada" {
		t.Errorf("it says %+v", trust)
	}
	if n := i.fetches.Load() - fetches; n != 0 || i.asked.Load() != 0 {
		t.Errorf("the issuer was asked %d times", n)
	}
}

func TestAnythingElseIsNoTrustToken(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier(t)
	good := i.trustToken(t, audience)
	for _, c := range []struct {
		name, raw string
		want      error
	}{
		{"a good one", good, nil},
		{"nothing", "", verify.ErrMissing},
		{"an access token", i.token(t), verify.ErrInvalid},
		{"one for another service", i.trustToken(t, "other-api"), verify.ErrInvalid},
		{"one with another signature", good[:strings.LastIndexByte(good, '.')+1] + strings.Repeat("A", 342), verify.ErrInvalid},
	} {
		if _, err := v.TrustToken(t.Context(), c.raw); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
	i.advance(6 * time.Minute)
	if _, err := v.TrustToken(t.Context(), good); !errors.Is(err, verify.ErrExpired) {
		t.Errorf("after its time: %v", err)
	}
	cold := newIssuer(t)
	cold.down()
	if _, err := cold.verifier(t).TrustToken(t.Context(), cold.trustToken(t, audience)); !errors.Is(err, verify.ErrUnavailable) {
		t.Errorf("without keys: %v", err)
	}
}

func TestATrustTokenLetsNobodyIn(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier(t)
	raw := i.trustToken(t, audience)
	if _, err := v.Verify(t.Context(), raw); !errors.Is(err, verify.ErrInvalid) {
		t.Errorf("as an access token: %v", err)
	}
	if w := serve(v.Middleware(hello), "Bearer "+raw); w.Code != http.StatusUnauthorized {
		t.Errorf("in a request: %d %s", w.Code, w.Body)
	}
}
