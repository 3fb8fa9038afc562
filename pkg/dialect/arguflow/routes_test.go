package arguflow_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
)

// world is where every request of asks is good. A service may have many.
type world struct {
	*dialecttest.Server
	n                          int
	user                       identity.User
	session, invitation, reset string
}

func newWorld(t *testing.T, s *dialecttest.Server) *world {
	t.Helper()
	return nextWorld(t, s, 0)
}

// nextWorld is newWorld in a service that has others.
func nextWorld(t *testing.T, s *dialecttest.Server, n int) *world {
	t.Helper()
	w := &world{Server: s, n: n}
	w.user = newUser(t, s, w.own(ada))
	w.session = s.ArguflowLogin(t, w.user.Email, phrase)
	w.invitation = invited(t, s, w.own("guest@example.com"))
	w.reset = resetID(t, s, w.user.Email)
	return w
}

// own makes an address the world's own.
func (w *world) own(email string) string {
	if w.n == 0 {
		return email
	}
	return fmt.Sprint("w", w.n, email)
}

// ask is a good request to a route.
type ask struct {
	route  string
	writes bool // something, or causes a mail
	status int
	q      request
}

// asks returns a good request to every route, at every path. Who sends them is signed in.
func (w *world) asks() []ask {
	all := []ask{
		{"POST /invitation", true, 200, request{Method: "POST", Path: "/invitation", Body: `{"email":"` + w.own("new@example.com") + `","referral_tokens":["x"]}`}},
		{"POST /register/:invitation_id", true, 200, request{Method: "POST", Path: "/register/" + w.invitation, Body: twice(phrase)}},
		{"POST /auth", true, 204, request{Method: "POST", Path: "/auth", Body: body("email", w.own(ada), "password", phrase)}},
		{"DELETE /auth", true, 204, request{Method: "DELETE", Path: "/auth"}},
		{"GET /auth", false, 200, request{Method: "GET", Path: "/auth"}},
		{"GET /password/:email", true, 204, request{Method: "GET", Path: "/password/" + w.own(ada)}},
		{"POST /password", true, 204, request{Method: "POST", Path: "/password", Body: twice(another, "password_reset_id", w.reset)}},
		{"POST /password", true, 204, request{Method: "POST", Path: "/password", Body: body("email", w.own(ada))}},
		{"PUT /user", true, 200, request{Method: "PUT", Path: "/user", Body: `{"username":"` + fmt.Sprint("ada", w.n) + `","website":"https://ada.example","visible_email":false}`}},
		{"GET /health", false, 200, request{Method: "GET", Path: "/health"}},
	}
	for _, a := range all {
		if a.short() {
			all = append(all, a)
		}
	}
	for i, n := 0, len(routes())+1; i < n; i++ {
		all[i].q.Path = at + all[i].q.Path
	}
	for i := range all {
		all[i].q = all[i].q.ByCookie(w.session)
	}
	return all
}

// short reports whether the route answers without the path of the dialect too.
func (a ask) short() bool {
	return slices.ContainsFunc([]string{"/invitation", "/register", "/password"}, func(p string) bool { return strings.Contains(a.route, " "+p) })
}

// with adds headers to a request.
func with(q request, kv ...string) request {
	header := maps.Clone(q.Header)
	if header == nil {
		header = map[string]string{}
	}
	for i := 0; i < len(kv); i += 2 {
		header[kv[i]] = kv[i+1]
	}
	q.Header = header
	return q
}

// TestEveryRouteIsAsked keeps the list of requests whole.
func TestEveryRouteIsAsked(t *testing.T) {
	var asked, there []string
	for _, a := range (&world{}).asks() {
		if strings.HasPrefix(a.q.Path, at) {
			asked = append(asked, a.route)
		}
	}
	for _, r := range routes() {
		there = append(there, r.Method+" "+strings.TrimPrefix(r.Path, at))
	}
	slices.Sort(asked)
	slices.Sort(there)
	if diff := cmp.Diff(there, slices.Compact(asked)); diff != "" {
		t.Errorf("(-routes +asked):\n%s", diff)
	}
}

// TestAWholeHostMayHaveAPathToo serves the dialect at both, in either order.
func TestAWholeHostMayHaveAPathToo(t *testing.T) {
	const whole, below = dialecttest.ArguflowHost, dialecttest.ArguflowHost + "/api"
	for _, places := range []string{whole + "," + below, below + "," + whole} {
		s := start(t, dialecttest.SQLite(t), "GATEHOUSE_ARGUFLOW="+places)
		for i, path := range []string{"/invitation", "/api/invitation"} {
			must(t, s, request{Host: dialecttest.ArguflowHost, Path: path, Body: body("email", fmt.Sprintf("guest%d@example.com", i))}, 200)
		}
		must(t, s, request{Host: dialecttest.ArguflowHost, Path: "/health"}, 200)
		must(t, s, request{Host: dialecttest.ArguflowHost, Path: "/nowhere"}, 404)
	}
}

// TestEveryGoodRequestIsGood holds the list to the routes: in a world of its own each is answered.
func TestEveryGoodRequestIsGood(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	for i := range (&world{}).asks() {
		w := nextWorld(t, s, i)
		a := w.asks()[i]
		before := w.state(t)
		must(t, w.Server, a.q, a.status)
		if same := cmp.Equal(before, w.state(t)); same == a.writes {
			t.Errorf("%s %s changes something: %t, want %t", a.q.Method, a.q.Path, !same, a.writes)
		}
	}
}

// state is everything that a request can change.
type state struct {
	Users       []identity.User
	Sessions    []identity.Session
	Invitations []identity.Invitation
	Mails       int
}

func (w *world) state(t *testing.T) (out state) {
	t.Helper()
	w.Settle(t)
	var err error
	if out.Users, err = w.App.Accounts.List(t.Context(), "", 100); err != nil {
		t.Fatal(err)
	}
	if out.Sessions, err = w.App.Store.UserSessions(t.Context(), w.user.ID, w.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	page, err := w.App.Invites.List(t.Context(), invite.Query{})
	if err != nil {
		t.Fatal(err)
	}
	out.Invitations, out.Mails = page.Invitations, len(w.Letters.All())
	return out
}

// untouched fails unless everything is as it was.
func (w *world) untouched(t *testing.T, before state) {
	t.Helper()
	if diff := cmp.Diff(before, w.state(t)); diff != "" {
		t.Errorf("something has changed (-before +after):\n%s", diff)
	}
	if !alive(t, w.Server, w.session) {
		t.Error("the session has ended")
	}
}
