package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

const (
	// oldestSQLite is the first version without the WAL-reset bug that loses commits.
	oldestSQLite = "3.51.3"
	// quickCheckLimit is the size of file up to which a start reads all of it, some 5 ms for
	// each MiB. Of a larger one it reads the header and the schema; Check reads the rest.
	quickCheckLimit = 16 << 20
)

// inspect looks at a file with a connection that cannot change it, and returns the version
// of SQLite when the file may be used.
func inspect(ctx context.Context, path string) (string, error) {
	if err := writable(path, filepath.Dir(path)); err != nil {
		return "", fmt.Errorf("sqlite: %w", err)
	}
	db, err := openDB(path, inspecting)
	if err != nil {
		return "", fmt.Errorf("sqlite: %w", err)
	}
	var version string
	err = withConn(ctx, db, func(ctx context.Context, conn *sql.Conn) (err error) {
		if version, err = sqliteVersion(ctx, conn); err != nil {
			return err
		}
		return checkFile(ctx, conn, path)
	})
	err = errors.Join(err, db.Close())
	switch {
	case err == nil:
		return version, nil
	case isDamage(err):
		return "", damaged(path, err)
	default:
		return "", fmt.Errorf("sqlite: %s: %w", path, err)
	}
}

func sqliteVersion(ctx context.Context, conn *sql.Conn) (string, error) {
	var version string
	if err := conn.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version); err != nil {
		return "", err
	}
	if old, err := tooOld(version); err != nil || old {
		return "", errors.Join(err, fmt.Errorf("SQLite %s is too old: %s or newer is needed", version, oldestSQLite))
	}
	return version, nil
}

func tooOld(version string) (bool, error) {
	var have, need [3]int
	if _, err := fmt.Sscanf(version, "%d.%d.%d", &have[0], &have[1], &have[2]); err != nil {
		return false, fmt.Errorf("read the version %q: %w", version, err)
	}
	if _, err := fmt.Sscanf(oldestSQLite, "%d.%d.%d", &need[0], &need[1], &need[2]); err != nil {
		return false, err
	}
	return slices.Compare(have[:], need[:]) < 0, nil
}

// checkFile refuses a database that is damaged, newer or not ours.
func checkFile(ctx context.Context, conn *sql.Conn, path string) error {
	var id int
	if err := conn.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return err
	}
	if id != applicationID {
		return errors.New("this is a database of another program: name another file")
	}
	if _, err := schemaVersion(ctx, conn); err != nil {
		return err
	}
	size, err := checkSize(ctx, conn, path)
	if err != nil || size > quickCheckLimit {
		return err
	}
	return sound(ctx, conn, "quick_check")
}

// checkSize returns the size of the file. One that does not end with a page has lost its end,
// unless a log is there that may complete it.
func checkSize(ctx context.Context, conn *sql.Conn, path string) (int64, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return 0, err
	}
	var page int64
	if err := conn.QueryRowContext(ctx, "PRAGMA page_size").Scan(&page); err != nil {
		return 0, err
	}
	log, err := os.Lstat(path + "-wal")
	if info.Size()%page != 0 && (err != nil || log.Size() == 0) {
		return 0, fmt.Errorf("%w: its last page is not whole", errDamage)
	}
	return info.Size(), nil
}

// sound runs one of SQLite's checks of the whole file.
func sound(ctx context.Context, conn *sql.Conn, check string) error {
	var verdict string
	if err := conn.QueryRowContext(ctx, "PRAGMA "+check+"(1)").Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return fmt.Errorf("%w: %s", errDamage, verdict)
	}
	return nil
}

// Check reads the whole database and returns an error when anything in it does not fit. It
// takes seconds for a large one and holds nobody up; run it every night. After a failure Ping
// fails too.
func (s *Store) Check(ctx context.Context) error {
	db, err := openDB(s.path, inspecting)
	if err != nil {
		return unavailable(err)
	}
	err = withConn(ctx, db, func(ctx context.Context, conn *sql.Conn) error {
		if err := sound(ctx, conn, "integrity_check"); err != nil {
			return err
		}
		var table string
		err := conn.QueryRowContext(ctx, `SELECT "table" FROM pragma_foreign_key_check LIMIT 1`).Scan(&table)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err == nil {
			err = fmt.Errorf("%w: a row of %s belongs to none", errDamage, table)
		}
		return err
	})
	return s.explain(errors.Join(err, db.Close()))
}
