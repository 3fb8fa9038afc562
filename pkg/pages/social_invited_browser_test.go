package pages_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/browsertest"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
)

// untold fails the test if a code stands in an address or a referrer of ours, the first of which the
// link that brought it is, or in the log.
func untold(t *testing.T, s *dialecttest.Server, tab *browsertest.Tab, code string) {
	t.Helper()
	for _, q := range tab.Requests() {
		if strings.Contains(q.Referrer, code) || strings.Contains(q.URL, code) && !strings.HasPrefix(q.URL, s.URL+"/account/sign-up?") {
			t.Errorf("the code stands in %s %.120s from %.120s", q.Method, q.URL, q.Referrer)
		}
	}
	if strings.Contains(s.Log.String(), code) {
		t.Error("the log holds the code")
	}
}

// TestInvitedPeopleSignUpWithAProvider without scripts up to the last step.
func TestInvitedPeopleSignUpWithAProvider(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t)
	for _, c := range []struct{ name, path, typed string }{
		{"by a link", "/account/sign-up?invitationCode=CODE", ""},
		{"by a code that is typed", "/account/sign-up", "CODE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startWith(t, "keycloak", byInvitation)
			code := invited(t, s, invite.New{})
			tab := browser.Profile(t).Tab(t)
			tab.Open(s.URL + strings.ReplaceAll(c.path, "CODE", url.QueryEscape(code)))
			if c.typed != "" {
				tab.Fill("Invitation code", code)
			}
			tab.Scripts(false)
			tab.Press("Continue with Keycloak")
			tab.WaitFor(`document.title === "Provider"`)
			tab.Scripts(true)
			tab.Follow("Agree")
			tab.WaitFor("location.pathname === " + dialecttest.JSON(landed))
			a := stored(t, tab)
			u, err := s.App.Store.User(t.Context(), a.LocalID)
			if err != nil || u.UserType != identity.Admin || u.InvitationID == "" || s.Me(t, a.AccessToken) != 200 {
				t.Errorf("made %+v (%v)", u, err)
			}
			untold(t, s, tab, code)
			unseen(t, s, tab)
			tab.Clean()
		})
	}
}

// TestInvitedPeopleAreToldOfABadCode, wherever it turns out, and find back.
func TestInvitedPeopleAreToldOfABadCode(t *testing.T) {
	t.Parallel()
	s := startWith(t, "keycloak", byInvitation)
	browser := browsertest.Start(t)
	for _, c := range []struct {
		language, label string
		width           int64
	}{{"en", "Invitation code", 1280}, {"de", "Einladungscode", 320}} {
		t.Run(c.language, func(t *testing.T) {
			tab := browser.Profile(t).Tab(t)
			tab.Language(c.language)
			tab.Size(c.width, 800)
			tab.Open(s.URL + "/account/sign-up?continue=%2Forders")
			const press = `document.querySelector("[formaction]").click(), 0`
			tab.Eval(press, nil)
			tab.WaitFor(`document.querySelector("#invitationCode[aria-invalid=true]") !== null`)
			tab.Accessible()
			tab.Shot("pages-invited-no-code-" + c.language)
			tab.Fill(c.label, "iv_nonsense")
			tab.Eval(press, nil)
			tab.WaitFor(`document.title === "Provider"`)
			tab.Follow("Agree")
			tab.WaitFor(`document.querySelector(".button[href='/account/sign-up']") !== null`)
			tab.Accessible()
			tab.Shot("pages-invited-bad-code-" + c.language)
			var wide bool
			if tab.Eval("document.documentElement.scrollWidth > innerWidth", &wide); wide {
				t.Error("it is wider than the screen")
			}
			tab.Eval(`document.querySelector(".button").click(), 0`, nil)
			tab.WaitFor(`document.querySelector("#invitationCode") !== null`)
			untold(t, s, tab, "iv_nonsense")
			tab.Clean("status of 40")
		})
	}
}
