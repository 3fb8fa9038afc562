package pages_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/provider/providertest"
)

func TestAProviderLetsSomebodyNewIn(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		w := newWorld(t, open, []string{"keycloak"})
		sent := w.Open(t, w.Server, "/auth/social/keycloak/login")
		q := asked(t, sent)
		for name, want := range map[string]string{
			"response_type": "code", "client_id": providertest.ClientID, "redirect_uri": w.URL + "/auth/social/keycloak/callback",
			"code_challenge_method": "S256", "scope": "openid email profile",
		} {
			if got := q.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		for name, least := range map[string]int{"state": 43, "nonce": 43, "code_challenge": 43} {
			if len(q.Get(name)) < least {
				t.Errorf("%s is %q", name, q.Get(name))
			}
		}
		if !strings.HasPrefix(sent.Header.Get("Location"), w.providers["keycloak"].URL+"/") {
			t.Errorf("goes to %s", sent.Header.Get("Location"))
		}
		plainly(t, sent)
		flow := w.Set()[0]
		secret := flow.Value
		flow.Name, flow.Value, flow.Raw = flow.Name[:len(flow.Name)-1], "", "" // the slot is any
		if diff := cmp.Diff(&http.Cookie{Name: "gatehouse_social_", Path: "/", MaxAge: 600, HttpOnly: true, SameSite: http.SameSiteLaxMode}, flow); diff != "" || len(w.Set()) != 1 {
			t.Errorf("%d cookies (-want +got):\n%s", len(w.Set()), diff)
		}

		back := w.providers["keycloak"].Authorize(t, sent.Header.Get("Location")).URL
		done := w.Open(t, w.other, back.String())
		has(t, done, 200)
		guarded(t, done, arrivalPolicy)
		plainly(t, done)
		if w.Has("social_") || len(w.Set()) != 2 {
			t.Errorf("cookies are %s", done.Header.Values("Set-Cookie"))
		}
		code, state := back.Query().Get("code"), back.Query().Get("state")
		if strings.Contains(done.Body, code) || strings.Contains(done.Body, state) || strings.Contains(done.Body, ada.Email) {
			t.Errorf("the page says who has come: %s", done.Body)
		}
		ticket := w.Cookies()

		got := arrive(t, &w.Visitor, w.Server)
		a := got.Authorization
		got.Authorization = dialecttest.Authorization{}
		if diff := cmp.Diff(exchanged{Destination: w.URL + "/app", OwnOrigin: true}, got); diff != "" {
			t.Errorf("arrived (-want +got):\n%s", diff)
		}
		if a.Email != ada.Email || w.Me(t, a.AccessToken) != 200 || w.other.Refresh(t, a.RefreshToken).LocalID != a.LocalID {
			t.Errorf("got %v", a)
		}
		u := w.user(t, a.LocalID)
		if !u.EmailVerified || u.HasPassword() || u.Profile.DisplayName != ada.Name || u.IsAdmin() || len(u.Linked) != 1 || w.Cookies() != "" {
			t.Errorf("made %+v, the browser keeps %q", u, w.Cookies())
		}
		w.secretless(t, code, state, secret, strings.TrimPrefix(ticket, "gatehouse-handoff="), q.Get("nonce"), a.AccessToken, a.RefreshToken)
	})
}

// plainly checks what every answer on the way carries.
func plainly(t *testing.T, r dialecttest.Response) {
	t.Helper()
	if r.Header.Get("Cache-Control") != "no-store" || r.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("%s is not for everybody to keep", r.Header)
	}
}

