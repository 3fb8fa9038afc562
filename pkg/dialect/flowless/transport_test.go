package flowless_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

const idMissing = "Session ID required. Provide via X-Session-ID header, session_id query parameter, or session_id cookie."

// TestAnIDIsReadWhereverItMayBe sends the id of a session in each of its places, and in several.
func TestAnIDIsReadWhereverItMayBe(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	ada, bob, eve := s.NewFlowless(t, "ada@example.com", identity.Customer), s.NewFlowless(t, "bob@example.com", identity.Customer), s.NewFlowless(t, "eve@example.com", identity.Customer)
	header := func(name, value string) map[string]string { return map[string]string{name: value} }
	const me = "/flowless/auth/me"
	for _, c := range []struct {
		name string
		q    dialecttest.Request
		want string // whose it is
	}{
		{"the header", dialecttest.Request{Path: me, Header: header("X-Session-ID", ada.ID)}, "ada@example.com"},
		{"the header in other letters", dialecttest.Request{Path: me, Header: header("X-Session-Id", ada.ID)}, "ada@example.com"},
		{"the header in small letters", dialecttest.Request{Path: me, Header: header("x-session-id", ada.ID)}, "ada@example.com"},
		{"the query", dialecttest.Request{Path: me + "?session_id=" + ada.ID}, "ada@example.com"},
		{"the query in camel case", dialecttest.Request{Path: me + "?sessionId=" + ada.ID}, "ada@example.com"},
		{"the cookie", dialecttest.Request{Path: me, Header: header("Cookie", "a=b; session_id="+ada.ID)}, "ada@example.com"},
		{"the header before the query", dialecttest.Request{Path: me + "?session_id=" + bob.ID, ID: ada.ID}, "ada@example.com"},
		{"the query before the cookie", dialecttest.Request{Path: me + "?session_id=" + bob.ID, Header: header("Cookie", "session_id="+eve.ID)}, "bob@example.com"},
		{"the header before all", dialecttest.Request{Path: me + "?session_id=" + bob.ID, ID: ada.ID, Header: header("Cookie", "session_id="+eve.ID)}, "ada@example.com"},
	} {
		r := s.Do(t, c.q)
		if got := member(tree(t, r.Body), "user.email"); r.Status != 200 || got != c.want {
			t.Errorf("%s: %d %s, want %s", c.name, r.Status, r.Body, c.want)
		}
	}
}

func TestASessionThatIsNoneSaysWhich(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		ada := s.NewFlowless(t, "ada@example.com", identity.Customer)
		gone := s.FlowlessLogin(t, ada.Email, ada.Password)
		if r := s.Do(t, dialecttest.Request{Method: "POST", Path: "/flowless/auth/logout", ID: gone.ID}); r.Status != 200 {
			t.Fatalf("got %d %s", r.Status, r.Body)
		}
		check := func(name, id, want string) {
			t.Helper()
			for _, q := range []dialecttest.Request{
				{Path: "/flowless/auth/me", ID: id}, {Path: "/flowless/auth/validation", ID: id}, {Path: "/flowless/auth/user/me", ID: id}, {Path: "/flowless/auth/validate-session", ID: id},
				{Method: "POST", Path: "/flowless/auth/refresh", ID: id}, {Method: "POST", Path: "/flowless/auth/refresh-session", ID: id},
				{Method: "PUT", Path: "/flowless/auth/profile", ID: id, Body: `{"name":"x"}`},
				{Path: "/flowless/auth/users", ID: id}, {Method: "DELETE", Path: "/flowless/auth/upload/picture", ID: id},
			} {
				r := s.Do(t, q)
				if got := r.FlowlessError(t); r.Status != 401 || got != want {
					t.Errorf("%s: %s: got %d %s, want %q", name, q.Path, r.Status, r.Body, want)
				}
			}
		}
		check("none", "", idMissing)
		check("of another form", "nonsense", "Invalid session")
		check("made up", "ses_"+strings.Repeat("x", len(ada.ID)-4), "Invalid session")
		check("one letter changed", ada.ID[:len(ada.ID)-1]+map[bool]string{true: "A", false: "B"}[ada.ID[len(ada.ID)-1] != 'A'], "Invalid session")
		check("an access token", s.Login(t, ada.Email, ada.Password).AccessToken, "Invalid session")
		check("signed out", gone.ID, "Invalid session")
		s.Clock.Advance(7*24*time.Hour - time.Minute)
		other := s.FlowlessLogin(t, ada.Email, ada.Password)
		if got := s.FlowlessMe(t, ada.ID); got != 200 { // and it is used now
			t.Errorf("after nearly seven days: %d", got)
		}
		s.Clock.Advance(7*24*time.Hour + time.Hour)
		check("out of time", other.ID, "Session expired")
	})
}

