package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// tx is the writer's connection. Only the writer's goroutine uses it.
type tx struct {
	ctx        context.Context
	conn       *sql.Conn
	statements *statements
}

// exec runs a statement and returns how many rows it changed.
func (t *tx) exec(query string, args ...any) (int64, error) {
	return t.statements.exec(t.ctx, query, args...)
}

// get reads the one row of a query; sql.ErrNoRows when there is none.
func (t *tx) get(query string, args []any, dest ...any) error {
	return t.statements.get(t.ctx, query, args, dest...)
}

// each reads all rows of a query.
func (t *tx) each(query string, args []any, scan func(row) error) error {
	return t.statements.each(t.ctx, query, args, scan)
}

// exists reports whether a query yields a row.
func (t *tx) exists(query string, args ...any) (bool, error) {
	var one int
	err := t.get(query, args, &one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// missed returns what a conditional write that changed nothing means: ErrNotFound when the
// query yields no row, else otherwise.
func (t *tx) missed(otherwise error, query string, args ...any) error {
	there, err := t.exists(query, args...)
	if err == nil && there {
		return otherwise
	}
	if err == nil {
		return sql.ErrNoRows
	}
	return err
}

const insertConsequence = `
INSERT INTO consequences (id, holder, kind, due_at, attempts, data) VALUES (?, ?, ?, ?, ?, ?)
	ON CONFLICT (id) DO NOTHING`

// record stores what follows from the change that the transaction makes to holder. What is
// recorded already stays as it is.
func (t *tx) record(holder string, also []identity.Consequence) error {
	for _, c := range also {
		_, err := t.exec(insertConsequence, c.ID, holder, string(c.Kind), millis(c.DueAt), c.Attempts, blob(c.Data))
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) commit() error {
	_, err := t.exec("COMMIT")
	if err != nil {
		t.rollback()
	}
	return err
}

// rollback leaves the connection without a transaction; SQLite may have ended it itself.
func (t *tx) rollback() { _, _ = t.exec("ROLLBACK") }

func (t *tx) close() error { return errors.Join(t.statements.close(), t.conn.Close()) }
