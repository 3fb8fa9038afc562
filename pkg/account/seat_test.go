package account_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// court is the superadmins of a service, by a letter each.
type court struct {
	*dialecttest.Server
	db store.Store
	id map[string]string
}

func newCourt(t *testing.T, s *dialecttest.Server) court {
	t.Helper()
	db, ok := s.App.Accounts.Store.(store.Store)
	if !ok {
		t.Fatal("the service has no whole store")
	}
	return court{s, db, map[string]string{}}
}

// gather makes accounts that govern, one for each letter of who, and lets one of them hold the
// seat (none if seated is empty). Those of before are gone.
func (c court) gather(t *testing.T, who, seated string) {
	t.Helper()
	for _, id := range c.id {
		u, err := c.db.User(t.Context(), id)
		if err == nil {
			err = c.db.RemoveUser(t.Context(), id, u.Rev)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	clear(c.id)
	for _, letter := range who {
		u := identity.User{ID: opaque.Random(identity.UserIDLength), UserType: identity.Superadmin}
		u.Email = u.ID + "@example.com"
		key, err := identity.CanonicalEmail(u.Email)
		if err != nil {
			t.Fatal(err)
		}
		u.SetName(identity.EmailIdentifier, key)
		if string(letter) == seated {
			u.SetName(identity.SeatIdentifier, identity.Superadmin)
		}
		if err := c.db.CreateUser(t.Context(), u); err != nil {
			t.Fatal(err)
		}
		c.id[string(letter)] = u.ID
	}
}

// governing returns who governs.
func (c court) governing(t *testing.T) string {
	t.Helper()
	var who string
	for _, letter := range []string{"a", "b", "c"} {
		u, err := c.db.User(t.Context(), c.id[letter])
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
		if err == nil && u.UserType == identity.Superadmin && !u.Disabled && !u.Deleted {
			who += letter
		}
	}
	return who
}

// act is one thing that one superadmin does, as in "a demotes b". The one who does it is
// believed to govern, whatever has become of them: the seat must hold without that check.
func (c court) act(ctx context.Context, accounts *account.Service, what string) error {
	var who, verb, whom string
	if _, err := fmt.Sscan(what, &who, &verb, &whom); err != nil {
		return err
	}
	by := identity.Actor{User: &identity.User{ID: c.id[who], UserType: identity.Superadmin}}
	admin, yes := identity.Admin, true
	var err error
	switch verb {
	case "demotes":
		_, err = accounts.Set(ctx, by, c.id[whom], account.Setting{UserType: &admin})
	case "disables":
		_, err = accounts.Set(ctx, by, c.id[whom], account.Setting{Disabled: &yes})
	case "deletes":
		_, err = accounts.Delete(ctx, by, c.id[whom])
	default:
		err = fmt.Errorf("no such verb in %q", what)
	}
	return err
}

// interrupted stands between a service and its store, and does something in front of the call
// with a number.
type interrupted struct {
	store.Store

	mu    sync.Mutex
	calls int
	at    int
	do    func()
}

func (s *interrupted) call() {
	s.mu.Lock()
	s.calls++
	due := s.calls == s.at
	s.mu.Unlock()
	if due {
		s.do()
	}
}

// arm makes do happen in front of call number at, counted from now on.
func (s *interrupted) arm(at int, do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls, s.at, s.do = 0, at, do
}

func (s *interrupted) happened() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls >= s.at
}

func (s *interrupted) User(ctx context.Context, id string) (identity.User, error) {
	s.call()
	return s.Store.User(ctx, id)
}

func (s *interrupted) UserByIdentifier(ctx context.Context, name identity.Identifier) (identity.User, error) {
	s.call()
	return s.Store.UserByIdentifier(ctx, name)
}

func (s *interrupted) SearchUsers(ctx context.Context, q store.UserQuery) ([]identity.User, int64, error) {
	s.call()
	return s.Store.SearchUsers(ctx, q)
}

func (s *interrupted) UpdateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	s.call()
	return s.Store.UpdateUser(ctx, u, also...)
}

