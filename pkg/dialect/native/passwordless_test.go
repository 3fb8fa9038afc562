package native_test

import (
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// TestAnAccountWithoutAPasswordIsNotAskedForIt, but has to have signed in a moment ago.
func TestAnAccountWithoutAPasswordIsNotAskedForIt(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := dialecttest.Start(t, open, dialecttest.Options{})
		dialecttest.QuickPasswords(s)
		enter := func() string {
			g, err := s.App.Signin.Assert(t.Context(), identity.Actor{}, identity.Assertion{
				Provider: "google", Subject: "1", Email: "ada@example.com", EmailVerified: true,
			}, "")
			if err != nil {
				t.Fatal(err)
			}
			return g.AccessToken
		}
		asks := func(token string) []request {
			return []request{
				{Path: "/auth/changeEmail", Bearer: token, Body: body("newEmail", "new@example.com")},
				{Path: "/auth/changePassword", Bearer: token, Body: body("newPassword", otherPassword)},
				{Method: "DELETE", Path: "/auth/me", Bearer: token, Body: body()},
			}
		}
		old := enter()
		s.Clock.Advance(11 * time.Minute)
		for _, q := range asks(old) {
			if r := s.Do(t, q); r.Status != 403 || r.Code() != "reauth_required" {
				t.Errorf("%s in an old session: %d %s", q.Path, r.Status, r.Body)
			}
		}
		fresh := asks(enter())
		must(t, s, fresh[0], 202)
		must(t, s, fresh[1], 200)
		token := s.Login(t, "ada@example.com", otherPassword).AccessToken
		for i, want := range []int{401, 400, 401} { // now there is one to ask for
			if r := s.Do(t, asks(token)[i]); r.Status != want {
				t.Errorf("%s without the password: %d %s", fresh[i].Path, r.Status, r.Body)
			}
		}
	})
}
