package native_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

const (
	otherPassword = "another long phrase"
	thirdPassword = "yet another phrase"
	realMailLimit = "GATEHOUSE_LIMIT_MAIL=3/15m" // the defaults, which scenarios otherwise raise
	realMailDay   = "GATEHOUSE_LIMIT_MAIL_DAY=10/24h"
	mustVerify    = "GATEHOUSE_REQUIRE_VERIFIED_EMAIL=true"
)

// The requests of the mail routes.

func forgot(email string) request {
	return request{Path: "/auth/forgotPassword", Body: body("email", email)}
}

func reset(token, password string) request {
	return request{Path: "/auth/resetPassword", Body: body("token", token, "newPassword", password)}
}

func verifyBy(token string) request {
	return request{Path: "/auth/verifyEmail", Body: body("token", token)}
}

func resend(email string) request {
	return request{Path: "/auth/resendVerification", Body: body("email", email)}
}

func resendOwn(a dialecttest.Authorization) request {
	return request{Method: http.MethodPost, Path: "/auth/resendVerification", Bearer: a.AccessToken}
}

func changeEmail(a dialecttest.Authorization, to, password string) request {
	return request{Path: "/auth/changeEmail", Bearer: a.AccessToken, Body: body("newEmail", to, "currentPassword", password)}
}

func cancelMove(token string) request {
	return request{Path: "/auth/cancelEmailChange", Body: body("token", token)}
}

func register(s *dialecttest.Server, email, password string) request {
	return request{Path: "/auth/register", Key: s.Publishable, Body: body("email", email, "password", password)}
}

// must sends a request that has to be answered by a status.
func must(t *testing.T, s *dialecttest.Server, q request, status int) dialecttest.Response {
	t.Helper()
	r := s.Do(t, q)
	if r.Status != status {
		t.Fatalf("%s: %d %s, want %d", q.Path, r.Status, r.Body, status)
	}
	return r
}

// resetToken asks for a reset and returns the token that is mailed.
func resetToken(t *testing.T, s *dialecttest.Server, email string) string {
	t.Helper()
	must(t, s, forgot(email), 202)
	return s.MailedToken(t, mail.ResetPassword, email)
}

// signsIn reports how a password is answered.
func signsIn(t *testing.T, s *dialecttest.Server, email, password string) int {
	t.Helper()
	return attempt{email: email, password: password}.status(t, s)
}

// counts fails unless an address has got so many mails of a kind.
func counts(t *testing.T, s *dialecttest.Server, kind mail.Kind, to string, want int) {
	t.Helper()
	if got := len(s.Mails(t, kind, to)); got != want {
		t.Errorf("%s got %d mails of kind %s, want %d", to, got, kind, want)
	}
}

// verified reports what /auth/me says of the address.
func verified(t *testing.T, s *dialecttest.Server, a dialecttest.Authorization) bool {
	t.Helper()
	var me struct{ EmailVerified bool }
	must(t, s, request{Path: "/auth/me", Bearer: a.AccessToken}, 200).JSON(t, &me)
	return me.EmailVerified
}

// disable shuts an account as an operator would.
func disable(t *testing.T, s *dialecttest.Server, email string) {
	t.Helper()
	yes := true
	if _, err := s.App.Accounts.Set(t.Context(), dialecttest.Operator, email, account.Setting{Disabled: &yes}); err != nil {
		t.Fatal(err)
	}
}

// contains reports whether all parts are in a text.
func contains(text string, parts ...string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}
