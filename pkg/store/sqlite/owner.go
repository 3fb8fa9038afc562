package sqlite

import (
	"context"
	"errors"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// SessionAndUser implements store.Sessions. Every authenticated request comes through here:
// one read brings the session and the revision of its user, and the user's record is read and
// decoded only when that revision is new.
func (s *Store) SessionAndUser(ctx context.Context, id string) (identity.Session, identity.User, error) {
	const query = `SELECT ` + sessionColumns + `, COALESCE((SELECT rev FROM users WHERE users.id = sessions.user_id), 0)
		FROM sessions WHERE id = ?`
	var rev int64
	sess, err := get(ctx, s, func(r row) (identity.Session, error) {
		return scanSession(alsoRow{r, &rev})
	}, query, id)
	if err != nil || rev == 0 {
		return sess, identity.User{}, err
	}
	if u, ok := s.users.find(sess.UserID, rev); ok {
		return sess, u, nil
	}
	u, err := s.User(ctx, sess.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return sess, identity.User{}, nil
	}
	if err != nil {
		return identity.Session{}, identity.User{}, err
	}
	s.users.add(u)
	return sess, u, nil
}

// alsoRow is a row with one more column at its end.
type alsoRow struct {
	row
	also any
}

func (r alsoRow) Scan(dest ...any) error { return r.row.Scan(append(dest, r.also)...) }
