package pages_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

const byInvitation = "GATEHOUSE_REGISTRATION=invite"

// invited makes an invitation that makes administrators, and returns its code.
func invited(t *testing.T, s *dialecttest.Server, n invite.New) string {
	t.Helper()
	n.UserType = identity.Admin
	issued, err := s.App.Invites.Create(t.Context(), dialecttest.Operator, n)
	if err != nil {
		t.Fatal(err)
	}
	return issued[0].Code
}

// used returns how many uses of all invitations are taken.
func (w *world) used(t *testing.T) (n int) {
	t.Helper()
	page, err := w.App.Invites.List(t.Context(), invite.Query{})
	if err != nil {
		t.Fatal(err)
	}
	for _, inv := range page.Invitations {
		n += len(inv.Uses)
	}
	return n
}

// press sends the sign-up form by the button of keycloak.
func (w *world) press(t *testing.T, v *dialecttest.Visitor, fields url.Values) dialecttest.Response {
	t.Helper()
	return v.Visit(t, w.Server, dialecttest.Request{
		Path: "/auth/social/keycloak/login", Body: fields.Encode(), Type: "application/x-www-form-urlencoded",
		Header: map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": "null"},
	})
}

var next = regexp.MustCompile(`<a class="button" href="([^"]+)">`)

// brings goes to keycloak with a code, and comes back.
func (w *world) brings(t *testing.T, v *dialecttest.Visitor, code string) dialecttest.Response {
	t.Helper()
	r := w.press(t, v, url.Values{"invitationCode": {code}, "name": {""}, "email": {"half@"}, "password": {""}})
	to := next.FindStringSubmatch(r.Body)
	if r.Status != http.StatusOK || to == nil || r.Header.Get("Refresh") != "0; url="+html.UnescapeString(to[1]) {
		t.Fatalf("%d %s %s", r.Status, r.Header, r.Body)
	}
	plainly(t, r)
	if got := r.Header.Get("Content-Security-Policy"); got != formPolicy {
		t.Errorf("the policy is %s", got)
	}
	ours(t, strings.ReplaceAll(r.Body, to[1], "/account/sign-in"))
	at := html.UnescapeString(to[1])
	if strings.Contains(at, code) || strings.Contains(r.Body, code) || strings.Contains(v.Cookies(), code) {
		t.Errorf("the code is told: %s", at)
	}
	return v.Open(t, w.other, w.providers["keycloak"].Authorize(t, at).URL.String())
}

func TestAnInvitationGoesAlongToAProvider(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		w := newWorld(t, open, []string{"keycloak"}, byInvitation)
		code := invited(t, w.Server, invite.New{})
		page := w.Open(t, w.Server, mail.SignUpPath+"?invitationCode="+code+"&continue=%2Forders")
		has(t, page, 200, `<button type="submit" class="second" formaction="/auth/social/keycloak/login">Continue with Keycloak</button>`,
			`<input type="hidden" name="invitationCode" value="`+code+`">`)
		has(t, w.brings(t, &w.Visitor, " "+code+"\n"), 200)
		a := arrive(t, &w.Visitor, w.Server).Authorization
		if u := w.user(t, a.LocalID); u.UserType != identity.Admin || !u.EmailVerified || u.InvitationID == "" || u.Provisional || w.Me(t, a.AccessToken) != 200 || w.used(t) != 1 {
			t.Errorf("made %+v, %d uses are taken", u, w.used(t))
		}
		// Who has an account comes in, and spends nothing.
		fresh := invited(t, w.Server, invite.New{})
		var v dialecttest.Visitor
		has(t, w.brings(t, &v, fresh), 200)
		if b := arrive(t, &v, w.Server).Authorization; b.LocalID != a.LocalID || w.used(t) != 1 {
			t.Errorf("came in as %v, %d uses are taken", b, w.used(t))
		}
		w.secretless(t, code, fresh)
	})
}

