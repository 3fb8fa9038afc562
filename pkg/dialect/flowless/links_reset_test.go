package flowless_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// resetFor asks for a reset link at one of the routes for it and returns its token.
func resetFor(t *testing.T, s *dialecttest.Server, email, route string) string {
	t.Helper()
	path := map[string]string{"request": "password-reset/request", "forgot": "forgot-password"}[route]
	answered(t, s, 200, asking(path, object{"email": email}))
	return s.MailedToken(t, mail.ResetPassword, email)
}

func TestAPasswordIsResetAtEveryRoute(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := mailing(t, open)
		i := 0
		for _, ask := range []string{"request", "forgot"} {
			for _, complete := range []string{"password-reset/complete", "password-reset/reset", "reset-password"} {
				for _, member := range []string{"password", "newPassword", "new_password"} {
					i++
					a := joined(t, s, fmt.Sprintf("u%d@example.com", i))
					older := resetFor(t, s, a.Email, ask)
					token := resetFor(t, s, a.Email, ask)
					looks := func(token string, status int) {
						t.Helper()
						for _, q := range []dialecttest.Request{
							asking("password-reset/validate", object{"token": token}), {Path: "/flowless/auth/password-reset/validate?token=" + token},
							{Path: "/flowless/auth/password-reset/validate/" + token},
						} {
							if r := answered(t, s, status, q); !strings.Contains(r.Body, fmt.Sprintf(`"valid":%t`, status == 200)) {
								t.Errorf("%s: %s", q.Path, r.Body)
							}
						}
					}
					looks(older, 400)
					looks(token, 200)
					if r := answered(t, s, 400, asking(complete, object{"token": token, member: "short"})); !strings.Contains(r.Body, `"Password must be at least 8 characters"`) {
						t.Errorf("a short password: %s", r.Body)
					}
					answered(t, s, 200, asking(complete, object{"token": token, member: newPhrase}))
					looks(token, 400)
					answered(t, s, 400, asking(complete, object{"token": token, member: phrase}))
					if s.FlowlessMe(t, a.ID) != 401 {
						t.Error("an old session lives")
					}
					answered(t, s, 401, asking("login", object{"email": a.Email, "password": phrase}))
					s.FlowlessLogin(t, a.Email, newPhrase)
					unlogged(t, s, token, newPhrase)
				}
			}
		}
	})
}

func TestVerificationIsMailedAgain(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := mailing(t, open)
		a := s.FlowlessRegister(t, ada, phrase)
		tokens := []string{s.MailedToken(t, mail.VerifyEmail, ada)}
		for _, q := range []dialecttest.Request{
			viaBridge("resend-verification", object{"email": ada}), viaBridge("resend-verification", object{"email": "ADA@example.com"}),
			{Path: "/flowless/auth/resend-verification", Method: http.MethodPost, ID: a.ID}, {Path: "/flowless/auth/resend-verification", Body: body(object{"email": ada}), ID: a.ID},
		} {
			if r := answered(t, s, 200, q); !strings.Contains(r.Body, `"verification_sent":true`) {
				t.Errorf("%s: %s", q.Body, r.Body)
			}
			tokens = append(tokens, s.MailedToken(t, mail.VerifyEmail, ada))
		}
		answered(t, s, 400, dialecttest.Request{Path: "/flowless/auth/resend-verification", Body: body(object{"email": "bob@example.com"}), ID: a.ID})
		answered(t, s, 401, asking("resend-verification", object{"email": ada}))
		for i, token := range tokens {
			want := 400
			if i == len(tokens)-1 {
				want = 200
			}
			answered(t, s, want, asking("verify-email", object{"token": token}))
		}
		r := answered(t, s, 200, dialecttest.Request{Path: "/flowless/auth/me", ID: a.ID})
		if !strings.Contains(r.Body, `"is_verified":true`) || len(tokens) != 5 {
			t.Errorf("%d tokens, then %s", len(tokens), r.Body)
		}
		for _, email := range []string{ada, "nobody@example.com"} { // to somebody who needs none, and to nobody
			answered(t, s, 200, viaBridge("resend-verification", object{"email": email}))
		}
		s.Settle(t)
		if got := len(s.Letters.All()); got != 5 {
			t.Errorf("%d mails, want 5", got)
		}
	})
}
