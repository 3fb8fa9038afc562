package app_test

import (
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
)

// chosen is the body that sets a password in the Arguflow dialect.
func chosen(path, password string, kv ...string) dialecttest.Request {
	return post(path, append(kv, "password", password, "password_confirmation", password)...)
}

// arguflowLogin returns the status of a sign-in.
func arguflowLogin(t *testing.T, s *dialecttest.Server, password string) int {
	t.Helper()
	return s.Do(t, post("/api/auth", "email", ada, "password", password)).Status
}

// verifiedAs makes an account whose address is verified.
func verifiedAs(t *testing.T, s *dialecttest.Server, email string) {
	t.Helper()
	yes := true
	if _, err := s.App.Accounts.Create(t.Context(), dialecttest.Operator, account.Draft{Email: email, Password: phrase}, account.Setting{Verified: &yes}); err != nil {
		t.Fatal(err)
	}
}

// offered mails ada an invitation and returns its UUID.
func offered(t *testing.T, s *dialecttest.Server) *asked {
	t.Helper()
	if err := s.App.Invites.Offer(t.Context(), dialecttest.Operator, opaque.Random(opaque.IDLength), invite.Offer{Email: ada, ReferralTokens: []string{"r1"}}); err != nil {
		t.Fatal(err)
	}
	return &asked{token: s.MailedID(t, mail.Invitation, ada)}
}

func allInvitations(t *testing.T, s *dialecttest.Server) []identity.Invitation {
	t.Helper()
	page, err := s.App.Invites.List(t.Context(), invite.Query{})
	if err != nil {
		t.Fatal(err)
	}
	return page.Invitations
}

// invites fails unless there is an invitation and its mail or neither, and what was answered is
// true; then somebody registers by it.
func invites(t *testing.T, s *dialecttest.Server, state any) {
	t.Helper()
	happened := len(allInvitations(t, s)) == 1
	if state.(*asked).tells(t, s, mail.Invitation, ada, happened); happened {
		does(t, s, chosen("/api/register/"+s.MailedID(t, mail.Invitation, ada), phrase), 200)
	}
}

