package native_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

type (
	request = dialecttest.Request
	kase    = dialecttest.Case
)

func start(t *testing.T, open dialecttest.Opener, env ...string) *dialecttest.Server {
	t.Helper()
	return dialecttest.Start(t, open, dialecttest.Options{Env: env})
}

func body(pairs ...string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return dialecttest.JSON(m)
}

const goodPassword = "a long enough phrase"

func TestAnAccountFromRegistrationToDeletion(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		a := s.Register(t, "Ada@Example.com", goodPassword)
		if a.Email != "Ada@Example.com" || a.ExpiresIn != 3600 || len(a.LocalID) != identity.UserIDLength {
			t.Fatalf("AuthorizationResponse is %+v", a)
		}
		b := s.Login(t, "ada@example.COM", goodPassword)
		if b.LocalID != a.LocalID {
			t.Fatalf("signed in as %s, want %s", b.LocalID, a.LocalID)
		}
		c := s.Refresh(t, b.RefreshToken)
		s.Run(t, []kase{
			{Name: "me", Request: request{Path: "/auth/me", Bearer: c.AccessToken}, Status: 200, Has: []string{`"email":"Ada@Example.com"`, a.LocalID}, Never: []string{"assword", "hash"}},
			{Name: "profile", Request: request{Method: "PATCH", Path: "/auth/me", Bearer: c.AccessToken, Body: `{"name":"Ada","lastName":"Lovelace","birthDate":"1815-12-10"}`}, Status: 200, Has: []string{`"lastName":"Lovelace"`}},
			{Name: "a profile cannot promote", Request: request{Method: "PATCH", Path: "/auth/me", Bearer: c.AccessToken, Body: `{"userType":"admin"}`}, Status: 400, Code: "invalid_input", Has: []string{`"field":"userType"`}},
			{Name: "two sessions live", Request: request{Path: "/auth/sessions", Bearer: c.AccessToken}, Status: 200, Has: []string{`"current":true`, `"current":false`}},
			{Name: "the wrong password is not changed", Request: request{Path: "/auth/changePassword", Bearer: c.AccessToken, Body: body("currentPassword", "nonsense", "newPassword", "another long phrase")}, Status: 401, Code: "bad_credentials"},
			{Name: "an invitation is not a customer's to make", Request: request{Method: "POST", Path: "/auth/generateInvitationCode", Bearer: c.AccessToken}, Status: 403, Code: "insufficient_scope"},
		})
		r := s.Do(t, request{Path: "/auth/changePassword", Bearer: c.AccessToken, Body: body("currentPassword", goodPassword, "newPassword", "another long phrase")})
		var d dialecttest.Authorization
		r.JSON(t, &d)
		for name, token := range map[string]string{"the first session": a.AccessToken, "the session that asked": c.AccessToken} {
			if got := s.Me(t, token); got != 401 {
				t.Errorf("%s is answered %d after the password changed", name, got)
			}
		}
		s.Run(t, []kase{
			{Name: "the new session lives", Request: request{Path: "/auth/me", Bearer: d.AccessToken}, Status: 200},
			{Name: "the old refresh token is dead", Request: request{Path: "/auth/refreshToken", Body: body("refreshToken", c.RefreshToken)}, Status: 401, Code: "session_ended"},
			{Name: "the old password is dead", Request: request{Path: "/auth/login", Key: s.Publishable, Body: body("email", "ada@example.com", "password", goodPassword)}, Status: 401, Code: "bad_credentials"},
			{Name: "deletion needs the password", Request: request{Method: "DELETE", Path: "/auth/me", Bearer: d.AccessToken, Body: body("currentPassword", "x")}, Status: 401},
			{Name: "deletion", Request: request{Method: "DELETE", Path: "/auth/me", Bearer: d.AccessToken, Body: body("currentPassword", "another long phrase")}, Status: 204},
			{Name: "nothing is left of the session", Request: request{Path: "/auth/me", Bearer: d.AccessToken}, Status: 401, Code: "session_ended"},
			{Name: "nor of the refresh token", Request: request{Path: "/auth/refreshToken", Body: body("refreshToken", d.RefreshToken)}, Status: 401},
			{Name: "nor of the account", Request: request{Path: "/auth/login", Key: s.Publishable, Body: body("email", "ada@example.com", "password", "another long phrase")}, Status: 401, Code: "bad_credentials"},
		})
		if again := s.Register(t, "ada@example.com", goodPassword); again.LocalID == a.LocalID {
			t.Error("a deleted account's id was used again")
		}
	})
}

