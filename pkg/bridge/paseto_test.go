package bridge_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"aidanwoods.dev/go-paseto"
	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/bridge"
	"github.com/gatehouse-id/gatehouse/pkg/token"
)

func newPASETO(t *testing.T, seed byte) *bridge.PASETO {
	t.Helper()
	p, err := bridge.NewPASETO(bytes.Repeat([]byte{seed}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// publishedKey reads the published document as those who verify tokens do.
func publishedKey(t *testing.T, p *bridge.PASETO) (kid, key string) {
	t.Helper()
	var doc struct {
		Keys []struct{ Kid, Key string }
	}
	if err := json.Unmarshal(p.PublicKeys(), &doc); err != nil || len(doc.Keys) != 1 {
		t.Fatalf("%v in %s", err, p.PublicKeys())
	}
	return doc.Keys[0].Kid, doc.Keys[0].Key
}

// verifyPASETO is what docs/verify.md shows.
func verifyPASETO(published, trustToken string, now time.Time) (*paseto.Token, error) {
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(published, "k4.public."))
	if err != nil {
		return nil, err
	}
	key, err := paseto.NewV4AsymmetricPublicKeyFromBytes(raw)
	if err != nil {
		return nil, err
	}
	rules := []paseto.Rule{paseto.IssuedBy("https://id.example.com"), paseto.ForAudience("my-api"), paseto.ValidAt(now)}
	return paseto.MakeParser(rules).ParseV4Public(key, trustToken, nil)
}

func TestAPASETOSaysWhatAJWTSays(t *testing.T) {
	w := newWorld(t, secret)
	p := newPASETO(t, 1)
	w.Trust = p
	g := w.signIn(t)
	v, err := w.Validate(t.Context(), server("192.0.2.1"), g.ID)
	if err != nil {
		t.Fatal(err)
	}
	kid, key := publishedKey(t, p)
	got, err := verifyPASETO(key, v.TrustToken, w.clock().Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	said := got.Claims()
	jti, _ := said["jti"].(string)
	want := map[string]any{
		"iss": issuer, "aud": audience, "sub": g.User.ID, "user_id": g.User.ID, "session_id": g.Session.ID, "jti": jti,
		"iat": "2026-03-01T12:00:00Z", "nbf": "2026-03-01T12:00:00Z", "exp": "2026-03-01T12:05:00Z",
		"email": "ada@example.com", "email_verified": true, "name": "Ada Lovelace",
	}
	if diff := cmp.Diff(want, said); diff != "" || len(jti) < 20 {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	if want := `{"kid":"` + kid + `"}`; string(got.Footer()) != want {
		t.Errorf("the footer is %s, want %s", got.Footer(), want)
	}
	if !strings.HasPrefix(v.TrustToken, "v4.public.") {
		t.Errorf("the token is %s", v.TrustToken)
	}
}

func TestAPASETOIsGoodForItsTimeAndReaderOnly(t *testing.T) {
	ours, theirs := newPASETO(t, 1), newPASETO(t, 2)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	say := token.Trust{Issuer: issuer, Audience: []string{audience}, Subject: "u1", ID: "j1", SessionID: "s1", IssuedAt: now, ExpiresAt: now.Add(ttl)}
	_, key := publishedKey(t, ours)
	for _, c := range []struct {
		name   string
		by     *bridge.PASETO
		change func(*token.Trust)
		at     time.Time
		good   bool
	}{
		{name: "a good one", by: ours, at: now, good: true},
		{name: "one of another node", by: newPASETO(t, 1), at: now, good: true},
		{name: "one of another key", by: theirs, at: now},
		{name: "one whose time is over", by: ours, at: now.Add(ttl + time.Second)},
		{name: "one from tomorrow", by: ours, at: now.Add(-time.Hour)},
		{name: "one for another service", by: ours, at: now, change: func(s *token.Trust) { s.Audience = []string{"other"} }},
		{name: "one of another issuer", by: ours, at: now, change: func(s *token.Trust) { s.Issuer = "https://evil.example" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			changed := say
			if c.change != nil {
				c.change(&changed)
			}
			signed, err := c.by.Sign(t.Context(), changed)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := verifyPASETO(key, signed, c.at); err == nil != c.good {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAKeyIsNamedAsPASERKHasIt(t *testing.T) {
	// From the test vectors of https://github.com/paseto-standard/paserk, k4.pid.
	for key, want := range map[string]string{
		"0000000000000000000000000000000000000000000000000000000000000000": "k4.pid.S_XQmeEwHbbvRmiyfXfHYpLGjXGzjTRSDoT1YtTakWFE",
		"707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f": "k4.pid.9ShR3xc8-qVJ_di0tc9nx0IDIqbatdeM2mqLFBJsKRHs",
	} {
		raw, err := hex.DecodeString(key)
		if err != nil {
			t.Fatal(err)
		}
		got, err := bridge.KeyID("k4.public." + base64.RawURLEncoding.EncodeToString(raw))
		if err != nil || got != want {
			t.Errorf("got %s (%v), want %s", got, err, want)
		}
	}
}

func TestASeedOfAnotherLengthIsRefused(t *testing.T) {
	if _, err := bridge.NewPASETO(make([]byte, 31)); err == nil {
		t.Error("31 bytes are taken")
	}
}
