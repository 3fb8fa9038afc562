package native_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/provider/providertest"
)

// linkBy asks to link, by a token of the provider or without one.
func linkBy(a dialecttest.Authorization, name string, pairs ...string) request {
	q := request{Method: "POST", Path: "/auth/social/" + name + "/link", Bearer: a.AccessToken}
	if len(pairs) > 0 {
		q.Body = body(pairs...)
	}
	return q
}

func unlink(a dialecttest.Authorization, name string) request {
	return request{Method: "DELETE", Path: "/auth/social/accounts/" + name, Bearer: a.AccessToken}
}

func TestAnIdentityIsLinkedByAToken(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		w := newWorld(t, open, []string{"github", "google"})
		a, b := w.Register(t, "bob@example.com", goodPassword), w.Register(t, "carol@example.com", goodPassword)
		github := w.providers["github"].AccessToken(providertest.ClientID)
		linked := w.Clock.Now().Format(time.RFC3339Nano)
		w.Run(t, []kase{
			{Name: "without a session", Request: linkBy(dialecttest.Authorization{}, "google", "idToken", w.idToken(t, "google")), Status: 401},
			{Name: "a token for another", Request: linkBy(a, "google", "accessToken", w.providers["google"].AccessToken(providertest.OtherClientID)), Status: 401, Code: "social_rejected"},
			{Name: "both tokens", Request: linkBy(a, "google", "idToken", "x", "accessToken", "y"), Status: 400, Has: []string{`"field":"accessToken"`}},
			{Name: "a nonce alone", Request: linkBy(a, "google", "nonce", "x"), Status: 400, Has: []string{`"field":"idToken"`}},
			{Name: "an account", Request: linkBy(a, "google", "localId", b.LocalID), Status: 400, Has: []string{`"field":"localId"`}},
			{Name: "a provider that is not there", Request: linkBy(a, "nobody"), Status: 404, Code: "social_provider_unknown"},
			{Name: "an ID token", Request: linkBy(a, "google", "idToken", w.idToken(t, "google")), Status: 200, Has: []string{`"provider":"google"`, `"email":"ada@example.com"`, linked}},
			{Name: "the same once more", Request: linkBy(a, "google", "accessToken", w.providers["google"].AccessToken(providertest.ClientID)), Status: 200},
			{Name: "to another account", Request: linkBy(b, "google", "accessToken", w.providers["google"].AccessToken(providertest.ClientID)), Status: 409, Code: "social_linked_elsewhere"},
			{Name: "at another provider", Request: linkBy(b, "github", "accessToken", github), Status: 200, Has: []string{`"provider":"github"`}, Never: []string{"google"}},
		})
		other := lovelace
		other.Subject = "1816"
		w.providers["google"].SignIn(other)
		w.Run(t, []kase{{Name: "another identity at the provider", Request: linkBy(a, "google", "idToken", w.idToken(t, "google")), Status: 409, Code: "social_already_linked"}})
		if got := w.is(t, identity.LinkedIdentifier, "google:"+lovelace.Subject); got != a.LocalID || w.is(t, identity.LinkedIdentifier, "google:1816") != "" {
			t.Errorf("it is %s", got)
		}
		var all struct{ Accounts []map[string]any }
		must(t, w.Server, request{Path: "/auth/social/accounts", Bearer: a.AccessToken}, 200).JSON(t, &all)
		want := map[string]any{"provider": "google", "email": lovelace.Email, "name": lovelace.Name, "picture": lovelace.Picture, "linkedAt": linked, "updatedAt": linked}
		if diff := cmp.Diff([]map[string]any{want}, all.Accounts); diff != "" {
			t.Errorf("accounts (-want +got):\n%s", diff)
		}
		if n := len(w.Mails(t, mail.IdentityLinked, "bob@example.com")); n != 1 {
			t.Errorf("%d mails tell of it", n)
		}
		w.providers["google"].SignIn(lovelace)
		w.Clock.Advance(time.Second) // the ID token is another one
		if in := authorization(t, w.Do(t, w.enter("google", "idToken", w.idToken(t, "google")))); in.LocalID != a.LocalID || in.Email != "bob@example.com" {
			t.Errorf("it opens %v", in)
		}
	})
}

