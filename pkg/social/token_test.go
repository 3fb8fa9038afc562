package social_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/provider"
	"github.com/gatehouse-id/gatehouse/pkg/social"
)

// jwt returns a token as the fake provider takes one.
func (w *world) jwt(life time.Duration) string {
	claims := fmt.Sprintf(`{"exp":%d}`, w.clock.Now().Add(life).Unix())
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
}

func TestATokenSignsInAndAnIDTokenDoesOnce(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		w := newWorld(t, open)
		token := w.jwt(time.Hour)
		g, err := w.Token(t.Context(), w.signedIn("eve"), social.Proof{Provider: "google", IDToken: token, Nonce: "of the app"})
		if err != nil || g.User.ID != "user of ada" {
			t.Fatalf("got %+v, %v", g, err)
		}
		resigned := token[:strings.LastIndexByte(token, '.')] + ".b3RoZXI"
		for _, again := range []string{token, resigned} {
			if _, err := w.Token(t.Context(), browser, social.Proof{Provider: "google", IDToken: again}); !errors.Is(err, provider.ErrRejected) {
				t.Errorf("again: %v", err)
			}
			if _, err := w.LinkToken(t.Context(), w.signedIn("eve"), social.Proof{Provider: "google", IDToken: again}); !errors.Is(err, provider.ErrRejected) {
				t.Errorf("again, to link: %v", err)
			}
		}
		w.clock.Advance(time.Hour)
		if _, err := w.Token(t.Context(), browser, social.Proof{Provider: "google", IDToken: token}); !errors.Is(err, provider.ErrRejected) {
			t.Errorf("when it has just ended: %v", err)
		}
		if w.changes() != 1 {
			t.Errorf("%d were let in", w.changes())
		}
		for range 2 {
			if _, err := w.Token(t.Context(), browser, social.Proof{Provider: "google", AccessToken: "good"}); err != nil {
				t.Errorf("an access token: %v", err)
			}
		}
	})
}

func TestATokenLinks(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t))
	u, err := w.LinkToken(t.Context(), w.signedIn("eve"), social.Proof{Provider: "google", IDToken: w.jwt(time.Hour)})
	if err != nil || u.ID != "eve" || len(w.linked["eve"]) != 1 || len(w.entered) != 0 {
		t.Errorf("got %v, %v, linked %v", u.ID, err, w.linked)
	}
}

func TestOneTokenIsNeeded(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t))
	for _, c := range []struct {
		name  string
		q     social.Proof
		field string // that is wrong; empty when the token is
		want  error
	}{
		{"none", social.Proof{}, "idToken", nil},
		{"both", social.Proof{IDToken: w.jwt(time.Hour), AccessToken: "good"}, "accessToken", nil},
		{"a nonce with an access token", social.Proof{AccessToken: "good", Nonce: "of the app"}, "nonce", nil},
		{"a forged one", social.Proof{IDToken: "forged"}, "", provider.ErrRejected},
		{"one for another app", social.Proof{AccessToken: "foreign"}, "", provider.ErrRejected},
		{"another nonce", social.Proof{IDToken: w.jwt(time.Hour), Nonce: "another"}, "", provider.ErrRejected},
		{"one that is too long", social.Proof{IDToken: w.jwt(time.Hour) + strings.Repeat("x", 17<<10)}, "", provider.ErrRejected},
		{"one that is not signed", social.Proof{IDToken: "e30"}, "", provider.ErrRejected},
		{"one that does not end", social.Proof{IDToken: "e30.e30.c2ln"}, "", provider.ErrRejected},
		{"one that ends in a year", social.Proof{IDToken: w.jwt(8760 * time.Hour)}, "", provider.ErrRejected},
		{"one that ends after time", social.Proof{IDToken: "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"exp":1e300}`)) + ".c2ln"}, "", provider.ErrRejected},
		{"one of no known provider", social.Proof{Provider: "github", IDToken: w.jwt(time.Hour)}, "", provider.ErrUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.q.Provider == "" {
				c.q.Provider = "google"
			}
			_, err := w.Token(t.Context(), browser, c.q)
			_, lerr := w.LinkToken(t.Context(), w.signedIn("eve"), c.q)
			for _, err := range []error{err, lerr} {
				if f := fault.From(err); c.field != "" && (len(f.Fields) != 1 || f.Fields[0].Field != c.field) || c.want != nil && !errors.Is(err, c.want) {
					t.Errorf("got %v", err)
				}
			}
		})
	}
	if w.changes() != 0 {
		t.Error("somebody was let in or linked")
	}
	if _, err := w.Token(t.Context(), browser, social.Proof{Provider: "google", IDToken: w.jwt(time.Hour)}); err != nil {
		t.Errorf("none of this may have an effect: %v", err)
	}
}

func TestOfManyUsesOfATokenOneGoesOn(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		w := newWorld(t, open)
		nodes := []*social.Service{w.Service, w.node(open(t, w.clock.Now))}
		token := w.jwt(time.Hour)
		var good atomic.Int64
		dialecttest.Together(20, func(i int) {
			_, err := nodes[i%2].Token(context.WithoutCancel(t.Context()), browser, social.Proof{Provider: "google", IDToken: token})
			switch {
			case err == nil:
				good.Add(1)
			case !errors.Is(err, provider.ErrRejected):
				t.Error(err)
			}
		})
		if good.Load() != 1 || w.changes() != 1 {
			t.Errorf("%d went on", good.Load())
		}
	})
}
