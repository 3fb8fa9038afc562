package native_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/native"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// form is a route that takes a body, with a body that is good.
type form struct {
	request
	strings, numbers map[string]any
}

// with returns the request with one member set to a JSON value.
func (f form) with(name, value string) request {
	members := map[string]any{}
	maps.Copy(members, f.strings)
	maps.Copy(members, f.numbers)
	members[name] = json.RawMessage(value)
	q := f.request
	q.Body = dialecttest.JSON(members)
	return q
}

func good(pairs ...string) map[string]any {
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

// mailedToken stands in forms for a token that only a mail has; posted gives it.
const mailedToken = "<token>"

// posted fills in the token that a form wants out of a mail to its user.
func posted(t *testing.T, s *dialecttest.Server, a dialecttest.Authorization, f form) request {
	t.Helper()
	q := f.request
	members := maps.Clone(f.strings)
	maps.Copy(members, f.numbers)
	if members["token"] == mailedToken {
		switch q.Path {
		case "/auth/resetPassword":
			members["token"] = resetToken(t, s, a.Email)
		case "/auth/verifyEmail":
			members["token"] = s.MailedToken(t, mail.VerifyEmail, a.Email)
		case "/auth/cancelEmailChange":
			must(t, s, changeEmail(a, "new."+a.Email, goodPassword), 202)
			members["token"] = s.MailedToken(t, mail.AddressChange, a.Email)
		}
	}
	q.Body = dialecttest.JSON(members)
	return q
}

// forms returns every route that takes a body, filled in. They are only ever sent with
// something wrong in them.
func forms(s *dialecttest.Server, a dialecttest.Authorization) map[string]form {
	post := func(path string, q request) request {
		q.Method, q.Path = http.MethodPost, path
		return q
	}
	key, server, user := request{Key: s.Publishable}, request{Key: s.Secret}, request{Bearer: a.AccessToken}
	change := user
	change.Method, change.Path = http.MethodPatch, "/auth/me"
	remove := user
	remove.Method, remove.Path = http.MethodDelete, "/auth/me"
	return map[string]form{
		"register":                {post("/auth/register", key), good("email", "new@example.com", "password", goodPassword, "name", "Eve", "lastName", "E", "invitationCode", ""), nil},
		"login":                   {post("/auth/login", key), good("email", a.Email, "password", goodPassword), nil},
		"refreshToken":            {post("/auth/refreshToken", request{}), good("refreshToken", a.RefreshToken), nil},
		"logout":                  {post("/auth/logout", user), good("scope", "all"), nil},
		"changePassword":          {post("/auth/changePassword", user), good("currentPassword", goodPassword, "newPassword", "another long phrase"), nil},
		"changePassword by id":    {post("/auth/changePassword", server), good("localId", a.LocalID, "newPassword", "another long phrase"), nil},
		"changePassword by email": {post("/auth/changePassword", server), good("email", a.Email, "newPassword", "another long phrase"), nil},
		"PATCH me": {change, good("name", "Eve", "lastName", "E", "displayName", "Evil", "phone", "1", "birthDate", "2001-01-01", "gender", "x",
			"timeZone", "UTC", "bio", "x", "referenceId", "x"), nil},
		"DELETE me":              {remove, good("currentPassword", goodPassword), nil},
		"generateInvitationCode": {post("/auth/generateInvitationCode", server), good("email", "new@example.com", "userType", "customer", "note", "x"), map[string]any{"count": 1, "maxUses": 1, "expiresIn": 60}},
		"introspect":             {post("/auth/introspect", server), good("token", a.AccessToken), nil},
		"revoke":                 {post("/auth/revoke", key), good("token", a.RefreshToken), nil},
		"handoff":                {post("/auth/handoff", user), good("continue", "/app/"), nil},
		"handoff by a server":    {post("/auth/handoff", server), good("continue", "/app/", "refreshToken", a.RefreshToken), nil},
		"social login":           {post("/auth/social/:provider/login-api", key), good("idToken", "a.b.c", "nonce", "x"), nil},
		"social link":            {post("/auth/social/:provider/link", user), good("accessToken", "x"), nil},
		"forgotPassword":         {post("/auth/forgotPassword", request{}), good("email", a.Email), nil},
		"resendVerification":     {post("/auth/resendVerification", request{}), good("email", a.Email), nil},
		"changeEmail":            {post("/auth/changeEmail", user), good("newEmail", "other@example.com", "currentPassword", goodPassword), nil},
		"resetPassword":          {post("/auth/resetPassword", request{}), good("token", mailedToken, "newPassword", "another long phrase"), nil},
		"verifyEmail":            {post("/auth/verifyEmail", request{}), good("token", mailedToken), nil},
		"cancelEmailChange":      {post("/auth/cancelEmailChange", request{}), good("token", mailedToken), nil},
	}
}

// bodiless are the routes beyond GET that take no body.
var bodiless = []string{"DELETE /auth/sessions/:handle", "POST /auth/invitationCodes/:id/resend", "DELETE /auth/invitationCodes/:id", "DELETE /auth/social/accounts/:provider"}

func TestEveryRouteThatTakesABodyIsAttacked(t *testing.T) {
	attacked := map[string]bool{}
	for _, f := range forms(&dialecttest.Server{}, dialecttest.Authorization{}) {
		attacked[f.Method+" "+f.Path] = true
	}
	for _, r := range (&native.Handler{}).Routes() {
		name := r.Method + " " + r.Path
		if r.Method != http.MethodGet && !attacked[name] && !slices.Contains(bodiless, name) {
			t.Errorf("%s is in no form", name)
		}
	}
}

// operators are what a query language would make something of.
var operators = []string{
	`{"$ne":null}`, `{"$gt":""}`, `{"$regex":".*"}`, `{"$where":"sleep(1000)"}`, `{"$in":["a"]}`, `{}`, `["ada@example.com"]`, `[]`, `1`, `1e999`, `-0`, `true`, `false`,
}

// snapshot is everything that an attack could have changed.
func snapshot(t *testing.T, s *dialecttest.Server, a dialecttest.Authorization) string {
	t.Helper()
	users, err := s.App.Accounts.List(t.Context(), "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	sessions := s.Do(t, request{Path: "/auth/sessions", Bearer: a.AccessToken})
	invitations := s.Do(t, request{Path: "/auth/invitationCodes", Key: s.Secret})
	if sessions.Status != 200 || invitations.Status != 200 {
		t.Fatalf("%d %s %d %s", sessions.Status, sessions.Body, invitations.Status, invitations.Body)
	}
	return fmt.Sprintf("%+v\n%s\n%s", users, sessions.Body, invitations.Body)
}

func TestAFieldIsNeverAQuery(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		dialecttest.QuickPasswords(s)
		a := s.Register(t, "ada@example.com", goodPassword)
		before := snapshot(t, s, a)
		for name, f := range forms(s, a) {
			for member := range f.strings {
				for _, value := range operators {
					mustName(t, s, f.with(member, value), name, member)
				}
			}
			for member := range f.numbers {
				for _, value := range []string{
					`"1"`, `1.5`, `1e999`, `0`, `-1`, `-9223372036854775808`, `9223372036854775807`, `9223372036854775808`, `1e3000000000`,
					`{"$gt":0}`, `[1]`, `true`, `""`,
				} {
					mustName(t, s, f.with(member, value), name, member)
				}
			}
		}
		for _, value := range []string{
			`"x"`, `1`, `[]`, `null`, `true`, `[{"plan":"pro"}]`, `{"sub":"x"}`, `{"user_type":"admin"}`, `{"exp":1}`, `{"roles":["admin"]}`, `{"":1}`,
			`{"a":` + strings.Repeat("[", 15) + strings.Repeat("]", 15) + `}`, `{"big":"` + strings.Repeat("x", 1000) + `"}`, `{"a":1,"a":2}`, `{"a":{"b":1,"b":2}}`,
		} {
			q := forms(s, a)["generateInvitationCode"].with("claims", value)
			if r := s.Do(t, q); r.Status != 400 {
				t.Errorf("claims %s: %d %s", value, r.Status, r.Body)
			}
		}
		if diff := cmp.Diff(before, snapshot(t, s, a)); diff != "" {
			t.Errorf("something changed:\n%s", diff)
		}
	})
}

