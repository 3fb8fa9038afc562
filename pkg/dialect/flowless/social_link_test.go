package flowless_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/provider/providertest"
)

func TestAccountsAreLinkedAndUnlinked(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := mailing(t, open)
		all := provided(s)
		bob := joined(t, s, "bob@example.com")
		all["google"].is("g-1", ada)
		all["acme"].is("a-1", "")
		b := newBrowser(s)
		var to struct{ URL string }
		r := b.goes(t, dialecttest.Request{Path: "/flowless/auth/social/google/link", ID: bob.ID, Body: body(object{"redirect_uri": appPage})})
		if r.JSON(t, &to); r.Status != 200 || !strings.HasPrefix(to.URL, "http://localhost:8080/flowless/auth/social/google/login?") || strings.Contains(to.URL, bob.ID) {
			t.Fatalf("%d %s", r.Status, r.Body)
		}
		path := strings.TrimPrefix(to.URL, "http://localhost:8080")
		answered(t, s, 400, dialecttest.Request{Path: path}) // another browser
		answer := b.sent(t, path)
		if r = b.back(t, answer); r.Status != http.StatusFound || r.Header.Get("Location") != appPage || b.jar["session_id"] != "" {
			t.Errorf("%d %s leads to %q, and the browser keeps %v", r.Status, r.Body, r.Header.Get("Location"), b.jar)
		}
		if r = b.goes(t, dialecttest.Request{Path: path}); r.Status != 400 {
			t.Errorf("the ticket again: %d", r.Status)
		}
		answered(t, s, 200, dialecttest.Request{Path: "/flowless/auth/social/acme/link", ID: bob.ID, Body: body(object{"id_token": all["acme"].token(s)})})
		var list struct {
			Data struct {
				Accounts []struct {
					Provider string
					Email    *string `json:"provider_email"`
					Picture  *string `json:"provider_picture"`
				}
			}
		}
		r = answered(t, s, 200, dialecttest.Request{Path: "/flowless/auth/social/accounts", ID: bob.ID})
		if r.JSON(t, &list); len(list.Data.Accounts) != 2 || list.Data.Accounts[0].Provider != "google" || *list.Data.Accounts[0].Email != ada || list.Data.Accounts[1].Email != nil {
			t.Errorf("linked are %s", r.Body)
		}
		var in cameIn
		r = answered(t, s, 200, asking("social/google/login-api", object{"idToken": all["google"].token(s)}))
		if r.JSON(t, &in); in.User.ID != bob.UserID {
			t.Errorf("by what is linked somebody else comes in: %s", r.Body)
		}
		answered(t, s, 404, dialecttest.Request{Method: http.MethodDelete, Path: "/flowless/auth/social/accounts/github", ID: bob.ID})
		r = answered(t, s, 200, dialecttest.Request{Method: http.MethodDelete, Path: "/flowless/auth/social/accounts/google", ID: bob.ID})
		if !strings.Contains(r.Body, `"message":"google account unlinked successfully"`) || s.FlowlessMe(t, in.SessionID) != 401 || s.FlowlessMe(t, bob.ID) != 200 {
			t.Errorf("unlinked: %s", r.Body)
		}
	})
}

func TestNobodyLosesTheLastWayIn(t *testing.T) {
	s := mailing(t, dialecttest.SQLite(t))
	all := provided(s)
	all["google"].is("g-1", ada)
	var in cameIn
	answered(t, s, 200, asking("social/google/login-api", object{"idToken": all["google"].token(s)})).JSON(t, &in)
	r := answered(t, s, 409, dialecttest.Request{Method: http.MethodDelete, Path: "/flowless/auth/social/accounts/google", ID: in.SessionID})
	if !strings.Contains(r.Body, "LAST_CREDENTIAL") {
		t.Error(r.Body)
	}
}

