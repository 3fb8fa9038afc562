package flowless_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"aidanwoods.dev/go-paseto"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/verify"
)

const serviceURL = "http://localhost:8080" // issuer and audience of the services under test

// trustToken returns what a bridge gets for a session.
func trustToken(t *testing.T, s *dialecttest.Server, id string) string {
	t.Helper()
	r := s.Do(t, dialecttest.Request{Path: bodyValidate, Body: body(object{"session_id": id, "bridge_secret": dialecttest.BridgeSecret})})
	var v vouched
	r.JSON(t, &v)
	if r.Status != http.StatusOK || v.Trust == "" {
		t.Fatalf("got %d %s", r.Status, r.Body)
	}
	return v.Trust
}

func TestATrustTokenIsVerifiedByTheKeySetAlone(t *testing.T) {
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{})
	v, err := verify.New(t.Context(), serviceURL, verify.At(s.URL), verify.Audience(serviceURL), verify.Clock(s.Clock.Now))
	if err != nil {
		t.Fatal(err)
	}
	ada := s.NewFlowless(t, "ada@example.com", identity.Customer)
	raw := trustToken(t, s, ada.ID)
	trust, err := v.TrustToken(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	if trust.Subject != ada.UserID || trust.Email != ada.Email || trust.ExpiresAt.Sub(trust.IssuedAt) != 5*time.Minute {
		t.Errorf("it says %+v", trust)
	}
	if trust.SessionID == "" || strings.Contains(raw, ada.ID) || strings.HasPrefix(trust.SessionID, "ses_") {
		t.Errorf("it names the session %q", trust.SessionID)
	}
	if got := s.FlowlessMe(t, "ses_"+trust.SessionID); got != http.StatusUnauthorized {
		t.Errorf("by that name the session is held: %d", got)
	}
	if _, err := v.Verify(t.Context(), raw); !errors.Is(err, verify.ErrInvalid) {
		t.Errorf("as an access token elsewhere: %v", err)
	}
	if got := s.Me(t, raw); got != http.StatusUnauthorized {
		t.Errorf("as an access token here: %d", got)
	}
	if got := s.FlowlessMe(t, raw); got != http.StatusUnauthorized {
		t.Errorf("as a session id: %d", got)
	}
	s.Clock.Advance(5*time.Minute + 31*time.Second)
	if _, err := v.TrustToken(t.Context(), raw); !errors.Is(err, verify.ErrExpired) {
		t.Errorf("after its time: %v", err)
	}
}

// pasetoKeys reads the published keys.
func pasetoKeys(t *testing.T, s *dialecttest.Server) (kid, key string) {
	t.Helper()
	r := s.Do(t, dialecttest.Request{Path: "/.well-known/paseto-keys.json"})
	var doc struct {
		Keys []struct{ Kid, Key string }
	}
	r.JSON(t, &doc)
	if r.Status != http.StatusOK || len(doc.Keys) != 1 || !strings.HasPrefix(r.Header.Get("Cache-Control"), "public, max-age=") {
		t.Fatalf("got %d %s %s", r.Status, r.Header, r.Body)
	}
	return doc.Keys[0].Kid, doc.Keys[0].Key
}

func TestATrustTokenMayBeAPASETO(t *testing.T) {
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{Env: []string{"GATEHOUSE_TRUST_TOKEN=paseto", "GATEHOUSE_TRUST_TOKEN_TTL=1m"}})
	ada := s.NewFlowless(t, "ada@example.com", identity.Customer)
	kid, published := pasetoKeys(t, s)
	other := s.Node(t)
	if otherKID, otherKey := pasetoKeys(t, other); otherKID != kid || otherKey != published {
		t.Errorf("two nodes publish %s and %s", kid, otherKID)
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(published, "k4.public."))
	if err != nil {
		t.Fatal(err)
	}
	key, err := paseto.NewV4AsymmetricPublicKeyFromBytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range []*dialecttest.Server{s, other} {
		parser := paseto.MakeParser([]paseto.Rule{paseto.IssuedBy(serviceURL), paseto.ForAudience(serviceURL), paseto.ValidAt(s.Clock.Now())})
		got, err := parser.ParseV4Public(key, trustToken(t, node, ada.ID), nil)
		if err != nil {
			t.Fatal(err)
		}
		if user, err := got.GetString("user_id"); err != nil || user != ada.UserID || string(got.Footer()) != `{"kid":"`+kid+`"}` {
			t.Errorf("it says %s of %s", got.ClaimsJSON(), got.Footer())
		}
	}
}

func TestPASETOKeysAreThereOnlyWhereTheyAreUsed(t *testing.T) {
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{})
	if r := s.Do(t, dialecttest.Request{Path: "/.well-known/paseto-keys.json"}); r.Status != http.StatusNotFound {
		t.Errorf("got %d %s", r.Status, r.Body)
	}
}
