package flowless_test

import (
	"net/http"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

func TestAnAccountThatAnAdministratorMakesIsMailedItsLink(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		r := newRealm(t, open)
		create := func(path, email string, o object) {
			t.Helper()
			o["email"], o["password"] = email, another
			if a := r.Do(t, r.as("admin", users(http.MethodPost, path, "", o))); a.Status != http.StatusOK {
				t.Fatalf("%s: %d %s", email, a.Status, a.Body)
			}
		}
		create("users", "one@example.com", object{})
		create("register", "two@example.com", object{"is_verified": false})
		create("users", "vouched@example.com", object{"is_verified": true})
		for _, email := range []string{"one@example.com", "two@example.com"} {
			link := body(object{"token": r.MailedToken(t, mail.VerifyEmail, email)})
			if a := r.Do(t, dialecttest.Request{Path: "/flowless/auth/verify-email", Body: link}); a.Status != http.StatusOK {
				t.Errorf("%s: %d %s", email, a.Status, a.Body)
			}
		}
		if got := r.Mails(t, mail.VerifyEmail, "vouched@example.com"); len(got) != 0 {
			t.Errorf("who is vouched for got %d mails", len(got))
		}
	})
}
