package native_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// The account of these scenarios, and the address that it is to have.
const (
	oldEmail = "ada@example.com"
	newEmail = "Countess@example.com"
)

// mayBe fails unless exactly these addresses sign in by a password.
func mayBe(t *testing.T, s *dialecttest.Server, password string, old, fresh int) {
	t.Helper()
	if a, b := signsIn(t, s, oldEmail, password), signsIn(t, s, newEmail, password); a != old || b != fresh {
		t.Errorf("the old address is answered %d and the new one %d, want %d and %d", a, b, old, fresh)
	}
}

func TestAnAddressChangesWhenTheNewOneIsProved(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		dialecttest.QuickPasswords(s)
		a := s.Register(t, oldEmail, goodPassword)
		s.Run(t, []kase{
			{Name: "without the password", Request: request{Path: "/auth/changeEmail", Bearer: a.AccessToken, Body: body("newEmail", newEmail)}, Status: 401, Code: "bad_credentials"},
			{Name: "with a wrong one", Request: changeEmail(a, newEmail, wrongPassword), Status: 401, Code: "bad_credentials"},
			{Name: "to no address", Request: changeEmail(a, "nobody", goodPassword), Status: 400, Has: []string{`"field":"newEmail"`}},
			{Name: "to the one it has", Request: changeEmail(a, "ADA@example.com", goodPassword), Status: 400, Has: []string{`"field":"newEmail"`}},
			{Name: "without a session", Request: request{Path: "/auth/changeEmail", Key: s.Secret, Body: body("newEmail", newEmail, "currentPassword", goodPassword)}, Status: 401},
		})
		counts(t, s, mail.AddressChange, oldEmail, 0)
		counts(t, s, mail.ConfirmAddress, newEmail, 0)

		must(t, s, changeEmail(a, newEmail, goodPassword), 202)
		counts(t, s, mail.AddressChange, oldEmail, 1)
		counts(t, s, mail.ConfirmAddress, newEmail, 1)
		if told := s.Mails(t, mail.AddressChange, oldEmail)[0]; !strings.Contains(told.Text, newEmail) {
			t.Errorf("the old address is not told which the new one is: %s", told.Text)
		}
		mayBe(t, s, goodPassword, 200, 401)
		s.Run(t, []kase{{Name: "nothing has changed", Request: request{Path: "/auth/me", Bearer: a.AccessToken}, Status: 200, Has: []string{`"email":"ada@example.com"`, `"emailVerified":false`}}})

		token := s.MailedToken(t, mail.ConfirmAddress, newEmail)
		worthless(t, s, "on the route that resets", reset(token, otherPassword))
		worthless(t, s, "on the route that undoes", cancelMove(token))
		must(t, s, verifyBy(token), 204)
		mayBe(t, s, goodPassword, 401, 200)
		s.Run(t, []kase{{Name: "it has changed", Request: request{Path: "/auth/me", Bearer: a.AccessToken}, Status: 200, Has: []string{`"email":"Countess@example.com"`, `"emailVerified":true`}}})
		worthless(t, s, "used", verifyBy(token))
		worthless(t, s, "the link that proved the old address", verifyBy(s.MailedToken(t, mail.VerifyEmail, oldEmail)))
		if claims := claimsOf(t, s.Refresh(t, a.RefreshToken).AccessToken); claims["email"] != newEmail || claims["email_verified"] != true {
			t.Errorf("the next access token says %v", claims)
		}
		s.Register(t, oldEmail, otherPassword) // it is free
		mayBe(t, s, otherPassword, 200, 401)
	})
}

