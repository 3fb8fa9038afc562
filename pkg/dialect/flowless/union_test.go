package flowless_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// userMembers are what every whole user has.
const userMembers = "bio createdAt created_at displayName display_name dob email gender id isVerified is_verified lang lastName last_name mobile name phone " +
	"picture recoveryEmail recovery_email referenceId reference_id tmz twoFactor two_factor updatedAt updated_at userName userType user_name user_type username"

// TestAnswersCarryTheUnion looks at the answers that are promised member by member.
func TestAnswersCarryTheUnion(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	w := &world{Server: s, n: 1, admin: s.NewFlowless(t, "root@example.com", identity.Admin)}
	w.john = w.newJohn(t, "SecurePass123!")
	ask := func(text string) any {
		t.Helper()
		r := s.Do(t, w.request(t, text))
		if r.Status != 200 {
			t.Fatalf("%s: %d %s", text, r.Status, r.Body)
		}
		return tree(t, r.Body)
	}
	has := func(name string, v any, want string) {
		t.Helper()
		if diff := cmp.Diff(want, keys(t, v)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
	same := func(v any, paths ...string) {
		t.Helper()
		for _, p := range paths[1:] {
			if diff := cmp.Diff(member(v, paths[0]), member(v, p)); diff != "" || member(v, p) == nil {
				t.Errorf("%s and %s differ:\n%s", paths[0], p, diff)
			}
		}
	}
	t.Run("login", func(t *testing.T) {
		v := ask("POST /auth/login\n\n" + `{"email":"user@example.com","password":"SecurePass123!"}`)
		has("all", v, "data expiresAt expires_at sessionId session_id success user")
		has("data", member(v, "data"), "expiresAt expires_at session sessionId session_id success user")
		has("data.session", member(v, "data.session"), "expires_at session_id")
		has("user", member(v, "user"), userMembers)
		same(v, "user", "data.user")
		same(v, "sessionId", "session_id", "data.sessionId", "data.session_id", "data.session.session_id")
		same(v, "expiresAt", "expires_at", "data.expiresAt", "data.expires_at", "data.session.expires_at")
		same(v, "success", "data.success")
	})
	t.Run("register", func(t *testing.T) {
		w := &world{Server: s, n: 2}
		v := tree(t, s.Do(t, w.request(t, "POST /auth/register\n\n"+`{"email":"user@example.com","password":"SecurePass123!","name":"John","lastName":"Doe","userName":"johndoe"}`)).Body)
		has("data.session", member(v, "data.session"), "expires_at session_id")
		has("data.user", member(v, "data.user"), userMembers)
		same(v, "data.session.session_id", "data.sessionId")
		sameInside(t, v, "id email name last_name lastName user_name userName username user_type userType")
	})
	t.Run("register by an admin", func(t *testing.T) {
		w := &world{Server: s, n: 3, admin: w.admin}
		v := tree(t, s.Do(t, w.request(t, "POST /auth/register\n"+byAdmin+`{"email":"user@example.com","password":"SecurePass123!","name":"John"}`)).Body)
		sameInside(t, v, "id email name last_name lastName user_name userName username user_type userType")
		if member(v, "data.session") != nil || member(v, "data.sessionId") != nil {
			t.Errorf("there is a session: %v", v)
		}
	})
	t.Run("me", func(t *testing.T) {
		for _, path := range []string{"/auth/me", "/auth/user/me"} {
			v := ask("GET " + path + "\nX-Session-ID: ses_xyz789")
			has("all", v, "data success user")
			has("user", member(v, "user"), userMembers)
			same(v, "user", "data.user")
			sameInside(t, v, userMembers)
		}
	})
	t.Run("refresh", func(t *testing.T) {
		for _, path := range []string{"/auth/refresh", "/auth/refresh-session"} {
			w.john = s.FlowlessLogin(t, w.email(), "SecurePass123!")
			v := ask("POST " + path + "\nX-Session-Id: ses_xyz789")
			has("all", v, "data expires_at session_id success")
			has("data", member(v, "data"), "expires_at session_id")
			same(v, "session_id", "data.session_id")
			same(v, "expires_at", "data.expires_at")
		}
	})
	t.Run("errors", func(t *testing.T) {
		for _, text := range []string{"GET /auth/me", "GET /auth/nothing", "PUT /auth/login", "POST /auth/login\n\n{", "POST /auth/bridge/validate\nX-Bridge-Secret: x"} {
			r := s.Do(t, w.request(t, text))
			has(text, tree(t, r.Body), "code error message success")
			r.FlowlessError(t)
		}
	})
}

// sameInside checks that data shows of the user what data.user shows.
func sameInside(t *testing.T, v any, names string) {
	t.Helper()
	outer, inner := map[string]any{}, map[string]any{}
	for _, name := range strings.Fields(names) {
		outer[name], inner[name] = member(v, "data."+name), member(v, "data.user."+name)
		members, _ := member(v, "data").(map[string]any)
		if _, there := members[name]; !there {
			t.Errorf("data has no %s", name)
		}
	}
	if diff := cmp.Diff(inner, outer); diff != "" {
		t.Errorf("data is not data.user:\n%s", diff)
	}
}

// TestASignUpThatWaitsTellsNobodyWhoHasAnAccount registers an address twice, and once a new one.
func TestASignUpThatWaitsTellsNobodyWhoHasAnAccount(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, "GATEHOUSE_REQUIRE_VERIFIED_EMAIL=true")
		ids := map[any]bool{}
		var answers []string
		for _, email := range []string{"ada@example.com", "ada@example.com", "eve@example.com"} {
			r := s.Do(t, dialecttest.Request{Path: "/flowless/auth/register", Body: dialecttest.JSON(map[string]string{"email": email, "password": "engines weave numbers", "name": "Ada"})})
			id, _ := member(tree(t, r.Body), "data.user.id").(string)
			if r.Status != 200 || len(id) != 28 || ids[id] {
				t.Fatalf("%s: %d %s", email, r.Status, r.Body)
			}
			ids[id] = true
			answers = append(answers, strings.NewReplacer(id, "id", email, "email").Replace(r.Body))
		}
		if answers[0] != answers[1] || answers[0] != answers[2] {
			t.Errorf("the answers differ: %s", answers)
		}
	})
}