func TestTheFormsThatAreAttackedAreGood(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	dialecttest.QuickPasswords(s)
	for _, name := range slices.Sorted(maps.Keys(forms(s, dialecttest.Authorization{}))) {
		a := s.Register(t, strings.ReplaceAll(name, " ", ".")+"@example.com", goodPassword)
		r := s.Do(t, posted(t, s, a, forms(s, a)[name]))
		if strings.HasPrefix(name, "social ") && r.Code() == "social_provider_unknown" {
			continue // there is none here: what is good about them ends there
		}
		if r.Status/100 != 2 {
			t.Errorf("%s: %d %s", name, r.Status, r.Body)
		}
	}
}

// mustName sends a request with one bad member and wants it named.
func mustName(t *testing.T, s *dialecttest.Server, q request, name, member string) {
	t.Helper()
	r := s.Do(t, q)
	if r.Status != 400 || r.Code() != "invalid_input" || field(t, r) != member {
		t.Errorf("%s: %s: %d %s", name, q.Body, r.Status, r.Body)
	}
}

// privileges are what a client would like to say of itself.
var privileges = []string{
	"userType", "user_type", "role", "roles", "admin", "isAdmin", "isVerified", "is_verified", "emailVerified", "email_verified", "verified",
	"two_factor", "twoFactor", "id", "_id", "uid", "localId", "sub", "created_at", "createdAt", "updatedAt", "banned", "disabled", "deleted",
	"provisional", "passwordHash", "password_hash", "PasswordHash", "epoch", "keptSession", "rev", "claims", "invitationId", "invitation_id",
	"identifiers", "profile", "__proto__", "constructor", "$set", "sessionId", "scope", "amr", "UserType", "EmailVerified",
}

