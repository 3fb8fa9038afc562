package flowless_test

import (
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// playgroundLast is the part of the playground that comes after a stray mark-up and has paths and
// spellings of its own.
func playgroundLast() []exchange {
	return []exchange{
		{
			name: "validate", pass: "SecurePass123!",
			ask: `POST /auth/validate

{
  "session_id": "ses_xyz789",
  "bridge_secret": "your_bridge_secret"
}`,
			answer: `{
  "valid": true,
  "user": {
    "id": "usr_abc123",
    "email": "demo@example.com",
    "name": "Demo User"
  },
  "trust_token": "trust_abc123xyz"
}`,
			differs: []decision{{"user.name", `"John"`, "that is his name"}},
		},
		{
			name: "refresh", pass: "SecurePass123!",
			ask: `POST /auth/refresh
X-Session-Id: ses_xyz789`,
			answer: `{
  "success": true,
  "session_id": "ses_new456",
  "expires_at": "2025-12-14T10:00:00Z"
}`,
			then: rotated,
		},
		{
			name: "update", pass: "SecurePass123!",
			ask: `PUT /auth/update
X-Session-Id: ses_xyz789

{
  "name": "Updated Name",
  "email": "newemail@example.com"
}`,
			answer: `{
  "success": true,
  "user": {
    "id": "usr_abc123",
    "email": "newemail@example.com",
    "name": "Updated Name"
  }
}`,
			differs: []decision{{"user.email", `"user@example.com"`, stillPending}},
			then:    confirmed,
		},
		{
			name: "change-password", pass: "SecurePass123!",
			ask: `POST /auth/change-password
X-Session-Id: ses_xyz789

{
  "current_password": "SecurePass123!",
  "new_password": "NewSecurePass456!"
}`,
			answer: `{
  "success": true,
  "message": "Password changed successfully"
}`,
			then: passwordIs("NewSecurePass456!", false),
		},
		{
			name: "forgot-password", pass: "SecurePass123!",
			ask: `POST /auth/forgot-password

{
  "email": "demo@example.com"
}`,
			answer: `{
  "success": true,
  "message": "Password reset email sent"
}`,
			then: gotMail(mail.ResetPassword),
		},
		{
			name: "reset-password", pass: "SecurePass123!", given: mailed(mail.ResetPassword, asksForReset),
			ask: `POST /auth/reset-password

{
  "token": "reset_token_abc123",
  "new_password": "NewSecurePass456!"
}`,
			answer: `{
  "success": true,
  "message": "Password reset successfully"
}`,
			then: passwordIs("NewSecurePass456!", true),
		},
		{
			name: "verify-email", strict: true, given: toldToVerify,
			ask: `POST /auth/verify-email

{
  "token": "verify_token_abc123"
}`,
			answer: `{
  "success": true,
  "message": "Email verified successfully"
}`,
			then: func(t *testing.T, w *world, _ dialecttest.Response) { w.FlowlessLogin(t, w.email(), "SecurePass123!") },
		},
		{
			name: "resend-verification by session", given: signedInUnverified,
			ask: `POST /auth/resend-verification
X-Session-Id: ses_xyz789`,
			answer: `{
  "success": true,
  "message": "Verification email sent"
}`,
			then: gotMail(mail.VerifyEmail),
		},
	}
}

func toldToVerify(t *testing.T, w *world) {
	signedUpUnverified(t, w)
	mailed(mail.VerifyEmail, `POST /auth/resend-verification
X-Bridge-Secret: your_bridge_secret

{"email": "user@example.com"}`)(t, w)
}

func signedInUnverified(t *testing.T, w *world) {
	signedUpUnverified(t, w)
	w.john = w.FlowlessLogin(t, w.email(), "SecurePass123!")
}

// rotated checks that a renewal gives another id, and that the one before gives the same again
// for a short time.
func rotated(t *testing.T, w *world, r dialecttest.Response) {
	next, _ := member(tree(t, r.Body), "session_id").(string)
	if next == w.john.ID || w.FlowlessMe(t, next) != 200 {
		t.Errorf("the new id is %q, it was %q", next, w.john.ID)
	}
	again := w.Do(t, dialecttest.Request{Method: "POST", Path: "/flowless/auth/refresh", ID: w.john.ID})
	if again.Status != 200 || member(tree(t, again.Body), "session_id") != next {
		t.Errorf("the old id, at once, gives %d %s", again.Status, again.Body)
	}
}
