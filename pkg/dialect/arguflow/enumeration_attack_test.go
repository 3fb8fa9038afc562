package arguflow_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// samples is how many accounts of each sort are compared: answers byte for byte, work call by
// call, so that a difference shows every time.
const samples = 6

// watched notes every call that could tell accounts apart by the time it takes.
type watched struct {
	store.Store

	mu    sync.Mutex
	calls []string
}

func (w *watched) note(call string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, call)
}

// since returns the calls since it was last asked.
func (w *watched) since() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	calls := w.calls
	w.calls = nil
	return calls
}

func (w *watched) User(ctx context.Context, id string) (identity.User, error) {
	w.note("User")
	return w.Store.User(ctx, id)
}

func (w *watched) UserByIdentifier(ctx context.Context, name identity.Identifier) (identity.User, error) {
	w.note("UserByIdentifier")
	return w.Store.UserByIdentifier(ctx, name)
}

func (w *watched) CreateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	w.note("CreateUser")
	return w.Store.CreateUser(ctx, u, also...)
}

func (w *watched) UpdateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	w.note("UpdateUser")
	return w.Store.UpdateUser(ctx, u, also...)
}

func (w *watched) SessionAndUser(ctx context.Context, id string) (identity.Session, identity.User, error) {
	w.note("SessionAndUser")
	return w.Store.SessionAndUser(ctx, id)
}

func (w *watched) CreateInvitation(ctx context.Context, inv identity.Invitation, also ...identity.Consequence) error {
	w.note("CreateInvitation")
	return w.Store.CreateInvitation(ctx, inv, also...)
}

func (w *watched) Invitation(ctx context.Context, id string) (identity.Invitation, error) {
	w.note("Invitation")
	return w.Store.Invitation(ctx, id)
}

func (w *watched) InvitationByCode(ctx context.Context, hash []byte) (identity.Invitation, error) {
	w.note("InvitationByCode")
	return w.Store.InvitationByCode(ctx, hash)
}

func (w *watched) Hit(ctx context.Context, now time.Time, c ...store.Counter) ([]store.Count, error) {
	w.note(fmt.Sprintf("Hit %d", len(c)))
	return w.Store.Hit(ctx, now, c...)
}

func (w *watched) Peek(ctx context.Context, now time.Time, c store.Counter) (store.Count, error) {
	w.note("Peek")
	return w.Store.Peek(ctx, now, c)
}

func (w *watched) Forget(ctx context.Context, keys ...string) error {
	w.note("Forget")
	return w.Store.Forget(ctx, keys...)
}

func (w *watched) Record(ctx context.Context, also ...identity.Consequence) error {
	for _, c := range also {
		w.note("Record " + string(c.Kind))
	}
	return w.Store.Record(ctx, also...)
}

// watch starts a service whose store is watched.
func watch(t *testing.T, open dialecttest.Opener, env ...string) (*dialecttest.Server, *watched, *dialecttest.Passwords) {
	t.Helper()
	var w *watched
	s := dialecttest.Start(t, open, dialecttest.Options{Env: env, Wrap: func(db store.Store) store.Store {
		w = &watched{Store: db}
		return w
	}})
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
					calls.since()
					work.Work()
					return s.Do(t, q), calls.since(), work.Work()
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