func TestWhateverComesBetweenASuperadminRemains(t *testing.T) {
	const maxCalls = 60
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := dialecttest.Start(t, open, dialecttest.Options{})
		var gap *interrupted
		slow := s.NodeWith(t, func(db store.Store) store.Store {
			gap = &interrupted{Store: db}
			return gap
		})
		c := newCourt(t, s)
		for _, tc := range []struct {
			all     string
			first   string
			between []string
		}{
			{"ab", "a demotes b", []string{"b demotes a"}},
			{"ab", "a demotes b", []string{"b deletes a"}},
			{"ab", "a deletes b", []string{"a demotes a"}},
			{"ab", "a demotes a", []string{"b demotes b"}},
			{"ab", "a disables b", []string{"b disables a"}},
			{"abc", "a demotes a", []string{"b demotes b", "c demotes c"}},
			{"abc", "a demotes b", []string{"b demotes c", "c demotes a"}},
		} {
			for _, seated := range []string{"", "a", "b"} {
				for at := 1; ; at++ {
					c.gather(t, tc.all, seated)
					gap.arm(at, func() {
						for _, what := range tc.between {
							_ = c.act(t.Context(), s.App.Accounts, what) // refused or not: what remains is looked at below
						}
					})
					err := c.act(t.Context(), slow.App.Accounts, tc.first)
					left := c.governing(t)
					if left == "" {
						t.Fatalf("%s, seat held by %q, and in front of call %d: %v: nobody is left", tc.first, seated, at, tc.between)
					}
					if f := fault.From(err); err != nil && f.Code != "last_superadmin" && f.Code != "busy" && f.Code != "not_found" {
						t.Fatalf("%s, with %v in front of call %d: %v", tc.first, tc.between, at, err)
					}
					if !gap.happened() {
						break
					}
					if at == maxCalls {
						t.Fatalf("%s makes more than %d calls", tc.first, maxCalls)
					}
				}
			}
		}
	})
}

func TestSuperadminsWhoTurnOnEachOtherAtOnce(t *testing.T) {
	const rounds = 25
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		one := dialecttest.Start(t, open, dialecttest.Options{})
		two := one.Node(t)
		c := newCourt(t, one)
		for _, acts := range [][]string{
			{"a demotes b", "b demotes a"}, {"a demotes a", "b demotes b"}, {"a deletes b", "b disables a"},
			{"a demotes b", "b demotes c", "c demotes a"},
		} {
			done := 0
			for round := range rounds {
				seated := []string{"", "a", "b"}[round%3]
				c.gather(t, "abc"[:len(acts)], seated)
				errs := make([]error, len(acts))
				dialecttest.Together(len(acts), func(i int) {
					errs[i] = c.act(t.Context(), []*dialecttest.Server{one, two}[i%2].App.Accounts, acts[i])
				})
				left := c.governing(t)
				if left == "" {
					t.Fatalf("%v, round %d, seat held by %q: nobody is left (%v)", acts, round, seated, errs)
				}
				for i, err := range errs {
					if err == nil {
						done++
					} else if f := fault.From(err); f.Code != "last_superadmin" && f.Code != "busy" {
						t.Errorf("%s: %v", acts[i], err)
					}
				}
			}
			if done == 0 {
				t.Errorf("%v: nothing was ever done", acts)
			}
		}
	})
}

func TestAHandOverThatIsCutShortLeavesASuperadmin(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := dialecttest.Start(t, open, dialecttest.Options{})
		var stop *dialecttest.Stopper
		mortal := s.NodeWith(t, func(db store.Store) store.Store {
			stop = &dialecttest.Stopper{Store: db}
			return stop
		})
		c := newCourt(t, s)
		const forever = 1000
		for _, act := range []string{"b demotes a", "a demotes a", "b deletes a", "b disables a"} {
			for _, seated := range []string{"", "a", "b"} {
				for _, lose := range []bool{false, true} {
					for writes := 0; ; writes++ {
						c.gather(t, "ab", seated)
						stop.Stop(writes, lose)
						err := c.act(t.Context(), mortal.App.Accounts, act)
						died := stop.Stopped()
						stop.Stop(forever, false)
						left := c.governing(t)
						if err == nil && left != "b" || left == "" || left == "a" {
							t.Fatalf("%s, dead after %d writes (lost %t), seat held by %q: %q is left, %v", act, writes, lose, seated, left, err)
						}
						if !died {
							break
						}
						again := c.act(t.Context(), s.App.Accounts, act)
						if left == "ab" && again != nil {
							t.Fatalf("%s, dead after %d writes, seat held by %q: later %v", act, writes, seated, again)
						}
						if err := c.act(t.Context(), s.App.Accounts, "a demotes b"); !errors.Is(err, account.ErrLastSuperadmin) {
							t.Fatalf("and then the last one: %v", err)
						}
					}
				}
			}
		}
	})
}

