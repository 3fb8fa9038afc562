package flowless_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
)

func TestASuperadminRemainsWhateverIsAsked(t *testing.T) {
	const rounds = 6
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		one := dialecttest.Start(t, open, dialecttest.Options{})
		two := one.Node(t)
		dialecttest.QuickPasswords(one, two)
		demote, erase := http.MethodPut, http.MethodDelete
		for round := range rounds {
			a := one.NewFlowless(t, opaque.Random(8)+"@example.com", identity.Superadmin)
			b := one.NewFlowless(t, opaque.Random(8)+"@example.com", identity.Superadmin)
			ask := func(by, of dialecttest.Flowless, method string) dialecttest.Request {
				q := users(method, "users/", of.UserID, nil)
				if q.ID = by.ID; method == demote {
					q.Body = body(object{"user_type": "customer"})
				}
				return q
			}
			both := [][2]dialecttest.Request{
				{ask(a, b, demote), ask(b, a, demote)}, {ask(a, a, demote), ask(b, b, demote)}, {ask(a, b, erase), ask(b, a, demote)},
			}[round%3]
			answers := make([]dialecttest.Response, 2)
			dialecttest.Together(2, func(i int) {
				r, err := []*dialecttest.Server{one, two}[i].Try(both[i])
				if answers[i] = r; err != nil {
					t.Error(err)
				}
			})
			var left []dialecttest.Flowless
			for _, who := range []dialecttest.Flowless{a, b} {
				if u, err := one.App.Accounts.Find(t.Context(), who.UserID); err == nil && u.UserType == identity.Superadmin {
					left = append(left, who)
				}
			}
			for _, r := range answers {
				if !slices.Contains([]int{200, 401, 403, 409, 503}, r.Status) {
					t.Errorf("round %d: %d %s", round, r.Status, r.Body)
				}
			}
			if len(left) == 0 {
				t.Fatalf("round %d: nobody is left: %v", round, answers)
			}
			if len(left) == 2 {
				left = left[1:]
				one.Do(t, ask(b, a, demote))
			}
			one.Run(t, []dialecttest.Case{
				{Name: "the last one gives up the role", Request: ask(left[0], left[0], demote), Status: 409, Code: "LAST_SUPERADMIN"},
				{Name: "and has a door of their own to leave by", Request: ask(left[0], left[0], erase), Status: 403, Code: "INSUFFICIENT_SCOPE"},
				{Name: "and still is one", Request: dialecttest.Request{Path: "/flowless/auth/me", ID: left[0].ID}, Status: 200, Has: []string{`"user_type":"superadmin"`}},
			})
			if _, err := one.App.Accounts.Delete(t.Context(), dialecttest.Operator, left[0].UserID); err != nil {
				t.Fatal(err)
			}
		}
	})
}
