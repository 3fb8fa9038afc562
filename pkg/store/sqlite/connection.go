package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"

	"modernc.org/sqlite"
)

// role is what a connection is for.
type role int

const (
	writing    role = iota // the one that writes
	reading                // one of the pool
	inspecting             // looks at a file that is not trusted yet, and cannot change it
	drafting               // builds a file that nobody relies on before it is synced as a whole
)

// setting is a pragma and the value that it must have on every connection.
type setting struct {
	name  string
	value any // as it is set
	want  any // as it reads back
}

// settings returns the pragmas of a role.
func settings(r role) []setting {
	list := []setting{
		{"busy_timeout", 5000, int64(5000)}, // another process may be writing
		{"synchronous", "FULL", int64(2)},   // an answer survives a power cut
		{"foreign_keys", "ON", int64(1)},
		{"trusted_schema", "OFF", int64(0)}, // what a schema calls is not trusted
		{"cell_size_check", "ON", int64(1)}, // damage is found before it spreads
		{"mmap_size", 0, int64(0)},          // an I/O error is an error, not a signal
		{"secure_delete", "ON", int64(1)},   // what is erased is overwritten; FAST leaves freed pages as they are
		{"temp_store", "MEMORY", int64(2)},  // nothing of it in /tmp
		{"journal_size_limit", 64 << 20, int64(64 << 20)},
	}
	switch r {
	case drafting:
		list = append(list, setting{"synchronous", "OFF", int64(0)}, setting{"journal_mode", "WAL", "wal"})
	case writing:
		list = append(list, setting{"journal_mode", "WAL", "wal"})
	case reading:
		list = append(list, setting{"query_only", "ON", int64(1)}, setting{"journal_mode", "WAL", "wal"})
	case inspecting:
		list = append(list, setting{"query_only", "ON", int64(1)})
	}
	return list
}

// connector opens connections that have their settings, or none.
type connector struct {
	driver.Connector
	role role
}

// openDB returns a pool of connections to an existing file; it never makes one.
func openDB(path string, r role) (*sql.DB, error) {
	mode := "rw"
	if r == inspecting {
		mode = "ro"
	}
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: "mode=" + mode + "&_defensive=1&_dqs=0&_error_rc=1"}
	base, err := sqlite.NewConnector(dsn.String())
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector{Connector: base, role: r}), nil
}

// Connect implements driver.Connector.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range settings(c.role) {
		if err := apply(ctx, conn, s); err != nil {
			_ = conn.Close()
			return nil, err
		}
	}
	return conn, nil
}

// apply sets a pragma and reads it back: SQLite ignores what it cannot do.
func apply(ctx context.Context, conn driver.Conn, s setting) error {
	if _, err := pragma(ctx, conn, fmt.Sprintf("PRAGMA %s = %v", s.name, s.value)); err != nil {
		return fmt.Errorf("set %s: %w", s.name, err)
	}
	got, err := pragma(ctx, conn, "PRAGMA "+s.name)
	if err != nil {
		return fmt.Errorf("read %s: %w", s.name, err)
	}
	if got != s.want {
		return fmt.Errorf("SQLite keeps %s at %v and must have it at %v", s.name, got, s.want)
	}
	return nil
}

// pragma runs a statement on a bare connection and returns the first value it yields.
func pragma(ctx context.Context, conn driver.Conn, statement string) (any, error) {
	q, ok := conn.(driver.QueryerContext)
	if !ok {
		return nil, errors.New("the driver cannot query")
	}
	rows, err := q.QueryContext(ctx, statement, nil)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	values := make([]driver.Value, len(rows.Columns()))
	if err := rows.Next(values); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(values) == 0 {
		return nil, nil
	}
	return values[0], nil
}
