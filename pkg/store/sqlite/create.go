package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// createIfMissing makes the database when there is none. It is built under another name and
// put in its place whole: a file at path is never half a database, so an empty one is damage.
func createIfMissing(ctx context.Context, path string) error {
	if info, err := os.Lstat(path); err == nil {
		if info.Size() == 0 {
			return damaged(path, errors.New("it is empty (if you made it yourself, remove it)"))
		}
		return nil
	}
	if info, err := os.Lstat(path + "-wal"); err == nil && info.Size() > 0 {
		return damaged(path, errors.New("it is missing, and its -wal file is there"))
	}
	if err := create(ctx, path); err != nil {
		return fmt.Errorf("sqlite: create %s: %w", path, err)
	}
	return nil
}

func create(ctx context.Context, path string) error {
	draft := path + ".new-" + rand.Text()
	defer removeDatabase(draft)
	if err := createFile(draft); err != nil {
		return err
	}
	if err := build(ctx, draft); err != nil {
		return err
	}
	if err := syncFile(draft); err != nil {
		return err
	}
	// A link, unlike a rename, never replaces what another process has put there.
	if err := os.Link(draft, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// createFile makes an empty file of mode 0600, whatever the umask is.
func createFile(name string) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) //nolint:gosec // the operator's own path
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(0o600), f.Close())
}

func removeDatabase(path string) {
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		_ = os.Remove(path + suffix)
	}
}

func build(ctx context.Context, path string) error {
	db, err := openDB(path, drafting)
	if err != nil {
		return err
	}
	return errors.Join(withConn(ctx, db, migrate), db.Close())
}

// withConn runs f on one connection of db.
func withConn(ctx context.Context, db *sql.DB, f func(context.Context, *sql.Conn) error) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	return errors.Join(f(ctx, conn), conn.Close())
}