func TestLinkingAsksForAFreshSession(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t), []string{"google"})
	a := w.Register(t, "bob@example.com", goodPassword)
	w.Clock.Advance(9 * time.Minute)
	must(t, w.Server, linkBy(a, "google"), 201)
	w.Clock.Advance(2 * time.Minute)
	renewed := w.Refresh(t, a.RefreshToken)
	w.Run(t, []kase{
		{Name: "by a browser", Request: linkBy(renewed, "google"), Status: 403, Code: "reauth_required"},
		{Name: "by a token", Request: linkBy(renewed, "google", "idToken", w.idToken(t, "google")), Status: 403, Code: "reauth_required"},
	})
	if got := w.linked(t, renewed); len(got) != 0 {
		t.Errorf("linked: %v", got)
	}
}

// ticket asks for a way to a provider that links, with a browser.
func (w *world) ticket(t *testing.T, v *dialecttest.Visitor, a dialecttest.Authorization) string {
	t.Helper()
	r := v.Visit(t, w.Server, linkBy(a, "google"))
	var to struct {
		URL       string
		ExpiresIn int
	}
	r.JSON(t, &to)
	if r.Status != 201 || to.ExpiresIn != 60 || !strings.HasPrefix(to.URL, w.URL+"/auth/social/google/login?ticket=lt_") || len(v.Set()) != 1 || !v.Has("link") {
		t.Fatalf("%d %s %s", r.Status, r.Header, r.Body)
	}
	return to.URL
}

func (w *world) agree(t *testing.T, r dialecttest.Response) *url.URL {
	t.Helper()
	if r.Status != 303 {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	return w.providers["google"].Authorize(t, r.Header.Get("Location")).URL
}

func TestABrowserLinksAnIdentity(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		w := newWorld(t, open, []string{"google"}, "GATEHOUSE_APP_URL=/app")
		a := w.Register(t, "bob@example.com", goodPassword)
		var v dialecttest.Visitor
		way := w.ticket(t, &v, a)
		back := w.agree(t, v.Open(t, w.other, way+"&continue=%2Fsettings%3Ftab%3Daccounts"))
		r := v.Open(t, w.Server, back.String())
		if r.Status != 303 || r.Header.Get("Location") != w.URL+"/settings?tab=accounts" || v.Has("handoff") || v.Has("social_") {
			t.Errorf("%d %s", r.Status, r.Header)
		}
		if got := w.linked(t, a); len(got) != 1 || w.is(t, identity.LinkedIdentifier, "google:"+lovelace.Subject) != a.LocalID || w.Me(t, a.AccessToken) != 200 {
			t.Errorf("linked: %v", got)
		}
		sessions := must(t, w.Server, request{Path: "/auth/sessions", Bearer: a.AccessToken}, 200)
		if n := strings.Count(sessions.Body, `"handle"`); n != 1 {
			t.Errorf("%d sessions", n)
		}
		if r := v.Open(t, w.Server, back.String()); r.Status != 400 {
			t.Errorf("again: %d", r.Status)
		}
		ticket := strings.Split(way, "ticket=")[1]
		if text := w.Log.String() + w.other.Log.String(); strings.Contains(text, ticket) || strings.Contains(text, back.Query().Get("state")) {
			t.Error("the log holds what was on the way")
		}
	})
}

