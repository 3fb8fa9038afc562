package storetest_test

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func (m *memory) SearchUsers(ctx context.Context, q store.UserQuery) (page []identity.User, total int64, err error) {
	return m.search(ctx, q, finds, youngestFirst)
}

func (m *memory) search(ctx context.Context, q store.UserQuery, finds func(store.UserQuery, identity.User) bool, order func(a, b identity.User) int) ([]identity.User, int64, error) {
	found, err := list(ctx, m, m.users, 1<<30, func(u identity.User) bool { return finds(q, u) }, order)
	if err != nil {
		return nil, 0, err
	}
	from := min(max(0, q.Skip), len(found))
	return found[from:min(from+max(0, q.Limit), len(found))], int64(len(found)), nil
}

func youngestFirst(a, b identity.User) int {
	return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), strings.Compare(b.ID, a.ID))
}

func finds(q store.UserQuery, u identity.User) bool {
	return u.Active() && (q.UserType == "" || u.UserType == q.UserType) && eachWord(q, u, strings.HasPrefix)
}

// eachWord reports whether every word suits one of the account's terms.
func eachWord(q store.UserQuery, u identity.User, suits func(term, word string) bool) bool {
	terms := u.SearchTerms()
	return !slices.ContainsFunc(q.Words, func(w string) bool {
		return !slices.ContainsFunc(terms, func(t string) bool { return suits(t, w) })
	})
}