func TestAPendingAddressDies(t *testing.T) {
	dialecttest.EachKind(t, func(t *testing.T, fresh func(testing.TB) dialecttest.Opener) {
		for name, kill := range map[string]func(s *dialecttest.Server, a dialecttest.Authorization){
			"with a reset of the password": func(s *dialecttest.Server, _ dialecttest.Authorization) {
				must(t, s, reset(resetToken(t, s, oldEmail), otherPassword), 204)
			},
			"with a change of the password": func(s *dialecttest.Server, a dialecttest.Authorization) {
				must(t, s, request{Path: "/auth/changePassword", Bearer: a.AccessToken, Body: body("currentPassword", goodPassword, "newPassword", otherPassword)}, 200)
			},
			"with the link that undoes it": func(s *dialecttest.Server, _ dialecttest.Authorization) {
				must(t, s, cancelMove(s.MailedToken(t, mail.AddressChange, oldEmail)), 204)
			},
			"with the account": func(s *dialecttest.Server, a dialecttest.Authorization) {
				must(t, s, request{Method: "DELETE", Path: "/auth/me", Bearer: a.AccessToken, Body: body("currentPassword", goodPassword)}, 204)
			},
			"after a day": func(s *dialecttest.Server, _ dialecttest.Authorization) { s.Clock.Advance(24 * time.Hour) },
			"with another one": func(s *dialecttest.Server, a dialecttest.Authorization) {
				must(t, s, changeEmail(a, "another@example.com", goodPassword), 202)
			},
		} {
			t.Run(name, func(t *testing.T) {
				s := start(t, fresh(t))
				dialecttest.QuickPasswords(s)
				a := s.Register(t, oldEmail, goodPassword)
				must(t, s, changeEmail(a, newEmail, goodPassword), 202)
				token := s.MailedToken(t, mail.ConfirmAddress, newEmail)
				kill(s, a)
				worthless(t, s, name, verifyBy(token))
				for _, password := range []string{goodPassword, otherPassword} {
					if got := signsIn(t, s, newEmail, password); got != 401 {
						t.Errorf("the new address is answered %d", got)
					}
				}
			})
		}
	})
}

// owned checks what has to be so after a change of address was undone: the old address is
// back and nobody is in, whatever they know; the mail that went there lets its reader in.
func owned(t *testing.T, s *dialecttest.Server, thief ...dialecttest.Authorization) {
	t.Helper()
	for _, a := range thief {
		if got := s.Me(t, a.AccessToken); got != 401 {
			t.Errorf("a session is answered %d", got)
		}
		if r := s.Do(t, request{Path: "/auth/refreshToken", Body: body("refreshToken", a.RefreshToken)}); r.Status != 401 {
			t.Errorf("its refresh token is answered %d", r.Status)
		}
	}
	mayBe(t, s, goodPassword, 401, 401)
	must(t, s, reset(s.MailedToken(t, mail.ResetPassword, oldEmail), thirdPassword), 204)
	mayBe(t, s, thirdPassword, 200, 401)
	back := s.Login(t, oldEmail, thirdPassword)
	if back.LocalID != thief[0].LocalID || !verified(t, s, back) {
		t.Errorf("the account is %s, want %s", back.LocalID, thief[0].LocalID)
	}
}

