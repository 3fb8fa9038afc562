package flowless_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// person is somebody with an account.
type person struct{ id, email, password string }

// scene is one session that is going to end, and what must live on.
type scene struct {
	*dialecttest.Server
	ada    person
	victim held            // of ada
	others map[string]held // ada's other sessions, one of each dialect
	root   held            // a superadmin's, held by id
}

// spared says which sessions of the account live on.
type spared int

const (
	allOthers spared = iota // every one but the victim
	onlyActor               // the other one of the dialect that ended it
	none
)

// ending is one way in which sessions end.
type ending struct {
	in     string // the dialect of it; empty means by the operator or by itself
	name   string
	of     string // the dialect of the sessions that it ends; empty means every one
	spares spared
	end    func(*testing.T, scene)
}

// expect sends a request that has to succeed.
func (x scene) expect(t *testing.T, q dialecttest.Request) {
	t.Helper()
	r := x.Do(t, q)
	if r.Status/100 != 2 {
		t.Fatalf("%s: %d %s", q.Path, r.Status, r.Body)
	}
}

const newPassword = "quite another long one"

// endings is every way in every dialect. What ends one session is tried on one of each dialect.
var endings = []ending{
	{in: "native", of: "native", name: "signing out", end: func(t *testing.T, x scene) {
		x.expect(t, dialecttest.Request{Method: http.MethodPost, Path: "/auth/logout", Bearer: x.victim.access})
	}},
	{in: "native", name: "signing the others out", spares: onlyActor, end: func(t *testing.T, x scene) {
		x.expect(t, dialecttest.Request{Path: "/auth/logout", Bearer: x.others["native"].access, Body: body(object{"scope": "others"})})
	}},
	{in: "native", name: "signing out everywhere", spares: none, end: func(t *testing.T, x scene) {
		x.expect(t, dialecttest.Request{Path: "/auth/logout", Bearer: x.others["native"].access, Body: body(object{"scope": "all"})})
	}},
	{in: "native", name: "its handle", end: func(t *testing.T, x scene) {
		x.expect(t, dialecttest.Request{Method: http.MethodDelete, Path: "/auth/sessions/" + x.victim.handle, Bearer: x.others["native"].access})
	}},
	{in: "native", name: "revocation", end: func(t *testing.T, x scene) {
		x.expect(t, dialecttest.Request{Path: "/auth/revoke", Key: x.Publishable, Type: "application/x-www-form-urlencoded", Body: "token=" + x.victim.renew})
	}},
	{in: "native", name: "changing the password", spares: none, end: func(t *testing.T, x scene) {
		x.expect(t, dialecttest.Request{Path: "/auth/changePassword", Bearer: x.others["native"].access, Body: body(object{"currentPassword": x.ada.password, "newPassword": newPassword})})
	}},
	{in: "native", name: "a password from a server", spares: none, end: func(t *testing.T, x scene) {
		x.expect(t, dialecttest.Request{Path: "/auth/changePassword", Key: x.Secret, Body: body(object{"localId": x.ada.id, "newPassword": newPassword})})
	}},
	{in: "native", name: "resetting the password", spares: none, end: func(t *testing.T, x scene) {
		x.expect(t, dialecttest.Request{Path: "/auth/forgotPassword", Body: body(object{"email": x.ada.email})})
		token := x.MailedToken(t, mail.ResetPassword, x.ada.email)
		x.expect(t, dialecttest.Request{Path: "/auth/resetPassword", Body: body(object{"token": token, "newPassword": newPassword})})
	}},
	{in: "native", name: "deleting the account", spares: none, end: func(t *testing.T, x scene) {
		x.expect(t, dialecttest.Request{Method: http.MethodDelete, Path: "/auth/me", Bearer: x.others["native"].access, Body: body(object{"currentPassword": x.ada.password})})
	}},
	{in: "flowless", of: "flowless", name: "signing out", end: func(t *testing.T, x scene) {
		x.expect(t, dialecttest.Request{Method: http.MethodPost, Path: "/flowless/auth/logout", ID: x.victim.access})
	}},
	{in: "flowless", name: "changing the password", spares: none, end: func(t *testing.T, x scene) {
		x.expect(t, dialecttest.Request{Path: "/flowless/auth/password-change/self", ID: x.others["flowless"].access, Body: body(object{"currentPassword": x.ada.password, "newPassword": newPassword})})
	}},
	{in: "flowless", name: "changing the password at the other path", spares: none, end: func(t *testing.T, x scene) {
		x.expect(t, dialecttest.Request{Path: "/flowless/auth/change-password", ID: x.others["flowless"].access, Body: body(object{"current_password": x.ada.password, "new_password": newPassword})})
	}},
	{in: "flowless", name: "a password from an administrator", spares: none, end: func(t *testing.T, x scene) {
		x.expect(t, dialecttest.Request{Path: "/flowless/auth/password-change/admin", ID: x.root.access, Body: body(object{"userId": x.ada.id, "newPassword": newPassword})})
	}},
	{in: "flowless", name: "resetting the password", spares: none, end: func(t *testing.T, x scene) {
		x.expect(t, dialecttest.Request{Path: "/flowless/auth/password-reset/request", Body: body(object{"email": x.ada.email})})
		token := x.MailedToken(t, mail.ResetPassword, x.ada.email)
		x.expect(t, dialecttest.Request{Path: "/flowless/auth/password-reset/complete", Body: body(object{"token": token, "password": newPassword})})
	}},
	{in: "flowless", name: "an administrator's deletion", spares: none, end: func(t *testing.T, x scene) {
		x.expect(t, dialecttest.Request{Method: http.MethodDelete, Path: "/flowless/auth/users/" + x.ada.id, ID: x.root.access})
	}},
	{in: "arguflow", of: "arguflow", name: "signing out", end: func(t *testing.T, x scene) {
		x.expect(t, dialecttest.Request{Method: http.MethodDelete, Path: "/api/auth"}.ByCookie(x.victim.access))
	}},
	{in: "arguflow", of: "flowless", name: "signing out, shown the id of another dialect", end: func(t *testing.T, x scene) {
		x.expect(t, dialecttest.Request{Method: http.MethodDelete, Path: "/api/auth"}.ByCookie(x.victim.access))
	}},
	{in: "arguflow", name: "resetting the password", spares: none, end: func(t *testing.T, x scene) {
		x.expect(t, dialecttest.Request{Path: "/api/password", Body: body(object{"email": x.ada.email})})
		id := x.MailedID(t, mail.ResetPassword, x.ada.email)
		x.expect(t, dialecttest.Request{Path: "/api/password", Body: body(object{"password_reset_id": id, "password": newPassword, "password_confirmation": newPassword})})
	}},
	{name: "an operator who shuts the account", spares: none, end: func(t *testing.T, x scene) { set(t, x, true) }},
	{name: "an operator who shuts and opens it", spares: none, end: func(t *testing.T, x scene) {
		set(t, x, true)
		set(t, x, false)
	}},
	{name: "an operator's deletion", spares: none, end: func(t *testing.T, x scene) {
		if _, err := x.App.Accounts.Delete(t.Context(), dialecttest.Operator, x.ada.id); err != nil {
			t.Fatal(err)
		}
	}},
	{name: "an operator's password", spares: none, end: func(t *testing.T, x scene) {
		if err := x.App.Accounts.SetPassword(t.Context(), dialecttest.Operator, x.ada.id, newPassword); err != nil {
			t.Fatal(err)
		}
	}},
	{name: "a replay of what was spent", end: func(t *testing.T, x scene) {
		x.expect(t, doorOf(x.victim).next(x.victim))
		x.Clock.Advance(31 * time.Second)
		if r := x.Do(t, doorOf(x.victim).next(x.victim)); r.Status != http.StatusUnauthorized {
			t.Fatalf("a replay is answered %d %s", r.Status, r.Body)
		}
	}},
}

