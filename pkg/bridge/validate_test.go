package bridge_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/bridge"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/session"
	"github.com/gatehouse-id/gatehouse/pkg/token"
)

func TestABridgeLearnsWhoseASessionIs(t *testing.T) {
	w := newWorld(t, secret)
	w.advance(1234 * time.Millisecond)
	g := w.signIn(t)
	v, err := w.Validate(t.Context(), server("192.0.2.1"), g.ID)
	if err != nil {
		t.Fatal(err)
	}
	if v.User.ID != g.User.ID || v.Session.ID != g.Session.ID || !v.At.Equal(w.clock()) {
		t.Errorf("got %s, %s at %s", v.User.ID, v.Session.ID, v.At)
	}
	key, _ := oneKey()
	got, err := w.Sessions.Verifier.VerifyTrustWith(v.TrustToken, signer{key}.find)
	if err != nil {
		t.Fatal(err)
	}
	iat := w.clock().Truncate(time.Second)
	want := token.Trust{
		Issuer: issuer, Subject: g.User.ID, Audience: []string{audience}, IssuedAt: iat, ExpiresAt: iat.Add(ttl), ID: got.ID,
		SessionID: g.Session.ID, Email: "ada@example.com", EmailVerified: true, Name: "Ada Lovelace",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the token says (-want +got):\n%s", diff)
	}
	if len(got.ID) < 20 {
		t.Errorf("the token's own id is %q", got.ID)
	}
	if _, err := w.Sessions.Authenticate(t.Context(), v.TrustToken); !errors.Is(err, session.ErrInvalidToken) {
		t.Errorf("the trust token as an access token: %v", err)
	}
	if _, err := w.Validate(t.Context(), server("192.0.2.1"), v.Session.ID); !errors.Is(err, session.ErrInvalidToken) {
		t.Errorf("the public id that the token names, as a credential: %v", err)
	}
}

func TestATrustTokenEndsWithItsSession(t *testing.T) {
	w := newWorld(t, secret)
	g := w.signIn(t)
	w.advance(7*24*time.Hour - time.Minute)
	v, err := w.Validate(t.Context(), server("192.0.2.1"), g.ID)
	if err != nil {
		t.Fatal(err)
	}
	key, _ := oneKey()
	got, err := w.Sessions.Verifier.VerifyTrustWith(v.TrustToken, signer{key}.find)
	if err != nil || !got.ExpiresAt.Equal(g.Session.ExpiresAt()) {
		t.Errorf("it ends at %s, the session at %s (%v)", got.ExpiresAt, g.Session.ExpiresAt(), err)
	}
}

func TestWhoIsNoBridgeLearnsNothing(t *testing.T) {
	w := newWorld(t, secret)
	id := w.signIn(t).ID
	for name, by := range map[string]identity.Actor{
		"nobody": {}, "an application": {Key: &identity.APIKey{Kind: identity.Secret, Scopes: identity.AllScopes()}}, "the holder": holder(),
	} {
		if v, err := w.Validate(t.Context(), by, id); !errors.Is(err, bridge.ErrInvalidSecret) || v.TrustToken != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOnlyTheDeviceThatTheBridgeNamesIsCompared(t *testing.T) {
	w := newWorld(t, secret)
	id := w.signIn(t).ID
	for name, want := range map[string]error{"": nil, device: nil, "phone-2": session.ErrInvalidToken} {
		by := server("192.0.2.1")
		by.Client = identity.Client{UserAgent: "backend/1", DeviceID: name}
		if _, err := w.Validate(t.Context(), by, id); !errors.Is(err, want) {
			t.Errorf("device %q: %v, want %v", name, err, want)
		}
	}
}

func TestGuessingIDsIsHeldOffAndABusyBridgeIsNot(t *testing.T) {
	w := newWorld(t, secret)
	good, ended, spent := w.signIn(t), w.signIn(t), w.signIn(t)
	if err := w.Sessions.Revoke(t.Context(), holder(), ended.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Sessions.RenewID(t.Context(), holder(), spent.ID); err != nil {
		t.Fatal(err)
	}
	w.advance(time.Minute) // the grace is over
	here := server("192.0.2.1")
	try := func(by identity.Actor, id string) error {
		_, err := w.Validate(t.Context(), by, id)
		return err
	}
	for range 150 {
		if err := try(here, ended.ID); !errors.Is(err, session.ErrSessionEnded) {
			t.Fatalf("a session that has ended: %v", err)
		}
		if err := try(here, spent.ID); !errors.Is(err, session.ErrInvalidToken) {
			t.Fatalf("an id that was renewed: %v", err)
		}
	}
	forged := []string{
		"", "x", "ses_", good.ID + "x", good.ID[:len(good.ID)-2] + "AA", good.Session.ID, "rt_" + strings.TrimPrefix(good.ID, "ses_"),
		strings.Replace(good.ID, ".1.", ".2.", 1), strings.Replace(ended.ID, ended.Session.ID, good.Session.ID, 1),
	}
	answers := map[string]int{}
	for i := range 1000 {
		switch err := try(here, forged[i%len(forged)]); {
		case errors.Is(err, session.ErrInvalidToken):
			answers["invalid"]++
		case errors.Is(err, limit.ErrRateLimited):
			answers["limited"]++
		default:
			t.Fatalf("a made-up id: %v", err)
		}
	}
	if diff := cmp.Diff(map[string]int{"invalid": 100, "limited": 900}, answers); diff != "" {
		t.Errorf("1000 made-up ids (-want +got):\n%s", diff)
	}
	if err := try(here, good.ID); err != nil {
		t.Errorf("a good id from the same place: %v", err)
	}
	if err := try(here, ended.ID); !errors.Is(err, session.ErrSessionEnded) {
		t.Errorf("one that has ended: %v", err)
	}
	named := here
	named.Client.IP = "203.0.113.1"
	if err := try(named, "x"); !errors.Is(err, limit.ErrRateLimited) {
		t.Errorf("a made-up id for somebody else: %v", err)
	}
	if err := try(server("192.0.2.2"), "x"); !errors.Is(err, session.ErrInvalidToken) {
		t.Errorf("a made-up id from elsewhere: %v", err)
	}
}

func TestWhatEndsASessionEndsItForTheBridge(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*testing.T, *world, session.Grant)
		want error
	}{
		{"signing out", func(t *testing.T, w *world, g session.Grant) {
			if err := w.Sessions.SignOut(t.Context(), identity.Actor{User: &g.User, Session: &g.Session}, session.All); err != nil {
				t.Fatal(err)
			}
		}, session.ErrSessionEnded},
		{"time", func(_ *testing.T, w *world, _ session.Grant) { w.advance(8 * 24 * time.Hour) }, session.ErrTokenExpired},
		{"an administrator", func(t *testing.T, w *world, g session.Grant) {
			u, err := w.store.User(t.Context(), g.User.ID)
			if err != nil {
				t.Fatal(err)
			}
			u.Disabled = true
			if err := w.store.UpdateUser(t.Context(), u); err != nil {
				t.Fatal(err)
			}
		}, session.ErrSessionEnded},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, secret)
			g := w.signIn(t)
			c.end(t, w, g)
			if v, err := w.Validate(t.Context(), server("192.0.2.1"), g.ID); !errors.Is(err, c.want) || v.TrustToken != "" {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}
