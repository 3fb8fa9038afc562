package account_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/session"
)

func adasGoogle() identity.Assertion {
	return identity.Assertion{Provider: "google", Subject: "1", Email: "private@example.net", EmailVerified: true, Name: "Ada L."}
}

func adasGitHub() identity.Assertion { return identity.Assertion{Provider: "github", Subject: "1"} }

// in signs ada in, and returns her and her access token.
func in(t *testing.T, s *dialecttest.Server, a dialecttest.Authorization) identity.Actor {
	t.Helper()
	by, err := s.App.Sessions.Authenticate(t.Context(), a.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	by.Client = asker.Client
	return by
}

// asserted signs somebody in by a provider.
func asserted(t *testing.T, s *dialecttest.Server, a identity.Assertion) (identity.Actor, session.Grant) {
	t.Helper()
	g, err := s.App.Signin.Assert(t.Context(), asker, a, "")
	if err != nil {
		t.Fatal(err)
	}
	return in(t, s, dialecttest.Authorization{AccessToken: g.AccessToken}), g
}

func adas(t *testing.T, s *dialecttest.Server) identity.User {
	t.Helper()
	u, err := s.App.Accounts.Find(t.Context(), ada)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func logged(t *testing.T, s *dialecttest.Server, kind string) int {
	t.Helper()
	s.Settle(t)
	var out strings.Builder
	if err := s.App.Audit.Export(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	return strings.Count(out.String(), `"type":"`+kind+`"`)
}

func TestLinkingAnIdentity(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, nil)
		by := in(t, s, s.Register(t, ada, phrase))
		was := adas(t, s)
		s.Clock.Advance(10 * time.Minute)
		for range 2 {
			u, err := s.App.Accounts.Link(t.Context(), by, adasGoogle())
			if err != nil || !u.IsLinked(adasGoogle()) {
				t.Fatalf("%+v, %v", u.Linked, err)
			}
		}
		now := s.Clock.Now()
		want := was
		want.Rev++
		want.UpdatedAt = now
		want.AddLinked(adasGoogle(), now)
		if d := cmp.Diff(want, adas(t, s)); d != "" {
			t.Errorf("the account (-want +got):\n%s", d)
		}
		if g, err := s.App.Signin.Assert(t.Context(), asker, adasGoogle(), ""); err != nil || g.User.ID != was.ID || g.User.EmailVerified {
			t.Errorf("signing in by it: %+v, %v", g.User, err)
		}
		if _, err := s.App.Accounts.Link(t.Context(), by, adasGitHub()); err != nil {
			t.Errorf("one at another provider: %v", err)
		}
		mails := s.Mails(t, mail.IdentityLinked, ada)
		if len(mails) != 2 || !strings.Contains(mails[0].Text, "Google") || !strings.Contains(mails[1].Text, "GitHub") || logged(t, s, "identity_linked") != 2 {
			t.Errorf("%d mails, %d events", len(mails), logged(t, s, "identity_linked"))
		}
		later := adasGoogle()
		later.Name = "Countess"
		if u, err := s.App.Accounts.Link(t.Context(), by, later); err != nil || u.Profile.DisplayName != "" {
			t.Errorf("%+v, %v", u, err)
		}
		if l, _ := adas(t, s).LinkedAt("google"); l.Name != "Countess" || !l.LinkedAt.Equal(now) {
			t.Errorf("linked again it is %+v", l)
		}
	})
}