func set(t *testing.T, x scene, shut bool) {
	t.Helper()
	if _, err := x.App.Accounts.Set(t.Context(), dialecttest.Operator, x.ada.id, account.Setting{Disabled: &shut}); err != nil {
		t.Fatal(err)
	}
}

// TestASessionThatEndsAnywhereIsOverEverywhere starts a session in each dialect and ends it in
// every way that any of them has. At once, on two nodes, every credential of it is dead in every
// dialect; what was not to end lives.
func TestASessionThatEndsAnywhereIsOverEverywhere(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := dialecttest.Start(t, open, dialecttest.Options{})
		nodes := []*dialecttest.Server{s, s.Node(t)}
		dialecttest.QuickPasswords(nodes...)
		root := newPerson(t, s, "root@example.com", identity.Superadmin)
		bob := newPerson(t, s, "bob@example.com", identity.Customer)
		n := 0
		for _, e := range endings {
			for _, d := range doors {
				if e.of != "" && e.of != d.name {
					continue
				}
				n++
				t.Run(fmt.Sprintf("%s session, %s %s", d.name, e.in, e.name), func(t *testing.T) {
					s.Clock.Advance(time.Minute) // each shows bridges made-up ids, so many of which are held off
					x := scene{Server: s, ada: newPerson(t, s, fmt.Sprintf("ada%d@example.com", n), identity.Customer)}
					x.victim, x.others, x.root = d.enter(t, nodes[1], x.ada), everywhere(t, s, x.ada), doors[1].enter(t, s, root)
					bystanders := everywhere(t, s, bob)
					lives(t, nodes, "the control", x.victim)
					e.end(t, x)
					for range 2 { // before what follows has been carried out, and after
						over(t, nodes, "the session", x.victim)
						for name, other := range x.others {
							if e.spares == none || e.spares == onlyActor && name != e.in {
								over(t, nodes, "another of the account", other)
							}
						}
						s.Settle(t)
					}
					for name, other := range x.others {
						if e.spares == allOthers || e.spares == onlyActor && name == e.in {
							lives(t, nodes, "another of the account", other)
						}
					}
					for _, other := range bystanders {
						lives(t, nodes, "somebody else's", other)
					}
				})
			}
		}
	})
}

func newPerson(t *testing.T, s *dialecttest.Server, email, userType string) person {
	t.Helper()
	p := person{email: email, password: "a long enough one"}
	u, err := s.App.Accounts.Create(t.Context(), dialecttest.Operator, account.Draft{Email: email, Password: p.password}, account.Setting{UserType: &userType})
	if err != nil {
		t.Fatal(err)
	}
	p.id = u.ID
	return p
}

// everywhere signs somebody in through every dialect.
func everywhere(t *testing.T, s *dialecttest.Server, p person) map[string]held {
	t.Helper()
	all := map[string]held{}
	for _, d := range doors {
		all[d.name] = d.enter(t, s, p)
	}
	return all
}
