package flowless_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// asks returns a good request to every route that has to do with the store, and what each takes
// besides: their bodies have every member the documents know of there.
func asks() []string {
	const (
		profile = `"name":"Eve","lastName":"E","userName":"eve.e","phone":"1","dob":"2001-01-01","gender":"x","referenceId":"x","recoveryEmail":"x@example.com","tmz":"UTC"`
		more    = profile + `,"mobile":"1","bio":"x","displayName":"E"`
		self    = `{"email":"new@example.com","currentPassword":"SecurePass123!",` + more + `}`
		person  = `{"email":"new@example.com","password":"SecurePass123!",` + more
		managed = `"userType":"customer","isVerified":true`
	)
	const picture = "Content-Type: multipart/form-data\n\npicture: [File]"
	return []string{
		"POST /auth/register\n\n" + person + `,"deviceId":"x"}`,
		"POST /auth/register\n" + byAdmin + person + `,` + managed + `}`,
		"POST /auth/register/public\n" + bridged + person + `,"deviceId":"x"}`,
		"POST /auth/login\n\n" + `{"email":"user@example.com","password":"SecurePass123!","deviceId":"x"}`,
		"POST /auth/login\n\n" + `{"userName":"johndoe","password":"SecurePass123!"}`,
		"POST /auth/logout\n" + byJohn,
		"POST /auth/refresh\n" + byJohn,
		"POST /auth/refresh-session\n" + byJohn,
		"GET /auth/validation\n" + byJohn,
		"GET /auth/validate-session\n" + byJohn,
		"GET /auth/me\n" + byJohn,
		"GET /auth/user/me\n" + byJohn,
		"PUT /auth/user/me\n" + byJohn + self,
		"PUT /auth/profile\n" + byJohn + self,
		"PUT /auth/update\n" + byJohn + self,
		"POST /auth/upload/picture\nX-Session-ID: ses_xyz789\n" + picture,
		"POST /auth/upload-picture\nX-Session-ID: ses_xyz789\n" + picture,
		"DELETE /auth/upload/picture\n" + byJohn,
		"POST /auth/password-reset/request\n\n" + `{"email":"user@example.com","resetUrl":"https://yourapp.com/reset"}`,
		"POST /auth/forgot-password\n\n" + `{"email":"user@example.com","resetUrl":"https://yourapp.com/reset"}`,
		"POST /auth/password-reset/validate\n\n" + `{"token":"reset_token_abc123"}`,
		"GET /auth/password-reset/validate?token=reset_token_abc123",
		"GET /auth/password-reset/validate/reset_token_abc123",
		"POST /auth/password-reset/complete\n\n" + `{"token":"reset_token_abc123","newPassword":"NewPassword456!"}`,
		"POST /auth/password-reset/reset\n\n" + `{"token":"reset_token_abc123","newPassword":"NewPassword456!"}`,
		"POST /auth/reset-password\n\n" + `{"token":"reset_token_abc123","newPassword":"NewPassword456!"}`,
		"POST /auth/password-change/self\n" + byJohn + `{"currentPassword":"SecurePass123!","newPassword":"NewPassword456!"}`,
		"POST /auth/change-password\n" + byJohn + `{"currentPassword":"SecurePass123!","newPassword":"NewPassword456!"}`,
		"POST /auth/password-change/admin\n" + byAdmin + `{"userId":"usr_abc123","newPassword":"NewPassword456!"}`,
		"POST /auth/verify-email\n\n" + `{"token":"verify_token_abc123"}`,
		"POST /auth/resend-verification\n" + bridged + `{"email":"user@example.com"}`,
		"POST /auth/resend-verification\n" + byJohn,
		"POST /auth/token/login\n" + bridged + `{"identifier":"user@example.com","type":"email","redirectUrl":"https://yourapp.com/in"}`,
		"POST /auth/token/login\n\n" + `{"token":"login_token_abc123","deviceId":"x"}`,
		"POST /auth/token/create\n" + bridged + `{"identifier":"user@example.com","type":"email","redirectUrl":"https://yourapp.com/in"}`,
		"GET /auth/token/validate?token=login_token_abc123",
		"POST /auth/token/validate\n\n" + `{"token":"login_token_abc123"}`,
		"POST /auth/bridge/validate\n" + bridged + `{"sessionId":"ses_xyz789"}`,
		"POST /auth/validate\n\n" + `{"sessionId":"ses_xyz789","bridge_secret":"your_bridge_secret"}`,
		"GET /auth/users?q=johndoe&userType=customer&page=1&limit=10\n" + byAdmin,
		"POST /auth/users\n" + byAdmin + person + `,` + managed + `}`,
		"GET /auth/admin/users/usr_abc123\n" + byAdmin,
		"GET /auth/users/usr_abc123\n" + byAdmin,
		"PUT /auth/admin/users/usr_abc123\n" + byAdmin + `{"email":"new@example.com",` + more + `,` + managed + `}`,
		"PUT /auth/users/usr_abc123\n" + byAdmin + `{"email":"new@example.com",` + more + `,` + managed + `}`,
		"DELETE /auth/users/usr_abc123\n" + byAdmin,
		"GET /auth/social/accounts\n" + byJohn,
		"DELETE /auth/social/accounts/google\n" + byJohn,
		"GET /auth/social/google/login?redirect_uri=https://yourapp.com/in",
		"GET /auth/social/google/callback?code=oauth_code_abc123",
		"POST /auth/social/google/login-api\n\n" + `{"idToken":"google_id_token_xyz789","nonce":"of-the-app","deviceId":"x"}`,
		"POST /auth/social/google/login-api\n\n" + `{"accessToken":"google_access_token_abc123"}`,
		"POST /auth/social/google/link\n" + byJohn + `{"idToken":"google_id_token_xyz789","nonce":"of-the-app"}`,
		"GET /auth/oauth/google?redirect_uri=https://yourapp.com/in",
		"GET /auth/oauth/callback?code=authorization_code_from_provider&state=state_token",
	}
}