func TestTheLastSuperadminStays(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := dialecttest.Start(t, open, dialecttest.Options{})
		dialecttest.QuickPasswords(s)
		last := s.NewUser(t, "last@example.com", identity.Superadmin)
		s.NewUser(t, "admin@example.com", identity.Admin)
		shut := s.NewUser(t, "shut@example.com", identity.Superadmin)
		yes, no, customer := true, false, identity.Customer
		set := func(by identity.Actor, name string, what account.Setting) error {
			_, err := s.App.Accounts.Set(t.Context(), by, name, what)
			return err
		}
		if err := set(dialecttest.Operator, shut.LocalID, account.Setting{Disabled: &yes}); err != nil {
			t.Fatal(err)
		}
		by, err := s.App.Sessions.Authenticate(t.Context(), last.AccessToken)
		if err != nil {
			t.Fatal(err)
		}
		if err := set(by, last.LocalID, account.Setting{UserType: &customer}); !errors.Is(err, account.ErrLastSuperadmin) {
			t.Errorf("gives up the role: %v", err)
		}
		leave := dialecttest.Request{Method: "DELETE", Path: "/auth/me", Bearer: last.AccessToken, Body: `{"currentPassword":"` + last.Password + `"}`}
		if r := s.Do(t, leave); r.Status != 409 || r.Code() != "last_superadmin" {
			t.Errorf("deletes their account: %d %s", r.Status, r.Body)
		}
		if s.Me(t, last.AccessToken) != 200 {
			t.Error("a refused deletion ended a session")
		}
		if err := set(by, shut.LocalID, account.Setting{UserType: &customer}); err != nil {
			t.Errorf("one who is shut out may lose the role: %v", err)
		}
		other := s.NewUser(t, "other@example.com", identity.Superadmin)
		if r := s.Do(t, leave); r.Status != 204 {
			t.Errorf("with another there: %d %s", r.Status, r.Body)
		}
		if err := set(dialecttest.Operator, other.LocalID, account.Setting{UserType: &customer}); err != nil {
			t.Errorf("whoever has the store in hand: %v", err)
		}
		if _, err := s.App.Accounts.Store.UserByIdentifier(t.Context(), identity.Identifier{Kind: identity.SeatIdentifier, Value: identity.Superadmin}); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("somebody who does not govern holds the seat: %v", err)
		}
		if err := set(dialecttest.Operator, other.LocalID, account.Setting{Disabled: &no}); err != nil {
			t.Error(err)
		}
	})
}

func TestASeatThatNobodyWhoGovernsHoldsIsTakenBack(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := dialecttest.Start(t, open, dialecttest.Options{})
		c := newCourt(t, s)
		c.gather(t, "abc", "c")
		u, err := c.db.User(t.Context(), c.id["c"])
		if u.Disabled = true; err == nil {
			err = c.db.UpdateUser(t.Context(), u)
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := c.act(t.Context(), s.App.Accounts, "a demotes b"); err != nil {
			t.Fatal(err)
		}
		if err := c.act(t.Context(), s.App.Accounts, "b demotes a"); !errors.Is(err, account.ErrLastSuperadmin) {
			t.Error(err)
		}
		if left := c.governing(t); left != "a" {
			t.Errorf("%q is left", left)
		}
	})
}

func TestASuccessorIsFoundBehindManyWhoAreShutOut(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := dialecttest.Start(t, open, dialecttest.Options{})
		c := newCourt(t, s)
		c.gather(t, "ab", "")
		for range 60 {
			u := identity.User{ID: opaque.Random(identity.UserIDLength), UserType: identity.Superadmin, Disabled: true, CreatedAt: s.Clock.Now()}
			if err := c.db.CreateUser(t.Context(), u); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.act(t.Context(), s.App.Accounts, "a demotes b"); err != nil {
			t.Error(err)
		}
		if err := c.act(t.Context(), s.App.Accounts, "b demotes a"); !errors.Is(err, account.ErrLastSuperadmin) {
			t.Error(err)
		}
	})
}