func TestEveryKindOfProviderLetsIn(t *testing.T) {
	names := []string{"apple", "discord", "facebook", "github", "google", "keycloak", "microsoft"}
	w := newWorld(t, dialecttest.SQLite(t), names)
	for i, name := range names {
		t.Run(name, func(t *testing.T) {
			u := ada
			u.Subject, u.Email = u.Subject+string(rune('0'+i)), name+"@example.com"
			w.providers[name].SignIn(u)
			var first, second dialecttest.Visitor
			a, b := w.enter(t, &first, name, ""), w.enter(t, &second, name, "")
			if a.Authorization.LocalID != b.Authorization.LocalID || w.Me(t, b.Authorization.AccessToken) != 200 || a.Authorization.Email != u.Email {
				t.Errorf("came in as %v and then as %v", a, b)
			}
			vouched := !slices.Contains([]string{"facebook", "microsoft"}, name)
			if got := w.user(t, a.Authorization.LocalID).EmailVerified; got != vouched {
				t.Errorf("the address is verified: %v", got)
			}
			if welcomed := len(w.Mails(t, mail.VerifyEmail, u.Email)); welcomed == 0 != vouched {
				t.Errorf("%d mails to verify the address", welcomed)
			}
			w.secretless(t, a.Authorization.RefreshToken)
		})
	}
}

func TestWhoHasAnAccountComesIntoIt(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		t.Run("with a verified address", func(t *testing.T) {
			w := newWorld(t, open, []string{"google"})
			was := newcomer(t, w.Server, "Ada@Example.com")
			got := w.enter(t, &w.Visitor, "google", "").Authorization
			if got.LocalID != was.LocalID || w.Me(t, was.AccessToken) != 200 || w.Login(t, ada.Email, phrase).LocalID != was.LocalID {
				t.Errorf("came in as %v", got)
			}
			if n := len(w.Mails(t, mail.IdentityLinked, "Ada@Example.com")); n != 1 {
				t.Errorf("%d mails tell of it", n)
			}
			other := ada
			other.Email = "ada@new.example.com"
			w.providers["google"].SignIn(other)
			if again := w.enter(t, &w.Visitor, "google", "").Authorization; again.LocalID != was.LocalID || w.user(t, was.LocalID).Email != "Ada@Example.com" {
				t.Errorf("with another address there: %v", again)
			}
		})
		t.Run("with an address that nobody has proved", func(t *testing.T) {
			w := newWorld(t, open, []string{"google"})
			u := ada
			u.Subject, u.Email = "1906", "grace@example.com"
			w.providers["google"].SignIn(u)
			squatter := w.Register(t, u.Email, phrase)
			got := w.enter(t, &w.Visitor, "google", "").Authorization
			if w.Me(t, squatter.AccessToken) != 401 || w.Me(t, got.AccessToken) != 200 || w.user(t, got.LocalID).HasPassword() {
				t.Errorf("the squatter is still there: %v", got)
			}
			w.Run(t, []dialecttest.Case{
				{Name: "the squatter's password", Status: 401, Request: dialecttest.Request{
					Path: "/auth/login", Key: w.Publishable, Body: dialecttest.JSON(map[string]string{"email": u.Email, "password": phrase}),
				}},
				{Name: "the squatter's refresh token", Status: 401, Request: dialecttest.Request{
					Path: "/auth/refreshToken", Body: dialecttest.JSON(map[string]string{"refreshToken": squatter.RefreshToken}),
				}},
			})
		})
		t.Run("and the provider does not vouch for the address", func(t *testing.T) {
			w := newWorld(t, open, []string{"microsoft"})
			u := ada
			u.Email = "marie@example.com"
			w.providers["microsoft"].SignIn(u)
			was := newcomer(t, w.Server, u.Email)
			r := w.Open(t, w.Server, w.begin(t, &w.Visitor, "microsoft", "").String())
			w.turnedAway(t, r, 409)
			if len(w.user(t, was.LocalID).Linked) != 0 {
				t.Error("it is linked")
			}
		})
	})
}

// turnedAway checks a page that lets nobody in.
func (*world) turnedAway(t *testing.T, r dialecttest.Response, status int, parts ...string) {
	t.Helper()
	has(t, r, status, parts...)
	if r.Header.Get("Set-Cookie") != "" || r.Header.Get("Location") != "" || strings.Contains(r.Body, "<script") {
		t.Errorf("%s %s", r.Header, r.Body)
	}
	guarded(t, r, formPolicy)
	has(t, r, status, ` href="/account/sign-in">`)
}

