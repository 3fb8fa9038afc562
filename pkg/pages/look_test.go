package pages_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/browsertest"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/provider/providertest"
)

// sight is a page in one of its states.
type sight struct {
	name   string
	path   string // or a whole address, of another service
	fields string // what is sent from there; empty stays there
	answer string // the status that the answer has
}

func sights(t *testing.T, s *dialecttest.Server) []sight {
	t.Helper()
	send(t, s, mail.SignUpPath, url.Values{"name": {"Ada"}, "email": {"ada.lovelace@example.com"}, "password": {phrase}})
	verify := s.MailedToken(t, mail.VerifyEmail, "ada.lovelace@example.com")
	move, undo := offerMove(t, s, "grace@example.com", "grace.hopper@new.example.org")
	reset := resetToken(t, s, "ada.lovelace@example.com")
	enter := enterToken(t, s, "ada.lovelace@example.com")
	invited, second := invitation(t, s, "marie.curie@example.com"), resetID(t, s, "grace.hopper@example.com")
	ok := func(name, path string) sight { return sight{name: name, path: path} }
	return []sight{
		ok("sign-in", "/account/sign-in"),
		{"sign-in-wrong", "/account/sign-in", "email=ada.lovelace@example.com&password=x", "401"},
		{"sign-in-bad", "/account/sign-in", "email=nobody&password=", "400"},
		{"sign-in-unverified", "/account/sign-in", "email=ada.lovelace@example.com&password=" + phrase, "403"},
		ok("sign-up", "/account/sign-up"),
		ok("sign-up-invited", "/account/sign-up?invitationCode=iv_x"),
		{"sign-up-bad", "/account/sign-up", "email=nobody&password=short", "400"},
		{"sign-up-weak", "/account/sign-up", "email=eve@example.com&password=password1", "422"},
		{"sign-up-code", "/account/sign-up?invitationCode=iv_x", "email=eve@example.com&password=" + phrase, "400"},
		ok("forgot", "/account/forgot"),
		{"forgot-bad", "/account/forgot", "email=", "400"},
		{"check-mail", "/account/forgot", "email=ada.lovelace@example.com", "200"},
		ok("reset", "/account/reset?token="+reset),
		{"reset-short", "/account/reset?token=" + reset, "newPassword=short", "422"},
		ok("reset-dead", "/account/reset?token=rp_x"),
		ok("join", mail.RegisterPath+invited+"?email=marie.curie@example.com"),
		{"join-short", mail.RegisterPath + invited, "password=short", "422"},
		ok("join-dead", mail.RegisterPath+"00000000-0000-4000-8000-000000000000"),
		ok("registered", "/account/registered"),
		ok("password", mail.PasswordPath+second),
		{"password-short", mail.PasswordPath + second, "newPassword=short", "422"},
		ok("password-dead", mail.PasswordPath+"x"),
		ok("enter", "/account/enter?token="+enter),
		ok("verify", "/account/verify?token="+verify),
		ok("verify-move", "/account/verify?token="+move),
		ok("cancel", "/account/cancel?token="+undo),
		ok("confirmed", "/account/confirmed"),
		ok("password-set", "/account/password-set"),
		ok("restored", "/account/restored"),
		ok("wrong-continue", "/account/sign-in?continue=//evil.example"),
		ok("arrival-dead", "/auth/thirdPartySignIn?code=x"),
	}
}

