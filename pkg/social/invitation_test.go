package social_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
	"github.com/gatehouse-id/gatehouse/pkg/social"
)

// TestAnInvitationGoesAlongUnseen by the provider, the browser and the log.
func TestAnInvitationGoesAlongUnseen(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t))
	const code = "iv_0123456789_secret"
	q := social.Start{Provider: "google", RedirectURI: callback, Invitation: code}
	b, err := w.Begin(t.Context(), browser, q)
	if err != nil {
		t.Fatal(err)
	}
	a := w.back(t, q, b)
	for what, text := range map[string]string{"address": b.URL, "state": a.State, "cookie": b.Cookie.Value} {
		if strings.Contains(text, code) || strings.Contains(text, "secret") {
			t.Errorf("the %s tells it: %s", what, text)
		}
	}
	for _, answer := range []social.Answer{a, w.begin(t, social.Start{})} {
		if _, err := w.Finish(t.Context(), browser, answer); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []social.Proof{{IDToken: w.jwt(time.Hour), Invitation: code}, {AccessToken: "good"}} {
		p.Provider = "google"
		if _, err := w.Token(t.Context(), browser, p); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff([]string{code, "", code, ""}, w.invitations); d != "" {
		t.Errorf("came in with (-want +got):\n%s", d)
	}
	w.refused(t, a, social.ErrStateInvalid)
	if strings.Contains(w.log.String(), code) {
		t.Error("it is in the log")
	}
}

func TestWhatIsLongerThanAnInvitationGoesNowhere(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t))
	q := social.Start{Provider: "google", RedirectURI: callback, Invitation: strings.Repeat("i", 81)}
	if b, err := w.Begin(t.Context(), browser, q); !errors.Is(err, invite.ErrInvalid) {
		t.Errorf("begins %+v, %v", b, err)
	}
	if len(w.google.issued) != 0 {
		t.Error("the provider was asked")
	}
}