func TestAChangeOfAddressIsUndone(t *testing.T) {
	dialecttest.EachKind(t, func(t *testing.T, fresh func(testing.TB) dialecttest.Opener) {
		for name, after := range map[string]func(s *dialecttest.Server, a dialecttest.Authorization){
			"before it has happened": func(*dialecttest.Server, dialecttest.Authorization) {},
			"after it has happened": func(s *dialecttest.Server, _ dialecttest.Authorization) {
				must(t, s, verifyBy(s.MailedToken(t, mail.ConfirmAddress, newEmail)), 204)
				mayBe(t, s, goodPassword, 401, 200)
			},
			"just within three days": func(s *dialecttest.Server, _ dialecttest.Authorization) {
				must(t, s, verifyBy(s.MailedToken(t, mail.ConfirmAddress, newEmail)), 204)
				s.Clock.Advance(72*time.Hour - time.Second)
			},
			"after the password was changed, too": func(s *dialecttest.Server, a dialecttest.Authorization) {
				must(t, s, verifyBy(s.MailedToken(t, mail.ConfirmAddress, newEmail)), 204)
				must(t, s, request{Path: "/auth/changePassword", Bearer: a.AccessToken, Body: body("currentPassword", goodPassword, "newPassword", otherPassword)}, 200)
			},
			"after the password was reset by the new address": func(s *dialecttest.Server, _ dialecttest.Authorization) {
				must(t, s, verifyBy(s.MailedToken(t, mail.ConfirmAddress, newEmail)), 204)
				must(t, s, reset(resetToken(t, s, newEmail), otherPassword), 204)
			},
		} {
			t.Run(name, func(t *testing.T) {
				s := start(t, fresh(t))
				dialecttest.QuickPasswords(s)
				a := s.Register(t, oldEmail, goodPassword)
				b := s.Login(t, oldEmail, goodPassword)
				must(t, s, changeEmail(a, newEmail, goodPassword), 202)
				undo := s.MailedToken(t, mail.AddressChange, oldEmail)
				worthless(t, s, "on the route that verifies", verifyBy(undo))
				worthless(t, s, "on the route that resets", reset(undo, otherPassword))
				after(s, a)
				must(t, s, cancelMove(undo), 204)
				counts(t, s, mail.ResetPassword, oldEmail, 1)
				worthless(t, s, "used", cancelMove(undo))
				owned(t, s, a, b)
				if got := signsIn(t, s, newEmail, otherPassword); got != 401 {
					t.Errorf("the thief signs in by the new address: %d", got)
				}
			})
		}
		t.Run("not after three days", func(t *testing.T) {
			s := start(t, fresh(t))
			dialecttest.QuickPasswords(s)
			a := s.Register(t, oldEmail, goodPassword)
			must(t, s, changeEmail(a, newEmail, goodPassword), 202)
			undo := s.MailedToken(t, mail.AddressChange, oldEmail)
			must(t, s, verifyBy(s.MailedToken(t, mail.ConfirmAddress, newEmail)), 204)
			s.Clock.Advance(72 * time.Hour)
			worthless(t, s, "late", cancelMove(undo))
			mayBe(t, s, goodPassword, 401, 200)
		})
	})
}

func TestAnAddressThatIsTakenIsNotGivenAway(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		dialecttest.QuickPasswords(s)
		eve := s.Register(t, "eve@example.com", goodPassword)
		s.Register(t, "Bob@example.com", otherPassword)
		free := must(t, s, changeEmail(s.Register(t, "cyd@example.com", goodPassword), "nobody@example.com", goodPassword), 202)
		taken := must(t, s, changeEmail(eve, "bob@EXAMPLE.com", goodPassword), 202)
		alike(t, free, taken)
		counts(t, s, mail.AccountExists, "Bob@example.com", 1)
		counts(t, s, mail.ConfirmAddress, "Bob@example.com", 0)
		counts(t, s, mail.ConfirmAddress, "bob@EXAMPLE.com", 0)
		for _, l := range s.Mails(t, mail.AccountExists, "Bob@example.com") {
			if strings.Contains(l.Text+l.HTML, "token=") || strings.Contains(l.Text, "eve@") {
				t.Errorf("its owner is told too much: %s", l.Text)
			}
		}
		s.Login(t, "bob@example.com", otherPassword)

		// A change that is pending dies with the question for an address that is taken.
		must(t, s, changeEmail(eve, "free@example.com", goodPassword), 202)
		pending := s.MailedToken(t, mail.ConfirmAddress, "free@example.com")
		must(t, s, changeEmail(eve, "bob@example.com", goodPassword), 202)
		worthless(t, s, "the pending one", verifyBy(pending))

		// Whoever takes the address between the question and the answer keeps it.
		must(t, s, changeEmail(eve, "new@example.com", goodPassword), 202)
		token := s.MailedToken(t, mail.ConfirmAddress, "new@example.com")
		s.Register(t, "new@example.com", thirdPassword)
		if r := s.Do(t, verifyBy(token)); r.Status != 409 || r.Code() != "email_exists" {
			t.Errorf("an address that was taken meanwhile: %d %s", r.Status, r.Body)
		}
		s.Login(t, "new@example.com", thirdPassword)
		s.Login(t, "eve@example.com", goodPassword)
	})
}
