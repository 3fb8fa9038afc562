package account

import (
	"context"
	"fmt"
	"slices"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

const (
	defaultPage = 10
	maxPage     = 100
	maxSkip     = 100_000
)

// Search is what an admin looks for.
type Search struct {
	Text     string // words that names, addresses or telephone numbers begin with; empty finds everybody
	UserType string // of this type only; empty means any
	Page     int    // from 1 on; 0 means 1
	Limit    int    // accounts on a page, at most 100; 0 means 10
}

// Found is a page of the active accounts that a search finds, the newest first.
type Found struct {
	Users []identity.User
	Total int64 // on all pages
	Page  int
	Limit int
	Pages int // 0 when nothing is found
}

// Search finds accounts for an admin; ErrNotAllowed for anybody else. A text of more than 200
// characters or 8 words, an unknown user type, and a page that lies behind 100,000 accounts or does
// not exist are refused with the name of the query parameter: q, userType, page or limit.
func (s *Service) Search(ctx context.Context, by identity.Actor, q Search) (Found, error) {
	if by.User == nil || !by.User.IsAdmin() {
		return Found{}, ErrNotAllowed
	}
	query, err := q.query()
	if err != nil {
		return Found{}, err
	}
	found := Found{Page: query.Skip/query.Limit + 1, Limit: query.Limit}
	if found.Users, found.Total, err = s.Store.SearchUsers(ctx, query); err != nil {
		return Found{}, fmt.Errorf("account: search: %w", err)
	}
	found.Pages = int((found.Total + int64(found.Limit) - 1) / int64(found.Limit))
	return found, nil
}

// query checks what is looked for.
func (q Search) query() (store.UserQuery, error) {
	var bad []fault.Field
	refuse := func(field, code, message string) {
		bad = append(bad, fault.Field{Field: field, Code: code, Message: message})
	}
	words, err := identity.SearchWords(q.Text)
	if err != nil {
		refuse("q", "invalid_text", "q is at most 8 words and 200 characters of visible text")
	}
	known := []string{"", identity.Customer, identity.Admin, identity.Superadmin}
	if !slices.Contains(known, q.UserType) {
		refuse("userType", "unknown_value", "userType is one of customer, admin, superadmin")
	}
	if q.Limit < 0 || q.Limit > maxPage {
		refuse("limit", "out_of_range", fmt.Sprintf("limit is from 1 to %d", maxPage))
		q.Limit = 0
	}
	if q.Limit == 0 {
		q.Limit = defaultPage
	}
	if q.Page == 0 {
		q.Page = 1
	}
	if q.Page < 1 || q.Page-1 > maxSkip/q.Limit {
		refuse("page", "out_of_range", fmt.Sprintf("page is from 1 to %d with this limit", maxSkip/q.Limit+1))
	}
	if len(bad) > 0 {
		return store.UserQuery{}, fault.InvalidFields(bad...)
	}
	return store.UserQuery{Words: words, UserType: q.UserType, Skip: (q.Page - 1) * q.Limit, Limit: q.Limit}, nil
}
