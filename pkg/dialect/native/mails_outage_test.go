package native_test

import (
	"fmt"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// mailRoutes returns one good request to each route that mails lead to or leave from, for an
// account of its own.
func mailRoutes(t *testing.T, s *dialecttest.Server, a dialecttest.Authorization) map[string]func() request {
	t.Helper()
	return map[string]func() request{
		"forgotPassword":      func() request { return forgot(a.Email) },
		"forgot by nobody":    func() request { return forgot("nobody@example.com") },
		"resend":              func() request { return resend(a.Email) },
		"resend to the user":  func() request { return resendOwn(a) },
		"changeEmail":         func() request { return changeEmail(a, "new."+a.Email, goodPassword) },
		"changeEmail, taken":  func() request { return changeEmail(a, "taken@example.com", goodPassword) },
		"resetPassword":       func() request { return reset(resetToken(t, s, a.Email), otherPassword) },
		"verifyEmail":         func() request { return verifyBy(s.MailedToken(t, mail.VerifyEmail, a.Email)) },
		"verifyEmail, moving": func() request { move(t, s, a); return verifyBy(s.MailedToken(t, mail.ConfirmAddress, "new."+a.Email)) },
		"cancelEmailChange":   func() request { move(t, s, a); return cancelMove(s.MailedToken(t, mail.AddressChange, a.Email)) },
	}
}

func move(t *testing.T, s *dialecttest.Server, a dialecttest.Authorization) {
	t.Helper()
	must(t, s, changeEmail(a, "new."+a.Email, goodPassword), 202)
}

// TestAMailThatIsNotWrittenIsNotPromised takes one method of the store away at a time: a mail
// route that needs it answers 503, nobody gets a mail for it, and the link that could not be
// used is good afterwards.
func TestAMailThatIsNotWrittenIsNotPromised(t *testing.T) {
	spending := []string{"resetPassword", "verifyEmail", "verifyEmail, moving", "cancelEmailChange"}
	changing := append([]string{"changeEmail", "changeEmail, taken"}, spending...)
	asking := []string{"forgotPassword", "forgot by nobody", "resend", "resend to the user"}
	for method, names := range map[string][]string{
		"Hit":              append(asking, changing...),
		"Forget":           spending,
		"Record":           asking,
		"User":             changing,
		"UpdateUser":       changing,
		"UserByIdentifier": {"changeEmail", "changeEmail, taken"},
		"SessionAndUser":   {"resend to the user", "changeEmail"},
	} {
		t.Run(method, func(t *testing.T) {
			var part *partly
			s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{Wrap: func(db store.Store) store.Store {
				part = &partly{Store: db}
				return part
			}})
			dialecttest.QuickPasswords(s)
			s.Register(t, "taken@example.com", goodPassword)
			for i, name := range names {
				t.Run(name, func(t *testing.T) {
					a := s.Register(t, fmt.Sprintf("u%d@example.com", i), goodPassword)
					q := mailRoutes(t, s, a)[name]()
					s.Settle(t)
					before := len(s.Letters.All())
					part.fail(method)
					outage(t, name, s.Do(t, q))
					part.fail("")
					s.Settle(t)
					if got := len(s.Letters.All()); got != before {
						t.Errorf("%d mails for a request that was answered 503", got-before)
					}
					if r := s.Do(t, q); r.Status/100 != 2 {
						t.Errorf("afterwards: %d %s", r.Status, r.Body)
					}
					s.Settle(t)
					silent := name == "forgot by nobody" || name == "verifyEmail" || name == "verifyEmail, moving"
					if got := len(s.Letters.All()); (got == before) != silent {
						t.Errorf("%d mails afterwards", got-before)
					}
				})
			}
		})
	}
}

// TestAMailWhoseRequestDiesIsSentOrNot kills the node before and after the write: a request
// that is written is carried out, also when its caller was told to try again.
func TestAMailWhoseRequestDiesIsSentOrNot(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		dialecttest.QuickPasswords(s)
		s.Register(t, "ada@example.com", goodPassword)
		s.Settle(t)
		for _, lose := range []bool{false, true} {
			var stopper *dialecttest.Stopper
			dying := s.NodeWith(t, func(db store.Store) store.Store {
				stopper = &dialecttest.Stopper{Store: db}
				return stopper
			})
			before := len(s.Mails(t, mail.ResetPassword, "ada@example.com"))
			writes := 1 // the counter
			if lose {
				writes = 2 // and the request
			}
			stopper.Stop(writes, lose)
			if r := dying.Do(t, forgot("ada@example.com")); r.Status != 503 {
				t.Errorf("got %d %s", r.Status, r.Body)
			}
			want := before
			if lose {
				want++
			}
			counts(t, s, mail.ResetPassword, "ada@example.com", want)
		}
	})
}
