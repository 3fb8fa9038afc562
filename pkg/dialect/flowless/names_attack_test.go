package flowless_test

import (
	"net/http"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// signUp is a sign-up with a user name.
func signUp(email, name string, more ...string) dialecttest.Request {
	o := object{"email": email, "userName": name, "name": "Ada", "password": "engines weave numbers"}
	if len(more) > 0 {
		o["invitationCode"] = more[0]
	}
	return dialecttest.Request{Path: "/flowless/auth/register", Body: body(o)}
}

func named(t *testing.T, s *dialecttest.Server, email, name string) {
	t.Helper()
	d := account.Draft{Email: email, Password: "engines weave numbers", Username: name}
	if _, err := s.App.Accounts.Create(t.Context(), dialecttest.Operator, d, account.Setting{}); err != nil {
		t.Fatal(err)
	}
}

// TestAUserNameTellsNoAddressWhereSignUpsWait: whoever signs up with somebody's address and then
// with one of their own, under one user name, must not see whether the first sign-up took it.
func TestAUserNameTellsNoAddressWhereSignUpsWait(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, "GATEHOUSE_REQUIRE_VERIFIED_EMAIL=true")
		newPerson(t, s, "known@example.com", identity.Customer)
		for email, name := range map[string]string{"known@example.com": "one", "unknown@example.com": "two"} {
			name = "probe-" + name
			s.Do(t, signUp(email, name))
			if r := s.Do(t, signUp(name+"@mallory.example", name)); r.Status != http.StatusOK {
				t.Errorf("%s: %d %s", email, r.Status, r.Body)
			}
		}
	})
}

func TestAUserNameIsTheFirstsToProveTheirAddress(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, "GATEHOUSE_REQUIRE_VERIFIED_EMAIL=true")
		for _, email := range []string{"first@example.com", "second@example.com"} {
			s.Do(t, signUp(email, "Ada"))
		}
		for _, email := range []string{"second@example.com", "first@example.com"} {
			answered(t, s, http.StatusOK, asking("verify-email", object{"token": s.MailedToken(t, mail.VerifyEmail, email)}))
		}
		for email, name := range map[string]any{"second@example.com": "Ada", "first@example.com": nil} {
			r := answered(t, s, http.StatusOK, asking("login", object{"email": email, "password": "engines weave numbers"}))
			if got := member(tree(t, r.Body), "user.user_name"); got != name {
				t.Errorf("%s is called %v, want %v", email, got, name)
			}
		}
		answered(t, s, http.StatusOK, asking("login", object{"userName": "ada", "password": "engines weave numbers"}))
	})
}

func TestATakenUserNameDoesNotUseUpAnInvitation(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, "GATEHOUSE_REGISTRATION=invite")
		named(t, s, "ada@example.com", "ada")
		var made struct{ InvitationCodes []struct{ Code string } }
		s.Do(t, dialecttest.Request{Path: "/auth/generateInvitationCode", Key: s.Secret, Body: `{}`}).JSON(t, &made)
		code := made.InvitationCodes[0].Code
		if r := s.Do(t, signUp("eve@example.com", "Ada", code)); r.Status != http.StatusConflict {
			t.Errorf("a taken name: %d %s", r.Status, r.Body)
		}
		if r := s.Do(t, signUp("eve@example.com", "eve", code)); r.Status != http.StatusOK {
			t.Errorf("another name: %d %s", r.Status, r.Body)
		}
	})
}

// TestABudgetDoesNotTellWhichAddressAUserNameHas: failures under one name must not show at another.
func TestABudgetDoesNotTellWhichAddressAUserNameHas(t *testing.T) {
	s := start(t, dialecttest.SQLite(t), "GATEHOUSE_LIMIT_LOGIN=5/15m")
	named(t, s, "ada@example.com", "ada")
	try := func(name string) dialecttest.Response {
		return s.Do(t, asking("login", object{"username": name, "password": "looms count threads"}))
	}
	for range 6 {
		try("ada")
	}
	if r := try("ada"); r.Status != http.StatusTooManyRequests {
		t.Errorf("the name itself: %d", r.Status)
	}
	has, hasNot := try("ada@example.com"), try("ada@example.org")
	if has.Status != hasNot.Status || has.Header["X-Ratelimit-Remaining"][0] != hasNot.Header["X-Ratelimit-Remaining"][0] {
		t.Errorf("the address of ada: %d, %v left; another: %d, %v left", has.Status, has.Header["X-Ratelimit-Remaining"], hasNot.Status, hasNot.Header["X-Ratelimit-Remaining"])
	}
}

func TestAnEditOfNothingIsNone(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	ada := s.NewFlowless(t, "ada@example.com", identity.Customer)
	before, err := s.App.Accounts.Find(t.Context(), ada.UserID)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		answered(t, s, http.StatusOK, dialecttest.Request{Method: http.MethodPut, Path: "/flowless/auth/user/me", ID: ada.ID, Body: `{"name":"","two_factor":true}`})
	}
	after, err := s.App.Accounts.Find(t.Context(), ada.UserID)
	if err != nil || after.Rev != before.Rev || !after.UpdatedAt.Equal(before.UpdatedAt) {
		t.Errorf("from %+v to %+v, %v", before, after, err)
	}
}
