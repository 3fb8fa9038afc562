package pages_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

const (
	guest     = "marie@example.com"
	deadTitle = "<h1>This link does not work any more</h1>"
)

func TestAGuestMakesAnAccountOnThePageOfTheInvitation(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := dialecttest.Start(t, open, dialecttest.Options{Env: []string{"GATEHOUSE_REQUIRE_VERIFIED_EMAIL=true"}})
		dialecttest.QuickPasswords(s)
		path := mail.RegisterPath + invitation(t, s, guest)
		for range 2 { // looking is no use, and the query has no say
			if r := s.Do(t, dialecttest.Request{Path: path + "?email=eve@example.com"}); r.Status != 200 || !strings.Contains(r.Body, guest) || strings.Contains(r.Body, "eve@") {
				t.Fatalf("%d %s", r.Status, r.Body)
			}
		}
		if r := send(t, s, path, url.Values{"password": {"short"}}); r.Status != 422 || !strings.Contains(r.Body, guest) {
			t.Errorf("%d %s", r.Status, r.Body)
		}
		if r := send(t, s, path, url.Values{"password": {phrase}, "email": {"eve@example.com"}}); r.Status != 400 {
			t.Errorf("a field that the form has not: %d", r.Status)
		}
		if r := send(t, s, path, url.Values{"password": {phrase}}); r.Status != http.StatusSeeOther || r.Header.Get("Location") != "/account/registered" {
			t.Fatalf("%d %s", r.Status, r.Body)
		}
		s.Login(t, guest, phrase) // the address is proved
		for name, r := range map[string]dialecttest.Response{"shown": s.Do(t, dialecttest.Request{Path: path}), "sent": send(t, s, path, url.Values{"password": {phrase}})} {
			if r.Status != http.StatusConflict || strings.Contains(r.Body, guest) || !strings.Contains(r.Body, deadTitle) {
				t.Errorf("the used one, %s: %d %s", name, r.Status, r.Body)
			}
		}
	})
}

// TestAGuestWhoHasAnAccountByNowIsToldToSignIn: another password cannot help who reads the page.
func TestAGuestWhoHasAnAccountByNowIsToldToSignIn(t *testing.T) {
	s := start(t)
	path := mail.RegisterPath + invitation(t, s, guest)
	const signIn = `<a href="/account/sign-in">Already have an account? Sign in</a>`
	has(t, get(t, s, path), 200, signIn)
	newcomer(t, s, guest)
	has(t, send(t, s, path, url.Values{"password": {phrase}}), 409, "There is an account with this address already. Sign in instead.", signIn)
}

func TestAPasswordIsSetOnThePageOfTheReset(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := dialecttest.Start(t, open, dialecttest.Options{})
		dialecttest.QuickPasswords(s)
		path := mail.PasswordPath + resetID(t, s, guest)
		if r := s.Do(t, dialecttest.Request{Path: path}); r.Status != 200 || !strings.Contains(r.Body, guest) {
			t.Fatalf("%d %s", r.Status, r.Body)
		}
		if r := send(t, s, path, url.Values{"newPassword": {"short"}}); r.Status != 422 {
			t.Errorf("%d %s", r.Status, r.Body)
		}
		if r := send(t, s, path, url.Values{"newPassword": {phrase + " two"}}); r.Status != http.StatusSeeOther || r.Header.Get("Location") != "/account/password-set" {
			t.Fatalf("%d %s", r.Status, r.Body)
		}
		s.Login(t, guest, phrase+" two")
		has(t, send(t, s, path, url.Values{"newPassword": {phrase}}), 400, deadTitle)
		late := mail.PasswordPath + resetID(t, s, guest)
		s.Clock.Advance(time.Hour)
		for name, r := range map[string]dialecttest.Response{"shown": s.Do(t, dialecttest.Request{Path: late}), "sent": send(t, s, late, url.Values{"newPassword": {phrase}})} {
			if r.Status != http.StatusGone || strings.Contains(r.Body, guest) || !strings.Contains(r.Body, deadTitle) {
				t.Errorf("the expired one, %s: %d %s", name, r.Status, r.Body)
			}
		}
	})
}

func TestALinkWithoutAGoodUUIDShowsNobody(t *testing.T) {
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{})
	dialecttest.QuickPasswords(s)
	reset, joined := resetID(t, s, guest), invitation(t, s, "other@example.com")
	open, err := s.App.Invites.Create(t.Context(), dialecttest.Operator, invite.New{}) // whose page asks for an address
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		mail.RegisterPath + open[0].Code,
		mail.RegisterPath + "x", mail.RegisterPath + reset, mail.PasswordPath + joined, mail.PasswordPath + "00000000-0000-4000-8000-000000000000",
		mail.RegisterPath + "%22%3E%3Cscript%3E", mail.PasswordPath + "javascript:alert(1)",
	} {
		if r := s.Do(t, dialecttest.Request{Path: path}); r.Status != 400 || strings.Contains(r.Body, "example.com") || strings.Contains(r.Body, "<script>") || !strings.Contains(r.Body, deadTitle) {
			t.Errorf("%s: %d %s", path, r.Status, r.Body)
		}
	}
}
