package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
)

// readers is the pool of connections that read. Each read sees one snapshot.
type readers struct {
	db         *sql.DB
	slots      chan struct{} // one for each connection that may be in use
	statements *statements
}

func openReaders(path string) (*readers, error) {
	db, err := openDB(path, reading)
	if err != nil {
		return nil, err
	}
	n := max(2, runtime.GOMAXPROCS(0))
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	return &readers{db: db, slots: make(chan struct{}, n), statements: newStatements(db)}, nil
}

// acquire waits for a connection to be free. The caller calls release.
func (r *readers) acquire(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case r.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *readers) release() { <-r.slots }

// get reads one row by a key. It waits for a connection no longer than ctx lasts, and then
// finishes: to watch ctx would cost more than the read.
func (r *readers) get(ctx context.Context, query string, args []any, dest ...any) error {
	if err := r.acquire(ctx); err != nil {
		return err
	}
	defer r.release()
	return r.statements.get(context.WithoutCancel(ctx), query, args, dest...)
}

// each reads all rows of a query until ctx ends.
func (r *readers) each(ctx context.Context, query string, args []any, scan func(row) error) error {
	if err := r.acquire(ctx); err != nil {
		return err
	}
	defer r.release()
	return r.statements.each(ctx, query, args, scan)
}

// checkpoint moves the write-ahead log into the database: PASSIVE as far as nobody is in the
// way, TRUNCATE wholly, waiting for others until ctx ends.
func (r *readers) checkpoint(ctx context.Context, mode string) error {
	if err := r.acquire(ctx); err != nil {
		return err
	}
	defer r.release()
	var busy, log, moved int
	return r.db.QueryRowContext(ctx, "PRAGMA wal_checkpoint("+mode+")").Scan(&busy, &log, &moved)
}

func (r *readers) close() error {
	return errors.Join(r.statements.close(), r.db.Close())
}