func TestSignOut(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		s.Register(t, "ada@example.com", goodPassword)
		login := func() dialecttest.Authorization { return s.Login(t, "ada@example.com", goodPassword) }
		for _, tc := range []struct {
			scope              string
			self, other, later int
		}{
			{`{"scope":"this"}`, 401, 200, 200},
			{``, 401, 200, 200},
			{`{"scope":"others"}`, 200, 401, 200},
			{`{"scope":"all"}`, 401, 401, 200},
		} {
			t.Run("scope "+tc.scope, func(t *testing.T) {
				other, self := login(), login()
				r := s.Do(t, request{Method: "POST", Path: "/auth/logout", Bearer: self.AccessToken, Body: tc.scope})
				if r.Status != http.StatusNoContent {
					t.Fatalf("%d %s", r.Status, r.Body)
				}
				if got := s.Me(t, self.AccessToken); got != tc.self {
					t.Errorf("this session is answered %d, want %d", got, tc.self)
				}
				if got := s.Me(t, other.AccessToken); got != tc.other {
					t.Errorf("the other session is answered %d, want %d", got, tc.other)
				}
				s.Settle(t)
				if got := s.Me(t, login().AccessToken); got != tc.later {
					t.Errorf("a later session is answered %d, want %d", got, tc.later)
				}
			})
		}
		self := login()
		s.Run(t, []kase{
			{Name: "an unknown scope", Request: request{Path: "/auth/logout", Bearer: self.AccessToken, Body: `{"scope":"some"}`}, Status: 400, Has: []string{`"field":"scope"`}},
			{Name: "another's handle", Request: request{Method: "DELETE", Path: "/auth/sessions/" + strings.Repeat("x", 22), Bearer: self.AccessToken}, Status: 404},
		})
	})
}

func TestASessionEndsByItsHandle(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		first := s.Register(t, "ada@example.com", goodPassword)
		second := s.Login(t, "ada@example.com", goodPassword)
		stranger := s.Register(t, "bob@example.com", goodPassword)
		var list struct {
			Sessions []struct {
				Handle  string
				Current bool
			}
		}
		s.Do(t, request{Path: "/auth/sessions", Bearer: second.AccessToken}).JSON(t, &list)
		for _, sess := range list.Sessions {
			if sess.Current {
				continue
			}
			path := "/auth/sessions/" + sess.Handle
			if r := s.Do(t, request{Method: "DELETE", Path: path, Bearer: stranger.AccessToken}); r.Status != 404 {
				t.Errorf("a stranger is answered %d", r.Status)
			}
			if r := s.Do(t, request{Method: "DELETE", Path: path, Bearer: second.AccessToken}); r.Status != 204 {
				t.Errorf("the owner is answered %d %s", r.Status, r.Body)
			}
		}
		if s.Me(t, first.AccessToken) != 401 || s.Me(t, second.AccessToken) != 200 {
			t.Error("the wrong session ended")
		}
	})
}

func TestSessionsExpire(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, "GATEHOUSE_SESSION_IDLE=2h", "GATEHOUSE_SESSION_MAX=5h")
		a := s.Register(t, "ada@example.com", goodPassword)
		for range 3 {
			s.Clock.Advance(90 * time.Minute)
			a = s.Refresh(t, a.RefreshToken)
		}
		s.Clock.Advance(31 * time.Minute) // 5:01 after sign-in
		if r := s.Do(t, request{Path: "/auth/refreshToken", Body: body("refreshToken", a.RefreshToken)}); r.Status != 401 || r.Code() != "token_expired" {
			t.Errorf("past its longest life: %d %s", r.Status, r.Body)
		}
		b := s.Login(t, "ada@example.com", goodPassword)
		s.Clock.Advance(2 * time.Hour)
		if r := s.Do(t, request{Path: "/auth/refreshToken", Body: body("refreshToken", b.RefreshToken)}); r.Status != 401 || r.Code() != "token_expired" {
			t.Errorf("idle too long: %d %s", r.Status, r.Body)
		}
	})
}

