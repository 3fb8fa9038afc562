package flowless_test

import (
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

const (
	proofNeeded = "an address is proved by a mail that is read there; the other reference shows false for the same"
	oneText     = "the references have two texts for this; official clients know the shorter one"
)

func playgroundCore() []exchange {
	return []exchange{
		{
			name: "an admin registers somebody",
			ask: `POST /auth/register
X-Session-ID: ses_admin_xyz

{
  "email": "user@example.com",
  "password": "SecurePass123!",
  "name": "John",
  "lastName": "Doe",
  "userName": "johndoe",
  "userType": "customer"
}`,
			answer: `{
  "success": true,
  "data": {
    "id": "usr_abc123",
    "email": "user@example.com",
    "name": "John",
    "lastName": "Doe",
    "userName": "johndoe",
    "userType": "customer"
  }
}`,
			then: noSession,
		},
		{
			name: "public registration, no verification required",
			ask: `POST /auth/register/public
X-Bridge-Secret: your_bridge_secret
Content-Type: application/json

{
  "email": "user@example.com",
  "password": "SecurePass123!",
  "name": "John",
  "lastName": "Doe",
  "userName": "johndoe"
}`,
			answer: `{
  "success": true,
  "data": {
    "user": {
      "id": "usr_abc123",
      "email": "user@example.com",
      "name": "John",
      "lastName": "Doe",
      "userName": "johndoe",
      "userType": "customer",
      "isVerified": true
    },
    "sessionId": "ses_xyz789",
    "expiresAt": "2025-12-14T10:00:00Z"
  }
}`,
			differs: []decision{{"data.user.isVerified", "false", proofNeeded}},
		},
		{
			name: "public registration, verification required", strict: true,
			ask: `POST /auth/register/public
X-Bridge-Secret: your_bridge_secret
Content-Type: application/json

{
  "email": "user@example.com",
  "password": "SecurePass123!",
  "name": "John",
  "lastName": "Doe",
  "userName": "johndoe"
}`,
			answer: `{
  "success": true,
  "message": "Registration successful. Please check your email to verify your account.",
  "data": {
    "user": {
      "id": "usr_abc123",
      "email": "user@example.com",
      "name": "John",
      "lastName": "Doe",
      "userType": "customer",
      "isVerified": false,
      "requiresVerification": true
    }
  }
}`,
			then: noSession,
		},
		{name: "login by address", pass: "SecurePass123!", answer: playgroundLogin, ask: `POST /auth/login

{
  "email": "user@example.com",
  "password": "SecurePass123!"
}`},
		{name: "login by user name", pass: "SecurePass123!", answer: playgroundLogin, ask: `POST /auth/login

{
  "userName": "johndoe",
  "password": "SecurePass123!"
}`},
		{
			name: "login before the address is proved", strict: true, given: signedUpUnverified,
			ask: `POST /auth/login

{
  "email": "user@example.com",
  "password": "SecurePass123!"
}`,
			status: 403,
			answer: `{
  "success": false,
  "error": "Please verify your email address before logging in. Check your inbox for a verification email.",
  "code": "EMAIL_NOT_VERIFIED"
}`,
			differs: []decision{{"error", `"Please verify your email before logging in"`, oneText}},
		},
		{
			name: "logout", pass: "SecurePass123!",
			ask: `POST /auth/logout
X-Session-ID: ses_xyz789`,
			answer: `{
  "success": true,
  "message": "Logged out successfully"
}`,
			then: johnIsOut,
		},
		{name: "me", pass: "SecurePass123!", answer: playgroundMe, ask: `GET /auth/me
X-Session-ID: ses_xyz789`},
		{name: "validation by header", pass: "SecurePass123!", answer: playgroundValidation, ask: `GET /auth/validation
X-Session-ID: ses_xyz789`},
		{name: "validation by cookie", pass: "SecurePass123!", answer: playgroundValidation, ask: `GET /auth/validation
Cookie: session_id=ses_xyz789`},
	}
}

// noSession checks that an answer starts no session.
func noSession(t *testing.T, _ *world, r dialecttest.Response) {
	if strings.Contains(r.Body, "ses_") || r.Header.Get("Set-Cookie") != "" {
		t.Errorf("it starts a session: %s, and sets %q", r.Body, r.Header.Values("Set-Cookie"))
	}
}

func johnIsOut(t *testing.T, w *world, _ dialecttest.Response) {
	if got := w.FlowlessMe(t, w.john.ID); got != 401 {
		t.Errorf("John is still signed in: %d", got)
	}
}

const (
	playgroundLogin = `{
  "success": true,
  "user": {
    "id": "usr_abc123",
    "email": "user@example.com",
    "name": "John",
    "last_name": "Doe",
    "user_name": "johndoe",
    "user_type": "customer",
    "picture": null,
    "phone": null,
    "is_verified": true,
    "two_factor": false,
    "created_at": "2025-12-07T10:00:00Z",
    "updated_at": "2025-12-07T10:00:00Z"
  },
  "sessionId": "ses_xyz789",
  "expiresAt": "2025-12-14T10:00:00Z"
}`
	playgroundMe = `{
  "success": true,
  "data": {
    "user": {
      "id": "usr_abc123",
      "email": "user@example.com",
      "name": "John",
      "last_name": "Doe",
      "user_name": "johndoe",
      "user_type": "customer",
      "picture": null,
      "phone": null,
      "is_verified": true,
      "two_factor": false,
      "dob": null,
      "gender": null,
      "reference_id": null,
      "recovery_email": null,
      "tmz": null,
      "created_at": "2025-12-07T10:00:00Z",
      "updated_at": "2025-12-07T10:00:00Z"
    }
  }
}`
	playgroundValidation = `{
  "success": true,
  "user": {
    "id": "usr_abc123",
    "email": "user@example.com",
    "name": "John",
    "lastName": "Doe",
    "userName": "johndoe",
    "userType": "customer",
    "picture": null,
    "isVerified": true,
    "twoFactor": false
  }
}`
)