// TestSigningInSetsTheCookie looks at how the cookie is set, renewed and taken away.
func TestSigningInSetsTheCookie(t *testing.T) {
	for public, secure := range map[string]bool{"http://localhost:8080": false, "https://auth.example.com": true} {
		s := start(t, dialecttest.SQLite(t), "GATEHOUSE_PUBLIC_URL="+public)
		ada := s.NewFlowless(t, "ada@example.com", identity.Customer)
		login := s.Do(t, dialecttest.Request{Path: "/flowless/auth/login", Body: dialecttest.JSON(map[string]string{"email": ada.Email, "password": ada.Password})})
		first := cookie(t, login)
		if first.Value != member(tree(t, login.Body), "sessionId") || !first.HttpOnly || first.SameSite != http.SameSiteLaxMode || first.Secure != secure || first.Domain != "" {
			t.Errorf("at %s: %s", public, login.Header["Set-Cookie"])
		}
		renewed := s.Do(t, dialecttest.Request{Method: "POST", Path: "/flowless/auth/refresh", Header: map[string]string{"Cookie": "session_id=" + first.Value}})
		second := cookie(t, renewed)
		if second.Value != member(tree(t, renewed.Body), "session_id") || second.Value == first.Value || !second.HttpOnly || second.SameSite != http.SameSiteLaxMode || second.Secure != secure {
			t.Errorf("at %s: %s", public, renewed.Header["Set-Cookie"])
		}
		out := s.Do(t, dialecttest.Request{Method: "POST", Path: "/flowless/auth/logout", Header: map[string]string{"Cookie": "session_id=" + second.Value}})
		last := cookie(t, out)
		if last.Value != "" || last.MaxAge >= 0 || last.Path != first.Path || last.Secure != secure {
			t.Errorf("at %s: %s", public, out.Header["Set-Cookie"])
		}
		if got := s.FlowlessMe(t, second.Value); got != 401 {
			t.Errorf("the session is answered %d", got)
		}
	}
}

func cookie(t *testing.T, r dialecttest.Response) *http.Cookie {
	t.Helper()
	set := (&http.Response{Header: r.Header}).Cookies()
	if r.Status != 200 || len(set) != 1 || set[0].Name != "session_id" {
		t.Fatalf("got %d %s, setting %q", r.Status, r.Body, r.Header["Set-Cookie"])
	}
	return set[0]
}

// TestAnIDOfTheClientsChoiceIsNeverTakenOver offers ids to adopt (session fixation).
func TestAnIDOfTheClientsChoiceIsNeverTakenOver(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	ada := s.NewFlowless(t, "ada@example.com", identity.Customer)
	const chosen = "ses_chosenchosenchosenchosenchosenchosenchosenchosen"
	for _, id := range []string{chosen, ada.ID} {
		r := s.Do(t, dialecttest.Request{
			Path: "/flowless/auth/login?session_id=" + id + "&sessionId=" + id, ID: id, Header: map[string]string{"Cookie": "session_id=" + id},
			Body: dialecttest.JSON(map[string]string{"email": ada.Email, "password": ada.Password}),
		})
		if r.Status == 200 && strings.Contains(r.Body, id) {
			t.Errorf("the chosen id is taken: %s", r.Body)
		}
	}
	if got := s.FlowlessMe(t, chosen); got != 401 {
		t.Errorf("the chosen id is answered %d", got)
	}
}

// TestADeviceOwnsTheSessionThatNamesIt renews and uses a bound session.
func TestADeviceOwnsTheSessionThatNamesIt(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		w := &world{Server: s, n: 1}
		w.john = w.newJohn(t, "SecurePass123!")
		r := s.Do(t, w.request(t, "POST /auth/login\n\n"+`{"email":"user@example.com","password":"SecurePass123!","device_id":"device_abc123"}`))
		id, _ := member(tree(t, r.Body), "session_id").(string)
		device := func(id, device string) dialecttest.Request {
			return dialecttest.Request{Method: "POST", Path: "/flowless/auth/refresh", ID: id, Header: map[string]string{"X-Device-Id": device}}
		}
		if r := s.Do(t, device(id, "device_evil")); r.Status != 401 || r.FlowlessError(t) == "" {
			t.Errorf("another device renews it: %d %s", r.Status, r.Body)
		}
		r = s.Do(t, device(id, "device_abc123"))
		next, _ := member(tree(t, r.Body), "session_id").(string)
		if r.Status != 200 || next == "" {
			t.Fatalf("its device renews it: %d %s", r.Status, r.Body)
		}
		boundTo("device_abc123")(t, w, dialecttest.Response{Body: `{"sessionId":"` + next + `"}`})
		if got := s.FlowlessMe(t, next); got != 200 {
			t.Errorf("a call that names no device: %d", got)
		}
	})
}

// TestOneSessionWhateverTheDialect ends sessions through the other dialect.
func TestOneSessionWhateverTheDialect(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		native := s.Register(t, "ada@example.com", "engines weave numbers")
		held := s.FlowlessLogin(t, "ada@example.com", native.Password)
		if held.UserID != native.LocalID {
			t.Errorf("the user is %s here and %s there", held.UserID, native.LocalID)
		}
		var list struct {
			Sessions []struct{ ID string }
		}
		s.Do(t, dialecttest.Request{Path: "/auth/sessions", Bearer: native.AccessToken}).JSON(t, &list)
		if len(list.Sessions) != 2 {
			t.Errorf("got %+v", list)
		}
		if r := s.Do(t, dialecttest.Request{Path: "/auth/logout", Bearer: native.AccessToken, Body: `{"scope":"all"}`}); r.Status != 204 {
			t.Fatalf("got %d %s", r.Status, r.Body)
		}
		if got := s.FlowlessMe(t, held.ID); got != 401 {
			t.Errorf("signed out everywhere, the session is answered %d", got)
		}
		a, b := s.FlowlessRegister(t, "bob@example.com", "engines weave numbers"), s.Login(t, "bob@example.com", "engines weave numbers")
		if r := s.Do(t, dialecttest.Request{
			Path: "/flowless/auth/change-password", ID: a.ID, Body: `{"current_password":"engines weave numbers","new_password":"numbers weave engines"}`,
		}); r.Status != 200 || s.Me(t, b.AccessToken) != 401 {
			t.Errorf("after a change of password, %d %s, the other dialect's session is answered %d", r.Status, r.Body, s.Me(t, b.AccessToken))
		}
		if diff := cmp.Diff(s.Login(t, "bob@example.com", "numbers weave engines").LocalID, a.UserID); diff != "" {
			t.Error(diff)
		}
	})
}
