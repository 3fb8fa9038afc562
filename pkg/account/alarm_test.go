package account_test

import (
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// alarms are what a proved owner is told whatever other mails came before.
var alarms = []struct {
	name string
	kind mail.Kind
	act  func(t *testing.T, s *dialecttest.Server, by identity.Actor, reset string) error
}{
	{"a changed password", mail.PasswordChanged, func(t *testing.T, s *dialecttest.Server, by identity.Actor, _ string) error {
		_, err := s.App.Accounts.ChangePassword(t.Context(), by, phrase, "another long phrase")
		return err
	}},
	{"a password that an operator sets", mail.PasswordChanged, func(t *testing.T, s *dialecttest.Server, _ identity.Actor, _ string) error {
		return s.App.Accounts.SetPassword(t.Context(), dialecttest.Operator, ada, "another long phrase")
	}},
	{"a reset", mail.PasswordChanged, func(t *testing.T, s *dialecttest.Server, _ identity.Actor, reset string) error {
		return s.App.Accounts.ResetPassword(t.Context(), asker, reset, "another long phrase")
	}},
	{"another identity", mail.IdentityLinked, func(t *testing.T, s *dialecttest.Server, by identity.Actor, _ string) error {
		_, err := s.App.Accounts.Link(t.Context(), by, adasGoogle())
		return err
	}},
	{"an address that an operator changes", mail.AddressChanged, func(t *testing.T, s *dialecttest.Server, _ identity.Actor, _ string) error {
		other := "new@example.com"
		_, err := s.App.Accounts.Set(t.Context(), dialecttest.Operator, ada, account.Setting{Email: &other})
		return err
	}},
}

// budgets are three mails of any kind, and as many alarms.
var budgets = append(providers("google", "github"), "GATEHOUSE_LIMIT_MAIL=3/15m", "GATEHOUSE_LIMIT_MAIL_DAY=3/24h")

// TestAFloodOfMailsHidesNoAlarm: whoever is in the account could have the owner mailed first. An
// owner whom nobody has proved gets no more mails than anybody.
func TestAFloodOfMailsHidesNoAlarm(t *testing.T) {
	dialecttest.EachKind(t, func(t *testing.T, fresh func(testing.TB) dialecttest.Opener) {
		for _, c := range alarms {
			for name, proved := range map[string]bool{"proved": true, "unproved": false} {
				t.Run(c.name+", "+name, func(t *testing.T) {
					s := dialecttest.Start(t, fresh(t), dialecttest.Options{Env: budgets})
					dialecttest.QuickPasswords(s)
					by := in(t, s, s.Register(t, ada, phrase))
					u := adas(t, s)
					u.EmailVerified = proved
					if err := s.App.Store.UpdateUser(t.Context(), u); err != nil {
						t.Fatal(err)
					}
					ask := func() {
						if err := s.App.Accounts.RequestReset(t.Context(), asker, ada, ""); err != nil {
							t.Fatal(err)
						}
						s.Settle(t)
					}
					for range 5 {
						ask()
					}
					token := s.MailedToken(t, mail.ResetPassword, ada)
					if err := c.act(t, s, by, token); err != nil {
						t.Fatal(err)
					}
					told := len(s.Mails(t, c.kind, ada))
					if proves := c.name == "a reset"; (told == 1) != (proved || proves) || told > 1 {
						t.Errorf("told %d times after %d mails", told, len(s.Letters.All()))
					}
				})
			}
		}
	})
}

// TestAlarmsAreNoFloodThemselves: a password that is changed back and forth, and an identity that
// comes and goes, are told as often as a day has mails, and leave those alone.
func TestAlarmsAreNoFloodThemselves(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := dialecttest.Start(t, open, dialecttest.Options{Env: budgets})
		dialecttest.QuickPasswords(s)
		s.Register(t, ada, phrase)
		u := adas(t, s)
		u.EmailVerified = true
		if err := s.App.Store.UpdateUser(t.Context(), u); err != nil {
			t.Fatal(err)
		}
		s.Settle(t)
		held := s.Login(t, ada, phrase).AccessToken
		for i := range 3 {
			by := in(t, s, dialecttest.Authorization{AccessToken: held})
			if _, err := s.App.Accounts.Link(t.Context(), by, adasGoogle()); err != nil {
				t.Fatal(err)
			}
			if _, err := s.App.Accounts.Unlink(t.Context(), by, "google"); err != nil {
				t.Fatal(err)
			}
			was, next := phrase, "another long phrase"
			if i%2 == 1 {
				was, next = next, was
			}
			g, err := s.App.Accounts.ChangePassword(t.Context(), by, was, next)
			if err != nil {
				t.Fatal(err)
			}
			held = g.AccessToken
			s.Settle(t)
		}
		count := map[mail.Kind]int{}
		for _, l := range s.Letters.All() {
			if strings.EqualFold(l.To, ada) {
				count[l.Kind]++
			}
		}
		if told := count[mail.PasswordChanged] + count[mail.IdentityLinked]; told != 3 || count[mail.IdentityUnlinked] != 2 || count[mail.VerifyEmail] != 1 {
			t.Errorf("the owner got %v", count)
		}
	})
}