func TestALinkNeedsItsSession(t *testing.T) {
	s := mailing(t, dialecttest.SQLite(t))
	all := provided(s)
	all["google"].is("g-1", ada)
	joined(t, s, "bob@example.com")
	ask := func(id string) dialecttest.Request {
		return dialecttest.Request{Method: http.MethodPost, Path: "/flowless/auth/social/google/link", ID: id}
	}
	begin := func(t *testing.T) (string, *browser, string) {
		t.Helper()
		id, b := s.FlowlessLogin(t, "bob@example.com", phrase).ID, newBrowser(s)
		var to struct{ URL string }
		b.goes(t, ask(id)).JSON(t, &to)
		return id, b, strings.TrimPrefix(to.URL, "http://localhost:8080")
	}
	signOut := func(t *testing.T, id string) {
		t.Helper()
		answered(t, s, 200, dialecttest.Request{Method: http.MethodPost, Path: "/flowless/auth/logout", ID: id})
	}
	id, b, path := begin(t)
	signOut(t, id)
	if r := b.goes(t, dialecttest.Request{Path: path}); r.Status != 401 {
		t.Errorf("after signing out: %d %s", r.Status, r.Body)
	}
	id, b, path = begin(t)
	answer := b.sent(t, path)
	signOut(t, id)
	if r := b.back(t, answer); r.Status != 401 || len(cookies(r)) != 0 {
		t.Errorf("after signing out at the provider: %d %s", r.Status, r.Body)
	}
	_, b, path = begin(t)
	s.Clock.Advance(time.Minute)
	if r := b.goes(t, dialecttest.Request{Path: path}); r.Status != 400 {
		t.Errorf("after a minute: %d %s", r.Status, r.Body)
	}
	id, _, _ = begin(t)
	answered(t, s, 401, ask(""))
	answered(t, s, 404, dialecttest.Request{Method: http.MethodPost, Path: "/flowless/auth/social/github/link", ID: id})
	answered(t, s, 400, dialecttest.Request{Path: "/flowless/auth/social/google/link", ID: id, Body: body(object{"idToken": "x", "redirect_uri": "/"})})
	s.Clock.Advance(11 * time.Minute)
	if r := answered(t, s, 403, ask(id)); !strings.Contains(r.Body, "REAUTH_REQUIRED") {
		t.Error(r.Body)
	}
	u, err := s.App.Accounts.Find(t.Context(), "bob@example.com")
	if err != nil || len(u.Linked) != 0 {
		t.Errorf("linked is %v, %v", u.Linked, err)
	}
}

// TestNobodyIsLinkedToAStrangersAccount: a link to the URL that somebody asked for is sent to
// somebody else, who is signed in at the provider.
func TestNobodyIsLinkedToAStrangersAccount(t *testing.T) {
	s := mailing(t, dialecttest.SQLite(t))
	provided(s)["google"].is("g-1", ada)
	eve := joined(t, s, "eve@example.com")
	victim := newBrowser(s)
	victim.jar["session_id"] = joined(t, s, ada).ID
	var to struct{ URL string }
	answered(t, s, 200, dialecttest.Request{Method: http.MethodPost, Path: "/flowless/auth/social/google/link", ID: eve.ID}).JSON(t, &to)
	r := victim.goes(t, dialecttest.Request{Path: strings.TrimPrefix(to.URL, "http://localhost:8080")})
	if r.Status != 400 || r.Header.Get("Location") != "" {
		t.Errorf("%d %s leads to %q", r.Status, r.Body, r.Header.Get("Location"))
	}
}

// TestAProviderThatIsGoneIsNoWayIn: the service was stopped, and has only GitHub since.
func TestAProviderThatIsGoneIsNoWayIn(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s, there := withProviders(t, open, "google", "github")
		var in cameIn
		answered(t, s, 200, asking("social/google/login-api", object{"idToken": there["google"].IDToken(t, providertest.Minted{})})).JSON(t, &in)
		answered(t, s, 200, dialecttest.Request{
			Path: "/flowless/auth/social/github/link", ID: in.SessionID, Body: body(object{"access_token": there["github"].AccessToken(providertest.ClientID)}),
		})
		s = dialecttest.Start(t, open, dialecttest.Options{Env: there["github"].Env(), Clock: s.Clock})
		unlink := func(name string) dialecttest.Request {
			return dialecttest.Request{Method: http.MethodDelete, Path: "/flowless/auth/social/accounts/" + name, ID: in.SessionID}
		}
		for range 2 {
			if r := answered(t, s, 409, unlink("github")); !strings.Contains(r.Body, "LAST_CREDENTIAL") {
				t.Error(r.Body)
			}
			if status := s.Do(t, unlink("google")).Status; status != 200 && status != 404 { // the second time there is none
				t.Errorf("the one that is gone: %d", status)
			}
		}
		r := answered(t, s, 200, dialecttest.Request{Path: "/flowless/auth/social/accounts", ID: in.SessionID})
		if strings.Contains(r.Body, `"google"`) || !strings.Contains(r.Body, `"github"`) {
			t.Errorf("linked are %s", r.Body)
		}
		s = dialecttest.Start(t, open, dialecttest.Options{Clock: s.Clock})
		var again cameIn
		answered(t, s, 200, asking("token/login", object{"token": linkFor(t, s, jane().Email)})).JSON(t, &again)
		if again.User.ID != in.User.ID || s.FlowlessMe(t, again.SessionID) != 200 {
			t.Errorf("a mailed link lets in %s, not %s", again.User.ID, in.User.ID)
		}
	})
}
