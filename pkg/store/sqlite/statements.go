package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// row is a line of a result.
type row interface{ Scan(dest ...any) error }

// statements prepares each query once and keeps it. Queries are constants, so they are few.
type statements struct {
	prepare func(ctx context.Context, query string) (*sql.Stmt, error)
	mu      sync.RWMutex
	known   map[string]*sql.Stmt
}

// preparer is a connection, or a pool of them.
type preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

func newStatements(on preparer) *statements {
	return &statements{prepare: on.PrepareContext, known: map[string]*sql.Stmt{}}
}

func (s *statements) of(ctx context.Context, query string) (*sql.Stmt, error) {
	s.mu.RLock()
	stmt := s.known[query]
	s.mu.RUnlock()
	if stmt != nil {
		return stmt, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if stmt := s.known[query]; stmt != nil {
		return stmt, nil
	}
	stmt, err := s.prepare(ctx, query) //nolint:sqlclosecheck // close does it
	if err == nil {
		s.known[query] = stmt
	}
	return stmt, err
}

// exec runs a statement and returns how many rows it changed.
func (s *statements) exec(ctx context.Context, query string, args ...any) (int64, error) {
	stmt, err := s.of(ctx, query) //nolint:sqlclosecheck // closed with the connection
	if err != nil {
		return 0, err
	}
	result, err := stmt.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// get reads the one row of a query; sql.ErrNoRows when there is none.
func (s *statements) get(ctx context.Context, query string, args []any, dest ...any) error {
	stmt, err := s.of(ctx, query) //nolint:sqlclosecheck // closed with the connection
	if err != nil {
		return err
	}
	return stmt.QueryRowContext(ctx, args...).Scan(dest...)
}

// each reads all rows of a query.
func (s *statements) each(ctx context.Context, query string, args []any, scan func(row) error) error {
	stmt, err := s.of(ctx, query) //nolint:sqlclosecheck // closed with the connection
	if err != nil {
		return err
	}
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (s *statements) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, stmt := range s.known {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(errs...)
}
