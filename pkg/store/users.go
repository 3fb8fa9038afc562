package store

import (
	"context"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// Users keeps accounts and the names they sign in by.
type Users interface {
	// CreateUser stores u at revision 1 (whatever u.Rev says), makes it the only holder of
	// u.Identifiers and records also, in one step. ErrExists when the id or one of the
	// identifiers is taken, and none of the others is claimed; of any number of concurrent
	// callers with one identifier, or with several in whatever order, exactly one succeeds.
	CreateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error
	// User returns the account with this id, tombstones and provisional ones included.
	User(ctx context.Context, id string) (identity.User, error)
	// UserByIdentifier returns the holder of a name, provisional ones included, or
	// ErrNotFound. The user it returns lists the name.
	UserByIdentifier(ctx context.Context, name identity.Identifier) (identity.User, error)
	// UpdateUser replaces the account when it is still at u.Rev, raises the revision by one
	// and records also, in one step. ErrStale when it is at another revision or gone.
	// Identifiers that u gained are claimed as in CreateUser (ErrExists, and nothing
	// changes); those it lost are free again when the call returns. Of concurrent updates of
	// one user at one revision exactly one succeeds and the others get ErrStale, also when
	// they gain the same name.
	UpdateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error
	// RemoveUser deletes the record at revision rev and frees its names; ErrStale when it is
	// at another revision. An account that is gone already is no error. Consequences of the
	// account that are outstanding stay due.
	RemoveUser(ctx context.Context, id string, rev int64) error
	// Users returns up to limit accounts with an id greater than after, in the order of ids.
	Users(ctx context.Context, after string, limit int) ([]identity.User, error)
	// SearchUsers returns a page of the active accounts that q finds, the newest first: by
	// CreatedAt, then by ID in the order of its bytes, both descending. Total is how many it
	// finds, whatever the page; it may be of a moment after the page. A page behind the last
	// is empty. What an account is found by changes in the step that changes the account, and
	// goes with it: one that q finds before and after a change is found all through it.
	SearchUsers(ctx context.Context, q UserQuery) (page []identity.User, total int64, err error)
}

// UserQuery says which accounts are wanted. The zero value finds every active account and
// returns none of them.
type UserQuery struct {
	// Words are as identity.SearchWords returns them. Each must be one of the account's
	// SearchTerms, or what one begins with, byte for byte.
	Words    []string
	UserType string // of exactly this type; empty means any
	Skip     int    // how many of the newest to leave out; none when negative
	Limit    int    // how many to return at most; none when 0 or negative
}
