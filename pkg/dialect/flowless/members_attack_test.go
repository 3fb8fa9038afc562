package flowless_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// forbidden are members by which somebody could make more of themselves, and what the dialect
// does with each: it reads past those of a user that clients send back, and refuses the others.
var forbidden = []struct {
	member string
	value  any
	status int
}{
	{"userType", "admin", http.StatusOK},
	{"user_type", "superadmin", http.StatusOK},
	{"isVerified", true, http.StatusOK},
	{"is_verified", true, http.StatusOK},
	{"two_factor", true, http.StatusOK},
	{"twoFactor", true, http.StatusOK},
	{"id", "somebodyelse", http.StatusOK},
	{"created_at", "1970-01-01T00:00:00Z", http.StatusOK},
	{"createdAt", "1970-01-01T00:00:00Z", http.StatusOK},
	{"updated_at", "1970-01-01T00:00:00Z", http.StatusOK},
	{"picture", "https://example.com/me.png", http.StatusOK},
	{"role", "admin", http.StatusBadRequest},
	{"localId", "somebodyelse", http.StatusBadRequest},
	{"banned", false, http.StatusBadRequest},
	{"disabled", false, http.StatusBadRequest},
	{"passwordHash", "$argon2id$v=19$m=16,t=2,p=1$YWFhYWFhYWE$AAAAAAAAAAAAAAAAAAAAAA", http.StatusBadRequest},
	{"password_hash", "x", http.StatusBadRequest},
	{"password", "another long phrase", http.StatusBadRequest},
	{"claims", object{"admin": true}, http.StatusBadRequest},
	{"identifiers", []object{{"kind": "seat", "value": "superadmin"}}, http.StatusBadRequest},
	{"epoch", 0, http.StatusBadRequest},
	{"UserType", "admin", http.StatusBadRequest},
	{"USER_TYPE", "admin", http.StatusBadRequest},
	{"user-type", "admin", http.StatusBadRequest},
	{"user_type ", "admin", http.StatusBadRequest},
	{"__proto__", object{"user_type": "admin"}, http.StatusBadRequest},
	{"data", object{"user_type": "admin"}, http.StatusBadRequest},
	{"user", object{"user_type": "admin"}, http.StatusBadRequest},
}

// self returns what somebody's account says of itself.
func self(t *testing.T, s *dialecttest.Server, id string) object {
	t.Helper()
	r := s.Do(t, dialecttest.Request{Path: "/flowless/auth/user/me", ID: id})
	var a struct {
		User object `json:"user"`
	}
	r.JSON(t, &a)
	if r.Status != http.StatusOK {
		t.Fatalf("got %d %s", r.Status, r.Body)
	}
	delete(a.User, "updated_at") // a profile was changed, after all
	delete(a.User, "updatedAt")
	return a.User
}

func TestNobodyMakesMoreOfTheirOwnAccount(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := dialecttest.Start(t, open, dialecttest.Options{})
		ada := s.NewFlowless(t, "ada@example.com", identity.Customer)
		for _, path := range []string{"/flowless/auth/profile", "/flowless/auth/update", "/flowless/auth/user/me"} {
			for _, f := range forbidden {
				before := self(t, s, ada.ID)
				r := s.Do(t, dialecttest.Request{Method: http.MethodPut, Path: path, ID: ada.ID, Body: body(object{f.member: f.value})})
				if r.Status != f.status {
					t.Errorf("PUT %s with %s: %d %s, want %d", path, f.member, r.Status, r.Body, f.status)
				}
				if d := cmp.Diff(before, self(t, s, ada.ID)); d != "" {
					t.Errorf("PUT %s with %s:\n%s", path, f.member, d)
				}
			}
		}
		if got := s.FlowlessLogin(t, ada.Email, ada.Password); got.UserID != ada.UserID {
			t.Error("the password or the address has changed")
		}
	})
}

func TestAnAddressIsNotGivenByAskingForIt(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := dialecttest.Start(t, open, dialecttest.Options{})
		ada := s.NewFlowless(t, "ada@example.com", identity.Customer)
		put := func(path string, o object) dialecttest.Request {
			return dialecttest.Request{Method: http.MethodPut, Path: path, ID: ada.ID, Body: body(o)}
		}
		s.Clock.Advance(11 * time.Minute)
		for _, path := range []string{"/flowless/auth/profile", "/flowless/auth/update", "/flowless/auth/user/me"} {
			before := self(t, s, ada.ID)
			s.Run(t, []dialecttest.Case{
				{Name: "long after signing in", Request: put(path, object{"email": "new@example.com"}), Status: 403, Code: "REAUTH_REQUIRED"},
				{Name: "with a wrong password", Request: put(path, object{"email": "new@example.com", "currentPassword": "wrong"}), Status: 401},
				{Name: "with the right one", Request: put(path, object{"email": "new@example.com", "currentPassword": ada.Password}), Status: 200, Has: []string{`"pending_email":"new@example.com"`}},
			})
			if d := cmp.Diff(before, self(t, s, ada.ID)); d != "" {
				t.Errorf("%s:\n%s", path, d)
			}
		}
	})
}

func TestNobodySignsUpAsMoreThanACustomer(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := dialecttest.Start(t, open, dialecttest.Options{})
		customer := s.NewFlowless(t, "customer@example.com", identity.Customer)
		doors := map[string]dialecttest.Request{
			"openly":           {Path: "/flowless/auth/register"},
			"as somebody else": {Path: "/flowless/auth/register", ID: customer.ID},
			"at a bridge":      {Path: "/flowless/auth/register/public", Bridge: dialecttest.BridgeSecret},
		}
		for how, q := range doors {
			for i, f := range forbidden {
				if f.member == "password" {
					continue // a sign-up has one
				}
				email := fmt.Sprintf("%d.%x@example.com", i, how)
				o := object{"email": email, "password": "a long enough phrase", f.member: f.value}
				q.Body = body(o)
				r := s.Do(t, q)
				if (f.status == http.StatusBadRequest) != (r.Status == http.StatusBadRequest) || r.Status >= 500 {
					t.Errorf("%s with %s: %d %s", how, f.member, r.Status, r.Body)
				}
				u, err := s.App.Accounts.Find(t.Context(), email)
				if (err == nil) != (f.status == http.StatusOK) {
					t.Errorf("%s with %s: %v", how, f.member, err)
				}
				if err == nil && (u.UserType != identity.Customer || u.EmailVerified || u.Disabled || u.ID == f.value ||
					u.Picture != "" || u.CreatedAt.Year() == 1970 || len(u.Identifiers) != 1) {
					t.Errorf("%s with %s: %+v", how, f.member, u)
				}
			}
		}
	})
}