// storeless are the routes that answer without the store.
var storeless = []string{
	"GET /health", "GET /auth/social/providers", "POST /auth/social/:provider/callback", "POST /auth/oauth/callback", "GET /auth/two_factor/system", "GET /auth/two_factor/methods", "POST /auth/two_factor/:id/setup",
	"POST /auth/two_factor/:id/start", "POST /auth/two_factor/verify", "POST /auth/two_factor/toggle", "DELETE /auth/two_factor/:id",
}

// TestEveryRouteIsAsked keeps the list of requests whole.
func TestEveryRouteIsAsked(t *testing.T) {
	asked := append([]string{}, storeless...)
	for _, ask := range asks() {
		line, _, _ := strings.Cut(ask, "\n")
		line, _, _ = strings.Cut(line, "?")
		asked = append(asked, strings.NewReplacer("usr_abc123", ":id", "reset_token_abc123", ":token", "google", ":provider").Replace(line))
	}
	for _, r := range routes() {
		if line := r.Method + " " + strings.TrimPrefix(r.Path, "/flowless"); !slices.Contains(asked, line) {
			t.Errorf("nothing asks %s", line)
		}
	}
}

// newWorld returns a world in which every one of the requests is good.
func newWorld(t *testing.T, s *dialecttest.Server) *world {
	t.Helper()
	w := &world{Server: s, n: 1, admin: s.NewFlowless(t, "root@example.com", identity.Admin)}
	w.john = w.newJohn(t, "SecurePass123!")
	w.providers = provided(s)
	atGoogle(googleLogin, googleOauth)(t, w)
	byToken(t, w)
	mailed(mail.ResetPassword, asksForReset)(t, w)
	w.resetToken = w.token
	mailed(mail.SignInLink, "POST /auth/token/create\n"+bridged+`{"identifier":"user@example.com"}`)(t, w)
	w.loginToken = w.token
	jane := &world{Server: s, n: 2}
	toldToVerify(t, jane)
	w.token = jane.token
	return w
}

// good returns a request of asks in a world.
func (w *world) good(t *testing.T, ask string) dialecttest.Request {
	t.Helper()
	return w.request(t, strings.NewReplacer("reset_token_abc123", w.resetToken, "login_token_abc123", w.loginToken).Replace(ask))
}
