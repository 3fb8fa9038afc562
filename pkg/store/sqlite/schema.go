package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
)

// applicationID stands in the header of a Gatehouse database: "GATE".
const applicationID = 0x47415445

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrations returns the steps of the schema; step i leads from version i to i+1.
func migrations() ([]string, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql") // sorted
	if err != nil {
		return nil, err
	}
	steps := make([]string, 0, len(names))
	for _, name := range names {
		text, err := migrationFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		steps = append(steps, string(text))
	}
	return steps, nil
}

// migrate brings the schema up to date in one transaction. A step adds and never takes away,
// so that the version before may go on writing during an upgrade.
func migrate(ctx context.Context, conn *sql.Conn) (err error) {
	steps, err := migrations()
	if err != nil {
		return err
	}
	var version int
	if version, err = schemaVersion(ctx, conn); err != nil || version == len(steps) {
		return err
	}
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_, rollback := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
			err = errors.Join(err, rollback)
		}
	}()
	// Another process may have done it while this one waited.
	if version, err = schemaVersion(ctx, conn); err != nil {
		return err
	}
	for ; version < len(steps); version++ {
		if _, err := conn.ExecContext(ctx, steps[version]); err != nil {
			return fmt.Errorf("schema %d: %w", version+1, err)
		}
	}
	mark := fmt.Sprintf("PRAGMA user_version = %d; PRAGMA application_id = %d; COMMIT", len(steps), applicationID)
	_, err = conn.ExecContext(ctx, mark)
	return err
}

// schemaVersion returns the number of steps a database has taken; one that has taken more
// than this program knows is refused.
func schemaVersion(ctx context.Context, conn *sql.Conn) (int, error) {
	steps, err := migrations()
	if err != nil {
		return 0, err
	}
	var version int
	if err := conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return 0, err
	}
	if version > len(steps) {
		return 0, fmt.Errorf("the database was written by a newer Gatehouse (schema %d, this one knows up to %d): "+
			"start the newer version, or restore a backup from before the upgrade", version, len(steps))
	}
	return version, nil
}
