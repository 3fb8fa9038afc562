package token_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/token"
)

func trust() token.Trust {
	return token.Trust{
		Issuer: issuer, Subject: "u1", Audience: []string{audience}, IssuedAt: now, ExpiresAt: now.Add(5 * time.Minute),
		ID: "j1", SessionID: "s1", Email: "ada@example.com", EmailVerified: true, Name: "Ada",
	}
}

func (b *bench) mintTrust(t testing.TB, say token.Trust) string {
	t.Helper()
	raw, err := token.NewMinter().MintTrust(t.Context(), kid, b.key, say)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func (b *bench) find(id string) (*rsa.PublicKey, bool) { return &b.key.PublicKey, id == kid }

func TestATrustTokenSaysWhatWasMinted(t *testing.T) {
	b := newBench(t)
	raw := b.mintTrust(t, trust())
	head, rest, _ := strings.Cut(raw, ".")
	payload, _, _ := strings.Cut(rest, ".")
	for _, part := range []struct {
		name, raw string
		want      map[string]any
	}{
		{"header", head, map[string]any{"alg": "RS256", "kid": kid, "typ": "trust+jwt"}},
		{"claims", payload, map[string]any{
			"iss": issuer, "aud": []any{audience}, "sub": "u1", "user_id": "u1", "session_id": "s1", "jti": "j1",
			"iat": float64(now.Unix()), "exp": float64(now.Unix() + 300), "email": "ada@example.com", "email_verified": true, "name": "Ada",
		}},
	} {
		text, err := base64.RawURLEncoding.DecodeString(part.raw)
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(part.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", part.name, diff)
		}
	}
	got, err := b.verifier.VerifyTrustWith(raw, b.find)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(trust(), got); diff != "" {
		t.Errorf("verified (-want +got):\n%s", diff)
	}
}

func TestAccessAndTrustTokensAreNotTakenForEachOther(t *testing.T) {
	b := newBench(t)
	if _, err := b.verifier.Verify(b.mintTrust(t, trust())); !errors.Is(err, token.ErrInvalid) {
		t.Errorf("a trust token is an access token: %v", err)
	}
	if _, err := b.verifier.VerifyTrustWith(b.mint(t, claims()), b.find); !errors.Is(err, token.ErrInvalid) {
		t.Errorf("an access token is a trust token: %v", err)
	}
	// Neither do the claims of the one make the other, whoever changes the type.
	access := b.forge(t, `{"alg":"RS256","kid":"`+kid+`","typ":"at+jwt"}`, trustClaims())
	if _, err := b.verifier.Verify(access); !errors.Is(err, token.ErrInvalid) {
		t.Errorf("the claims of a trust token are an access token: %v", err)
	}
}

// trustClaims are the claims of a good trust token.
func trustClaims() map[string]any {
	return map[string]any{
		"iss": issuer, "aud": audience, "sub": "u1", "user_id": "u1", "session_id": "s1", "jti": "j1",
		"iat": now.Unix(), "exp": now.Unix() + 300, "email": "ada@example.com", "email_verified": true, "name": "Ada",
	}
}

func TestWhatIsNoTrustTokenIsRefused(t *testing.T) {
	b := newBench(t)
	const good = `{"alg":"RS256","kid":"` + kid + `","typ":"trust+jwt"}`
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := token.NewMinter().MintTrust(t.Context(), kid, other, trust())
	if err != nil {
		t.Fatal(err)
	}
	with := func(name string, value any) string {
		c := trustClaims()
		c[name] = value
		if value == nil {
			delete(c, name)
		}
		return b.forge(t, good, c)
	}
	for _, c := range []struct {
		name, raw string
		want      error
	}{
		{"a good one", b.forge(t, good, trustClaims()), nil},
		{"one of another key", foreign, token.ErrInvalid},
		{"one without an algorithm", b.forge(t, `{"alg":"none","kid":"`+kid+`","typ":"trust+jwt"}`, trustClaims()), token.ErrInvalid},
		{"one of another type", b.forge(t, `{"alg":"RS256","kid":"`+kid+`","typ":"JWT"}`, trustClaims()), token.ErrInvalid},
		{"one with a critical header", b.forge(t, `{"alg":"RS256","kid":"`+kid+`","typ":"trust+jwt","crit":["x"]}`, trustClaims()), token.ErrInvalid},
		{"one of a key that is not published", b.forge(t, `{"alg":"RS256","kid":"another-key","typ":"trust+jwt"}`, trustClaims()), token.ErrInvalid},
		{"one of another issuer", with("iss", "https://evil.example"), token.ErrInvalid},
		{"one for another audience", with("aud", "https://other.example.com"), token.ErrInvalid},
		{"one that never expires", with("exp", nil), token.ErrInvalid},
		{"one without a session", with("session_id", nil), token.ErrInvalid},
		{"one without an id", with("jti", nil), token.ErrInvalid},
		{"one of two users", with("user_id", "u2"), token.ErrInvalid},
		{"one from tomorrow", with("iat", now.Add(24*time.Hour).Unix()), token.ErrInvalid},
		{"one whose time is over", with("exp", now.Add(-time.Minute).Unix()), token.ErrInvalid}, // it ended before it began
		{"one that is too long", strings.Repeat("a", 5000), token.ErrInvalid},
		{"one with a line break", b.mintTrust(t, trust()) + "\n", token.ErrInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := b.verifier.VerifyTrustWith(c.raw, b.find); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	b.at = now.Add(6 * time.Minute)
	if _, err := b.verifier.VerifyTrustWith(b.mintTrust(t, trust()), b.find); !errors.Is(err, token.ErrExpired) {
		t.Errorf("after its time: %v", err)
	}
}

func FuzzVerifyTrust(f *testing.F) {
	b := newBench(f)
	raw, err := token.NewMinter().MintTrust(f.Context(), kid, b.key, trust())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add(raw[:len(raw)-1])
	f.Add(b.mint(f, claims()))
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, s string) {
		if _, err := b.verifier.VerifyTrustWith(s, b.find); err == nil && s != raw {
			t.Errorf("accepted %q", s)
		}
	})
}