// TestATicketWorksForItsBrowserOnce is about links that somebody sends somebody else.
func TestATicketWorksForItsBrowserOnce(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		w := newWorld(t, open, []string{"google"})
		attacker := w.Register(t, "eve@example.com", goodPassword)
		for _, c := range []struct {
			name   string
			before func(t *testing.T, v *dialecttest.Visitor, way string) string
			status int
		}{
			{"in a browser without the cookie", func(_ *testing.T, v *dialecttest.Visitor, way string) string {
				*v = dialecttest.Visitor{}
				return way
			}, 400},
			{"in a browser with a cookie of its own", func(t *testing.T, v *dialecttest.Visitor, way string) string {
				*v = dialecttest.Visitor{}
				w.ticket(t, v, w.Login(t, "eve@example.com", goodPassword))
				return way
			}, 400},
			{"a second time", func(t *testing.T, v *dialecttest.Visitor, way string) string {
				w.agree(t, v.Twin().Open(t, w.other, way))
				return way
			}, 400},
			{"changed", func(_ *testing.T, _ *dialecttest.Visitor, way string) string {
				b := []byte(way)
				b[len(b)-20] ^= 1
				return string(b)
			}, 400},
			{"too late", func(_ *testing.T, _ *dialecttest.Visitor, way string) string {
				w.Clock.Advance(61 * time.Second)
				return way
			}, 400},
			{"a state in its place", func(t *testing.T, v *dialecttest.Visitor, way string) string {
				state := w.agree(t, v.Open(t, w.Server, "/auth/social/google/login")).Query().Get("state")
				return "/auth/social/google/login?ticket=" + state
			}, 400},
		} {
			t.Run(c.name, func(t *testing.T) {
				var v dialecttest.Visitor
				r := v.Open(t, w.Server, c.before(t, &v, w.ticket(t, &v, attacker)))
				if r.Status != c.status || r.Header.Get("Location") != "" {
					t.Errorf("%d %s", r.Status, r.Header)
				}
			})
		}
		t.Run("when the session has ended", func(t *testing.T) {
			b := w.Register(t, "bob@example.com", goodPassword)
			var v dialecttest.Visitor
			way := w.ticket(t, &v, b)
			early := v.Twin()
			second := w.ticket(t, early, b)
			back := w.agree(t, early.Open(t, w.Server, second))
			must(t, w.Server, request{Method: "POST", Path: "/auth/logout", Bearer: b.AccessToken}, 204)
			for name, r := range map[string]dialecttest.Response{"before it goes": v.Open(t, w.Server, way), "on the way back": early.Open(t, w.Server, back.String())} {
				if r.Status != 401 || r.Header.Get("Location") != "" {
					t.Errorf("%s: %d %s", name, r.Status, r.Header)
				}
			}
		})
		t.Run("on the way back in another browser", func(t *testing.T) {
			var v, victim dialecttest.Visitor
			back := w.agree(t, v.Open(t, w.Server, w.ticket(t, &v, w.Login(t, "eve@example.com", goodPassword))))
			if r := victim.Open(t, w.Server, back.String()); r.Status != 400 {
				t.Errorf("%d %s", r.Status, r.Body)
			}
		})
		if w.is(t, identity.LinkedIdentifier, "google:"+lovelace.Subject) != "" {
			t.Error("the identity is linked")
		}
	})
}

