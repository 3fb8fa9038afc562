package pages_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/browsertest"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// alarm notices scripts that are not ours.
const alarm = `for (const name of ["alert", "confirm", "prompt"]) window[name] = () => { window.executed = 1 }`

func TestNoPayloadRuns(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := s.Register(t, "ada@example.com", phrase)
	tab := browsertest.Start(t).Tab(t)
	tab.BeforePages(alarm)
	var links []string
	for i, p := range payloads { // the answers to all of them in every place are read in TestNothingOfAPayloadIsRepeated
		c := a
		*[]*string{&c.Email, &c.AccessToken, &c.LocalID, &c.RefreshToken}[i%4] = p
		links = append(links, arrival+"?"+sfToken(c)+"#"+url.QueryEscape(p), arrival+"?SF_Token="+url.QueryEscape(p),
			[]string{"/account/sign-up?invitationCode=", "/account/sign-in?continue=", "/account/verify?token=", "/account/enter?token="}[i%4]+url.QueryEscape(p))
	}
	for _, link := range links {
		tab.Open(s.URL + link)
		var executed bool
		if tab.Eval("window.executed !== undefined || document.querySelector('main svg, main img, iframe') !== null", &executed); executed {
			t.Errorf("%s got through", link)
		}
		nothingStored(t, tab)
	}
	tab.Open(s.URL + "/account/sign-up")
	tab.Fill("Name (optional)", payloads[0])
	tab.Fill("E-mail address", payloads[1])
	tab.Press("Create account")
	tab.WaitFor(`document.querySelectorAll("[aria-invalid]").length === 1`)
	tab.Clean("status of 400")
}

func TestALinkThatIsNotGoodStoresNothing(t *testing.T) {
	t.Parallel()
	s := start(t)
	a, b := s.Register(t, "ada@example.com", phrase), s.Register(t, "bob@example.com", phrase)
	mixed := a
	mixed.RefreshToken = b.RefreshToken
	renamed := a
	renamed.Email = b.Email
	foreign := a
	foreign.AccessToken = "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ." + strings.Split(a.AccessToken, ".")[1] + ".AAAA"
	tab := browsertest.Start(t).Tab(t)
	refused := func(what string, c dialecttest.Authorization) {
		tab.Open(s.URL + arrival + "?" + sfToken(c))
		if got := tab.Text("h1"); got != "This sign-in link does not work" {
			t.Errorf("%s: %s", what, got)
		}
		nothingStored(t, tab)
	}
	refused("mixed", mixed)
	refused("renamed", renamed)
	refused("foreign", foreign)
	s.Clock.Advance(2 * time.Hour)
	refused("expired", a)
	tab.Clean("status of 400")
	for _, secret := range []string{a.AccessToken, a.RefreshToken, b.RefreshToken} {
		if strings.Contains(s.Log.String(), secret) {
			t.Error("a token stands in the log")
		}
	}
}

// TestAnAddressIsTextHoweverItLooks shows an address that would be a pattern in a replacement.
func TestAnAddressIsTextHoweverItLooks(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := s.Register(t, "o'hara&$&co+x@example.com", phrase)
	tab := browsertest.Start(t).Tab(t)
	tab.Open(s.URL + arrival + "?" + sfToken(a))
	tab.WaitFor(`document.activeElement.textContent === "Continue as o'hara&$&co+x@example.com?"`)
}

func TestEverythingButTheLastStepWorksWithoutScripts(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := newcomer(t, s, "ada@example.com")
	confirm, undo := offerMove(t, s, "bob@example.com", "bob@new.example.com")
	tab := browsertest.Start(t).Tab(t)
	tab.Scripts(false)
	heading := func(want string) {
		t.Helper()
		tab.WaitFor(`document.readyState === "complete" && document.querySelector("h1").innerText === ` + dialecttest.JSON(want))
	}
	tab.Open(s.URL + "/account/sign-in")
	tab.Follow("Forgot your password?")
	heading("Forgot your password?")
	tab.Fill("E-mail address", "ada@example.com")
	tab.Press("Send the link")
	heading("Check your mail")
	tab.Open(s.URL + "/account/reset?token=" + s.MailedToken(t, mail.ResetPassword, "ada@example.com"))
	tab.Fill("New password", "short")
	tab.Press("Set password")
	tab.WaitFor(`document.querySelector("#newPassword-problem")`)
	tab.Fill("New password", "another long phrase")
	tab.Press("Set password")
	heading("Password set")
	if s.Me(t, a.AccessToken) != 401 {
		t.Error("the old session lives")
	}
	tab.Open(s.URL + "/account/verify?token=" + confirm)
	tab.Press("Confirm")
	heading("Address confirmed")
	tab.Open(s.URL + "/account/cancel?token=" + undo)
	tab.Press("Keep my old address")
	heading("Your old address is kept")
	tab.Open(s.URL + "/account/sign-in")
	tab.Fill("E-mail address", "ada@example.com")
	tab.Fill("Password", "another long phrase\r")
	tab.Press("Sign in")
	heading("One more step")
	tab.Shot("pages-arrival-no-script")
	tab.Open(s.URL + "/account/enter?token=" + enterToken(t, s, "ada@example.com"))
	heading("Sign in without a password")
	tab.Press("Sign in")
	heading("One more step")
	tab.Open(s.URL + "/account/sign-up")
	tab.Fill("E-mail address", "carol@example.com")
	tab.Fill("Password", phrase)
	tab.Press("Create account")
	heading("One more step")
	tab.Clean("status of 422")
}
