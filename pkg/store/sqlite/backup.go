package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Backup writes a consistent copy of the database to dest, while others read and write, and
// checks it. The copy has mode 0600 and replaces what is at dest only when it is whole and on
// disk. To restore it, stop Gatehouse and put it in the database's place.
func (s *Store) Backup(ctx context.Context, dest string) error {
	if there, err := os.Stat(dest); err == nil && os.SameFile(there, s.inode) {
		return fmt.Errorf("sqlite: back up to %s: that is the database itself", dest)
	}
	draft := dest + ".new-" + rand.Text()
	defer removeDatabase(draft)
	err := createFile(draft)
	if err == nil {
		err = copyInto(ctx, s.path, draft)
	}
	if err == nil {
		err = syncFile(draft)
	}
	if err == nil {
		err = os.Rename(draft, dest)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(dest))
	}
	if err != nil {
		return fmt.Errorf("sqlite: back up to %s: %w", dest, err)
	}
	return nil
}

func copyInto(ctx context.Context, path, draft string) error {
	source, err := openDB(path, writing) // a reader may not even write another file
	if err != nil {
		return err
	}
	err = withConn(ctx, source, func(ctx context.Context, conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, "VACUUM INTO ?", draft)
		return err
	})
	if err := errors.Join(err, source.Close()); err != nil {
		return err
	}
	copied, err := openDB(draft, inspecting)
	if err != nil {
		return err
	}
	err = withConn(ctx, copied, func(ctx context.Context, conn *sql.Conn) error {
		return sound(ctx, conn, "integrity_check")
	})
	return errors.Join(err, copied.Close())
}