func TestWhatCannotBeLinked(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, nil)
		held := s.Register(t, ada, phrase)
		by := in(t, s, held)
		bob := in(t, s, s.Register(t, "bob@example.com", phrase))
		link := func(by identity.Actor, a identity.Assertion) error {
			_, err := s.App.Accounts.Link(t.Context(), by, a)
			return err
		}
		if err := link(bob, adasGoogle()); err != nil {
			t.Fatal(err)
		}
		if err := link(by, adasGoogle()); !errors.Is(err, account.ErrLinkedElsewhere) {
			t.Errorf("another account's: %v", err)
		}
		other := adasGoogle()
		other.Subject = "2"
		if err := link(bob, other); !errors.Is(err, account.ErrAlreadyLinked) {
			t.Errorf("a second one at a provider: %v", err)
		}
		if err := link(by, identity.Assertion{Provider: "google"}); err == nil {
			t.Error("nobody is linked")
		}
		for i, p := range strings.Split("abcdefghijk", "") {
			if err := link(by, identity.Assertion{Provider: p, Subject: "1"}); (err == nil) != (i < 10) || err != nil && !errors.Is(err, account.ErrAlreadyLinked) {
				t.Errorf("the %d. one: %v", i+1, err)
			}
		}
		s.Clock.Advance(10*time.Minute + time.Millisecond)
		for _, a := range []identity.Assertion{{Provider: "k", Subject: "1"}, {Provider: "a", Subject: "1"}} {
			if err := link(by, a); !errors.Is(err, account.ErrReauth) {
				t.Errorf("in an old session: %v", err)
			}
		}
		s.Refresh(t, held.RefreshToken)
		if err := link(in(t, s, held), identity.Assertion{Provider: "a", Subject: "1"}); !errors.Is(err, account.ErrReauth) {
			t.Errorf("in an old session that was renewed: %v", err)
		}
		fresh := s.Login(t, ada, phrase)
		by = in(t, s, fresh)
		if r := s.Do(t, dialecttest.Request{Path: "/auth/logout", Bearer: fresh.AccessToken, Body: `{"scope":"all"}`}); r.Status != 204 {
			t.Fatalf("%d %s", r.Status, r.Body)
		}
		before := adas(t, s)
		if err := link(by, identity.Assertion{Provider: "k", Subject: "1"}); !errors.Is(err, session.ErrSessionEnded) {
			t.Errorf("in a session that has ended: %v", err)
		}
		if d := cmp.Diff(before, adas(t, s)); d != "" {
			t.Errorf("the account has changed (-was +is):\n%s", d)
		}
	})
}

func TestUnlinkingAnIdentity(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, nil)
		held := s.Register(t, ada, phrase)
		by := in(t, s, held)
		for _, a := range []identity.Assertion{adasGoogle(), adasGitHub()} {
			if _, err := s.App.Accounts.Link(t.Context(), by, a); err != nil {
				t.Fatal(err)
			}
		}
		_, theirs := asserted(t, s, adasGoogle())
		s.Clock.Advance(50 * time.Minute) // it is no question of when one signed in
		if _, err := s.App.Accounts.Unlink(t.Context(), by, "discord"); !errors.Is(err, account.ErrNotLinked) {
			t.Errorf("where there is none: %v", err)
		}
		u, err := s.App.Accounts.Unlink(t.Context(), by, "google")
		if err != nil || u.IsLinked(adasGoogle()) || !u.IsLinked(adasGitHub()) {
			t.Fatalf("%+v, %v", u.Linked, err)
		}
		if _, err := s.App.Accounts.Unlink(t.Context(), by, "google"); !errors.Is(err, account.ErrNotLinked) {
			t.Errorf("twice: %v", err)
		}
		if s.Me(t, held.AccessToken) != 200 || s.Me(t, theirs.AccessToken) != 401 {
			t.Error("the wrong sessions live")
		}
		mails := s.Mails(t, mail.IdentityUnlinked, ada)
		if len(mails) != 1 || !strings.Contains(mails[0].Text, "Google") || logged(t, s, "identity_unlinked") != 1 {
			t.Errorf("%d mails, %d events", len(mails), logged(t, s, "identity_unlinked"))
		}
		if g, err := s.App.Signin.Assert(t.Context(), asker, adasGoogle(), ""); err != nil || g.User.ID == u.ID {
			t.Errorf("it still signs in to %s: %v", g.User.ID, err)
		}
		if _, err := s.App.Accounts.Unlink(t.Context(), by, "github"); err != nil {
			t.Errorf("the last one beside a password: %v", err)
		}
	})
}

func TestTheOnlyWayInStays(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, nil)
		a := adasGoogle()
		a.Email = ada
		by, _ := asserted(t, s, a)
		before := adas(t, s)
		if _, err := s.App.Accounts.Unlink(t.Context(), by, "google"); !errors.Is(err, account.ErrLastCredential) {
			t.Errorf("the only one: %v", err)
		}
		if d := cmp.Diff(before, adas(t, s)); d != "" || len(s.Mails(t, mail.IdentityUnlinked, ada)) != 0 {
			t.Errorf("the account has changed (-was +is):\n%s", d)
		}
		if _, err := s.App.Accounts.Link(t.Context(), by, adasGitHub()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.App.Accounts.Unlink(t.Context(), by, "google"); err != nil {
			t.Errorf("one of two: %v", err)
		}
		if _, err := s.App.Accounts.Unlink(t.Context(), by, "github"); !errors.Is(err, account.ErrLastCredential) {
			t.Errorf("the only one left: %v", err)
		}
		both := []error{nil, nil}
		if _, err := s.App.Accounts.Link(t.Context(), by, a); err != nil {
			t.Fatal(err)
		}
		other := s.Node(t)
		dialecttest.Together(2, func(i int) {
			node, provider := s, "google"
			if i == 1 {
				node, provider = other, "github"
			}
			_, both[i] = node.App.Accounts.Unlink(t.Context(), by, provider)
		})
		if u := adas(t, s); len(u.Linked) != 1 || (both[0] == nil) == (both[1] == nil) {
			t.Errorf("both at once: %v, and left is %+v", both, u.Linked)
		}
	})
}

