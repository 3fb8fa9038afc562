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
}
