package arguflow_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// samples is how many accounts of each sort are compared: answers byte for byte, work call by
// call, so that a difference shows every time.
const samples = 6

// watch starts a service whose store and passwords are watched.
func watch(t *testing.T, open dialecttest.Opener, env ...string) (*dialecttest.Server, *dialecttest.Watched, *dialecttest.Passwords) {
	t.Helper()
	s, w := dialecttest.Watch(t, open, env...)
	return s, w, dialecttest.QuickPasswords(s)
}

// people returns addresses that must look alike from outside, by what is special about them.
func people(t *testing.T, s *dialecttest.Server) map[string][]string {
	t.Helper()
	yes, out := true, map[string][]string{}
	for i := range samples {
		for sort, set := range map[string]account.Setting{"known": {Verified: &yes}, "disabled": {Disabled: &yes, Verified: &yes}, "unverified": {}} {
			email := fmt.Sprintf("%s%d@example.com", sort, i)
			if _, err := s.App.Accounts.Create(t.Context(), dialecttest.Operator, account.Draft{Email: email, Password: phrase}, set); err != nil {
				t.Fatal(err)
			}
			out[sort] = append(out[sort], email)
		}
		for _, sort := range []string{"provisional", "foreign"} {
			email := fmt.Sprintf("%s%d@example.com", sort, i)
			if err := s.App.Store.CreateUser(t.Context(), identity.User{
				ID: fmt.Sprintf("%-11s%017d", sort, i), Email: email, UserType: identity.Customer, Provisional: sort == "provisional", EmailVerified: true,
				Identifiers: []identity.Identifier{{Kind: identity.EmailIdentifier, Value: email}},
			}); err != nil {
				t.Fatal(err)
			}
			out[sort] = append(out[sort], email)
		}
		deleted := fmt.Sprintf("deleted%d@example.com", i)
		newUser(t, s, deleted)
		if _, err := s.App.Accounts.Delete(t.Context(), dialecttest.Operator, deleted); err != nil {
			t.Fatal(err)
		}
		out["deleted"] = append(out["deleted"], deleted)
		out["unknown"] = append(out["unknown"], fmt.Sprintf("unknown%d@example.com", i))
	}
	s.Settle(t)
	return out
}

// TestNobodyLearnsWhoHasAnAccount asks for every mail, and tries to sign in, with addresses of
// every sort.
func TestNobodyLearnsWhoHasAnAccount(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s, calls, work := watch(t, open, "GATEHOUSE_TRUSTED_PROXIES=127.0.0.1/32")
		sorts := people(t, s)
		caller := 0
		for name, c := range map[string]struct {
			ask    func(email string) request
			status int
			calls  []string
			work   int64
			mails  map[string]mail.Kind // by sort of account; others get none
		}{
			"inviting": {
				func(email string) request { return request{Path: "/api/invitation", Body: body("email", email)} }, 200, []string{"Hit 1", "Record invitation_request"}, 0,
				map[string]mail.Kind{"unknown": mail.Invitation, "deleted": mail.Invitation, "known": mail.AccountExists, "foreign": mail.AccountExists, "unverified": mail.ResetPassword},
			},
			"inviting with a cookie of nobody": {
				func(email string) request {
					return request{Path: "/invitation", Body: body("email", email)}.ByCookie("x")
				}, 200, []string{"Hit 1", "Record invitation_request"}, 0,
				map[string]mail.Kind{"unknown": mail.Invitation, "deleted": mail.Invitation, "known": mail.AccountExists, "foreign": mail.AccountExists, "unverified": mail.ResetPassword},
			},
			"asking for a reset": {
				func(email string) request { return request{Path: "/api/password/" + email} }, 204, []string{"Hit 1", "Record account_request"}, 0,
				map[string]mail.Kind{"known": mail.ResetPassword, "foreign": mail.ResetPassword, "unverified": mail.ResetPassword},
			},
			"asking for a reset in a body": {
				func(email string) request { return request{Path: "/api/password", Body: body("email", email)} }, 204, []string{"Hit 1", "Record account_request"}, 0,
				map[string]mail.Kind{"known": mail.ResetPassword, "foreign": mail.ResetPassword, "unverified": mail.ResetPassword},
			},
			"signing in": {
				func(email string) request {
					return request{Path: "/api/auth", Body: body("email", email, "password", another)}
				}, 400, nil, 1, nil,
			},
		} {
			t.Run(name, func(t *testing.T) {
				ask := func(email string) (response, []string, int64) {
					caller++
					q := with(c.ask(email), "X-Forwarded-For", fmt.Sprintf("198.51.%d.%d", 100+caller/250, caller%250))
					calls.Since()
					work.Work()
					return s.Do(t, q), calls.Since(), work.Work()
				}
				before := len(s.Letters.All())
				for i := range samples {
					want, wantCalls, cost := ask(sorts["unknown"][i])
					if want.Status != c.status || cost != c.work || c.calls != nil && !slices.Equal(wantCalls, c.calls) {
						t.Fatalf("an unknown address: %d %s after %v and %d computations", want.Status, want.Body, wantCalls, cost)
					}
					for sort, emails := range sorts {
						got, gotCalls, gotCost := ask(emails[i])
						alike(t, sort, want, got)
						if diff := cmp.Diff(wantCalls, gotCalls); diff != "" || gotCost != cost {
							t.Errorf("%s costs %d computations, unknown ones %d, and makes other calls (-unknown +%s):\n%s", sort, gotCost, cost, sort, diff)
						}
					}
				}
				s.Settle(t)
				got := map[string]mail.Kind{}
				for _, l := range s.Letters.All()[before:] {
					for sort, emails := range sorts {
						if slices.Contains(emails, l.To) {
							got[sort] = l.Kind
						}
					}
				}
				if len(got)+len(c.mails) > 0 && cmp.Diff(c.mails, got) != "" {
					t.Errorf("mails (-want +got):\n%s", cmp.Diff(c.mails, got))
				}
			})
		}
	})
}
