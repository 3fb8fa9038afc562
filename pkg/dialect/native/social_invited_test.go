package native_test

import (
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/provider/providertest"
)

// person is a fresh token of google's about somebody.
func (w *world) person(t *testing.T, name string) string {
	t.Helper()
	return w.providers["google"].IDToken(t, providertest.Minted{Claims: map[string]any{"sub": name, "email": name + "@example.com", "email_verified": true, "jti": opaque.Random(20)}})
}

func TestAnAppBringsAnInvitation(t *testing.T) {
	for _, policy := range []string{"invite", "open"} {
		t.Run(policy, func(t *testing.T) {
			dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
				w := newWorld(t, open, []string{"google"}, "GATEHOUSE_REGISTRATION="+policy, "GATEHOUSE_LIMIT_REGISTER=100/1h")
				inv, foreign, late := inviteOne(t, w.Server, `{"claims":{"plan":"pro"}}`), inviteOne(t, w.Server, `{"email":"bob@example.com"}`), inviteOne(t, w.Server, `{"expiresIn":60}`)
				enter := func(name, code string) dialecttest.Response {
					return w.Do(t, w.enter("google", "idToken", w.person(t, name), "invitationCode", code))
				}
				a := authorization(t, enter("ada", inv.Code))
				u, err := w.App.Store.User(t.Context(), a.LocalID)
				if err != nil || u.InvitationID != inv.ID || string(u.Claims) != `{"plan":"pro"}` || u.Provisional || w.other.Me(t, a.AccessToken) != 200 {
					t.Errorf("made %+v (%v)", u, err)
				}
				w.Clock.Advance(time.Minute)
				for _, c := range []struct {
					name, code string
					status     int
					answer     string
				}{
					{"a used one", inv.Code, 409, "invitation_used_up"},
					{"a wrong one", inv.Code[:len(inv.Code)-4] + "0000", 400, "invitation_invalid"},
					{"none at all", "nonsense", 400, "invitation_invalid"},
					{"one for another address", foreign.Code, 400, "invitation_invalid"},
					{"one that is too old", late.Code, 410, "invitation_expired"},
				} {
					if r := enter("eve", c.code); r.Status != c.status || r.Code() != c.answer {
						t.Errorf("%s: %d %s", c.name, r.Status, r.Body)
					}
				}
				if policy == "invite" {
					if r := enter("eve", ""); r.Status != 403 || r.Code() != "invitation_required" {
						t.Errorf("none: %d %s", r.Status, r.Body)
					}
				}
				if w.is(t, identity.EmailIdentifier, "eve@example.com") != "" {
					t.Error("an account was made")
				}
				if b := authorization(t, enter("ada", foreign.Code)); b.LocalID != a.LocalID {
					t.Errorf("who has an account came in as %v", b)
				}
				authorization(t, enter("bob", foreign.Code))
				for _, i := range []invitation{inv, foreign} {
					if got := listed(t, w.Server, i.ID); got.Uses != 1 || got.State != "used" {
						t.Errorf("%s: %d uses, %s", i.ID, got.Uses, got.State)
					}
				}
			})
		})
	}
}

func TestAProvidersTokenHelpsNobodyToGuessACode(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t), []string{"google"}, "GATEHOUSE_REGISTRATION=invite", "GATEHOUSE_LIMIT_CODE=2/15m", "GATEHOUSE_LIMIT_REGISTER=100/1h")
	inv := inviteOne(t, w.Server, `{}`)
	for i, c := range []struct {
		code   string
		status int
	}{{"a guess", 400}, {"another", 400}, {inv.Code, 429}} {
		must(t, []*dialecttest.Server{w.Server, w.other}[i%2], w.enter("google", "idToken", w.person(t, "ada"), "invitationCode", c.code), c.status)
	}
	must(t, w.Server, redeem(w.Server, "bob@example.com", inv.Code), 429) // the tries are the same ones
}

func TestLinkingTakesNoInvitation(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t), []string{"google"})
	a := w.Register(t, lovelace.Email, goodPassword)
	for _, kv := range [][]string{{"invitationCode", "iv_x"}, {"invitationCode", "iv_x", "idToken", w.idToken(t, "google")}} {
		r := must(t, w.Server, request{Path: "/auth/social/google/link", Bearer: a.AccessToken, Body: body(kv...)}, 400)
		if r.Code() != "invalid_input" {
			t.Errorf("%s", r.Body)
		}
	}
}