func TestWhereABrowserGoesAfterAProvider(t *testing.T) {
	const app = "https://app.example.org"
	w := newWorld(t, dialecttest.SQLite(t), []string{"google"}, "GATEHOUSE_CORS_ORIGINS="+app)
	for _, c := range []struct {
		name, wanted, want string
		own                bool
	}{
		{"a path", "/orders?id=7", w.URL + "/orders?id=7", true},
		{"an allowed origin", app + "/in?x=1", app + "/in?x=1", false},
		{"our own origin", w.URL + "/x", w.URL + "/x", true},
		{"nothing", "", w.URL + "/app", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var v dialecttest.Visitor
			if got := w.enter(t, &v, "google", "?"+url.Values{"continue": {c.wanted}}.Encode()); got.Destination != c.want || got.OwnOrigin != c.own || got.Confirm {
				t.Errorf("goes to %+v", got)
			}
		})
	}
	t.Run("an origin that was allowed when it began", func(t *testing.T) {
		back := w.begin(t, &w.Visitor, "google", "?continue="+url.QueryEscape(app))
		node := w.Node(t)
		node.App.Social.Origins = nil
		w.turnedAway(t, w.Open(t, node, back.String()), 400)
	})
}

func TestWhoMayNotComeInIsToldWhy(t *testing.T) {
	dialecttest.EachKind(t, func(t *testing.T, fresh func(testing.TB) dialecttest.Opener) {
		for _, c := range []struct {
			name, env string
			before    func(t *testing.T, w *world)
			answer    url.Values // instead of the provider's
			says      providertest.User
			status    int
			text      string
			nobody    bool
		}{
			{name: "cancelled", answer: url.Values{"error": {"access_denied"}, "error_description": {"<b>No</b>"}}, says: ada, status: 403, text: "You have not agreed", nobody: true},
			{name: "refused there", answer: url.Values{"error": {"invalid_scope"}}, says: ada, status: 401, text: "could not be confirmed", nobody: true},
			{name: "broken there", answer: url.Values{"error": {"server_error"}}, says: ada, status: 503, text: "does not answer", nobody: true},
			{name: "closed", env: "GATEHOUSE_REGISTRATION=closed", says: ada, status: 403, text: "New accounts cannot be created", nobody: true},
			{name: "by invitation", env: "GATEHOUSE_REGISTRATION=invite", says: ada, status: 403, text: "invitation", nobody: true},
			{name: "no address", says: providertest.User{Subject: "7", Name: "Nobody"}, status: 403, text: "does not tell us your e-mail address"},
			{name: "disabled", says: ada, status: 403, text: "disabled", before: func(t *testing.T, w *world) {
				a, yes := newcomer(t, w.Server, ada.Email), true
				if _, err := w.App.Accounts.Set(t.Context(), dialecttest.Operator, a.LocalID, account.Setting{Disabled: &yes}); err != nil {
					t.Fatal(err)
				}
			}},
		} {
			t.Run(c.name, func(t *testing.T) {
				w := newWorld(t, fresh(t), []string{"keycloak"}, c.env)
				if c.before != nil {
					c.before(t, w)
				}
				w.providers["keycloak"].SignIn(c.says)
				back := w.begin(t, &w.Visitor, "keycloak", "")
				if c.answer != nil {
					c.answer.Set("state", back.Query().Get("state"))
					back.RawQuery = c.answer.Encode()
				}
				r := w.Open(t, w.Server, back.String())
				w.turnedAway(t, r, c.status, c.text)
				if strings.Contains(r.Body, "<b>") || strings.Contains(r.Body, "No</b>") {
					t.Errorf("the provider's words are shown: %s", r.Body)
				}
				if c.nobody {
					w.nobody(t, "keycloak", c.says)
				}
				w.secretless(t, back.Query().Get("state"))
			})
		}
	})
}
