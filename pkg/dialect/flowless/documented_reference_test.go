package flowless_test

import (
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

const rotates = "the playground's refresh rotates the id, and that is the safer of the two"

// reference is the other document.
func reference() []exchange {
	return append(referenceErrors(), []exchange{
		{
			name: "register",
			ask: `POST /auth/register
Content-Type: application/json

{
  "email": "user@example.com",
  "password": "SecurePassword123!",
  "name": "John",
  "last_name": "Doe",
  "username": "johndoe",
  "phone": "+1234567890"
}`,
			answer: `{
  "success": true,
  "data": {
    "user": {
      "id": "usr_1234567890",
      "email": "user@example.com",
      "name": "John",
      "last_name": "Doe",
      "username": "johndoe",
      "phone": "+1234567890",
      "is_verified": false,
      "created_at": "2025-12-07T10:00:00Z"
    },
    "session": {
      "session_id": "ses_abcdefghijk",
      "expires_at": "2025-12-14T10:00:00Z"
    }
  }
}`,
			then: func(t *testing.T, w *world, r dialecttest.Response) {
				id, _ := member(tree(t, r.Body), "data.session.session_id").(string)
				if got := w.FlowlessMe(t, id); got != 200 {
					t.Errorf("the session is answered %d", got)
				}
			},
		},
		{
			name: "the example", // it sends no more than it must
			ask: `POST /auth/register
Content-Type: application/json

{"email":"user@example.com","password":"SecurePassword123!","name":"John","last_name":"Doe"}`,
			answer: `{"success":true,"data":{"session":{"session_id":"ses_abcdefghijk"}}}`,
		},
		{name: "login", pass: "SecurePassword123!", answer: referenceLogin, ask: `POST /auth/login

{
  "email": "user@example.com",
  "password": "SecurePassword123!",
  "device_id": "device_abc123"
}`},
		{name: "login by user name", pass: "SecurePassword123!", answer: referenceLogin, ask: `POST /auth/login

{"username": "johndoe", "password": "SecurePassword123!"}`},
		{name: "login by a user name called email", pass: "SecurePassword123!", answer: referenceLogin, ask: `POST /auth/login

{"email": "johndoe", "password": "SecurePassword123!"}`},
		{name: "login by an address called username", pass: "SecurePassword123!", answer: referenceLogin, ask: `POST /auth/login

{"username": "user@example.com", "password": "SecurePassword123!"}`},
		{
			name: "logout", pass: "SecurePassword123!",
			ask: `POST /auth/logout
X-Session-ID: ses_xyz789`,
			answer: `{
  "success": true,
  "message": "Logged out successfully"
}`,
			then: johnIsOut,
		},
		{
			name: "refresh", pass: "SecurePassword123!",
			ask: `POST /auth/refresh
X-Session-ID: ses_xyz789`,
			answer: `{
  "success": true,
  "data": {
    "session_id": "ses_xyz123456",
    "expires_at": "2025-12-21T10:00:00Z"
  }
}`,
			differs: []decision{{"data.session_id", `"ses_new456"`, rotates}},
			then:    rotated,
		},
	}...)
}

const referenceLogin = `{
  "success": true,
  "data": {
    "user": {
      "id": "usr_1234567890",
      "email": "user@example.com",
      "name": "John",
      "last_name": "Doe",
      "is_verified": true
    },
    "session": {
      "session_id": "ses_xyz123456",
      "expires_at": "2025-12-14T10:00:00Z"
    }
  }
}`

// referenceErrors are the texts that are promised word for word.
func referenceErrors() []exchange {
	const login = `POST /auth/login

{"email": "user@example.com", "password": "SecurePassword123!"}`
	refused := func(name string, status int, ask, text string) exchange {
		return exchange{name: name, ask: ask, status: status, answer: `{"success": false, "error": "` + text + `"}`}
	}
	known := refused("email already registered", 409, `POST /auth/register

{"email": "user@example.com", "password": "SecurePassword123!", "name": "John"}`, "Email already registered")
	known.pass = "SecurePassword123!"
	wrong := refused("wrong password", 401, `POST /auth/login

{"email": "user@example.com", "password": "AnotherPassword123!"}`, "Invalid email or password")
	wrong.pass = "SecurePassword123!"
	banned := refused("banned", 403, login, "Account has been banned")
	banned.pass, banned.given = "SecurePassword123!", isBanned
	guess := refused("banned, and the password is wrong", 401, `POST /auth/login

{"email": "user@example.com", "password": "AnotherPassword123!"}`, "Invalid email or password")
	guess.pass, guess.given = "SecurePassword123!", isBanned
	unproved := refused("unproved", 403, `POST /auth/login

{"email": "user@example.com", "password": "SecurePass123!"}`, "Please verify your email before logging in")
	unproved.strict, unproved.given = true, signedUpUnverified
	return []exchange{
		known, wrong, banned, guess, unproved,
		refused("unknown address", 401, login, "Invalid email or password"),
		refused("unknown user name", 401, `POST /auth/login

{"username": "johndoe", "password": "SecurePassword123!"}`, "Invalid email or password"),
		refused("no address", 400, `POST /auth/register

{"email": "user@", "password": "SecurePassword123!", "name": "John"}`, "Invalid email format"),
		refused("short password", 400, `POST /auth/register

{"email": "user@example.com", "password": "Sec123!", "name": "John"}`, "Password must be at least 8 characters"),
	}
}

func isBanned(t *testing.T, w *world) {
	t.Helper()
	yes := true
	if _, err := w.App.Accounts.Set(t.Context(), dialecttest.Operator, w.email(), account.Setting{Disabled: &yes}); err != nil {
		t.Fatal(err)
	}
}
