package signin_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/session"
	"github.com/gatehouse-id/gatehouse/pkg/signin"
)

const (
	phrase  = "a long enough phrase"
	another = "another long phrase"
	ada     = "ada@example.com"
)

// reader is who opens mails.
var reader = identity.Actor{Client: identity.Client{IP: "192.0.2.7", UserAgent: "Firefox"}}

func start(t *testing.T, open dialecttest.Opener, env ...string) *dialecttest.Server {
	t.Helper()
	s := dialecttest.Start(t, open, dialecttest.Options{Env: env})
	dialecttest.QuickPasswords(s)
	return s
}

// verified makes ada an account whose address is proved, and signs her in.
func verified(t *testing.T, s *dialecttest.Server) dialecttest.Authorization {
	t.Helper()
	yes := true
	if _, err := s.App.Accounts.Create(t.Context(), dialecttest.Operator, account.Draft{Email: ada, Password: phrase}, account.Setting{Verified: &yes}); err != nil {
		t.Fatal(err)
	}
	return s.Login(t, ada, phrase)
}

func ask(t *testing.T, s *dialecttest.Server, email string) {
	t.Helper()
	if err := s.App.Accounts.RequestSignIn(t.Context(), reader, email, ""); err != nil {
		t.Fatal(err)
	}
}

// mailed asks for a link for ada and returns its token.
func mailed(t *testing.T, s *dialecttest.Server) string {
	t.Helper()
	ask(t, s, ada)
	return s.MailedToken(t, mail.SignInLink, ada)
}

// dead fails unless a token opens nothing, to look at or to sign in with.
func dead(t *testing.T, s *dialecttest.Server, token string) {
	t.Helper()
	if _, _, err := s.App.Accounts.Peek(t.Context(), reader, identity.SignIn, token); !errors.Is(err, account.ErrInvalidLink) {
		t.Errorf("a look at %.6s...: %v", token, err)
	}
	if _, err := s.App.Signin.Link(t.Context(), reader, token); !errors.Is(err, account.ErrInvalidLink) {
		t.Errorf("signing in by %.6s...: %v", token, err)
	}
}

func stored(t *testing.T, s *dialecttest.Server) identity.User {
	t.Helper()
	u, err := s.App.Accounts.Find(t.Context(), ada)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// events returns the audit log.
func events(t *testing.T, s *dialecttest.Server) string {
	t.Helper()
	s.Settle(t)
	var out strings.Builder
	if err := s.App.Audit.Export(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestALinkSignsItsReaderInOnce(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, "GATEHOUSE_REQUIRE_VERIFIED_EMAIL=true")
		before := verified(t, s)
		token := mailed(t, s)
		if !strings.HasPrefix(token, "sl_") {
			t.Errorf("the token is %q", token)
		}
		for range 3 { // looking is no use
			u, email, err := s.App.Accounts.Peek(t.Context(), reader, identity.SignIn, token)
			if err != nil || u.ID != before.LocalID || email != ada {
				t.Errorf("a look shows %s of %s, %v", email, u.ID, err)
			}
		}
		g, err := s.App.Signin.Link(t.Context(), reader, token)
		if err != nil {
			t.Fatal(err)
		}
		if g.User.ID != before.LocalID || cmp.Diff([]string{"otp"}, g.Session.AMR) != "" || s.Me(t, g.AccessToken) != 200 {
			t.Errorf("signed %s in by %v", g.User.ID, g.Session.AMR)
		}
		s.Refresh(t, g.RefreshToken)
		dead(t, s, token)
		if s.Me(t, before.AccessToken) != 200 {
			t.Error("another session of a proved address ended")
		}
		s.Login(t, ada, phrase)
		if got := len(s.Mails(t, mail.NewSignIn, ada)); got != 1 {
			t.Errorf("%d mails tell of the new device, want 1", got)
		}
		if log := events(t, s); strings.Count(log, `"type":"sign_in"`) != 3 || strings.Contains(log, token) {
			t.Errorf("the audit log: %s", log)
		}
	})
}

