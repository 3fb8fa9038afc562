package native_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

func TestAForgottenPasswordIsReset(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		dialecttest.QuickPasswords(s)
		first := s.Register(t, "Ada@example.com", goodPassword)
		devices := []dialecttest.Authorization{first, s.Login(t, "ada@example.com", goodPassword), s.Login(t, "ada@example.com", goodPassword)}
		bystander := s.Register(t, "bob@example.com", goodPassword)
		devices[2] = s.Refresh(t, devices[2].RefreshToken)

		asked := must(t, s, forgot("ada@EXAMPLE.com"), 202)
		token := s.MailedToken(t, mail.ResetPassword, "Ada@example.com")
		for _, d := range append(devices, bystander) {
			if got := s.Me(t, d.AccessToken); got != 200 {
				t.Fatalf("asking alone ended a session: %d", got)
			}
		}
		if verified(t, s, first) {
			t.Error("asking alone verified the address")
		}
		done := must(t, s, reset(token, otherPassword), 204)
		if done.Body != "" || strings.Contains(asked.Body, "_") {
			t.Errorf("the answers are %q and %q", asked.Body, done.Body)
		}
		for name := range done.Header {
			if name == "Set-Cookie" || name == "Location" || name == "Authorization" {
				t.Errorf("the answer has a header %s", name)
			}
		}
		for i, d := range devices {
			s.Run(t, []kase{
				{Name: "the access token is dead", Request: request{Path: "/auth/me", Bearer: d.AccessToken}, Status: 401, Code: "session_ended"},
				{Name: "the refresh token is dead", Request: request{Path: "/auth/refreshToken", Body: body("refreshToken", d.RefreshToken)}, Status: 401, Code: "session_ended"},
				{Name: "it is not active", Request: request{Path: "/auth/introspect", Key: s.Secret, Body: body("token", d.AccessToken)}, Status: 200, Has: []string{`{"active":false}`}},
			})
			if t.Failed() {
				t.Fatalf("device %d", i)
			}
		}
		if got := s.Me(t, bystander.AccessToken); got != 200 {
			t.Errorf("somebody else's session is answered %d", got)
		}
		if old, fresh := signsIn(t, s, "ada@example.com", goodPassword), signsIn(t, s, "ada@example.com", otherPassword); old != 401 || fresh != 200 {
			t.Errorf("the old password is answered %d, the new one %d", old, fresh)
		}
		counts(t, s, mail.PasswordChanged, "Ada@example.com", 1)
		counts(t, s, mail.PasswordChanged, "bob@example.com", 0)
		if !verified(t, s, s.Login(t, "ada@example.com", otherPassword)) {
			t.Error("the mail was read at the address, which is not verified")
		}
		counts(t, s, mail.ResetPassword, "Ada@example.com", 1)
	})
}

func TestAWeakPasswordDoesNotUseTheLinkUp(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		work := dialecttest.QuickPasswords(s)
		a := s.Register(t, "lovelace@example.com", goodPassword)
		token := resetToken(t, s, a.Email)
		work.Work()
		s.Run(t, []kase{
			{Name: "short", Request: reset(token, "short"), Status: 422, Code: "weak_password", Has: []string{`"field":"newPassword"`}},
			{Name: "common", Request: reset(token, "Password12345678"), Status: 422, Code: "weak_password"},
			{Name: "the own address", Request: reset(token, "lovelace99"), Status: 422, Code: "weak_password"},
			{Name: "long", Request: reset(token, strings.Repeat("tulip wagon ", 11)), Status: 400, Has: []string{`"field":"newPassword"`}},
			{Name: "no password", Request: request{Path: "/auth/resetPassword", Body: body("token", token)}, Status: 422},
			{Name: "the session lives", Request: request{Path: "/auth/me", Bearer: a.AccessToken}, Status: 200},
		})
		if got := work.Work(); got != 0 {
			t.Errorf("%d passwords were hashed", got)
		}
		counts(t, s, mail.PasswordChanged, a.Email, 0)
		must(t, s, reset(token, otherPassword), 204)
		s.Login(t, a.Email, otherPassword)
	})
}

func TestAResetLinkLivesHalfAnHour(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		dialecttest.QuickPasswords(s)
		s.Register(t, "ada@example.com", goodPassword)
		early := resetToken(t, s, "ada@example.com")
		s.Clock.Advance(30*time.Minute - time.Second)
		must(t, s, reset(early, otherPassword), 204)
		late := resetToken(t, s, "ada@example.com")
		s.Clock.Advance(30 * time.Minute)
		if r := s.Do(t, reset(late, thirdPassword)); r.Status != 400 || r.Code() != "invalid_link" {
			t.Errorf("after half an hour: %d %s", r.Status, r.Body)
		}
		if got := signsIn(t, s, "ada@example.com", thirdPassword); got != 401 {
			t.Errorf("its password is answered %d", got)
		}
	})
}

// An account that has no password gets its first one in the same way.
func TestAnAccountWithoutAPasswordGetsOne(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	dialecttest.QuickPasswords(s)
	email := people(t, s)["without a password"][0]
	must(t, s, reset(resetToken(t, s, email), otherPassword), 204)
	s.Login(t, email, otherPassword)
}

func TestAShutAccountIsNotResetIntoLife(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		dialecttest.QuickPasswords(s)
		shut := people(t, s)["disabled"][0]
		must(t, s, forgot(shut), 202)
		counts(t, s, mail.ResetPassword, shut, 0)
		s.Register(t, "ada@example.com", goodPassword)
		token := resetToken(t, s, "ada@example.com")
		disable(t, s, "ada@example.com")
		s.Do(t, reset(token, otherPassword))
		for _, password := range []string{goodPassword, otherPassword} {
			if got := signsIn(t, s, "ada@example.com", password); got == 200 {
				t.Errorf("a shut account signs in by %q", password)
			}
		}
	})
}