var arguflowFlows = map[string]flow{
	"inviting as a user": {
		prepare: func(t *testing.T, s *dialecttest.Server) any {
			verifiedAs(t, s, countess)
			return &asked{token: s.ArguflowLogin(t, countess, phrase)}
		},
		act: acting(func(_ *dialecttest.Server, a *asked) dialecttest.Request {
			return post("/api/invitation", "email", ada).ByCookie(a.token)
		}),
		check: invites,
	},
	"inviting as nobody": {
		prepare: func(*testing.T, *dialecttest.Server) any { return &asked{} },
		act: acting(func(*dialecttest.Server, *asked) dialecttest.Request {
			return post("/invitation", "email", ada)
		}),
		check: invites,
	},
	"inviting as nobody somebody who is here": {
		prepare: func(t *testing.T, s *dialecttest.Server) any {
			verifiedAs(t, s, ada)
			return &asked{}
		},
		act: acting(func(*dialecttest.Server, *asked) dialecttest.Request {
			return post("/api/invitation", "email", ada)
		}),
		check: func(t *testing.T, s *dialecttest.Server, state any) {
			state.(*asked).tells(t, s, mail.AccountExists, ada, mailed(t, s, mail.AccountExists, ada) > 0)
			if got := len(allInvitations(t, s)); got != 0 {
				t.Errorf("%d invitations", got)
			}
		},
	},
	"sending a mailed invitation again": {
		prepare: func(t *testing.T, s *dialecttest.Server) any { return offered(t, s) },
		act: func(t *testing.T, s *dialecttest.Server, state any) {
			a := state.(*asked)
			if _, err := s.App.Invites.Reissue(t.Context(), dialecttest.Operator, allIDs(t, s)[0]); err == nil {
				a.status = 200
			}
		},
		check: func(t *testing.T, s *dialecttest.Server, state any) {
			a, fresh := state.(*asked), s.MailedID(t, mail.Invitation, ada)
			happened := fresh != a.token
			a.kept(t, happened)
			if got, want := mailed(t, s, mail.Invitation, ada), map[bool]int{false: 1, true: 2}[happened]; got != want {
				t.Errorf("%d mails, want %d", got, want)
			}
			if happened {
				does(t, s, chosen("/api/register/"+a.token, phrase), 400)
			}
			does(t, s, chosen("/api/register/"+fresh, phrase), 200)
		},
	},
	"registering by a UUID": {
		prepare: func(t *testing.T, s *dialecttest.Server) any { return offered(t, s) },
		act: acting(func(_ *dialecttest.Server, a *asked) dialecttest.Request {
			return chosen("/api/register/"+a.token, phrase)
		}),
		check: func(t *testing.T, s *dialecttest.Server, state any) {
			a := state.(*asked)
			happened := arguflowLogin(t, s, phrase) == 204
			a.kept(t, happened)
			want := 200
			if happened {
				want = 400
			}
			does(t, s, chosen("/api/register/"+a.token, phrase), want)
			does(t, s, chosen("/api/register/"+a.token, newWord), 400)
			if got := arguflowLogin(t, s, phrase); got != 204 {
				t.Errorf("signing in: %d", got)
			}
			inv := allInvitations(t, s)[0]
			u, err := s.App.Accounts.Find(t.Context(), ada)
			if err != nil || inv.Confirmed() != 1 || inv.Left != 0 || len(inv.Uses) != 1 || !u.EmailVerified || u.InvitationID != inv.ID || len(u.ReferralTokens) != 1 {
				t.Errorf("the invitation is %+v, the account %+v (%v)", inv, u, err)
			}
		},
	},
	"asking for a reset by a UUID": {
		prepare: func(t *testing.T, s *dialecttest.Server) any {
			verifiedAs(t, s, ada)
			return &asked{}
		},
		act: acting(func(*dialecttest.Server, *asked) dialecttest.Request {
			return dialecttest.Request{Path: "/api/password/" + ada}
		}),
		check: func(t *testing.T, s *dialecttest.Server, state any) {
			happened := mailed(t, s, mail.ResetPassword, ada) > 0
			if state.(*asked).tells(t, s, mail.ResetPassword, ada, happened); happened {
				does(t, s, chosen("/api/password", newWord, "password_reset_id", s.MailedID(t, mail.ResetPassword, ada)), 204)
			}
		},
	},
	"resetting by a UUID": {
		prepare: func(t *testing.T, s *dialecttest.Server) any {
			verifiedAs(t, s, ada)
			a := &asked{}
			a.who = s.Login(t, ada, phrase)
			does(t, s, post("/api/password", "email", ada), 204)
			a.token = s.MailedID(t, mail.ResetPassword, ada)
			return a
		},
		act: acting(func(_ *dialecttest.Server, a *asked) dialecttest.Request {
			return chosen("/api/password", newWord, "password_reset_id", a.token)
		}),
		check: func(t *testing.T, s *dialecttest.Server, state any) {
			a := state.(*asked)
			happened := arguflowLogin(t, s, newWord) == 204
			if a.tells(t, s, mail.PasswordChanged, ada, happened); happened {
				if got := arguflowLogin(t, s, phrase); got != 400 {
					t.Errorf("the old password is answered %d", got)
				}
				if got := s.Me(t, a.who.AccessToken); got != 401 {
					t.Errorf("an old session is answered %d", got)
				}
				does(t, s, chosen("/api/password", phrase, "password_reset_id", a.token), 400)
				return
			}
			does(t, s, chosen("/api/password", newWord, "password_reset_id", a.token), 204)
		},
	},
}

// allIDs returns the ids of all invitations; none where nothing can be read any more.
func allIDs(t *testing.T, s *dialecttest.Server) (ids []string) {
	t.Helper()
	for _, inv := range allInvitations(t, s) {
		ids = append(ids, inv.ID)
	}
	return ids
}

// TestACrashOfAnArguflowFlowNeitherLosesNorDoubles stops a node before and after each of its
// writes.
func TestACrashOfAnArguflowFlowNeitherLosesNorDoubles(t *testing.T) { crashes(t, arguflowFlows) }