func TestOfManyUsesOfOneLinkOneSignsIn(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		nodes := []*dialecttest.Server{s, s.Node(t)}
		a := verified(t, s)
		token := mailed(t, s)
		var good atomic.Int64
		dialecttest.Together(20, func(i int) {
			_, err := nodes[i%2].App.Signin.Link(context.WithoutCancel(t.Context()), reader, token)
			switch {
			case err == nil:
				good.Add(1)
			case !errors.Is(err, account.ErrInvalidLink) && !errors.Is(err, session.ErrBusy):
				t.Error(err)
			}
		})
		all, err := s.App.Store.UserSessions(t.Context(), a.LocalID, s.Clock.Now())
		if err != nil || good.Load() != 1 || len(all) != 2 {
			t.Errorf("%d signed in, %d sessions with the one from before (%v)", good.Load(), len(all), err)
		}
	})
}

func TestASignInLinkDies(t *testing.T) {
	dialecttest.EachKind(t, func(t *testing.T, fresh func(testing.TB) dialecttest.Opener) {
		for _, c := range []struct {
			name string
			by   func(t *testing.T, s *dialecttest.Server, a dialecttest.Authorization, token string)
		}{
			{"when a newer one is mailed", func(t *testing.T, s *dialecttest.Server, _ dialecttest.Authorization, _ string) {
				newer := mailed(t, s)
				t.Cleanup(func() {
					if _, err := s.App.Signin.Link(context.WithoutCancel(t.Context()), reader, newer); err != nil {
						t.Errorf("the newer one: %v", err)
					}
				})
			}},
			{"after a quarter of an hour", func(_ *testing.T, s *dialecttest.Server, _ dialecttest.Authorization, _ string) {
				s.Clock.Advance(15 * time.Minute)
			}},
			{"with the password", func(t *testing.T, s *dialecttest.Server, a dialecttest.Authorization, _ string) {
				does(t, s, 200, dialecttest.Request{Path: "/auth/changePassword", Bearer: a.AccessToken, Body: pairs("currentPassword", phrase, "newPassword", another)})
			}},
			{"with a reset", func(t *testing.T, s *dialecttest.Server, _ dialecttest.Authorization, _ string) {
				does(t, s, 202, dialecttest.Request{Path: "/auth/forgotPassword", Body: pairs("email", ada)})
				does(t, s, 204, dialecttest.Request{Path: "/auth/resetPassword", Body: pairs("token", s.MailedToken(t, mail.ResetPassword, ada), "newPassword", another)})
			}},
			{"with the address", func(t *testing.T, s *dialecttest.Server, a dialecttest.Authorization, _ string) {
				does(t, s, 202, dialecttest.Request{Path: "/auth/changeEmail", Bearer: a.AccessToken, Body: pairs("newEmail", "new@example.com", "currentPassword", phrase)})
				does(t, s, 204, dialecttest.Request{Path: "/auth/verifyEmail", Body: pairs("token", s.MailedToken(t, mail.ConfirmAddress, "new@example.com"))})
			}},
			{"when a change of address is undone", func(t *testing.T, s *dialecttest.Server, a dialecttest.Authorization, _ string) {
				does(t, s, 202, dialecttest.Request{Path: "/auth/changeEmail", Bearer: a.AccessToken, Body: pairs("newEmail", "new@example.com", "currentPassword", phrase)})
				does(t, s, 204, dialecttest.Request{Path: "/auth/cancelEmailChange", Body: pairs("token", s.MailedToken(t, mail.AddressChange, ada))})
			}},
			{"with all sessions", func(t *testing.T, s *dialecttest.Server, a dialecttest.Authorization, _ string) {
				does(t, s, 204, dialecttest.Request{Path: "/auth/logout", Bearer: a.AccessToken, Body: pairs("scope", "all")})
			}},
			{"with all other sessions", func(t *testing.T, s *dialecttest.Server, a dialecttest.Authorization, _ string) {
				does(t, s, 204, dialecttest.Request{Path: "/auth/logout", Bearer: a.AccessToken, Body: pairs("scope", "others")})
			}},
			{"when the account is shut", func(t *testing.T, s *dialecttest.Server, _ dialecttest.Authorization, _ string) {
				shut(t, s, true)
				shut(t, s, false) // and does not come back with it
			}},
			{"with the account", func(t *testing.T, s *dialecttest.Server, a dialecttest.Authorization, _ string) {
				does(t, s, 204, dialecttest.Request{Method: "DELETE", Path: "/auth/me", Bearer: a.AccessToken, Body: pairs("currentPassword", phrase)})
			}},
		} {
			t.Run(c.name, func(t *testing.T) {
				s := start(t, fresh(t))
				a := verified(t, s)
				token := mailed(t, s)
				c.by(t, s, a, token)
				dead(t, s, token)
			})
		}
	})
}

