package sqlite

import (
	"context"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// catchUpChunk is how many accounts one step makes findable, in some 6 ms.
const catchUpChunk = 100

// catchUp makes accounts findable that an older version has written, in small steps.
func (s *Store) catchUp(ctx context.Context) error {
	const late = `SELECT ` + userColumns + ` FROM users u WHERE u.searched <> u.rev LIMIT ?`
	for {
		// Whoever has nothing to write does not wait for the lock.
		if some, err := all(ctx, s, scanUser, late, 1); err != nil || len(some) == 0 {
			return err
		}
		err := s.writeAll(ctx, func(t *tx) error {
			var users []identity.User
			err := t.each(late, []any{catchUpChunk}, func(r row) error {
				u, err := scanUser(r)
				users = append(users, u)
				return err
			})
			for _, u := range users {
				if err != nil {
					break
				}
				err = t.catchUp(u)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
}

func (t *tx) catchUp(u identity.User) error {
	if err := t.refind(u, u.SearchTerms()); err != nil {
		return err
	}
	_, err := t.exec(`UPDATE users SET searched = rev WHERE id = ?`, u.ID)
	return err
}
