package account_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// asked is a store that notes what it is asked and finds so many.
type asked struct {
	account.Store
	query store.UserQuery
	calls int
	total int64
}

func (a *asked) SearchUsers(_ context.Context, q store.UserQuery) ([]identity.User, int64, error) {
	a.query = q
	a.calls++
	return []identity.User{{ID: "u"}}, a.total, nil
}

func admin() identity.Actor {
	return identity.Actor{User: &identity.User{ID: "a", UserType: identity.Admin}}
}

func TestASearchAsksTheStoreForItsPage(t *testing.T) {
	for _, c := range []struct {
		name  string
		q     account.Search
		total int64
		want  store.UserQuery
		found account.Found
	}{
		{"nothing in particular", account.Search{}, 11, store.UserQuery{Limit: 10}, account.Found{Total: 11, Page: 1, Limit: 10, Pages: 2}},
		{"a later page", account.Search{Page: 3, Limit: 25}, 75, store.UserQuery{Skip: 50, Limit: 25}, account.Found{Total: 75, Page: 3, Limit: 25, Pages: 3}},
		{
			"words of a type", account.Search{Text: " Ada  LOVE ", UserType: identity.Admin, Limit: 1}, 0,
			store.UserQuery{Words: []string{"ada", "love"}, UserType: identity.Admin, Limit: 1}, account.Found{Page: 1, Limit: 1},
		},
		{"the last page there may be", account.Search{Page: 1001, Limit: 100}, 1, store.UserQuery{Skip: 100_000, Limit: 100}, account.Found{Total: 1, Page: 1001, Limit: 100, Pages: 1}},
		{"a text that is taken as it is", account.Search{Text: `.* $where % _ '`}, 1, store.UserQuery{Words: []string{".*", "$where", "%", "_", "'"}, Limit: 10}, account.Found{Total: 1, Page: 1, Limit: 10, Pages: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := &asked{total: c.total}
			got, err := (&account.Service{Store: st}).Search(t.Context(), admin(), c.q)
			if err != nil {
				t.Fatal(err)
			}
			c.found.Users = []identity.User{{ID: "u"}}
			if d := cmp.Diff(c.want, st.query); d != "" {
				t.Errorf("query (-want +got):\n%s", d)
			}
			if d := cmp.Diff(c.found, got); d != "" {
				t.Errorf("found (-want +got):\n%s", d)
			}
		})
	}
}

func TestASearchOutOfBoundsIsRefusedByTheNameOfItsParameter(t *testing.T) {
	for _, c := range []struct {
		name string
		q    account.Search
		want string
	}{
		{"a text that is too long", account.Search{Text: strings.Repeat("a", 10_000)}, "q"},
		{"too many words", account.Search{Text: strings.Repeat("a ", 9)}, "q"},
		{"a text that is not UTF-8", account.Search{Text: "\xff"}, "q"},
		{"a user type that is none", account.Search{UserType: "root"}, "userType"},
		{"another case", account.Search{UserType: "Admin"}, "userType"},
		{"a negative page", account.Search{Page: -1}, "page"},
		{"the lowest page", account.Search{Page: math.MinInt}, "page"},
		{"a page too deep", account.Search{Page: 10_002}, "page"},
		{"a page too deep for its limit", account.Search{Page: 1_002, Limit: 100}, "page"},
		{"the highest page", account.Search{Page: math.MaxInt, Limit: 100}, "page"},
		{"a negative limit", account.Search{Limit: -1}, "limit"},
		{"a limit too high", account.Search{Limit: 101}, "limit"},
		{"the highest limit", account.Search{Limit: math.MaxInt}, "limit"},
		{"all at once", account.Search{Text: "\x00", UserType: "x", Page: -1, Limit: -1}, "q userType limit page"},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := &asked{}
			_, err := (&account.Service{Store: st}).Search(t.Context(), admin(), c.q)
			var fields []string
			for _, f := range fault.From(err).Fields {
				fields = append(fields, f.Field)
			}
			if got := strings.Join(fields, " "); got != c.want || fault.From(err).Kind != fault.Invalid || st.calls != 0 {
				t.Errorf("%v names %q after %d calls, want %q", err, got, st.calls, c.want)
			}
		})
	}
}

func TestOnlyAdminsSearch(t *testing.T) {
	for name, by := range map[string]identity.Actor{
		"nobody":     {},
		"a customer": {User: &identity.User{ID: "c", UserType: identity.Customer}},
		"a server":   {Key: &identity.APIKey{Kind: identity.Secret, Scopes: identity.AllScopes()}},
		"a bridge":   {Bridge: true},
		"a customer behind a server": {
			User: &identity.User{ID: "c", UserType: identity.Customer}, Key: &identity.APIKey{Kind: identity.Secret}, Bridge: true,
		},
	} {
		st := &asked{}
		for _, q := range []account.Search{{}, {UserType: "none"}} {
			if _, err := (&account.Service{Store: st}).Search(t.Context(), by, q); !errors.Is(err, account.ErrNotAllowed) || st.calls != 0 {
				t.Errorf("%s gets %v after %d calls", name, err, st.calls)
			}
		}
	}
	for _, userType := range []string{identity.Admin, identity.Superadmin} {
		by := identity.Actor{User: &identity.User{ID: "a", UserType: userType}}
		if _, err := (&account.Service{Store: &asked{}}).Search(t.Context(), by, account.Search{}); err != nil {
			t.Errorf("%s: %v", userType, err)
		}
	}
}

func TestAnAdminFindsWhoHasJustRegistered(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := dialecttest.Start(t, open, dialecttest.Options{})
		s.Register(t, "Ada.Lovelace@example.com", "a long enough phrase")
		s.Register(t, "bob@example.com", "a long enough phrase")
		for text, want := range map[string]string{"ada": "Ada.Lovelace@example.com", "BOB@exam": "bob@example.com", ".*": "", "lovelace": "", "%": ""} {
			found, err := s.App.Accounts.Search(t.Context(), admin(), account.Search{Text: text})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, u := range found.Users {
				got += u.Email
			}
			if got != want {
				t.Errorf("%q finds %q, want %q", text, got, want)
			}
		}
		if found, err := s.App.Accounts.Search(t.Context(), admin(), account.Search{}); err != nil || found.Total != 2 || found.Pages != 1 {
			t.Errorf("everybody is %+v, error %v", found, err)
		}
	})
}
