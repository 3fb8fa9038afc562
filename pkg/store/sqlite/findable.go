package sqlite

import (
	"context"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

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
			err := t.each(late, []any{sweepChunk}, func(r row) error {
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

// scrubLines writes all lines of the search anew: some 0.5 s for 100,000 accounts, in which others
// read. When lines of different lengths are removed SQLite builds pages anew and leaves copies of
// what was on them in the gaps; a page that is given up is overwritten whole.
func (s *Store) scrubLines(ctx context.Context) error {
	return s.writeAll(ctx, func(t *tx) error {
		for _, statement := range []string{
			`CREATE TEMP TABLE IF NOT EXISTS kept_lines (n, created_at, user_id, user_type, terms)`, // in memory
			`INSERT INTO temp.kept_lines SELECT * FROM search_lines ORDER BY n`,
			`DELETE FROM search_lines`,
			`INSERT INTO search_lines SELECT * FROM temp.kept_lines ORDER BY rowid`,
			`DELETE FROM temp.kept_lines`,
		} {
			if _, err := t.exec(statement); err != nil {
				return err
			}
		}
		return nil
	})
}