func TestALinkForOnePurposeOpensNothingElse(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		a := verified(t, s)
		s.Register(t, "bob@example.com", phrase)
		does(t, s, 202, dialecttest.Request{Path: "/auth/changeEmail", Bearer: a.AccessToken, Body: pairs("newEmail", "new@example.com", "currentPassword", phrase)})
		does(t, s, 202, dialecttest.Request{Path: "/auth/forgotPassword", Body: pairs("email", ada)})
		enter := mailed(t, s)
		others := map[identity.Purpose]string{
			identity.ResetPassword: s.MailedToken(t, mail.ResetPassword, ada), identity.UndoMove: s.MailedToken(t, mail.AddressChange, ada),
			identity.MoveEmail: s.MailedToken(t, mail.ConfirmAddress, "new@example.com"), identity.ProveEmail: s.MailedToken(t, mail.VerifyEmail, "bob@example.com"),
		}
		for p, token := range others {
			dead(t, s, token)
			_, secret, _ := strings.Cut(token, "_")
			dead(t, s, "sl_"+secret)
			_, secret, _ = strings.Cut(enter, "_")
			prefix, _, _ := strings.Cut(token, "_")
			for _, forged := range []string{enter, prefix + "_" + secret} {
				if _, _, err := s.App.Accounts.Peek(t.Context(), reader, p, forged); !errors.Is(err, account.ErrInvalidLink) {
					t.Errorf("a sign-in link as one for %s: %v", p, err)
				}
			}
		}
		for path, body := range map[string]string{
			"/auth/resetPassword": pairs("token", enter, "newPassword", another), "/auth/verifyEmail": pairs("token", enter),
			"/auth/cancelEmailChange": pairs("token", enter),
		} {
			does(t, s, 400, dialecttest.Request{Path: path, Body: body})
		}
		for _, bad := range []string{"", "sl_", enter[:len(enter)-1], enter + "A", strings.ToUpper(enter), strings.Repeat("x", 5000), enter + "\x00", " " + enter} {
			dead(t, s, bad)
		}
		for p, token := range others { // and all of it had no effect
			if _, _, err := s.App.Accounts.Peek(t.Context(), reader, p, token); err != nil {
				t.Errorf("the link for %s: %v", p, err)
			}
		}
		if _, err := s.App.Signin.Link(t.Context(), reader, enter); err != nil {
			t.Error(err)
		}
	})
}

func TestNobodyElseGetsALink(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	verified(t, s)
	shut(t, s, true)
	ask(t, s, ada)
	ask(t, s, "nobody@example.com")
	ask(t, s, "ADA@example.com")
	s.Settle(t)
	if all := s.Letters.All(); len(all) != 0 {
		t.Errorf("mails of %s and more", all[0].Kind)
	}
	shut(t, s, false)
	ask(t, s, "ADA@EXAMPLE.com")
	if got := len(s.Mails(t, mail.SignInLink, ada)); got != 1 {
		t.Errorf("%d mails to the address as its owner writes it", got)
	}
	if err := s.App.Accounts.RequestSignIn(t.Context(), reader, "no address", ""); err == nil {
		t.Error("what is no address is taken for one")
	}
}

// TestALinkOfAnAccountThatIsShutIsNotSpent: a node that shut the account without ending its
// links is not relied on.
func TestALinkOfAnAccountThatIsShutIsNotSpent(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		verified(t, s)
		token := mailed(t, s)
		set := func(disabled bool) {
			u := stored(t, s)
			u.Disabled = disabled
			if err := s.App.Store.UpdateUser(t.Context(), u); err != nil {
				t.Fatal(err)
			}
		}
		set(true)
		if _, err := s.App.Signin.Link(t.Context(), reader, token); !errors.Is(err, signin.ErrDisabled) {
			t.Errorf("%v", err)
		}
		set(false)
		if _, err := s.App.Signin.Link(t.Context(), reader, token); err != nil {
			t.Error(err)
		}
	})
}

