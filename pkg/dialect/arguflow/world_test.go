package arguflow_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

const (
	phrase  = "engines weave numbers"
	another = "looms count threads"
	ada     = "ada@example.com"
	bob     = "bob@example.com"

	byUsers = "GATEHOUSE_ARGUFLOW_INVITERS=users"
)

type (
	request  = dialecttest.Request
	response = dialecttest.Response
)

// start starts a service with a quick hasher.
func start(t testing.TB, open dialecttest.Opener, env ...string) *dialecttest.Server {
	t.Helper()
	s := dialecttest.Start(t, open, dialecttest.Options{Env: env})
	dialecttest.QuickPasswords(s)
	return s
}

// node starts another node of a service.
func node(t testing.TB, s *dialecttest.Server) *dialecttest.Server {
	t.Helper()
	n := s.Node(t)
	dialecttest.QuickPasswords(n)
	return n
}

// body is a JSON object of texts.
func body(kv ...string) string {
	m := map[string]string{}
	for i := 0; i < len(kv); i += 2 {
		m[kv[i]] = kv[i+1]
	}
	return dialecttest.JSON(m)
}

// twice is the body that sets a password.
func twice(password string, kv ...string) string {
	return body(append(kv, "password", password, "password_confirmation", password)...)
}

// newUser makes an account whose address is verified.
func newUser(t testing.TB, s *dialecttest.Server, email string) identity.User {
	t.Helper()
	yes := true
	u, err := s.App.Accounts.Create(t.Context(), dialecttest.Operator, account.Draft{Email: email, Password: phrase}, account.Setting{Verified: &yes})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// signedIn makes such an account and returns the id of a session of it.
func signedIn(t testing.TB, s *dialecttest.Server, email string) string {
	t.Helper()
	newUser(t, s, email)
	return s.ArguflowLogin(t, email, phrase)
}

// must sends a request that has to be answered by a status.
func must(t testing.TB, s *dialecttest.Server, q request, status int) response {
	t.Helper()
	r := s.Do(t, q)
	if r.Status != status {
		t.Fatalf("%s %s: %d %s, want %d", q.Method, q.Path, r.Status, r.Body, status)
	}
	if status >= 400 {
		r.ArguflowError(t)
	}
	return r
}

// says sends a request that has to be answered by a 400 with a text.
func says(t testing.TB, s *dialecttest.Server, q request, text string) {
	t.Helper()
	r := s.Do(t, q)
	if want := `{"message":` + dialecttest.JSON(text) + "}\n"; r.Status != http.StatusBadRequest || r.Body != want {
		t.Errorf("%s: %d %s, want 400 %s", q.Path, r.Status, r.Body, want)
	}
}

// invited offers an account to an address and returns the id that its mail has.
func invited(t testing.TB, s *dialecttest.Server, email string, referrals ...string) string {
	t.Helper()
	if err := s.App.Signin.Invite(t.Context(), identity.Actor{User: &identity.User{ID: "inviter"}}, invite.Offer{Email: email, ReferralTokens: referrals}); err != nil {
		t.Fatal(err)
	}
	return s.MailedID(t, mail.Invitation, email)
}

// registered sets the password that an invitation asks for.
func registered(t testing.TB, s *dialecttest.Server, email string) {
	t.Helper()
	must(t, s, request{Path: "/api/register/" + invited(t, s, email), Body: twice(phrase)}, 200)
}

// resetID asks for a reset of an address and returns the id that its mail has.
func resetID(t testing.TB, s *dialecttest.Server, email string) string {
	t.Helper()
	must(t, s, request{Path: "/api/password", Body: body("email", email)}, 204)
	return s.MailedID(t, mail.ResetPassword, email)
}

// stored returns an account as the store has it.
func stored(t testing.TB, s *dialecttest.Server, email string) identity.User {
	t.Helper()
	u, err := s.App.Accounts.Find(t.Context(), email)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// alive reports whether a session id is good in the cookie.
func alive(t testing.TB, s *dialecttest.Server, id string) bool {
	t.Helper()
	r := s.Do(t, request{Path: "/api/auth"}.ByCookie(id))
	if r.Status != 200 && r.Status != 401 {
		t.Errorf("me: %d %s", r.Status, r.Body)
	}
	return r.Status == 200
}

// counts fails unless an address has got a number of mails of a kind.
func counts(t testing.TB, s *dialecttest.Server, kind mail.Kind, to string, want int) {
	t.Helper()
	if got := len(s.Mails(t, kind, to)); got != want {
		t.Errorf("%s has %d mails of kind %s, want %d", to, got, kind, want)
	}
}

// isUUID is 8-4-4-4-12 hexadecimal digits in lower case.
func isUUID(s string) bool {
	parts := strings.Split(s, "-")
	if len(parts) != 5 || strings.Trim(s, "0123456789abcdef-") != "" {
		return false
	}
	for i, n := range []int{8, 4, 4, 4, 12} {
		if len(parts[i]) != n {
			return false
		}
	}
	return true
}

// settingOf shuts an account, or opens it.
func settingOf(shut bool) account.Setting { return account.Setting{Disabled: &shut} }