func TestAServerActsForUsers(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		a := s.Register(t, "ada@example.com", goodPassword)
		reader := s.NewKey(t, identity.Secret, identity.ScopeUsersRead)
		s.Run(t, []kase{
			{Name: "a key without the scope", Request: request{Path: "/auth/changePassword", Key: reader, Body: body("email", "ada@example.com", "newPassword", "set by the server")}, Status: 403, Code: "insufficient_scope"},
			{Name: "a publishable key", Request: request{Path: "/auth/changePassword", Key: s.Publishable, Body: body("email", "ada@example.com", "newPassword", "set by the server")}, Status: 403},
			{Name: "both names", Request: request{Path: "/auth/changePassword", Key: s.Secret, Body: body("email", "ada@example.com", "localId", a.LocalID, "newPassword", "set by the server")}, Status: 400},
			{Name: "an unknown user", Request: request{Path: "/auth/changePassword", Key: s.Secret, Body: body("email", "bob@example.com", "newPassword", "set by the server")}, Status: 404},
			{Name: "a weak password", Request: request{Path: "/auth/changePassword", Key: s.Secret, Body: body("localId", a.LocalID, "newPassword", "short")}, Status: 422, Code: "weak_password", Has: []string{`"field":"newPassword"`}},
			{Name: "a user and a server at once", Request: request{Path: "/auth/changePassword", Key: s.Secret, Bearer: a.AccessToken, Body: body("localId", a.LocalID, "newPassword", "set by the server")}, Status: 400, Code: "conflicting_credentials"},
			{Name: "the server", Request: request{Path: "/auth/changePassword", Key: s.Secret, Body: body("localId", a.LocalID, "newPassword", "set by the server")}, Status: 204},
			{Name: "the user's session is over", Request: request{Path: "/auth/me", Bearer: a.AccessToken}, Status: 401},
			{Name: "the new password holds", Request: request{Path: "/auth/login", Key: s.Secret, Body: body("email", "ada@example.com", "password", "set by the server")}, Status: 200},
		})
	})
}

func TestIntrospectionAndRevocation(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		a := s.Register(t, "ada@example.com", goodPassword)
		form := "application/x-www-form-urlencoded"
		s.Run(t, []kase{
			{Name: "an access token by form", Request: request{Path: "/auth/introspect", Key: s.Secret, Type: form, Body: "token=" + a.AccessToken}, Status: 200, Has: []string{`"active":true`, a.LocalID, `"token_type":"access_token"`}},
			{Name: "a refresh token by JSON", Request: request{Path: "/auth/introspect", Key: s.Secret, Body: body("token", a.RefreshToken)}, Status: 200, Has: []string{`"active":true`, `"token_type":"refresh_token"`}},
			{Name: "anything else", Request: request{Path: "/auth/introspect", Key: s.Secret, Body: body("token", s.Secret)}, Status: 200, Has: []string{`{"active":false}`}},
			{Name: "no token", Request: request{Path: "/auth/introspect", Key: s.Secret, Body: `{}`}, Status: 400, Has: []string{`"field":"token"`}},
			{Name: "two tokens", Request: request{Path: "/auth/introspect", Key: s.Secret, Type: form, Body: "token=a&token=b"}, Status: 400},
			{Name: "without the scope", Request: request{Path: "/auth/introspect", Key: s.Publishable, Body: body("token", a.AccessToken)}, Status: 403},
			{Name: "a user", Request: request{Path: "/auth/introspect", Bearer: a.AccessToken, Body: body("token", a.AccessToken)}, Status: 401},
			{Name: "revoking what is none", Request: request{Path: "/auth/revoke", Key: s.Publishable, Body: body("token", "nonsense")}, Status: 200},
			{Name: "revoking the refresh token", Request: request{Path: "/auth/revoke", Key: s.Publishable, Type: form, Body: "token=" + a.RefreshToken + "&token_type_hint=refresh_token"}, Status: 200},
			{Name: "the access token is no longer active", Request: request{Path: "/auth/introspect", Key: s.Secret, Body: body("token", a.AccessToken)}, Status: 200, Has: []string{`{"active":false}`}},
			{Name: "nor the refresh token", Request: request{Path: "/auth/introspect", Key: s.Secret, Body: body("token", a.RefreshToken)}, Status: 200, Has: []string{`{"active":false}`}},
			{Name: "the session is over", Request: request{Path: "/auth/me", Bearer: a.AccessToken}, Status: 401},
		})
	})
}
