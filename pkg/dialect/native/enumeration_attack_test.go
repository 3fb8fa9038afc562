package native_test

import (
	"fmt"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
)

// samples is how many accounts of each sort are compared. Answers are compared byte for byte
// and work is counted, not timed, so a few are enough: a difference shows every time.
const samples = 8

// people returns the addresses of accounts that must look alike from outside, by what is
// special about them.
func people(t *testing.T, s *dialecttest.Server) map[string][]string {
	t.Helper()
	yes := true
	sorts := map[string]account.Setting{"active": {Verified: &yes}, "disabled": {Disabled: &yes, Verified: &yes}, "unverified": {}}
	out := map[string][]string{}
	for i := range samples {
		for sort, set := range sorts {
			email := fmt.Sprintf("%s%d@example.com", sort, i)
			if _, err := s.App.Accounts.Create(t.Context(), dialecttest.Operator, account.Draft{Email: email, Password: goodPassword}, set); err != nil {
				t.Fatal(err)
			}
			out[sort] = append(out[sort], email)
		}
		foreign := fmt.Sprintf("foreign%d@example.com", i) // signs in elsewhere: it has no password here
		if err := s.App.Store.CreateUser(t.Context(), identity.User{
			ID: fmt.Sprintf("foreign%021d", i), Email: foreign, UserType: identity.Customer, EmailVerified: true,
			Identifiers: []identity.Identifier{{Kind: identity.EmailIdentifier, Value: foreign}},
		}); err != nil {
			t.Fatal(err)
		}
		out["without a password"] = append(out["without a password"], foreign)
		deleted := fmt.Sprintf("deleted%d@example.com", i)
		if _, err := s.App.Accounts.Create(t.Context(), dialecttest.Operator, account.Draft{Email: deleted, Password: goodPassword}, account.Setting{}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.App.Accounts.Delete(t.Context(), dialecttest.Operator, deleted); err != nil {
			t.Fatal(err)
		}
		out["deleted"] = append(out["deleted"], deleted)
		out["unknown"] = append(out["unknown"], fmt.Sprintf("unknown%d@example.com", i))
	}
	return out
}

func TestAWrongPasswordDoesNotTellWhoHasAnAccount(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, realLoginLimit)
		work := dialecttest.QuickPasswords(s)
		sorts := people(t, s)
		guess := func(email, password string) (dialecttest.Response, int64) {
			work.Work()
			r := s.Do(t, attempt{email: email, password: password, key: s.Secret}.request(s))
			return r, work.Work()
		}
		for i := range samples {
			for _, password := range []string{wrongPassword, "x", ""} {
				want, cost := guess(sorts["unknown"][i], password)
				if want.Status != 401 || cost != 1 {
					t.Fatalf("an unknown address: %d %s for %d computations", want.Status, want.Body, cost)
				}
				for sort, emails := range sorts {
					if sort == "unknown" {
						continue
					}
					got, work := guess(emails[i], password)
					if alike(t, want, got); work != cost {
						t.Errorf("%s costs %d computations, an unknown one %d", sort, work, cost)
					}
				}
			}
		}
		for sort, want := range map[string]int{"active": 200, "disabled": 403, "unverified": 200, "unknown": 401, "deleted": 401, "without a password": 401} {
			if r, _ := guess(sorts[sort][0], goodPassword); r.Status != want {
				t.Errorf("%s with the right password: %d %s, want %d", sort, r.Status, r.Body, want)
			}
		}
	})
}

func TestOnlyTheRightPasswordTellsThatAnAddressIsNotVerified(t *testing.T) {
	s := start(t, dialecttest.SQLite(t), "GATEHOUSE_REQUIRE_VERIFIED_EMAIL=true")
	work := dialecttest.QuickPasswords(s)
	sorts := people(t, s)
	for i := range samples {
		work.Work()
		unverified := s.Do(t, attempt{email: sorts["unverified"][i], password: wrongPassword}.request(s))
		unknown := s.Do(t, attempt{email: sorts["unknown"][i], password: wrongPassword}.request(s))
		if alike(t, unknown, unverified); work.Work() != 2 {
			t.Error("the two cost different work")
		}
	}
	s.Run(t, []kase{
		{Name: "unverified", Request: attempt{email: sorts["unverified"][0], password: goodPassword}.request(s), Status: 403, Code: "email_not_verified"},
		{Name: "disabled", Request: attempt{email: sorts["disabled"][0], password: goodPassword}.request(s), Status: 403, Code: "account_disabled"},
		{Name: "verified", Request: attempt{email: sorts["active"][0], password: goodPassword}.request(s), Status: 200},
	})
}

// Where addresses are not verified first, the answer to a registration has to say that the
// address is taken; the limit on registrations bounds how many can be asked for.
func TestRegistrationDoesNotTellWhoHasAnAccountWhereAddressesAreVerified(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, "GATEHOUSE_REQUIRE_VERIFIED_EMAIL=true", behindProxy)
		work := dialecttest.QuickPasswords(s)
		sorts := people(t, s)
		codes, err := s.App.Invites.Create(t.Context(), dialecttest.Operator, invite.New{MaxUses: 100})
		if err != nil {
			t.Fatal(err)
		}
		callers := 0 // each is somebody else, with a budget of their own
		register := func(email, password, code string) (dialecttest.Response, int64) {
			work.Work()
			callers++
			r := s.Do(t, request{
				Path: "/auth/register", Key: s.Publishable, Header: map[string]string{"X-Forwarded-For": fmt.Sprintf("203.0.113.%d", callers)},
				Body: body("email", email, "password", password, "invitationCode", code),
			})
			return r, work.Work()
		}
		for i := range samples {
			for _, code := range []string{"", codes[0].Code} {
				want, cost := register(fmt.Sprintf("new%d.%d@example.com", i, len(code)), "another long phrase", code)
				if want.Status != 202 || cost != 1 {
					t.Fatalf("a new address: %d %s for %d computations", want.Status, want.Body, cost)
				}
				for sort, emails := range sorts {
					if sort == "unknown" || sort == "deleted" {
						continue // they are new addresses, too
					}
					got, work := register(emails[i], "another long phrase", code)
					if alike(t, want, got); work != cost {
						t.Errorf("%s costs %d computations, a new one %d", sort, work, cost)
					}
				}
			}
		}
		for sort, want := range map[string]int{"active": 200, "disabled": 403, "unverified": 403} {
			if got := (attempt{email: sorts[sort][0], password: goodPassword}).status(t, s); got != want {
				t.Errorf("%s: the old password is answered %d, want %d", sort, got, want)
			}
			if got := (attempt{email: sorts[sort][0], password: "another long phrase"}).status(t, s); got != 401 {
				t.Errorf("%s: the password of a second registration is answered %d", sort, got)
			}
		}
		inv, err := s.App.Store.Invitation(t.Context(), codes[0].ID)
		if err != nil || inv.Confirmed() != samples || len(inv.Uses) != samples {
			t.Errorf("%d of %d uses are taken for %d new accounts (%v)", len(inv.Uses), inv.MaxUses, samples, err)
		}
	})
}
