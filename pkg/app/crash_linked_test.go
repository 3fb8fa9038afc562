package app_test

import (
	"context"
	"errors"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// adasGoogle is ada at a provider that vouches for her address.
func adasGoogle() identity.Assertion {
	return identity.Assertion{Provider: "google", Subject: "1", Email: ada, EmailVerified: true, Name: "Ada"}
}

// asserting notes how an assertion was answered.
func asserting(t *testing.T, s *dialecttest.Server, state any) {
	a := state.(*asked)
	if g, err := s.App.Signin.Assert(context.WithoutCancel(t.Context()), identity.Actor{}, adasGoogle(), ""); err == nil {
		a.status, a.token = 200, g.AccessToken
	}
}

// signedIn is who has a session, on the node s.
func signedIn(t *testing.T, s *dialecttest.Server, accessToken string) identity.Actor {
	t.Helper()
	by, err := s.App.Sessions.Authenticate(t.Context(), accessToken)
	if err != nil {
		t.Fatal(err)
	}
	return by
}

// linkedBy returns whether ada's identity is linked, and to whom.
func linkedBy(t *testing.T, s *dialecttest.Server) (userID string, linked bool) {
	t.Helper()
	u, err := s.App.Store.UserByIdentifier(t.Context(), adasGoogle().Identifier())
	return u.ID, err == nil && u.IsLinked(adasGoogle())
}

// again signs in by the identity, which every flow must leave possible, and returns the account.
func again(t *testing.T, s *dialecttest.Server, a *asked) identity.User {
	t.Helper()
	if a.status == 200 && a.token != "" {
		if got := s.Me(t, a.token); got != 200 {
			t.Errorf("the session that was given is answered %d", got)
		}
	}
	g, err := s.App.Signin.Assert(t.Context(), identity.Actor{}, adasGoogle(), "")
	if err != nil {
		t.Fatalf("asserting again: %v", err)
	}
	return g.User
}

// takenOver checks that all of it happened or nothing, and that all of it does in the end.
func takenOver(t *testing.T, s *dialecttest.Server, a *asked, happened bool) {
	t.Helper()
	a.tells(t, s, mail.AccountClaimed, ada, happened)
	want := 200
	if happened {
		want = 401
	}
	does(t, s, login(s, ada, phrase), want)
	if got := s.Me(t, a.who.AccessToken); got != want {
		t.Errorf("half taken over: the old session is answered %d, want %d", got, want)
	}
	if u := again(t, s, a); !u.EmailVerified || u.PasswordHash != "" || u.ID != a.who.LocalID || !u.IsLinked(adasGoogle()) {
		t.Errorf("in the end: %+v", u)
	}
	does(t, s, login(s, ada, phrase), 401)
	if got := s.Me(t, a.who.AccessToken); got != 401 {
		t.Errorf("in the end the old session is answered %d", got)
	}
}

var linkedFlows = map[string]flow{
	"signing up by a provider": {
		prepare: func(*testing.T, *dialecttest.Server) any { return &asked{} },
		act:     asserting,
		check: func(t *testing.T, s *dialecttest.Server, state any) {
			a := state.(*asked)
			made, happened := linkedBy(t, s)
			a.kept(t, happened)
			if u := again(t, s, a); happened && u.ID != made || !u.EmailVerified {
				t.Errorf("%s was made, and then %+v", made, u)
			}
		},
	},
	"signing up by a provider with an invitation": {
		env: []string{"GATEHOUSE_REGISTRATION=invite"},
		prepare: func(t *testing.T, s *dialecttest.Server) any {
			issued, err := s.App.Invites.Create(t.Context(), dialecttest.Operator, invite.New{})
			if err != nil {
				t.Fatal(err)
			}
			return &asked{token: issued[0].Code}
		},
		act: func(t *testing.T, s *dialecttest.Server, state any) {
			a := state.(*asked)
			if _, err := s.App.Signin.Assert(context.WithoutCancel(t.Context()), identity.Actor{}, adasGoogle(), a.token); err == nil {
				a.status = 200
			}
		},
		check: func(t *testing.T, s *dialecttest.Server, state any) {
			a := state.(*asked)
			made, happened := linkedBy(t, s)
			a.kept(t, happened)
			g, err := s.App.Signin.Assert(t.Context(), identity.Actor{}, adasGoogle(), a.token)
			if err != nil || happened && g.User.ID != made || g.User.Provisional {
				t.Errorf("%s was made, and then %+v (%v)", made, g.User, err)
			}
			inv := allInvitations(t, s)[0]
			if inv.Confirmed() != 1 || inv.Left != 0 || len(inv.Uses) != 1 || g.User.InvitationID != inv.ID {
				t.Errorf("the invitation is %+v, want one use, confirmed", inv)
			}
			bob := identity.Assertion{Provider: "google", Subject: "2", Email: "bob@example.com", EmailVerified: true}
			if _, err := s.App.Signin.Assert(t.Context(), identity.Actor{}, bob, a.token); !errors.Is(err, invite.ErrUsedUp) {
				t.Errorf("a second account: %v", err)
			}
		},
	},
	"linking a proved account by its address": {
		prepare: func(t *testing.T, s *dialecttest.Server) any {
			yes := true
			if _, err := s.App.Accounts.Create(t.Context(), dialecttest.Operator, account.Draft{Email: ada, Password: phrase}, account.Setting{Verified: &yes}); err != nil {
				t.Fatal(err)
			}
			return &asked{}
		},
		act: asserting,
		check: func(t *testing.T, s *dialecttest.Server, state any) {
			a := state.(*asked)
			_, happened := linkedBy(t, s)
			a.tells(t, s, mail.IdentityLinked, ada, happened)
			again(t, s, a)
			if got := mailed(t, s, mail.IdentityLinked, ada); got != 1 {
				t.Errorf("%d mails in the end", got)
			}
			does(t, s, login(s, ada, phrase), 200)
		},
	},
	"taking over an account that nobody has proved": {
		prepare: func(t *testing.T, s *dialecttest.Server) any { return registered(t, s) },
		act:     asserting,
		check: func(t *testing.T, s *dialecttest.Server, state any) {
			a := state.(*asked)
			_, happened := linkedBy(t, s)
			takenOver(t, s, a, happened)
		},
	},
	"taking over a linked account that nobody has proved": {
		prepare: func(t *testing.T, s *dialecttest.Server) any {
			a := registered(t, s)
			if _, err := s.App.Accounts.Link(t.Context(), signedIn(t, s, a.who.AccessToken), adasGoogle()); err != nil {
				t.Fatal(err)
			}
			return a
		},
		act: asserting,
		check: func(t *testing.T, s *dialecttest.Server, state any) {
			a := state.(*asked)
			u, err := s.App.Accounts.Find(t.Context(), ada)
			if err != nil {
				t.Fatal(err)
			}
			takenOver(t, s, a, u.EmailVerified)
		},
	},
	"linking": {
		prepare: func(t *testing.T, s *dialecttest.Server) any { return registered(t, s) },
		act: func(t *testing.T, s *dialecttest.Server, state any) {
			a := state.(*asked)
			by, err := s.App.Sessions.Authenticate(context.WithoutCancel(t.Context()), a.who.AccessToken)
			if err != nil {
				return
			}
			if _, err := s.App.Accounts.Link(context.WithoutCancel(t.Context()), by, adasGoogle()); err == nil {
				a.status = 200
			}
		},
		check: func(t *testing.T, s *dialecttest.Server, state any) {
			a := state.(*asked)
			_, happened := linkedBy(t, s)
			a.tells(t, s, mail.IdentityLinked, ada, happened)
			if _, err := s.App.Accounts.Link(t.Context(), signedIn(t, s, a.who.AccessToken), adasGoogle()); err != nil {
				t.Errorf("linking again: %v", err)
			}
			if u := again(t, s, a); u.ID != a.who.LocalID {
				t.Errorf("it signs in to %s", u.ID)
			}
			a.status = 0
			a.tells(t, s, mail.IdentityLinked, ada, true)
		},
	},
	"unlinking": {
		prepare: func(t *testing.T, s *dialecttest.Server) any {
			a := registered(t, s)
			if _, err := s.App.Accounts.Link(t.Context(), signedIn(t, s, a.who.AccessToken), adasGoogle()); err != nil {
				t.Fatal(err)
			}
			if _, err := s.App.Accounts.VerifyEmail(t.Context(), identity.Actor{}, s.MailedToken(t, mail.VerifyEmail, ada)); err != nil {
				t.Fatal(err) // or else signing in by it would take the account over
			}
			g, err := s.App.Signin.Assert(t.Context(), identity.Actor{}, adasGoogle(), "")
			if err != nil {
				t.Fatal(err)
			}
			a.token = g.AccessToken
			return a
		},
		act: func(t *testing.T, s *dialecttest.Server, state any) {
			a := state.(*asked)
			by, err := s.App.Sessions.Authenticate(context.WithoutCancel(t.Context()), a.who.AccessToken)
			if err != nil {
				return
			}
			if _, err := s.App.Accounts.Unlink(context.WithoutCancel(t.Context()), by, "google"); err == nil {
				a.status = 200
			}
		},
		check: func(t *testing.T, s *dialecttest.Server, state any) {
			a := state.(*asked)
			_, linked := linkedBy(t, s)
			a.tells(t, s, mail.IdentityUnlinked, ada, !linked)
			if got := s.Me(t, a.token); (got == 200) != linked {
				t.Errorf("linked %t, and its session is answered %d", linked, got)
			}
			if got := s.Me(t, a.who.AccessToken); got != 200 {
				t.Errorf("the session that asked is answered %d", got)
			}
			elsewhere := adasGoogle()
			elsewhere.Email = countess // or else it would find the account by that again
			if g, err := s.App.Signin.Assert(t.Context(), identity.Actor{}, elsewhere, ""); err != nil || (g.User.ID == a.who.LocalID) != linked {
				t.Errorf("linked %t, and it signs in to %s (%v)", linked, g.User.ID, err)
			}
		},
	},
}

// TestACrashLinksOrDoesNot stops a node before and after each write of what is done with identities
// at providers.
func TestACrashLinksOrDoesNot(t *testing.T) { crashes(t, linkedFlows) }
