package flowless_test

import (
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

const asksForReset = `POST /auth/password-reset/request

{"email": "user@example.com"}`

func playgroundProofs() []exchange {
	return []exchange{
		{
			name: "a reset is asked for", pass: "SecurePass123!",
			ask: `POST /auth/password-reset/request

{
  "email": "user@example.com"
}`,
			answer: `{
  "success": true,
  "message": "If your email is registered, you will receive password reset instructions."
}`,
			then: gotMail(mail.ResetPassword),
		},
		{
			name: "the token of a reset is looked at", pass: "SecurePass123!", given: mailed(mail.ResetPassword, asksForReset),
			ask: `POST /auth/password-reset/validate

{
  "token": "reset_token_abc123"
}`,
			answer: `{
  "valid": true,
  "message": "Token is valid"
}`,
		},
		{
			name: "a reset is completed", pass: "SecurePass123!", given: mailed(mail.ResetPassword, asksForReset),
			ask: `POST /auth/password-reset/complete

{
  "token": "reset_token_abc123",
  "password": "NewSecurePass123!"
}`,
			answer: `{
  "success": true,
  "message": "Password reset successfully"
}`,
			then: passwordIs("NewSecurePass123!", true),
		},
		{
			name: "one's own password is changed", pass: "OldPassword123!",
			ask: `POST /auth/password-change/self
X-Session-ID: ses_xyz789
Content-Type: application/json

{
  "currentPassword": "OldPassword123!",
  "newPassword": "NewPassword456!"
}`,
			answer: `{
  "success": true,
  "message": "Password updated successfully"
}`,
			then: passwordIs("NewPassword456!", false),
		},
		{
			name: "an admin changes a password", pass: "OldPassword123!",
			ask: `POST /auth/password-change/admin
X-Session-ID: ses_admin_xyz
Content-Type: application/json

{
  "userId": "usr_abc123",
  "newPassword": "NewPassword456!"
}`,
			answer: `{
  "success": true,
  "message": "Password updated successfully. User will need to log in again."
}`,
			then: passwordIs("NewPassword456!", true),
		},
		{
			name: "another mail to verify", given: signedUpUnverified,
			ask: `POST /auth/resend-verification
X-Bridge-Secret: your_bridge_secret
Content-Type: application/json

{
  "email": "user@example.com"
}`,
			answer: `{
  "success": true,
  "message": "If your email is registered, you will receive a verification email.",
  "verification_sent": true
}`,
			then: gotMail(mail.VerifyEmail),
		},
	}
}

func gotMail(kind mail.Kind) func(t *testing.T, w *world, _ dialecttest.Response) {
	return func(t *testing.T, w *world, _ dialecttest.Response) {
		w.MailedToken(t, kind, w.email())
	}
}

// passwordIs checks that the new password works and the one before does not, and whether John
// is signed out.
func passwordIs(password string, out bool) func(t *testing.T, w *world, _ dialecttest.Response) {
	return func(t *testing.T, w *world, r dialecttest.Response) {
		login := func(password string) int {
			return w.Do(t, dialecttest.Request{Path: "/flowless/auth/login", Body: dialecttest.JSON(map[string]string{"email": w.email(), "password": password})}).Status
		}
		if was, is := login(w.john.Password), login(password); was != 401 || is != 200 {
			t.Errorf("the old password gets %d and the new one %d", was, is)
		}
		if out {
			johnIsOut(t, w, r)
		}
	}
}
