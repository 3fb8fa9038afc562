package arguflow_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// person is a SlimUser as an application reads it.
type person struct {
	ID           string  `json:"id"`
	Email        string  `json:"email"`
	Username     *string `json:"username"`
	Website      *string `json:"website"`
	VisibleEmail bool    `json:"visible_email"`
}

func text(s string) *string { return &s }

// TestAnApplicationThatKnowsTheDocumentsWorks goes from an invitation to a sign-out with nothing
// but a jar of cookies and the mails, on one node and on two in turn, at the path and at a host of
// the dialect's own.
func TestAnApplicationThatKnowsTheDocumentsWorks(t *testing.T) {
	dialecttest.EachKind(t, func(t *testing.T, fresh func(testing.TB) dialecttest.Opener) {
		t.Run("one node", func(t *testing.T) {
			throughAnAccount(t, "/api", "", start(t, fresh(t), byUsers))
		})
		t.Run("two nodes", func(t *testing.T) {
			s := start(t, fresh(t), byUsers)
			throughAnAccount(t, "/api", "", s, node(t, s))
		})
		t.Run("a host of its own", func(t *testing.T) {
			throughAnAccount(t, "", dialecttest.ArguflowHost, start(t, fresh(t), byUsers, "GATEHOUSE_ARGUFLOW="+dialecttest.ArguflowHost))
		})
	})
}

// application is a browser that speaks the dialect.
type application struct {
	*dialecttest.Browser
	t          *testing.T
	base, host string
}

func (a application) ask(method, path, body string, status int) response {
	a.t.Helper()
	r := a.Do(a.t, request{Method: method, Path: a.base + path, Host: a.host, Body: body})
	if r.Status != status {
		a.t.Fatalf("%s %s: %d %s, want %d", method, path, r.Status, r.Body, status)
	}
	return r
}

func (a application) person(method, path, body string) (p person) {
	a.t.Helper()
	a.ask(method, path, body, http.StatusOK).JSON(a.t, &p)
	return p
}

func (a application) cookie() string { return a.Cookie(a.t, "/", dialecttest.ArguflowCookie) }

func throughAnAccount(t *testing.T, base, host string, nodes ...*dialecttest.Server) {
	s := nodes[0]
	inviter := application{dialecttest.NewBrowser(t, nodes...), t, base, host}
	newUser(t, s, bob)
	inviter.ask("POST", "/invitation", body("email", ada), 401)
	inviter.ask("POST", "/auth", body("email", bob, "password", phrase), 204)
	inviter.ask("POST", "/invitation", `{"email":"`+ada+`","referral_tokens":["token1","token2"]}`, 200)

	a := application{dialecttest.NewBrowser(t, nodes...), t, base, host}
	id := s.MailedID(t, mail.Invitation, ada)
	made := a.person("POST", "/register/"+id, twice(phrase))
	if diff := cmp.Diff(person{ID: made.ID, Email: ada, VisibleEmail: true}, made); diff != "" || !isUUID(made.ID) {
		t.Errorf("registered (-want +got):\n%s", diff)
	}
	invitationTells(t, s, id)
	a.ask("GET", "/auth", "", 401) // registering signs nobody in
	a.ask("POST", "/auth", body("email", ada, "password", phrase), 204)
	first := a.cookie()
	for range 2 {
		if me := a.person("GET", "/auth", ""); cmp.Diff(made, me) != "" {
			t.Errorf("me is %+v, registered was %+v", me, made)
		}
	}

	named := made
	named.Username, named.Website, named.VisibleEmail = text("ada"), text("https://ada.example"), false
	if got := a.person("PUT", "/user", `{"username":"ada","website":"https://ada.example","visible_email":false}`); cmp.Diff(named, got) != "" {
		t.Errorf("changed (-want +got):\n%s", cmp.Diff(named, got))
	}
	if got := a.person("PUT", "/user", `{"visible_email":true}`); cmp.Diff(made, got) != "" { // PUT replaces
		t.Errorf("cleared (-want +got):\n%s", cmp.Diff(made, got))
	}
	a.person("PUT", "/user", `{"username":"ada","website":null,"visible_email":true}`)

	a.ask("GET", "/password/"+ada, "", 204)
	reset := s.MailedID(t, mail.ResetPassword, ada)
	a.ask("POST", "/password", twice(another, "password_reset_id", reset), 204)
	a.ask("POST", "/password", twice(phrase, "password_reset_id", reset), 400)
	if a.cookie() != first {
		t.Error("a reset touches the cookie")
	}
	for range nodes {
		a.ask("GET", "/auth", "", 401)
	}
	a.ask("POST", "/auth", body("email", ada, "password", phrase), 400)
	a.ask("POST", "/auth", body("email", ada, "password", another), 204)
	second := a.cookie()
	if second == first || second == "" {
		t.Errorf("the cookie is %q after %q", second, first)
	}
	if me := a.person("GET", "/auth", ""); me.ID != made.ID || cmp.Diff(text("ada"), me.Username) != "" {
		t.Errorf("me is %+v", me)
	}
	a.ask("DELETE", "/auth", "", 204)
	if got := a.cookie(); got != "" {
		t.Errorf("the cookie is %q after signing out", got)
	}
	a.ask("GET", "/auth", "", 401)
	for i, n := range nodes {
		for _, id := range []string{first, second} {
			r := n.Do(t, request{Path: base + "/auth", Host: host}.ByCookie(id))
			if r.Status != 401 {
				t.Errorf("node %d: an ended session is answered %d", i, r.Status)
			}
		}
	}
	inviter.ask("GET", "/auth", "", 200)
}

// invitationTells looks at what is known of the invitation of ada by bob.
func invitationTells(t *testing.T, s *dialecttest.Server, id string) {
	t.Helper()
	u, want := stored(t, s, ada), []string{"token1", "token2"}
	if diff := cmp.Diff(want, u.ReferralTokens); diff != "" || !u.EmailVerified || u.UserType != identity.Customer {
		t.Errorf("the user is %+v; the referral tokens (-want +got):\n%s", u, diff)
	}
	inv, err := s.App.Store.Invitation(t.Context(), u.InvitationID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, inv.ReferralTokens); diff != "" || inv.Email != ada || inv.CreatedBy != "user:"+stored(t, s, bob).ID {
		t.Errorf("the invitation is %+v; the referral tokens (-want +got):\n%s", inv, diff)
	}
	r := s.Do(t, request{Path: "/auth/invitationCodes", Key: s.Secret})
	var list struct {
		InvitationCodes []struct {
			ID, Email, Code, URL, State string
			Uses                        int
			ReferralTokens              []string
		}
	}
	r.JSON(t, &list)
	if len(list.InvitationCodes) != 1 || strings.Contains(r.Body, id) {
		t.Fatalf("the native list: %s", r.Body)
	}
	if got := list.InvitationCodes[0]; got.ID != inv.ID || got.Email != ada || got.State != "used" || got.Uses != 1 || got.Code != "" || got.URL != "" || cmp.Diff(want, got.ReferralTokens) != "" {
		t.Errorf("the native list: %s", r.Body)
	}
}