func TestUnlinking(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		w := newWorld(t, open, []string{"github", "google"})
		a := authorization(t, w.Do(t, w.enter("google", "idToken", w.idToken(t, "google"))))
		w.Run(t, []kase{
			{Name: "the only way in", Request: unlink(a, "google"), Status: 409, Code: "last_credential"},
			{Name: "what is not linked", Request: unlink(a, "github"), Status: 404, Code: "social_not_linked"},
			{Name: "without a session", Request: unlink(dialecttest.Authorization{}, "google"), Status: 401},
			{Name: "another identity", Request: linkBy(a, "github", "accessToken", w.providers["github"].AccessToken(providertest.ClientID)), Status: 200},
		})
		thief := authorization(t, w.Do(t, w.enter("google", "accessToken", w.providers["google"].AccessToken(providertest.ClientID))))
		w.Run(t, []kase{
			{Name: "one of two", Request: unlink(a, "google"), Status: 204},
			{Name: "again", Request: unlink(a, "google"), Status: 404, Code: "social_not_linked"},
			{Name: "the last of two", Request: unlink(a, "github"), Status: 409, Code: "last_credential"},
			{Name: "a password", Request: request{Path: "/auth/forgotPassword", Body: body("email", lovelace.Email)}, Status: 202},
		})
		if w.Me(t, a.AccessToken) != 200 || w.Me(t, thief.AccessToken) != 401 {
			t.Errorf("sessions: %d and %d", w.Me(t, a.AccessToken), w.Me(t, thief.AccessToken))
		}
		w.Run(t, []kase{{Name: "the other's refresh token", Request: request{Path: "/auth/refreshToken", Body: body("refreshToken", thief.RefreshToken)}, Status: 401}})
		if n := len(w.Mails(t, mail.IdentityUnlinked, lovelace.Email)); n != 1 {
			t.Errorf("%d mails tell of it", n)
		}
		must(t, w.Server, reset(w.MailedToken(t, mail.ResetPassword, lovelace.Email), goodPassword), 204)
		a = w.Login(t, lovelace.Email, goodPassword)
		if got := w.linked(t, a); len(got) != 0 {
			t.Errorf("a reset has left: %v", got)
		}
		must(t, w.Server, linkBy(a, "github", "accessToken", w.providers["github"].AccessToken(providertest.ClientID)), 200)
		must(t, w.Server, unlink(a, "github"), 204) // there is a password now
		if got := w.linked(t, a); len(got) != 0 {
			t.Errorf("linked: %v", got)
		}
		elsewhere := lovelace
		elsewhere.Email = "ada@elsewhere.example.com"
		w.providers["google"].SignIn(elsewhere)
		if b := authorization(t, w.Do(t, w.enter("google", "idToken", w.idToken(t, "google")))); b.LocalID == a.LocalID {
			t.Error("the identity opens the account still")
		}
	})
}

// TestCookiesOfOtherOriginsLinkOnly is about scripts that ask for a way to a provider: they get
// the cookie that goes with it.
func TestCookiesOfOtherOriginsLinkOnly(t *testing.T) {
	const app = "https://app.example.com"
	w := newWorld(t, dialecttest.SQLite(t), []string{"google"}, "GATEHOUSE_CORS_ORIGINS="+app)
	a := w.Register(t, "bob@example.com", goodPassword)
	preflight := request{Method: "OPTIONS", Path: "/auth/social/google/link", Header: map[string]string{"Access-Control-Request-Method": "POST"}}
	for _, c := range []struct {
		name, origin string
		with         request
		allowed      string
		credentials  string
	}{
		{"an allowed origin", app, linkBy(a, "google"), app, "true"},
		{"its preflight", app, preflight, app, "true"},
		{"what needs none", app, request{Path: "/auth/social/accounts", Bearer: a.AccessToken}, app, ""},
		{"signing in", app, w.enter("google", "idToken", "x"), app, ""},
		{"where browsers go", app, request{Path: "/auth/social/google/login"}, app, ""},
		{"another origin", "https://evil.example", linkBy(a, "google"), "", ""},
		{"its preflight, too", "https://evil.example", preflight, "", ""},
		{"one that begins alike", app + ".evil.example", linkBy(a, "google"), "", ""},
		{"none", "null", linkBy(a, "google"), "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			header := map[string]string{"Origin": c.origin}
			for name, value := range c.with.Header {
				header[name] = value
			}
			c.with.Header = header
			r := w.Do(t, c.with)
			got := []string{r.Header.Get("Access-Control-Allow-Origin"), r.Header.Get("Access-Control-Allow-Credentials")}
			if diff := cmp.Diff([]string{c.allowed, c.credentials}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