// TestAnAddressIsItsReadersAlone: whoever registered with somebody else's address and waits
// there has nothing left of it once its reader comes (security case A-53).
func TestAnAddressIsItsReadersAlone(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, "GATEHOUSE_REQUIRE_VERIFIED_EMAIL=false")
		squatter := s.Register(t, ada, phrase)
		does(t, s, 202, dialecttest.Request{Path: "/auth/changeEmail", Bearer: squatter.AccessToken, Body: pairs("newEmail", "eve@example.com", "currentPassword", phrase)})
		move := s.MailedToken(t, mail.ConfirmAddress, "eve@example.com")
		does(t, s, 202, dialecttest.Request{Path: "/auth/forgotPassword", Body: pairs("email", ada)})
		g, err := s.App.Signin.Link(t.Context(), reader, mailed(t, s))
		if err != nil {
			t.Fatal(err)
		}
		if u := stored(t, s); !g.User.EmailVerified || !u.EmailVerified || u.PasswordHash != "" || u.ID != squatter.LocalID {
			t.Errorf("the account is %+v", u)
		}
		if s.Me(t, g.AccessToken) != 200 || s.Me(t, squatter.AccessToken) != 401 {
			t.Error("the wrong one of the two sessions lives")
		}
		does(t, s, 401, dialecttest.Request{Path: "/auth/refreshToken", Body: pairs("refreshToken", squatter.RefreshToken)})
		does(t, s, 401, dialecttest.Request{Path: "/auth/login", Key: s.Publishable, Body: pairs("email", ada, "password", phrase)})
		does(t, s, 400, dialecttest.Request{Path: "/auth/verifyEmail", Body: pairs("token", move)})
		if log := events(t, s); !strings.Contains(log, `"email_verified"`) {
			t.Errorf("the audit log: %s", log)
		}
		does(t, s, 202, dialecttest.Request{Path: "/auth/forgotPassword", Body: pairs("email", ada)})
		does(t, s, 204, dialecttest.Request{Path: "/auth/resetPassword", Body: pairs("token", s.MailedToken(t, mail.ResetPassword, ada), "newPassword", another)})
		s.Login(t, ada, another)
		if _, err := s.App.Signin.Link(t.Context(), reader, mailed(t, s)); err != nil {
			t.Error(err)
		}
		s.Login(t, ada, another) // a second link takes nothing from its reader
	})
}

func TestGuessingLinksIsCounted(t *testing.T) {
	s := start(t, dialecttest.SQLite(t), "GATEHOUSE_LIMIT_CODE=10/15m")
	verified(t, s)
	good := mailed(t, s)
	for i := range 12 {
		_, err := s.App.Signin.Link(t.Context(), reader, "sl_"+strings.Repeat("A", len(good)-3))
		if want := i >= 10; errors.Is(err, account.ErrInvalidLink) == want {
			t.Errorf("guess %d: %v", i, err)
		}
	}
	elsewhere := reader
	elsewhere.Client.IP = "192.0.2.8"
	if _, err := s.App.Signin.Link(t.Context(), elsewhere, good); err != nil {
		t.Error(err)
	}
}

func shut(t *testing.T, s *dialecttest.Server, yes bool) {
	t.Helper()
	if _, err := s.App.Accounts.Set(t.Context(), dialecttest.Operator, ada, account.Setting{Disabled: &yes}); err != nil {
		t.Fatal(err)
	}
}

func pairs(kv ...string) string {
	m := map[string]string{}
	for i := 0; i < len(kv); i += 2 {
		m[kv[i]] = kv[i+1]
	}
	return dialecttest.JSON(m)
}

func does(t *testing.T, s *dialecttest.Server, status int, q dialecttest.Request) {
	t.Helper()
	if r := s.Do(t, q); r.Status != status {
		t.Errorf("%s: %d %s, want %d", q.Path, r.Status, r.Body, status)
	}
}
