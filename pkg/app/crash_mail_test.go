package app_test

import (
	"errors"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// The people of these flows.
const (
	ada      = "ada@example.com"
	countess = "countess@example.com"
	newWord  = "another long phrase"
)

// asked is what one request of a flow was about and how it was answered; 0 means not at all.
type asked struct {
	who    dialecttest.Authorization
	token  string
	status int
}

func post(path string, kv ...string) dialecttest.Request {
	return dialecttest.Request{Path: path, Body: pairs(kv...)}
}

func login(s *dialecttest.Server, email, password string) dialecttest.Request {
	q := post("/auth/login", "email", email, "password", password)
	q.Key = s.Publishable
	return q
}

// mailed returns how many mails of a kind an address has got, however often each was sent.
func mailed(t *testing.T, s *dialecttest.Server, kind mail.Kind, to string) int {
	t.Helper()
	ids := map[string]bool{}
	for _, l := range s.Mails(t, kind, to) {
		ids[l.ID] = true
	}
	return len(ids)
}

// tells fails unless a change and its mail go together, and what was promised happened.
func (a *asked) tells(t *testing.T, s *dialecttest.Server, kind mail.Kind, to string, happened bool) {
	t.Helper()
	want := 0
	if happened {
		want = 1
	}
	if got := mailed(t, s, kind, to); got != want {
		t.Errorf("%d mails of kind %s, want %d", got, kind, want)
	}
	a.kept(t, happened)
}

func (a *asked) kept(t *testing.T, happened bool) {
	t.Helper()
	if a.status/100 == 2 && !happened {
		t.Errorf("answered %d, and it did not happen", a.status)
	}
}

// does fails unless a request is answered by a status.
func does(t *testing.T, s *dialecttest.Server, q dialecttest.Request, status int) dialecttest.Response {
	t.Helper()
	r := s.Do(t, q)
	if r.Status != status {
		t.Errorf("%s: %d %s, want %d", q.Path, r.Status, r.Body, status)
	}
	return r
}

// linkFor asks for a sign-in link and returns its token.
func linkFor(t *testing.T, s *dialecttest.Server) string {
	t.Helper()
	if err := s.App.Accounts.RequestSignIn(t.Context(), identity.Actor{}, ada, ""); err != nil {
		t.Error(err)
	}
	return s.MailedToken(t, mail.SignInLink, ada)
}

// enters signs in by a link, which works once.
func enters(t *testing.T, s *dialecttest.Server, token string) {
	t.Helper()
	for _, want := range []error{nil, account.ErrInvalidLink} {
		if _, err := s.App.Signin.Link(t.Context(), identity.Actor{}, token); !errors.Is(err, want) {
			t.Errorf("signing in by a link: %v, want %v", err, want)
		}
	}
}

// registered prepares an account whose first mails have been sent.
func registered(t *testing.T, s *dialecttest.Server) *asked {
	t.Helper()
	return &asked{who: s.Register(t, ada, phrase)}
}

// moving prepares an account that is asked to have another address.
func moving(t *testing.T, s *dialecttest.Server) *asked {
	t.Helper()
	a := registered(t, s)
	q := post("/auth/changeEmail", "newEmail", countess, "currentPassword", phrase)
	q.Bearer = a.who.AccessToken
	does(t, s, q, 202)
	return a
}

// acting returns what sends one request for the prepared state and notes its answer.
func acting(q func(s *dialecttest.Server, a *asked) dialecttest.Request) func(*testing.T, *dialecttest.Server, any) {
	return func(_ *testing.T, s *dialecttest.Server, state any) {
		a := state.(*asked)
		a.status = try(s, q(s, a)).Status
	}
}

var mailFlows = map[string]flow{
	"asking for a reset": {
		prepare: func(t *testing.T, s *dialecttest.Server) any { return registered(t, s) },
		act: acting(func(*dialecttest.Server, *asked) dialecttest.Request {
			return post("/auth/forgotPassword", "email", ada)
		}),
		check: func(t *testing.T, s *dialecttest.Server, state any) {
			happened := mailed(t, s, mail.ResetPassword, ada) > 0
			if state.(*asked).tells(t, s, mail.ResetPassword, ada, happened); happened {
				does(t, s, post("/auth/resetPassword", "token", s.MailedToken(t, mail.ResetPassword, ada), "newPassword", newWord), 204)
			}
		},
	},
	"resetting a password": {
		prepare: func(t *testing.T, s *dialecttest.Server) any {
			a := registered(t, s)
			does(t, s, post("/auth/forgotPassword", "email", ada), 202)
			a.token = s.MailedToken(t, mail.ResetPassword, ada)
			return a
		},
		act: acting(func(_ *dialecttest.Server, a *asked) dialecttest.Request {
			return post("/auth/resetPassword", "token", a.token, "newPassword", newWord)
		}),
		check: func(t *testing.T, s *dialecttest.Server, state any) {
			a := state.(*asked)
			happened := s.Do(t, login(s, ada, newWord)).Status == 200
			if a.tells(t, s, mail.PasswordChanged, ada, happened); happened {
				does(t, s, login(s, ada, phrase), 401)
				if got := s.Me(t, a.who.AccessToken); got != 401 {
					t.Errorf("an old session is answered %d", got)
				}
				return
			}
			does(t, s, login(s, ada, phrase), 200)
			does(t, s, post("/auth/resetPassword", "token", a.token, "newPassword", newWord), 204)
		},
	},
	"asking for a sign-in link": {
		prepare: func(t *testing.T, s *dialecttest.Server) any { return registered(t, s) },
		act: func(t *testing.T, s *dialecttest.Server, state any) {
			if s.App.Accounts.RequestSignIn(t.Context(), identity.Actor{}, ada, "") == nil {
				state.(*asked).status = 202
			}
		},
		check: func(t *testing.T, s *dialecttest.Server, state any) {
			happened := mailed(t, s, mail.SignInLink, ada) > 0
			if state.(*asked).tells(t, s, mail.SignInLink, ada, happened); happened {
				enters(t, s, s.MailedToken(t, mail.SignInLink, ada))
			}
		},
	},
	"signing in by a link": {
		prepare: func(t *testing.T, s *dialecttest.Server) any {
			a := registered(t, s)
			a.token = linkFor(t, s)
			return a
		},
		act: func(t *testing.T, s *dialecttest.Server, state any) {
			a := state.(*asked)
			g, err := s.App.Signin.Link(t.Context(), identity.Actor{}, a.token)
			if err == nil {
				a.status, a.who.AccessToken = 200, g.AccessToken
			}
		},
		check: func(t *testing.T, s *dialecttest.Server, state any) {
			a := state.(*asked)
			_, _, err := s.App.Accounts.Peek(t.Context(), identity.Actor{}, identity.SignIn, a.token)
			u, found := s.App.Accounts.Find(t.Context(), ada)
			if spent := err != nil; found != nil || u.EmailVerified != spent || (u.PasswordHash == "") != spent {
				t.Errorf("half of a link is spent: %v, verified %t (%v)", err, u.EmailVerified, found)
			}
			a.kept(t, err != nil)
			if got := s.Me(t, a.who.AccessToken); (got == 200) != (err == nil || a.status == 200) {
				t.Errorf("answered %d, and then the session %d", a.status, got)
			}
			if err == nil {
				enters(t, s, a.token)
			}
			enters(t, s, linkFor(t, s)) // who lost the answer asks for another link
		},
	},
	"verifying an address": {
		prepare: func(t *testing.T, s *dialecttest.Server) any {
			a := registered(t, s)
			a.token = s.MailedToken(t, mail.VerifyEmail, ada)
			return a
		},
		act: acting(func(_ *dialecttest.Server, a *asked) dialecttest.Request {
			return post("/auth/verifyEmail", "token", a.token)
		}),
		check: func(t *testing.T, s *dialecttest.Server, state any) {
			a := state.(*asked)
			var me struct{ EmailVerified bool }
			does(t, s, dialecttest.Request{Path: "/auth/me", Bearer: a.who.AccessToken}, 200).JSON(t, &me)
			a.kept(t, me.EmailVerified)
			want := 204 // the link is as good as before
			if me.EmailVerified {
				want = 400
			}
			does(t, s, post("/auth/verifyEmail", "token", a.token), want)
		},
	},
	"registering": {
		prepare: func(*testing.T, *dialecttest.Server) any { return &asked{} },
		act: acting(func(s *dialecttest.Server, _ *asked) dialecttest.Request {
			q := post("/auth/register", "email", ada, "password", phrase)
			q.Key = s.Publishable
			return q
		}),
		check: func(t *testing.T, s *dialecttest.Server, state any) {
			happened := s.Do(t, login(s, ada, phrase)).Status == 200
			if state.(*asked).tells(t, s, mail.VerifyEmail, ada, happened); happened {
				does(t, s, post("/auth/verifyEmail", "token", s.MailedToken(t, mail.VerifyEmail, ada)), 204)
			}
		},
	},
	"registering with an address that is known": {
		env: []string{"GATEHOUSE_REQUIRE_VERIFIED_EMAIL=true"},
		prepare: func(t *testing.T, s *dialecttest.Server) any {
			q := post("/auth/register", "email", ada, "password", phrase)
			q.Key = s.Publishable
			does(t, s, q, 202)
			does(t, s, post("/auth/verifyEmail", "token", s.MailedToken(t, mail.VerifyEmail, ada)), 204)
			return &asked{}
		},
		act: acting(func(s *dialecttest.Server, _ *asked) dialecttest.Request {
			q := post("/auth/register", "email", ada, "password", newWord)
			q.Key = s.Publishable
			return q
		}),
		check: func(t *testing.T, s *dialecttest.Server, state any) {
			state.(*asked).tells(t, s, mail.AccountExists, ada, mailed(t, s, mail.AccountExists, ada) > 0)
			does(t, s, login(s, ada, phrase), 200)
			does(t, s, login(s, ada, newWord), 401)
		},
	},
	"asking for another address": {
		prepare: func(t *testing.T, s *dialecttest.Server) any { return registered(t, s) },
		act: acting(func(_ *dialecttest.Server, a *asked) dialecttest.Request {
			q := post("/auth/changeEmail", "newEmail", countess, "currentPassword", phrase)
			q.Bearer = a.who.AccessToken
			return q
		}),
		check: func(t *testing.T, s *dialecttest.Server, state any) {
			a := state.(*asked)
			happened := mailed(t, s, mail.ConfirmAddress, countess) > 0
			a.tells(t, s, mail.ConfirmAddress, countess, happened)
			if a.tells(t, s, mail.AddressChange, ada, happened); happened {
				does(t, s, post("/auth/verifyEmail", "token", s.MailedToken(t, mail.ConfirmAddress, countess)), 204)
				does(t, s, post("/auth/cancelEmailChange", "token", s.MailedToken(t, mail.AddressChange, ada)), 204)
			}
		},
	},
	"moving to another address": {
		prepare: func(t *testing.T, s *dialecttest.Server) any {
			a := moving(t, s)
			a.token = s.MailedToken(t, mail.ConfirmAddress, countess)
			return a
		},
		act: acting(func(_ *dialecttest.Server, a *asked) dialecttest.Request {
			return post("/auth/verifyEmail", "token", a.token)
		}),
		check: func(t *testing.T, s *dialecttest.Server, state any) {
			a := state.(*asked)
			old, fresh := s.Do(t, login(s, ada, phrase)).Status, s.Do(t, login(s, countess, phrase)).Status
			if old+fresh != 601 {
				t.Errorf("the old address is answered %d and the new one %d", old, fresh)
			}
			if a.kept(t, fresh == 200); fresh != 200 {
				does(t, s, post("/auth/verifyEmail", "token", a.token), 204)
			}
			q := post("/auth/register", "email", ada, "password", newWord) // nothing holds the old address back
			q.Key = s.Publishable
			does(t, s, q, 201)
		},
	},
	"undoing a change of address": {
		prepare: func(t *testing.T, s *dialecttest.Server) any {
			a := moving(t, s)
			does(t, s, post("/auth/verifyEmail", "token", s.MailedToken(t, mail.ConfirmAddress, countess)), 204)
			a.token = s.MailedToken(t, mail.AddressChange, ada)
			return a
		},
		act: acting(func(_ *dialecttest.Server, a *asked) dialecttest.Request {
			return post("/auth/cancelEmailChange", "token", a.token)
		}),
		check: func(t *testing.T, s *dialecttest.Server, state any) {
			a := state.(*asked)
			happened := s.Do(t, login(s, countess, phrase)).Status != 200
			if a.tells(t, s, mail.ResetPassword, ada, happened); !happened {
				does(t, s, post("/auth/cancelEmailChange", "token", a.token), 204)
			}
			if got := s.Me(t, a.who.AccessToken); got != 401 {
				t.Errorf("an old session is answered %d", got)
			}
			does(t, s, post("/auth/resetPassword", "token", s.MailedToken(t, mail.ResetPassword, ada), "newPassword", newWord), 204)
			does(t, s, login(s, ada, newWord), 200)
		},
	},
	"undoing it when somebody else has taken the address": {
		prepare: func(t *testing.T, s *dialecttest.Server) any {
			a := moving(t, s)
			does(t, s, post("/auth/verifyEmail", "token", s.MailedToken(t, mail.ConfirmAddress, countess)), 204)
			a.token = s.MailedToken(t, mail.AddressChange, ada)
			s.Register(t, ada, newWord)
			return a
		},
		act: acting(func(_ *dialecttest.Server, a *asked) dialecttest.Request {
			return post("/auth/cancelEmailChange", "token", a.token)
		}),
		check: func(t *testing.T, s *dialecttest.Server, state any) {
			a := state.(*asked)
			happened := s.Do(t, login(s, countess, phrase)).Status != 200
			if a.tells(t, s, mail.ResetPassword, ada, happened); !happened {
				does(t, s, post("/auth/cancelEmailChange", "token", a.token), 204)
			}
			does(t, s, post("/auth/resetPassword", "token", s.MailedToken(t, mail.ResetPassword, ada), "newPassword", "a third long phrase"), 204)
			if back := s.Login(t, ada, "a third long phrase"); back.LocalID != a.who.LocalID {
				t.Errorf("the address belongs to %s, want %s", back.LocalID, a.who.LocalID)
			}
		},
	},
	"inviting somebody": {
		prepare: func(*testing.T, *dialecttest.Server) any { return &asked{} },
		act: acting(func(s *dialecttest.Server, _ *asked) dialecttest.Request {
			q := post("/auth/generateInvitationCode", "email", ada)
			q.Key = s.Secret
			return q
		}),
		check: func(t *testing.T, s *dialecttest.Server, state any) {
			var list struct{ InvitationCodes []struct{ ID string } }
			does(t, s, dialecttest.Request{Path: "/auth/invitationCodes", Key: s.Secret}, 200).JSON(t, &list)
			happened := len(list.InvitationCodes) == 1
			if state.(*asked).tells(t, s, mail.Invitation, ada, happened); happened {
				q := post("/auth/register", "email", ada, "password", phrase, "invitationCode", s.MailedToken(t, mail.Invitation, ada))
				q.Key = s.Publishable
				does(t, s, q, 201)
			}
		},
	},
	"signing in from an unknown client": {
		prepare: func(t *testing.T, s *dialecttest.Server) any { return registered(t, s) },
		act: acting(func(s *dialecttest.Server, _ *asked) dialecttest.Request {
			q := login(s, ada, phrase)
			q.Header = map[string]string{"User-Agent": "another client"}
			return q
		}),
		check: func(t *testing.T, s *dialecttest.Server, state any) {
			state.(*asked).tells(t, s, mail.NewSignIn, ada, mailed(t, s, mail.NewSignIn, ada) > 0)
			q := login(s, ada, phrase)
			q.Header = map[string]string{"User-Agent": "another client"}
			does(t, s, q, 200)
			if got := mailed(t, s, mail.NewSignIn, ada); got != 1 {
				t.Errorf("%d mails after the next sign-in, want 1", got)
			}
		},
	},
	"replaying a refresh token": {
		prepare: func(t *testing.T, s *dialecttest.Server) any {
			a := registered(t, s)
			a.token = a.who.RefreshToken
			a.who = s.Refresh(t, s.Refresh(t, a.token).RefreshToken)
			return a
		},
		act: acting(func(_ *dialecttest.Server, a *asked) dialecttest.Request {
			return post("/auth/refreshToken", "refreshToken", a.token)
		}),
		check: func(t *testing.T, s *dialecttest.Server, state any) {
			a := state.(*asked)
			happened := s.Me(t, a.who.AccessToken) == 401
			if a.tells(t, s, mail.ReuseDetected, ada, happened); a.status == 401 && !happened {
				t.Error("answered 401, and the session lives")
			}
		},
	},
}

// TestACrashNeitherLosesNorDoublesAMail stops a node before and after each of its writes: the
// mail of a change is sent if, and only if, the change has happened. If it is sent twice it is
// the same one.
func TestACrashNeitherLosesNorDoublesAMail(t *testing.T) { crashes(t, mailFlows) }