func TestAnInvitationThatIsNoGoodIsSaidInTheEnd(t *testing.T) {
	dialecttest.EachKind(t, func(t *testing.T, fresh func(testing.TB) dialecttest.Opener) {
		for _, c := range []struct {
			name, env, text string
			code            func(t *testing.T, w *world) string
			status          int
		}{
			{"wrong", byInvitation, "This invitation is not valid, or it is for another e-mail address.", func(t *testing.T, w *world) string {
				code := invited(t, w.Server, invite.New{})
				return code[:len(code)-4] + "0000"
			}, 400},
			{"wrong, where none is needed", "", "This invitation is not valid, or it is for another e-mail address.", func(*testing.T, *world) string { return "nonsense" }, 400},
			{"for another address", byInvitation, "This invitation is not valid, or it is for another e-mail address.", func(t *testing.T, w *world) string {
				return invited(t, w.Server, invite.New{Email: "bob@example.com"})
			}, 400},
			{"too old", byInvitation, "This invitation has expired. Ask for a new one.", func(t *testing.T, w *world) string {
				code := invited(t, w.Server, invite.New{})
				w.Clock.Advance(invite.DefaultLifetime)
				return code
			}, 410},
			{"used", byInvitation, "This invitation has been used already.", func(t *testing.T, w *world) string {
				code := invited(t, w.Server, invite.New{})
				bob := ada
				bob.Subject, bob.Email = "1815b", "bob@example.com"
				w.providers["keycloak"].SignIn(bob)
				has(t, w.brings(t, &dialecttest.Visitor{}, code), 200)
				w.providers["keycloak"].SignIn(ada)
				return code
			}, 409},
		} {
			t.Run(c.name, func(t *testing.T) {
				w := newWorld(t, fresh(t), []string{"keycloak"}, c.env)
				code := c.code(t, w)
				before := w.used(t)
				r := w.brings(t, &w.Visitor, code)
				w.turnedAway(t, r, c.status, c.text, `<a class="button" href="/account/sign-up">Back to sign-up</a>`)
				w.nobody(t, "keycloak", ada)
				if w.used(t) != before {
					t.Error("a use is taken")
				}
				w.secretless(t, code)
			})
		}
	})
}

// TestABadInvitationIsSaidBeforeTheProvider where that can be known without trying it.
func TestABadInvitationIsSaidBeforeTheProvider(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t), []string{"keycloak"}, byInvitation)
	for _, c := range []struct {
		name, code, text string
		status           int
	}{
		{"none", "", "Enter your invitation code.", 403},
		{"only spaces", " ", "Enter your invitation code.", 403},
		{"longer than any", strings.Repeat("i", 81), "This invitation is not valid", 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := w.press(t, &w.Visitor, url.Values{"invitationCode": {c.code}, "name": {"Ada"}, "email": {"ada@"}, "password": {phrase}, "continue": {"/orders"}})
			has(t, r, c.status, c.text, `action="/account/sign-up"`, `formaction="/auth/social/keycloak/login"`, `value="Ada"`, `value="ada@"`, `value="/orders"`, `aria-invalid="true"`)
			if strings.Contains(r.Body, phrase) || r.Header.Get("Refresh") != "" || w.Has("social_") {
				t.Errorf("%s %s", r.Header, r.Body)
			}
		})
	}
	for _, c := range []struct {
		name   string
		q      dialecttest.Request
		status int
	}{
		{"the form of another site", dialecttest.Request{Type: "application/x-www-form-urlencoded", Body: "invitationCode=x", Header: map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}}, 403},
		{"no form", dialecttest.Request{Body: `{"invitationCode":"x"}`}, 415},
		{"a ticket in the form", dialecttest.Request{Type: "application/x-www-form-urlencoded", Body: "ticket=x"}, 400},
		{"another place to go", dialecttest.Request{Type: "application/x-www-form-urlencoded", Body: "invitationCode=x&continue=%2F%2Fevil.example"}, 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.q.Path, c.q.Method = "/auth/social/keycloak/login", "POST"
			if r := w.Do(t, c.q); r.Status != c.status || r.Header.Get("Set-Cookie") != "" || r.Header.Get("Refresh") != "" {
				t.Errorf("%d %s %s", r.Status, r.Header, r.Body)
			}
		})
	}
}

func TestAProviderHelpsNobodyToGuessACode(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t), []string{"keycloak"}, byInvitation, "GATEHOUSE_LIMIT_CODE=2/15m", "GATEHOUSE_LIMIT_REGISTER=100/1h")
	code := invited(t, w.Server, invite.New{})
	for _, c := range []struct {
		code   string
		status int
	}{{"a guess", 400}, {"another", 400}, {code, 429}} {
		w.turnedAway(t, w.brings(t, &w.Visitor, c.code), c.status)
	}
	w.nobody(t, "keycloak", ada)
}