func TestAClientCannotSayWhatItIs(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		dialecttest.QuickPasswords(s)
		a := s.Register(t, "ada@example.com", goodPassword)
		before := snapshot(t, s, a)
		forms := forms(s, a)
		profile := forms["PATCH me"]
		for name, f := range map[string]form{
			"registering": forms["register"], "signing in": forms["login"], "a profile": profile,
			"a refresh": forms["refreshToken"], "a password change": forms["changePassword"],
		} {
			for _, member := range privileges {
				if member == "localId" && name == "a password change" {
					continue // a server's form of that request has it; tested below
				}
				for _, value := range []string{`"superadmin"`, `true`, `{"admin":true}`, `null`} {
					mustName(t, s, f.with(member, value), name, member)
				}
			}
		}
		for _, member := range []string{"email", "password", "newPassword", "currentPassword"} {
			mustName(t, s, profile.with(member, `"evil@example.com"`), "a profile", member)
		}
		if diff := cmp.Diff(before, snapshot(t, s, a)); diff != "" {
			t.Errorf("something changed:\n%s", diff)
		}
		s.Run(t, []kase{
			{Name: "a profile", Request: profile.with("bio", `"it works"`), Status: 200, Has: []string{`"bio":"it works"`, `"userType":"customer"`, `"emailVerified":false`, a.LocalID}},
			{Name: "a registration", Request: forms["register"].with("name", `"Eve"`), Status: 201},
		})
	})
}

func TestAServerCannotLiftItselfByACustomersRoute(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	dialecttest.QuickPasswords(s)
	a := s.Register(t, "ada@example.com", goodPassword)
	admin := s.NewUser(t, "root@example.com", identity.Admin)
	change := func(q request, pairs ...string) request {
		q.Path, q.Body = "/auth/changePassword", body(pairs...)
		return q
	}
	s.Run(t, []kase{
		{Name: "a user who names another", Request: change(request{Bearer: a.AccessToken}, "currentPassword", goodPassword, "newPassword", "another long phrase", "email", "root@example.com"), Status: 400, Has: []string{`"field":"email"`}},
		{Name: "a user who names another by id", Request: change(request{Bearer: a.AccessToken}, "currentPassword", goodPassword, "newPassword", "another long phrase", "localId", admin.LocalID), Status: 400, Has: []string{`"field":"localId"`}},
		{Name: "an admin who names a user", Request: change(request{Bearer: admin.AccessToken}, "newPassword", "another long phrase", "email", "ada@example.com"), Status: 400},
		{Name: "a server without a name", Request: change(request{Key: s.Secret}, "newPassword", "another long phrase"), Status: 400, Has: []string{`"field":"localId"`}},
		{Name: "a server with an empty name", Request: change(request{Key: s.Secret}, "newPassword", "another long phrase", "email", ""), Status: 400},
		{Name: "a server that knows the password", Request: change(request{Key: s.Secret}, "currentPassword", goodPassword, "newPassword", "another long phrase", "email", "ada@example.com"), Status: 400, Has: []string{`"field":"currentPassword"`}},
		{Name: "a query for a name", Request: change(request{Key: s.Secret}, "newPassword", "another long phrase", "localId", `{"$ne":null}`), Status: 404},
		{Name: "nothing changed for the user", Request: attempt{email: "ada@example.com", password: goodPassword}.request(s), Status: 200},
		{Name: "nor for the admin", Request: attempt{email: "root@example.com", password: admin.Password}.request(s), Status: 200},
		{Name: "the server names the user", Request: change(request{Key: s.Secret}, "newPassword", "another long phrase", "localId", a.LocalID), Status: 204},
	})
}
