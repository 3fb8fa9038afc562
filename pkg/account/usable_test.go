package account_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// providers returns the settings of providers, which nobody asks anything here.
func providers(names ...string) []string {
	var env []string
	for _, n := range names {
		part := "GATEHOUSE_SOCIAL_" + strings.ToUpper(n) + "_CLIENT_"
		env = append(env, part+"ID=gatehouse", part+"SECRET=a secret of these tests")
	}
	return env
}

// without is s started again, with these providers and no others.
func without(t *testing.T, s *dialecttest.Server, open dialecttest.Opener, left ...string) *dialecttest.Server {
	t.Helper()
	next := dialecttest.Start(t, open, dialecttest.Options{Clock: s.Clock, Env: providers(left...)})
	dialecttest.QuickPasswords(next)
	return next
}

// TestAnIdentityAtAProviderThatIsGoneIsNoWayIn: a service that had Google and GitHub has GitHub only.
func TestAnIdentityAtAProviderThatIsGoneIsNoWayIn(t *testing.T) {
	for _, c := range []struct {
		name     string
		password bool
		left     []string // the providers that are
		unlink   string
		want     error
	}{
		{"the usable one of two", false, []string{"github"}, "github", account.ErrLastCredential},
		{"the one that is gone, beside a usable one", false, []string{"github"}, "google", nil},
		{"one of two that are gone", false, nil, "google", account.ErrLastCredential},
		{"the usable one, beside a password", true, []string{"github"}, "github", nil},
		{"the one that is gone, beside a password", true, []string{"github"}, "google", nil},
		{"one of two that are gone, beside a password", true, nil, "github", nil},
		{"one of two that are usable", false, []string{"google", "github"}, "github", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
				s := start(t, open, nil)
				a := adasGoogle()
				a.Email = ada
				by, g := asserted(t, s, a)
				if _, err := s.App.Accounts.Link(t.Context(), by, adasGitHub()); err != nil {
					t.Fatal(err)
				}
				if c.password {
					set, err := s.App.Accounts.ChangePassword(t.Context(), by, "", phrase)
					if err != nil {
						t.Fatal(err)
					}
					g = set
				}
				s = without(t, s, open, c.left...)
				by = in(t, s, dialecttest.Authorization{AccessToken: g.AccessToken})
				before := adas(t, s)
				u, err := s.App.Accounts.Unlink(t.Context(), by, c.unlink)
				if !errors.Is(err, c.want) {
					t.Fatalf("answered %v, want %v", err, c.want)
				}
				if _, has := u.LinkedAt(c.unlink); has {
					t.Error("it is linked still")
				}
				if d := cmp.Diff(before, adas(t, s)); (d == "") != (c.want != nil) {
					t.Errorf("the account (-was +is):\n%s", d)
				}
			})
		})
	}
}

// TestWhoseProviderIsGoneComesInByMail, whether or not the address was ever proved.
func TestWhoseProviderIsGoneComesInByMail(t *testing.T) {
	dialecttest.EachKind(t, func(t *testing.T, fresh func(testing.TB) dialecttest.Opener) {
		for name, enter := range map[string]func(t *testing.T, s *dialecttest.Server) identity.User{
			"by a link": func(t *testing.T, s *dialecttest.Server) identity.User {
				t.Helper()
				if err := s.App.Accounts.RequestSignIn(t.Context(), asker, ada, ""); err != nil {
					t.Fatal(err)
				}
				g, err := s.App.Signin.Link(t.Context(), asker, s.MailedToken(t, mail.SignInLink, ada))
				if err != nil {
					t.Fatal(err)
				}
				return g.User
			},
			"by a reset": func(t *testing.T, s *dialecttest.Server) identity.User {
				t.Helper()
				if err := s.App.Accounts.RequestReset(t.Context(), asker, ada, ""); err != nil {
					t.Fatal(err)
				}
				if err := s.App.Accounts.ResetPassword(t.Context(), asker, s.MailedToken(t, mail.ResetPassword, ada), phrase); err != nil {
					t.Fatal(err)
				}
				g, err := s.App.Signin.Password(t.Context(), asker, ada, phrase)
				if err != nil {
					t.Fatal(err)
				}
				return g.User
			},
		} {
			for _, proved := range []bool{true, false} {
				open := fresh(t)
				s := start(t, open, nil)
				a := adasGoogle()
				a.Email, a.EmailVerified = ada, proved
				by, _ := asserted(t, s, a)
				s = without(t, s, open)
				if u := enter(t, s); u.ID != by.User.ID || !u.EmailVerified {
					t.Errorf("%s, proved %t: in %+v", name, proved, u)
				}
			}
		}
	})
}