// TestWhoHasNoPasswordSignsInAgainInstead, where others give their password once more.
func TestWhoHasNoPasswordSignsInAgainInstead(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(t *testing.T, s *dialecttest.Server, by identity.Actor) error
		done func(t *testing.T, s *dialecttest.Server) bool
	}{
		"to set a password": {
			func(t *testing.T, s *dialecttest.Server, by identity.Actor) error {
				_, err := s.App.Accounts.ChangePassword(t.Context(), by, "", phrase)
				return err
			},
			func(t *testing.T, s *dialecttest.Server) bool { return s.Login(t, ada, phrase).AccessToken != "" },
		},
		"to get another address": {
			func(t *testing.T, s *dialecttest.Server, by identity.Actor) error {
				return s.App.Accounts.ChangeEmail(t.Context(), by, "new@example.com", "")
			},
			func(t *testing.T, s *dialecttest.Server) bool {
				return len(s.Mails(t, mail.ConfirmAddress, "new@example.com")) == 1
			},
		},
		"to delete the account": {
			func(t *testing.T, s *dialecttest.Server, by identity.Actor) error {
				return s.App.Accounts.DeleteOwn(t.Context(), by, "")
			},
			func(t *testing.T, s *dialecttest.Server) bool {
				_, err := s.App.Accounts.Find(t.Context(), ada)
				return errors.Is(err, account.ErrNotFound)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
				s := start(t, open, nil)
				a := adasGoogle()
				a.Email = ada
				by, _ := asserted(t, s, a)
				before := adas(t, s)
				s.Clock.Advance(10*time.Minute + time.Millisecond)
				if err := c.do(t, s, by); !errors.Is(err, account.ErrReauth) {
					t.Errorf("in an old session: %v", err)
				}
				if d := cmp.Diff(before, adas(t, s)); d != "" {
					t.Errorf("the account has changed (-was +is):\n%s", d)
				}
				by, _ = asserted(t, s, a)
				if err := c.do(t, s, by); err != nil || !c.done(t, s) {
					t.Errorf("in a new session: %v", err)
				}
			})
		})
	}
	t.Run("but not who has one", func(t *testing.T) {
		s := start(t, dialecttest.SQLite(t), nil)
		by := in(t, s, s.Register(t, ada, phrase))
		if _, err := s.App.Accounts.ChangePassword(t.Context(), by, "", "another long phrase"); !errors.Is(err, account.ErrWrongPassword) {
			t.Errorf("a password: %v", err)
		}
		if err := s.App.Accounts.ChangeEmail(t.Context(), by, "new@example.com", ""); !errors.Is(err, account.ErrWrongPassword) {
			t.Errorf("an address: %v", err)
		}
		if err := s.App.Accounts.DeleteOwn(t.Context(), by, ""); !errors.Is(err, account.ErrWrongPassword) {
			t.Errorf("deletion: %v", err)
		}
	})
}

// TestUndoingAChangeOfAddressTakesEveryOtherWayIn: whoever asked for it may have made one.
func TestUndoingAChangeOfAddressTakesEveryOtherWayIn(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, nil)
		by := in(t, s, s.Register(t, ada, phrase))
		if _, err := s.App.Accounts.Link(t.Context(), by, adasGoogle()); err != nil {
			t.Fatal(err)
		}
		if err := s.App.Accounts.ChangeEmail(t.Context(), by, "eve@example.com", phrase); err != nil {
			t.Fatal(err)
		}
		if _, err := s.App.Accounts.VerifyEmail(t.Context(), asker, s.MailedToken(t, mail.ConfirmAddress, "eve@example.com")); err != nil {
			t.Fatal(err)
		}
		if err := s.App.Accounts.CancelEmailChange(t.Context(), asker, s.MailedToken(t, mail.AddressChange, ada)); err != nil {
			t.Fatal(err)
		}
		if u := adas(t, s); len(u.Linked) != 0 || u.ID != by.User.ID {
			t.Errorf("the account is %+v", u)
		}
		if _, g := asserted(t, s, adasGoogle()); g.User.ID == by.User.ID {
			t.Error("the identity still signs in")
		}
	})
}
