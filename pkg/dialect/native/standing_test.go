package native_test

import (
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// TestASessionDoesNotOutliveItsUser takes a user's standing away on one node and looks at
// another at once, before anything that runs later has run and after.
func TestASessionDoesNotOutliveItsUser(t *testing.T) {
	yes, no := true, false
	set := func(change account.Setting) func(*testing.T, *dialecttest.Server, dialecttest.Authorization) {
		return func(t *testing.T, s *dialecttest.Server, a dialecttest.Authorization) {
			t.Helper()
			if _, err := s.App.Accounts.Set(t.Context(), dialecttest.Operator, a.LocalID, change); err != nil {
				t.Fatal(err)
			}
		}
	}
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		nodes := []*dialecttest.Server{s, s.Node(t)}
		dialecttest.QuickPasswords(nodes...)
		for name, act := range map[string]func(*testing.T, *dialecttest.Server, dialecttest.Authorization){
			"disabled": set(account.Setting{Disabled: &yes}),
			"disabled and enabled again": func(t *testing.T, s *dialecttest.Server, a dialecttest.Authorization) {
				set(account.Setting{Disabled: &yes})(t, s, a)
				set(account.Setting{Disabled: &no})(t, s, a)
			},
			"deleted by an operator": func(t *testing.T, s *dialecttest.Server, a dialecttest.Authorization) {
				if _, err := s.App.Accounts.Delete(t.Context(), dialecttest.Operator, a.LocalID); err != nil {
					t.Fatal(err)
				}
			},
			"deleted by themselves": func(t *testing.T, s *dialecttest.Server, a dialecttest.Authorization) {
				if r := s.Do(t, request{Method: "DELETE", Path: "/auth/me", Bearer: a.AccessToken, Body: body("currentPassword", a.Password)}); r.Status != 204 {
					t.Fatalf("%d %s", r.Status, r.Body)
				}
			},
			"given another password by a server": func(t *testing.T, s *dialecttest.Server, a dialecttest.Authorization) {
				if r := s.Do(t, request{Path: "/auth/changePassword", Key: s.Secret, Body: body("localId", a.LocalID, "newPassword", "set by the server")}); r.Status != 204 {
					t.Fatalf("%d %s", r.Status, r.Body)
				}
			},
			"given another password by themselves": func(t *testing.T, s *dialecttest.Server, a dialecttest.Authorization) {
				if r := s.Do(t, request{Path: "/auth/changePassword", Bearer: a.AccessToken, Body: body("currentPassword", a.Password, "newPassword", "another long phrase")}); r.Status != 200 {
					t.Fatalf("%d %s", r.Status, r.Body)
				}
			},
			"signed out everywhere": func(t *testing.T, s *dialecttest.Server, a dialecttest.Authorization) {
				if r := s.Do(t, request{Path: "/auth/logout", Bearer: a.AccessToken, Body: body("scope", "all")}); r.Status != 204 {
					t.Fatalf("%d %s", r.Status, r.Body)
				}
			},
		} {
			t.Run(name, func(t *testing.T) {
				first := s.Register(t, "ada@example.com", goodPassword)
				second := nodes[1].Login(t, "ada@example.com", goodPassword)
				second = alive(t, nodes, second)
				act(t, s, first)
				dead(t, nodes, "session_ended", first, second)
				s.Settle(t)
				dead(t, nodes, "session_ended", second, first)
				if _, err := s.App.Store.Sweep(t.Context(), s.Clock.Now()); err != nil {
					t.Fatal(err)
				}
				dead(t, nodes, "session_ended", second, first)
				if u, err := s.App.Accounts.Find(t.Context(), first.LocalID); err == nil { // make room for the next
					if _, err := s.App.Accounts.Delete(t.Context(), dialecttest.Operator, u.ID); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
	})
}

// TestARoleIsReadAtEveryUse promotes and demotes somebody who is signed in.
func TestARoleIsReadAtEveryUse(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		nodes := []*dialecttest.Server{s, s.Node(t)}
		a := s.Register(t, "ada@example.com", goodPassword)
		for _, userType := range []string{identity.Customer, identity.Admin, identity.Customer} {
			if _, err := s.App.Accounts.Set(t.Context(), dialecttest.Operator, a.LocalID, account.Setting{UserType: &userType}); err != nil {
				t.Fatal(err)
			}
			read, write := 403, 403
			if userType == identity.Admin {
				read, write = 200, 201
			}
			for i, n := range nodes {
				// The token still says what was true when it was signed; it does not decide.
				if r := n.Do(t, request{Path: "/auth/invitationCodes", Bearer: a.AccessToken}); r.Status != read {
					t.Errorf("a %s reads on node %d: %d %s", userType, i, r.Status, r.Body)
				}
				if r := n.Do(t, request{Method: "POST", Path: "/auth/generateInvitationCode", Bearer: a.AccessToken}); r.Status != write {
					t.Errorf("a %s writes on node %d: %d %s", userType, i, r.Status, r.Body)
				}
			}
			a = nodes[1].Refresh(t, a.RefreshToken)
			if got := decoded(t, split(t, a.AccessToken).payload)["user_type"]; got != userType {
				t.Errorf("a refreshed token says %v, want %s", got, userType)
			}
		}
	})
}
