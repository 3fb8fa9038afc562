package flowless_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

const socialAnswer = `{
  "success": true,
  "user": {
    "id": "usr_abc123",
    "email": "user@example.com",
    "name": "John Doe",
    "picture": "https://example.com/avatar.jpg"
  },
  "sessionId": "ses_xyz789",
  "expiresAt": "2025-12-14T10:00:00Z",
  "loginType": "LOGIN_TYPE",
  "provider": "google"
}`

// socialDiffers is for somebody whose account has a name.
var socialDiffers = []decision{{"user.name", `"John"`, "the name is what the user says; theirs is in two members"}}

// atGoogle has John come by Google, after flows were begun in his browser.
func atGoogle(paths ...string) func(t *testing.T, w *world) {
	return func(t *testing.T, w *world) {
		t.Helper()
		w.providers["google"].is(w.own("johndoe"), w.email())
		b := newBrowser(w.Server)
		w.answers = map[string]url.Values{}
		for _, path := range paths {
			w.answers[path] = b.sent(t, path)
		}
		for name, value := range b.jar {
			w.cookies = append(w.cookies, name+"="+value)
		}
	}
}

// byToken has John bring a token of Google's.
func byToken(_ *testing.T, w *world) {
	w.providers["google"].is(w.own("johndoe"), w.email())
	w.idToken = w.providers["google"].token(w.Server)
}

// linkedToGoogle has John come by Google once.
func linkedToGoogle(t *testing.T, w *world) {
	t.Helper()
	w.providers["google"].is(w.own("johndoe"), w.email())
	answered(t, w.Server, 200, asking("social/google/login-api", object{"idToken": w.providers["google"].token(w.Server)}))
}

func leadsTo(prefix string) func(t *testing.T, w *world, r dialecttest.Response) {
	return func(t *testing.T, _ *world, r dialecttest.Response) {
		t.Helper()
		if got := r.Header.Get("Location"); !strings.HasPrefix(got, prefix) {
			t.Errorf("it leads to %q", got)
		}
	}
}

// playgroundSocial is documented. Two-factor authentication is not built, and the routes say so.
func playgroundSocial() []exchange {
	absent := func(name, ask string) exchange {
		return exchange{name: name, pass: "SecurePass123!", ask: ask, status: 501}
	}
	return []exchange{
		{name: "login", ask: `GET /auth/social/google/login`, status: http.StatusFound, then: leadsTo("https://google.example/authorize?")},
		{
			name: "callback", pass: "SecurePass123!", given: atGoogle(googleLogin),
			ask: `GET /auth/social/google/callback?code=oauth_code_abc123`, status: http.StatusFound, then: leadsTo("http://localhost:8080/app/"),
		},
		{
			name: "callback as JSON", given: atGoogle(googleLogin),
			ask:    `GET /auth/social/google/callback?code=oauth_code_abc123&format=json`,
			answer: strings.Replace(socialAnswer, "LOGIN_TYPE", "social_auth", 1),
		},
		{
			name: "callback as JSON, of an account", pass: "SecurePass123!", given: atGoogle(googleLogin),
			ask:    `GET /auth/social/google/callback?code=oauth_code_abc123&format=json`,
			answer: strings.Replace(socialAnswer, "LOGIN_TYPE", "social_auth", 1), differs: socialDiffers,
		},
		{
			name: "login by access token", given: byToken,
			ask: `POST /auth/social/google/login-api

{
  "accessToken": "google_access_token_abc123"
}`,
			answer: strings.Replace(socialAnswer, "LOGIN_TYPE", "social_auth_api", 1),
		},
		{
			name: "login by id token, of an account", pass: "SecurePass123!", given: byToken,
			ask: `POST /auth/social/google/login-api

{
  "idToken": "google_id_token_xyz789"
}`,
			answer: strings.Replace(socialAnswer, "LOGIN_TYPE", "social_auth_api", 1), differs: socialDiffers,
		},
		{
			name: "providers",
			ask:  `GET /auth/social/providers`,
			answer: `{
  "success": true,
  "data": {
    "providers": [
      {
        "provider": "google",
        "enabled": true,
        "loginUrl": "/auth/social/google/login",
        "apiLoginUrl": "/auth/social/google/login-api"
      }
    ],
    "allProviders": [],
    "globallyEnabled": true
  }
}`,
			given: func(_ *testing.T, w *world) { delete(w.providers, "acme") }, // the document has named ones only
		},
		{
			name: "accounts", pass: "SecurePass123!", given: linkedToGoogle,
			ask: `GET /auth/social/accounts
X-Session-ID: ses_xyz789`,
			answer: `{
  "success": true,
  "data": {
    "accounts": [
      {
        "provider": "google",
        "provider_email": "user@example.com",
        "provider_name": "John Doe",
        "provider_picture": "https://example.com/avatar.jpg",
        "linked_at": "2025-12-07T10:00:00Z",
        "last_updated": "2025-12-07T10:00:00Z"
      }
    ]
  }
}`,
		},
		{
			name: "an account that is unlinked", pass: "SecurePass123!", given: linkedToGoogle,
			ask: `DELETE /auth/social/accounts/google
X-Session-ID: ses_xyz789`,
			answer: `{
  "success": true,
  "message": "google account unlinked successfully"
}`,
		},
		{
			name: "oauth", ask: `GET /auth/oauth/google?redirect_uri=https://yourapp.com/callback`,
			status: http.StatusFound, then: leadsTo("https://google.example/authorize?"),
		},
		{
			name: "oauth callback", given: atGoogle(googleOauth),
			ask: `GET /auth/oauth/callback?code=authorization_code_from_provider&state=state_token`,
			answer: `{
  "success": true,
  "session_id": "ses_oauth123",
  "user": {
    "id": "usr_abc123",
    "email": "user@example.com",
    "name": "Demo User",
    "picture": "https://avatar.url"
  }
}`,
			differs: []decision{{"user.name", `"John Doe"`, "it is he who came"}},
		},
		absent("two-factor, system", `GET /auth/two_factor/system`),
		absent("two-factor, methods", `GET /auth/two_factor/methods
X-Session-ID: ses_xyz789`),
		absent("two-factor, setup", `POST /auth/two_factor/email/setup
X-Session-ID: ses_xyz789`),
		absent("two-factor, start", `POST /auth/two_factor/email/start
X-Session-ID: ses_xyz789`),
		absent("two-factor, verify", `POST /auth/two_factor/verify
X-Session-ID: ses_xyz789

{"code": "123456"}`),
		absent("two-factor, toggle", `POST /auth/two_factor/toggle
X-Session-ID: ses_xyz789

{"enabled": true}`),
		absent("two-factor, deleted", `DELETE /auth/two_factor/abc
X-Session-ID: ses_xyz789`),
	}
}
