package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// sweepChunk is how many records one step of a sweep removes, in some 4 ms for which other writes
// wait.
const sweepChunk = 500

// write runs a write of one statement that changes something.
func (s *Store) write(ctx context.Context, run func(*tx) error) error {
	return s.explain(s.writer.do(ctx, false, run))
}

// writeAll runs a write of several statements, of which all count or none.
func (s *Store) writeAll(ctx context.Context, run func(*tx) error) error {
	return s.explain(s.writer.do(ctx, true, run))
}

// writeWith runs a write of one statement and records what follows from it.
func (s *Store) writeWith(ctx context.Context, holder string, also []identity.Consequence, run func(*tx) error) error {
	if len(also) == 0 {
		return s.write(ctx, run)
	}
	return s.writeAll(ctx, func(t *tx) error {
		if err := run(t); err != nil {
			return err
		}
		return t.record(holder, also)
	})
}

// get reads one record.
func get[T any](ctx context.Context, s *Store, scan func(row) (T, error), query string, args ...any) (T, error) {
	v, err := scan(lazyRow(func(dest ...any) error { return s.readers.get(ctx, query, args, dest...) }))
	if err != nil {
		var zero T
		return zero, s.explain(err)
	}
	return v, nil
}

// lazyRow is a row that is read when it is scanned.
type lazyRow func(dest ...any) error

func (r lazyRow) Scan(dest ...any) error { return r(dest...) }

// all reads the records of a list.
func all[T any](ctx context.Context, s *Store, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	var list []T
	err := s.readers.each(ctx, query, args, func(r row) error {
		v, err := scan(r)
		list = append(list, v)
		return err
	})
	if err != nil {
		return nil, s.explain(err)
	}
	return list, nil
}

// Ping implements store.Upkeep: it takes the write lock, and looks whether the file is still
// the one that was opened and the disk has room.
func (s *Store) Ping(ctx context.Context) error {
	if cause := s.damage.Load(); cause != nil {
		return unavailable(*cause)
	}
	now, err := os.Lstat(s.path)
	if err != nil {
		return unavailable(err)
	}
	if !os.SameFile(s.inode, now) {
		return unavailable(errors.New("the database has been replaced by another file: start again"))
	}
	v, err := volumeOf(s.path)
	switch {
	case err != nil:
		return unavailable(err)
	case v.readOnly:
		return unavailable(errors.New("the disk is read-only"))
	case v.free == 0:
		return unavailable(errors.New("the disk is full"))
	}
	return s.write(ctx, func(*tx) error { return nil })
}

// Describe implements store.Upkeep.
func (s *Store) Describe(context.Context) (string, error) {
	return fmt.Sprintf("SQLite %s at %s", s.version, s.path), nil
}

// Sweep implements store.Upkeep. It also moves the write-ahead log into the database.
func (s *Store) Sweep(ctx context.Context, now time.Time) (int64, error) {
	const (
		sessions = `DELETE FROM sessions WHERE id IN (SELECT id FROM sessions d WHERE dead_from < ?
			AND NOT EXISTS (SELECT 1 FROM consequences WHERE holder <> '' AND holder = '` + sessionHolder + `' || d.id) LIMIT ?)`
		counters   = `DELETE FROM counters WHERE name IN (SELECT name FROM counters WHERE resets_at <= ? LIMIT ?)`
		tombstones = `DELETE FROM users WHERE id IN (SELECT id FROM users d WHERE deleted = 1
			AND NOT EXISTS (SELECT 1 FROM consequences WHERE holder <> '' AND holder = '` + userHolder + `' || d.id) LIMIT ?)`
		invitations = `DELETE FROM invitations WHERE id IN (SELECT id FROM invitations
			WHERE form = 'uuid' AND uses_left > 0 AND expires_at < ? LIMIT ?)`
	)
	var removed, erased int64
	for _, step := range []struct {
		statement string
		args      []any
		erases    bool // what is of a person
	}{
		{sessions, []any{millis(now.Add(-store.RetainSessions)), sweepChunk}, false},
		{counters, []any{millis(now), sweepChunk}, false},
		{tombstones, []any{sweepChunk}, true},
		{invitations, []any{millis(now.Add(-store.RetainInvitations)), sweepChunk}, true},
	} {
		n, err := s.sweep(ctx, step.statement, step.args...)
		removed += n
		if step.erases {
			erased += n
		}
		if err != nil {
			return removed, err
		}
	}
	if err := s.catchUp(ctx); err != nil {
		return removed, err
	}
	s.tidy(ctx, erased > 0)
	return removed, nil
}

// sweep runs a statement that deletes a chunk until there is nothing left for it.
func (s *Store) sweep(ctx context.Context, statement string, args ...any) (int64, error) {
	for total := int64(0); ; {
		var n int64
		err := s.write(ctx, func(t *tx) (err error) {
			n, err = t.exec(statement, args...)
			return err
		})
		if err != nil {
			return total, err
		}
		if total += n; n < sweepChunk {
			return total, nil
		}
	}
}

// tidy moves the log into the database. When personal data was erased the log is emptied
// too, because it holds the pages as they were before; if somebody is in the way the next
// sweep does it.
func (s *Store) tidy(ctx context.Context, erased bool) {
	mode := "PASSIVE"
	if erased {
		mode = "TRUNCATE"
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_ = s.readers.checkpoint(ctx, mode)
}