// socialSights are those of a service with providers, one of which is down.
func socialSights(t *testing.T) []sight {
	t.Helper()
	var env []string
	for _, name := range []string{"apple", "google", "microsoft", "github", "keycloak"} {
		p := providertest.Start(t, name, ada)
		p.Down(name == "keycloak")
		env = append(env, p.Env()...)
	}
	s := start(t, append(env, "GATEHOUSE_REQUIRE_VERIFIED_EMAIL=true")...)
	send(t, s, mail.SignUpPath, url.Values{"name": {"Ada"}, "email": {"ada.lovelace@example.com"}, "password": {phrase}})
	return []sight{
		{name: "social-sign-in", path: s.URL + "/account/sign-in"},
		{"social-sign-in-wrong", s.URL + "/account/sign-in?continue=/app", "email=ada.lovelace@example.com&password=x", "401"},
		{"social-sign-in-unverified", s.URL + "/account/sign-in", "email=ada.lovelace@example.com&password=" + phrase, "403"},
		{name: "social-sign-up", path: s.URL + "/account/sign-up"},
		{name: "social-state", path: s.URL + "/auth/social/google/callback?state=x&code=y"},
		{name: "social-down", path: s.URL + "/auth/social/keycloak/login"},
		{name: "social-unknown", path: s.URL + "/auth/social/nobody/login"},
	}
}

// invitedSights are those of a service that is for invited people, with providers.
func invitedSights(t *testing.T) []sight {
	t.Helper()
	env := []string{"GATEHOUSE_REGISTRATION=invite"}
	for _, name := range []string{"apple", "google"} {
		env = append(env, providertest.Start(t, name, ada).Env()...)
	}
	s := start(t, env...)
	return []sight{
		{name: "invited-sign-up", path: s.URL + "/account/sign-up?invitationCode=iv_x"},
		{name: "invited-sign-up-code", path: s.URL + "/account/sign-up"},
		{"invited-sign-up-bad", s.URL + "/account/sign-up", "invitationCode=iv_x&email=nobody", "400"},
		{name: "invited-sign-up-bad-invited", path: s.URL + "/account/sign-up?invitationCode=iv_x", fields: "email=nobody", answer: "400"},
	}
}

// TestEverybodyCanUseEveryPage looks at every page in each language and look, on a small phone
// and on a desk. With GATEHOUSE_TEST_SHOTS it takes pictures.
func TestEverybodyCanUseEveryPage(t *testing.T) {
	t.Parallel()
	s := start(t, "GATEHOUSE_REQUIRE_VERIFIED_EMAIL=true")
	all := append(append(sights(t, s), socialSights(t)...), invitedSights(t)...)
	browser := browsertest.Start(t)
	for _, way := range []struct {
		language, scheme string
		width            int64
	}{{"en", "light", 1280}, {"de", "dark", 390}, {"de", "light", 320}} {
		name := fmt.Sprintf("%s-%s-%d", way.language, way.scheme, way.width)
		t.Run(name, func(t *testing.T) {
			tab := browser.Tab(t)
			tab.Language(way.language)
			tab.Prefer("prefers-color-scheme", way.scheme)
			tab.Size(way.width, 800)
			for _, p := range all {
				if at := p.path; strings.HasPrefix(at, "/") {
					p.path = s.URL + at
				}
				tab.Open(p.path)
				if p.fields != "" {
					submit(t, tab, p.fields)
				}
				tab.Accessible()
				var wide bool
				if tab.Eval("document.documentElement.scrollWidth > innerWidth", &wide); wide {
					t.Errorf("%s is wider than the screen", p.name)
				}
				var lang string
				if tab.Eval("document.documentElement.lang", &lang); lang != way.language {
					t.Errorf("%s is in %q", p.name, lang)
				}
				tab.Shot("pages-" + p.name + "-" + name)
			}
			tab.Clean("status of 40", "status of 42", "status of 503")
		})
	}
}

// submit fills the first form on the page that has fields to fill in, and sends it.
func submit(t *testing.T, tab *browsertest.Tab, fields string) {
	t.Helper()
	values, err := url.ParseQuery(fields)
	if err != nil {
		t.Fatal(err)
	}
	tab.Eval("window.before = true", nil)
	for name, value := range values {
		tab.Eval(fmt.Sprintf("document.querySelector('[name=%s]').value = %q", name, value[0]), nil)
	}
	tab.Eval("document.forms[0].requestSubmit(), 0", nil)
	tab.WaitFor("window.before === undefined && document.readyState === 'complete'")
}
