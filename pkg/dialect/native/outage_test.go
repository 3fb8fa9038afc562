package native_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// frozen is a store that answers and cannot write, while down is set.
type frozen struct {
	store.Store
	down atomic.Bool
}

func (f *frozen) EndSession(ctx context.Context, id string, at time.Time, why identity.EndReason, also ...identity.Consequence) error {
	if f.down.Load() {
		return store.ErrUnavailable
	}
	return f.Store.EndSession(ctx, id, at, why, also...)
}

func (f *frozen) UpdateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	if f.down.Load() {
		return store.ErrUnavailable
	}
	return f.Store.UpdateUser(ctx, u, also...)
}

// farewells are the ways to end a session.
func farewells(s *dialecttest.Server, sid string, a dialecttest.Authorization) map[string]request {
	return map[string]request{
		"signing out":                        {Method: "POST", Path: "/auth/logout", Bearer: a.AccessToken},
		"signing out everywhere":             {Path: "/auth/logout", Bearer: a.AccessToken, Body: body("scope", "all")},
		"ending it by its handle":            {Method: "DELETE", Path: "/auth/sessions/" + sid, Bearer: a.AccessToken},
		"revoking its access token":          {Path: "/auth/revoke", Key: s.Publishable, Body: body("token", a.AccessToken)},
		"revoking its refresh token":         {Path: "/auth/revoke", Key: s.Publishable, Body: body("token", a.RefreshToken)},
		"changing the password, as a server": {Path: "/auth/changePassword", Key: s.Secret, Body: body("localId", a.LocalID, "newPassword", goodPassword+"!")},
	}
}

// TestASignOutThatIsNotStoredIsNotConfirmed ends sessions while the store is in trouble: what
// was answered is what is so.
func TestASignOutThatIsNotStoredIsNotConfirmed(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		var ice *frozen
		var stopper *dialecttest.Stopper
		nodes := map[string]*dialecttest.Server{
			"cannot write": s.NodeWith(t, func(db store.Store) store.Store { ice = &frozen{Store: db}; return ice }),
			"is gone": s.NodeWith(t, func(db store.Store) store.Store {
				stopper = &dialecttest.Stopper{Store: db}
				return stopper
			}),
		}
		dialecttest.QuickPasswords(s, nodes["cannot write"], nodes["is gone"])
		s.Register(t, "ada@example.com", goodPassword)
		for name := range farewells(s, "", dialecttest.Authorization{}) {
			for trouble, n := range nodes {
				t.Run(name+" while the store "+trouble, func(t *testing.T) {
					a := s.Login(t, "ada@example.com", goodPassword)
					q := farewells(s, sidOf(t, a), a)[name]
					if n.Me(t, a.AccessToken) != 200 || n.Do(t, request{Path: "/auth/introspect", Key: s.Secret, Body: body("token", "x")}).Status != 200 ||
						n.Do(t, request{Path: "/auth/revoke", Key: s.Publishable, Body: body("token", "x")}).Status != 200 {
						t.Fatal("the control: the node does not work")
					}
					ice.down.Store(true)
					stopper.Stop(0, false)
					r := n.Do(t, q)
					ice.down.Store(false)
					stopper.Stop(1<<20, false)
					if r.Status != 503 || r.Header.Get("Retry-After") == "" {
						t.Errorf("it is answered %d %s", r.Status, r.Body)
					}
					for _, n := range []*dialecttest.Server{n, s} {
						if got := n.Me(t, a.AccessToken); got != 200 {
							t.Errorf("what was not done holds nevertheless: %d", got)
						}
					}
					if r := n.Do(t, q); r.Status != 204 && r.Status != 200 {
						t.Errorf("once more, with the store: %d %s", r.Status, r.Body)
					}
					for _, n := range []*dialecttest.Server{n, s} {
						if got := n.Me(t, a.AccessToken); got != 401 {
							t.Errorf("what was done does not hold: %d", got)
						}
					}
					if name == "changing the password, as a server" {
						r := s.Do(t, request{Path: "/auth/changePassword", Key: s.Secret, Body: body("localId", a.LocalID, "newPassword", goodPassword)})
						if r.Status != 204 {
							t.Fatal(r.Body)
						}
					}
				})
			}
		}
	})
}

// TestAnOutageSignsNobodyOut holds that a store which does not answer says nothing about a
// credential: clients must not throw theirs away.
func TestAnOutageSignsNobodyOut(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	a := s.Register(t, "ada@example.com", goodPassword)
	var stopper *dialecttest.Stopper
	n := s.NodeWith(t, func(db store.Store) store.Store {
		stopper = &dialecttest.Stopper{Store: db}
		return stopper
	})
	stopper.Stop(0, false)
	n.Run(t, []kase{
		{Name: "me", Request: request{Path: "/auth/me", Bearer: a.AccessToken}, Status: 503},
		{Name: "refreshing", Request: renew(a.RefreshToken, userAgent), Status: 503},
		{Name: "a token that is none", Request: request{Path: "/auth/me", Bearer: "nonsense"}, Status: 401, Code: "invalid_token"},
		{Name: "the key set", Request: request{Path: "/.well-known/jwks.json"}, Status: 200},
	})
	stopper.Stop(1<<20, false)
	alive(t, []*dialecttest.Server{n, s}, a)
}

// TestASignOutWhoseAnswerIsLostHolds has the write land and the store vanish.
func TestASignOutWhoseAnswerIsLostHolds(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	s.Register(t, "ada@example.com", goodPassword)
	var stopper *dialecttest.Stopper
	n := s.NodeWith(t, func(db store.Store) store.Store {
		stopper = &dialecttest.Stopper{Store: db}
		return stopper
	})
	for _, scope := range []string{"this", "all"} {
		a := s.Login(t, "ada@example.com", goodPassword)
		stopper.Stop(1, true)
		r := n.Do(t, request{Path: "/auth/logout", Bearer: a.AccessToken, Body: body("scope", scope)})
		stopper.Stop(1<<20, false)
		if r.Status != 503 {
			t.Errorf("%s: %d %s", scope, r.Status, r.Body)
		}
		dead(t, []*dialecttest.Server{n, s}, "session_ended", a)
	}
}
