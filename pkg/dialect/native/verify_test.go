package native_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

func TestAnAddressIsVerifiedByAMailedLink(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		dialecttest.QuickPasswords(s)
		a := s.Register(t, "ada@example.com", goodPassword)
		other := s.Register(t, "bob@example.com", goodPassword)
		token := s.MailedToken(t, mail.VerifyEmail, a.Email)
		if verified(t, s, a) || claimsOf(t, a.AccessToken)["email_verified"] != false {
			t.Fatal("verified before anybody read a mail")
		}
		for name, spelling := range spell(t, token, s.MailedToken(t, mail.VerifyEmail, other.Email)) {
			worthless(t, s, name, verifyBy(spelling))
		}
		worthless(t, s, "a reset link", verifyBy(resetToken(t, s, a.Email)))
		worthless(t, s, "on the route that resets", reset(token, otherPassword))
		worthless(t, s, "on the route that undoes", cancelMove(token))
		if verified(t, s, a) || verified(t, s, other) {
			t.Fatal("verified by a link that is not the one")
		}
		if r := must(t, s, verifyBy(token), 204); r.Body != "" {
			t.Errorf("the answer is %q", r.Body)
		}
		if !verified(t, s, a) || verified(t, s, other) {
			t.Error("the wrong account is verified")
		}
		if claims := claimsOf(t, s.Refresh(t, a.RefreshToken).AccessToken); claims["email_verified"] != true {
			t.Errorf("the next access token says %v", claims)
		}
		worthless(t, s, "used", verifyBy(token))
	})
}

func TestAVerificationLinkLivesADay(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		dialecttest.QuickPasswords(s)
		a, b := s.Register(t, "ada@example.com", goodPassword), s.Register(t, "bob@example.com", goodPassword)
		early, late := s.MailedToken(t, mail.VerifyEmail, a.Email), s.MailedToken(t, mail.VerifyEmail, b.Email)
		s.Clock.Advance(24*time.Hour - time.Second)
		must(t, s, verifyBy(early), 204)
		s.Clock.Advance(time.Second)
		worthless(t, s, "after a day", verifyBy(late))
	})
}

func TestSignInWaitsForVerification(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, mustVerify)
		dialecttest.QuickPasswords(s)
		if r := must(t, s, register(s, "ada@example.com", goodPassword), 202); len(r.Body) > 200 {
			t.Errorf("the answer is %s", r.Body)
		}
		login := func(password string) request { return attempt{email: "ada@example.com", password: password}.request(s) }
		s.Run(t, []kase{
			{Name: "the wrong password tells nothing", Request: login(wrongPassword), Status: 401, Code: "bad_credentials"},
			{Name: "the right one does", Request: login(goodPassword), Status: 403, Code: "email_not_verified", Never: []string{"Token"}},
		})
		must(t, s, verifyBy(s.MailedToken(t, mail.VerifyEmail, "ada@example.com")), 204)
		s.Run(t, []kase{
			{Name: "the wrong password is wrong", Request: login(wrongPassword), Status: 401, Code: "bad_credentials"},
			{Name: "the right one is right", Request: login(goodPassword), Status: 200},
		})
	})
}

// Where addresses are verified first, a reset mail shows the same: it was read at the address.
func TestAResetLetsTheUnverifiedIn(t *testing.T) {
	s := start(t, dialecttest.SQLite(t), mustVerify)
	dialecttest.QuickPasswords(s)
	must(t, s, register(s, "ada@example.com", goodPassword), 202)
	must(t, s, reset(resetToken(t, s, "ada@example.com"), otherPassword), 204)
	s.Login(t, "ada@example.com", otherPassword)
}

func TestAnotherVerificationMail(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		dialecttest.QuickPasswords(s)
		n := 0
		for name, again := range map[string]func(a dialecttest.Authorization) request{
			"for who is signed in": resendOwn,
			"for an address":       func(a dialecttest.Authorization) request { return resend(a.Email) },
		} {
			t.Run(name, func(t *testing.T) {
				n++
				a := s.Register(t, fmt.Sprintf("u%d@example.com", n), goodPassword)
				first := s.MailedToken(t, mail.VerifyEmail, a.Email)
				asked := must(t, s, again(a), 202)
				second := s.MailedToken(t, mail.VerifyEmail, a.Email)
				counts(t, s, mail.VerifyEmail, a.Email, 2)
				worthless(t, s, "the older", verifyBy(first))
				must(t, s, verifyBy(second), 204)
				if !verified(t, s, a) {
					t.Error("not verified")
				}
				needless := must(t, s, again(a), 202)
				counts(t, s, mail.VerifyEmail, a.Email, 2)
				if asked.Body != needless.Body {
					t.Errorf("the answer tells who is verified: %s %s", asked.Body, needless.Body)
				}
			})
		}
		a := s.Register(t, "ada@example.com", goodPassword)
		s.Run(t, []kase{
			{Name: "nobody in particular", Request: request{Method: "POST", Path: "/auth/resendVerification"}, Status: 400, Has: []string{`"field":"email"`}},
			{Name: "a user who names an address", Request: request{Path: "/auth/resendVerification", Bearer: a.AccessToken, Body: body("email", "bob@example.com")}, Status: 400, Has: []string{`"field":"email"`}},
			{Name: "a token that is none", Request: request{Method: "POST", Path: "/auth/resendVerification", Bearer: "x"}, Status: 401},
		})
	})
}
