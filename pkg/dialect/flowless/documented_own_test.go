package flowless_test

import (
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

const (
	stillPending = "a new address is a pending change until its reader has confirmed it"
	noFactor     = "a second factor cannot be switched on without one that is enrolled"
)

func playgroundOwn() []exchange {
	return []exchange{
		{
			name: "profile", pass: "SecurePass123!",
			ask: `PUT /auth/profile
X-Session-ID: ses_xyz789
Content-Type: application/json

{
  "name": "John",
  "lastName": "Doe",
  "userName": "johndoe",
  "phone": "+1234567890",
  "dob": "1990-01-01",
  "gender": "male",
  "referenceId": "ref_123",
  "recoveryEmail": "recovery@example.com",
  "tmz": "America/New_York"
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
      "picture": null,
      "phone": "+1234567890",
      "isVerified": true,
      "twoFactor": false,
      "dob": "1990-01-01",
      "gender": "male",
      "reference_id": "ref_123",
      "recovery_email": "recovery@example.com",
      "tmz": "America/New_York",
      "updatedAt": "2025-12-07T11:00:00Z"
    }
  }
}`,
		},
		{name: "user/me", pass: "SecurePass123!", answer: playgroundMe, ask: `GET /auth/user/me
X-Session-ID: ses_xyz789`},
		{
			name: "a change of user/me", pass: "SecurePass123!",
			ask: `PUT /auth/user/me
X-Session-ID: ses_xyz789
Content-Type: application/json

{
  "name": "John",
  "last_name": "Doe",
  "email": "newemail@example.com",
  "user_name": "johndoe",
  "phone": "+1234567890",
  "two_factor": true,
  "mobile": "+1234567890",
  "tmz": "America/New_York",
  "bio": "Software developer",
  "dob": "1990-01-01",
  "recovery_email": "recovery@example.com",
  "display_name": "John D.",
  "gender": "male",
  "reference_id": "ref_123"
}`,
			answer: `{
  "success": true,
  "data": {
    "id": "usr_abc123",
    "email": "newemail@example.com",
    "name": "John",
    "last_name": "Doe",
    "user_name": "johndoe",
    "user_type": "customer",
    "picture": null,
    "phone": "+1234567890",
    "is_verified": true,
    "two_factor": true,
    "mobile": "+1234567890",
    "tmz": "America/New_York",
    "bio": "Software developer",
    "dob": "1990-01-01",
    "recovery_email": "recovery@example.com",
    "display_name": "John D.",
    "gender": "male",
    "reference_id": "ref_123",
    "updated_at": "2025-12-07T11:00:00Z"
  }
}`,
			differs: []decision{{"data.email", `"user@example.com"`, stillPending}, {"data.two_factor", "false", noFactor}},
			then:    confirmed,
		},
	}
}

// confirmed checks what becomes of the new address that John has asked for.
func confirmed(t *testing.T, w *world, _ dialecttest.Response) {
	next := w.own("newemail@example.com")
	login := func(email string) int {
		return w.Do(t, dialecttest.Request{Path: "/flowless/auth/login", Body: dialecttest.JSON(map[string]string{"email": email, "password": "SecurePass123!"})}).Status
	}
	if got := login(next); got != 401 {
		t.Errorf("the new address signs in before it is confirmed: %d", got)
	}
	token := w.MailedToken(t, mail.ConfirmAddress, next)
	r := w.Do(t, dialecttest.Request{Path: "/flowless/auth/verify-email", Body: dialecttest.JSON(map[string]string{"token": token})})
	if r.Status != 200 || login(next) != 200 || login(w.email()) != 401 {
		t.Errorf("confirming it got %d %s; then the new one gets %d and the old one %d", r.Status, r.Body, login(next), login(w.email()))
	}
}
