package flowless_test

// playgroundSocial is documented and not built: the routes say so. What they say once they are
// is in the reference.
func playgroundSocial() []exchange {
	absent := func(name, ask string) exchange {
		return exchange{name: name, pass: "SecurePass123!", ask: ask, status: 501}
	}
	return []exchange{
		absent("login", `GET /auth/social/google/login`),
		absent("callback", `GET /auth/social/google/callback?code=oauth_code_abc123`),
		absent("callback as JSON", `GET /auth/social/google/callback?code=oauth_code_abc123&format=json`),
		absent("login by access token", `POST /auth/social/google/login-api

{
  "accessToken": "google_access_token_abc123"
}`),
		absent("login by id token", `POST /auth/social/google/login-api

{
  "idToken": "google_id_token_xyz789"
}`),
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
			differs: []decision{
				{"data.providers", "[]", "no provider can be used yet"}, {"data.globallyEnabled", "false", "no provider can be used yet"},
			},
		},
		{
			name: "accounts", pass: "SecurePass123!",
			ask: `GET /auth/social/accounts
X-Session-ID: ses_xyz789`,
			answer: `{
  "success": true,
  "data": {
    "accounts": [
      {
        "provider": "google",
        "provider_email": "user@gmail.com",
        "provider_name": "John Doe",
        "provider_picture": "https://example.com/avatar.jpg",
        "linked_at": "2025-12-07T10:00:00Z",
        "last_updated": "2025-12-07T10:00:00Z"
      }
    ]
  }
}`,
			differs: []decision{{"data.accounts", "[]", "none can be linked yet"}},
		},
		absent("an account that is unlinked", `DELETE /auth/social/accounts/google
X-Session-ID: ses_xyz789`),
		absent("oauth", `GET /auth/oauth/google?redirect_uri=https://yourapp.com/callback`),
		absent("oauth callback", `GET /auth/oauth/callback?code=authorization_code_from_provider&state=state_token`),
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
