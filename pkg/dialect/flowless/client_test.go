package flowless_test

import (
	"bytes"
	"encoding/json"
	"image"
	_ "image/jpeg" // pictures are kept as one of these
	_ "image/png"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// TestAnApplicationThatKnowsTheDocumentsWorks goes through a whole account, from signing up to
// its end, as each document has it.
func TestAnApplicationThatKnowsTheDocumentsWorks(t *testing.T) {
	for _, st := range styles() {
		t.Run(st.name, func(t *testing.T) {
			dialecttest.EachKind(t, func(t *testing.T, fresh func(testing.TB) dialecttest.Opener) {
				for name, n := range map[string]int{"one node": 1, "two nodes": 2} {
					t.Run(name, func(t *testing.T) { throughAnAccount(t, fresh(t), st, n, "") })
				}
			})
		})
	}
}

// throughAnAccount starts a service of some nodes and lets an application use it.
func throughAnAccount(t *testing.T, open dialecttest.Opener, st style, nodes int, host string, env ...string) {
	s := start(t, open, append(env, "GATEHOUSE_REQUIRE_VERIFIED_EMAIL="+map[bool]string{true: "true", false: "false"}[st.bridge])...)
	c := &client{t: t, host: host, style: st}
	for i := range nodes {
		n := s
		if i > 0 {
			n = s.Node(t)
			dialecttest.QuickPasswords(n)
		}
		if host == "" {
			c.bases = append(c.bases, n.URL+"/flowless")
		} else {
			c.bases = append(c.bases, n.URL)
		}
	}
	l := &life{client: c, server: s}
	l.begin()
	l.useIt()
	l.beLookedAfter()
	l.end()
}

// life is one account as an application has to do with it.
type life struct {
	*client
	server   *dialecttest.Server
	who      citizen
	password string
	session  string
	admin    string
	held     []string // every id of a session there was
	picture  string   // where it is
	native   dialecttest.Authorization
}

const lifeEmail, lifeName = "ada@example.com", "ada.lovelace"

func (l *life) signUp() (sessionID string, who citizen) {
	l.t.Helper()
	return l.style.opened(l.client, l.must("POST", l.style.signUp, "", map[string]any{
		"email": lifeEmail, "password": "SecurePass123!", "name": "Ada", "last_name": "Lovelace", l.style.userName: lifeName,
	}))
}

// login signs in under a name, and keeps the session.
func (l *life) login(as, name, password string) citizen {
	l.t.Helper()
	id, who := l.style.opened(l.client, l.must("POST", "/auth/login", "", map[string]any{as: name, "password": password}))
	l.session, l.held = id, append(l.held, id)
	return who
}

func (l *life) alive(sessionID string) bool {
	status, _ := l.ask("GET", "/auth/me", sessionID, nil)
	other, _ := l.ask("GET", "/auth/validation", sessionID, nil)
	if other != status {
		l.t.Errorf("me answers %d, validation %d", status, other)
	}
	return status == 200
}

// begin signs up, proves the address and signs in.
func (l *life) begin() {
	l.t.Helper()
	id, who := l.signUp()
	if (id == "") != l.style.bridge {
		l.t.Errorf("signing up gives the session %q", id)
	}
	if id != "" {
		l.held = append(l.held, id)
	}
	l.must("POST", "/auth/verify-email", "", map[string]any{"token": l.server.MailedToken(l.t, mail.VerifyEmail, lifeEmail)})
	l.password = "SecurePass123!"
	l.who = l.login("email", lifeEmail, l.password)
	if again := l.login(l.style.userName, lifeName, l.password); again != l.who || !again.Verified || again.ID != who.ID {
		l.t.Errorf("signing in by name: %+v, by address: %+v, signing up: %+v", again, l.who, who)
	}
}

// useIt renews the session and changes everything that is one's own.
func (l *life) useIt() {
	l.t.Helper()
	next := l.style.renewed(l.client, l.must("POST", l.style.refresh, l.session, nil))
	if next == "" || next == l.session || !l.alive(next) {
		l.t.Fatalf("the renewed session is %q", next)
	}
	l.session, l.held = next, append(l.held, next)
	want := l.who
	want.Name, want.LastName, want.Phone = "Augusta", "King", "+441234567890"
	got := l.style.edited(l.client, l.must("PUT", l.style.edit, l.session, map[string]any{"name": "Augusta", "last_name": "King", "phone": "+441234567890"}))
	if diff := cmp.Diff(want, got); diff != "" {
		l.t.Errorf("after an edit:\n%s", diff)
	}
	l.takePicture()
	want.Picture = l.picture
	if diff := cmp.Diff(want, l.style.me(l.client, l.must("GET", "/auth/me", l.session, nil))); diff != "" {
		l.t.Errorf("me:\n%s", diff)
	}
	l.must("POST", l.style.forgot, "", map[string]any{"email": lifeEmail})
	token := l.server.MailedToken(l.t, mail.ResetPassword, lifeEmail)
	l.must("POST", "/auth/password-reset/validate", "", map[string]any{"token": token})
	l.must("POST", l.style.reset, "", map[string]any{"token": token, l.style.password: "NewSecurePass456!"})
	for _, id := range l.held {
		if l.alive(id) {
			l.t.Error("a session outlives a reset")
		}
	}
	if status, _ := l.ask("POST", "/auth/login", "", map[string]any{"email": lifeEmail, "password": l.password}); status != 401 {
		l.t.Errorf("the old password gets %d", status)
	}
	l.password = "NewSecurePass456!"
	if diff := cmp.Diff(want, l.login("email", lifeEmail, l.password)); diff != "" {
		l.t.Errorf("after the reset:\n%s", diff)
	}
	l.who = want
}

func (l *life) takePicture() {
	l.t.Helper()
	form, contentType := multipartPicture(l.t, "me.png", photo(l.t))
	status, raw := l.send("POST", l.style.upload, l.session, contentType, form)
	if status != 200 {
		l.t.Fatalf("%d %s", status, raw)
	}
	l.picture = l.style.uploaded(l.client, raw)
	status, kind, content := l.download(l.picture)
	img, format, err := image.Decode(bytes.NewReader(content))
	if status != 200 || err != nil || kind != "image/"+format || img.Bounds().Empty() {
		l.t.Errorf("%s: %d of type %s, %v", l.picture, status, kind, err)
	}
}

// beLookedAfter has an administrator find, look at and change the account.
func (l *life) beLookedAfter() {
	l.t.Helper()
	role, yes := identity.Admin, true
	draft := account.Draft{Email: "root@example.com", Password: "SecurePass123!"}
	if _, err := l.server.App.Accounts.Create(l.t.Context(), dialecttest.Operator, draft, account.Setting{UserType: &role, Verified: &yes}); err != nil {
		l.t.Fatal(err)
	}
	l.admin, _ = l.style.opened(l.client, l.must("POST", "/auth/login", "", map[string]any{"email": "root@example.com", "password": "SecurePass123!"}))
	var found struct {
		Data struct {
			Users []struct {
				ID       string `json:"id"`
				UserName string `json:"userName"`
				LastName string `json:"lastName"`
			}
			Pagination struct{ Page, Limit, Total, Pages int }
		}
	}
	query := url.Values{"q": {"augusta"}, "userType": {"customer"}, "page": {"1"}, "limit": {"10"}}
	_ = json.Unmarshal(l.must("GET", "/auth/users?"+query.Encode(), l.admin, nil), &found) // nobody is found then
	if p := found.Data.Pagination; len(found.Data.Users) != 1 || found.Data.Users[0].ID != l.who.ID || found.Data.Users[0].UserName != lifeName || p.Total != 1 || p.Pages != 1 || p.Page != 1 || p.Limit != 10 {
		l.t.Errorf("found %+v", found)
	}
	var seen struct {
		Data struct {
			playgroundUser
			Sessions []struct{ ID, Status string }
			Count    int `json:"sessionCount"`
		}
	}
	_ = json.Unmarshal(l.must("GET", "/auth/admin/users/"+l.who.ID, l.admin, nil), &seen) // nobody is seen then
	if diff := cmp.Diff(l.who, seen.Data.account()); diff != "" || len(seen.Data.Sessions) != 1 || seen.Data.Count != 1 || seen.Data.Sessions[0].Status != "active" {
		l.t.Errorf("seen with %+v:\n%s", seen.Data.Sessions, diff)
	}
	changed := decode[struct{ Data playgroundUser }](l.client, l.must("PUT", "/auth/admin/users/"+l.who.ID, l.admin, map[string]any{"name": "Ada", "phone": ""}))
	l.who.Name, l.who.Phone = "Ada", ""
	if diff := cmp.Diff(l.who, changed.Data.account()); diff != "" {
		l.t.Errorf("changed by the administrator:\n%s", diff)
	}
	if diff := cmp.Diff(l.who, l.style.me(l.client, l.must("GET", "/auth/user/me", l.session, nil))); diff != "" {
		l.t.Errorf("what the owner then sees:\n%s", diff)
	}
}

// end has the administrator delete the account, and tries everything that was good before.
func (l *life) end() {
	l.t.Helper()
	l.native = l.server.Login(l.t, lifeEmail, l.password)
	l.must("POST", l.style.forgot, "", map[string]any{"email": lifeEmail})
	token := l.server.MailedToken(l.t, mail.ResetPassword, lifeEmail)
	l.must("DELETE", "/auth/users/"+l.who.ID, l.admin, nil)
	l.isOver(token)
	l.server.Settle(l.t)
	l.isOver(token)
	if status, _, _ := l.download(l.picture); status != 404 {
		l.t.Errorf("the picture is answered %d", status)
	}
	if id, who := l.signUp(); who.ID == l.who.ID || (id == "") != l.style.bridge {
		l.t.Errorf("signing up again: %q, %+v", id, who)
	}
	l.must("POST", "/auth/verify-email", "", map[string]any{"token": l.server.MailedToken(l.t, mail.VerifyEmail, lifeEmail)})
	l.isOver(token)
	if who := l.login("email", lifeEmail, "SecurePass123!"); who.ID == l.who.ID || who.Picture != "" || who.Phone != "" || who.UserName != lifeName {
		l.t.Errorf("the next owner of the address is %+v", who)
	}
}

// isOver checks that nothing of the account opens anything any more.
func (l *life) isOver(resetToken string) {
	l.t.Helper()
	for _, id := range l.held {
		if l.alive(id) {
			l.t.Errorf("the session %s is alive", id)
		}
		if status, raw := l.ask("POST", l.style.refresh, id, nil); status != 401 {
			l.t.Errorf("renewing a session: %d %s", status, raw)
		}
	}
	for as, name := range map[string]string{"email": lifeEmail, l.style.userName: lifeName} {
		if status, raw := l.ask("POST", "/auth/login", "", map[string]any{as: name, "password": l.password}); status != 401 {
			l.t.Errorf("signing in by %s: %d %s", as, status, raw)
		}
	}
	if status, raw := l.ask("POST", l.style.reset, "", map[string]any{"token": resetToken, l.style.password: "AnotherPass789!"}); status != 400 {
		l.t.Errorf("a reset that was asked for before: %d %s", status, raw)
	}
	if status, raw := l.ask("GET", "/auth/admin/users/"+l.who.ID, l.admin, nil); status != 404 {
		l.t.Errorf("looking at it: %d %s", status, raw)
	}
	if got := l.server.Me(l.t, l.native.AccessToken); got != 401 {
		l.t.Errorf("the other dialect's access token: %d", got)
	}
	r := l.server.Do(l.t, dialecttest.Request{Path: "/auth/refreshToken", Body: dialecttest.JSON(map[string]string{"refreshToken": l.native.RefreshToken})})
	if r.Status != 401 {
		l.t.Errorf("the other dialect's refresh token: %d %s", r.Status, r.Body)
	}
}
