package sqlite_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

const restoreHint = "copy your newest backup"

// filled makes a database of some hundred pages, closed, and returns its path.
func filled(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gatehouse.db")
	s := open(t, path)
	for i := range 300 {
		if err := s.CreateUser(t.Context(), sampleUser(fmt.Sprintf("u%d", i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpenRefusesADamagedFileAndLeavesItAsItIs(t *testing.T) {
	flip := func(at, n int) func([]byte) []byte {
		return func(b []byte) []byte {
			for i := at; i < at+n; i++ {
				b[i] ^= 0xff
			}
			return b
		}
	}
	cases := map[string]func([]byte) []byte{
		"the header is overwritten":        flip(0, 100),
		"the first KiB is flipped":         flip(0, 1024),
		"a table of the schema is flipped": func(b []byte) []byte { return flip(bytes.Index(b, []byte("CREATE TABLE sessions")), 64)(b) },
		"a KiB in the middle is flipped":   flip(20*4096, 1024),
		"the head of a page is flipped":    flip(30*4096, 16),
		"the second half is missing":       func(b []byte) []byte { return b[:len(b)/2] },
		"the last byte is missing":         func(b []byte) []byte { return b[:len(b)-1] },
		"a page is zero":                   func(b []byte) []byte { clear(b[10*4096 : 11*4096]); return b },
		"all of it is zero":                func(b []byte) []byte { clear(b); return b },
		"it is empty":                      func([]byte) []byte { return nil },
		"it is something else than SQLite": func([]byte) []byte { return bytes.Repeat([]byte("not a database\n"), 1000) },
	}
	path := filled(t)
	whole := read(t, path)
	for name, damage := range cases {
		t.Run(name, func(t *testing.T) {
			broken := damage(bytes.Clone(whole))
			write(t, path, broken)
			refused(t, path, restoreHint)
			if !bytes.Equal(read(t, path), broken) {
				t.Error("the file was changed")
			}
		})
	}
	write(t, path, whole)
	open(t, path) // and the same place is good again
}

func TestOpenRefusesALogThatCannotBeTrusted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gatehouse.db")
	s := open(t, path)
	if err := s.CreateUser(t.Context(), sampleUser("u")); err != nil {
		t.Fatal(err)
	}
	// What a crash leaves: the commit is in the log only.
	database, log := read(t, path), read(t, path+"-wal")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	t.Run("a log that a crash left is read", func(t *testing.T) {
		copied := filepath.Join(t.TempDir(), "copy.db")
		write(t, copied, database)
		write(t, copied+"-wal", log)
		if _, err := open(t, copied).User(t.Context(), "u"); err != nil {
			t.Error(err)
		}
	})
	t.Run("a log of zeros is refused", func(t *testing.T) {
		copied := filepath.Join(t.TempDir(), "copy.db")
		write(t, copied, database)
		write(t, copied+"-wal", make([]byte, len(log)))
		refused(t, copied, restoreHint)
		if !bytes.Equal(read(t, copied), database) || !bytes.Equal(read(t, copied+"-wal"), make([]byte, len(log))) {
			t.Error("the files were changed")
		}
	})
	t.Run("a good log beside a damaged database is left alone", func(t *testing.T) {
		copied, broken := filepath.Join(t.TempDir(), "copy.db"), bytes.Clone(database)
		for page := 4096; page < len(broken); page += 4096 {
			clear(broken[page : page+16])
		}
		write(t, copied, broken)
		write(t, copied+"-wal", log)
		refused(t, copied, restoreHint)
		if !bytes.Equal(read(t, copied), broken) || !bytes.Equal(read(t, copied+"-wal"), log) {
			t.Error("the files were changed")
		}
	})
	t.Run("a log without its database is refused", func(t *testing.T) {
		copied := filepath.Join(t.TempDir(), "copy.db")
		write(t, copied+"-wal", log)
		refused(t, copied, restoreHint)
	})
}

func TestOpenRefusesADatabaseThatIsNotIts(t *testing.T) {
	t.Run("of a newer schema", func(t *testing.T) {
		path := filled(t)
		direct(t, path, "PRAGMA user_version = 99")
		before := read(t, path)
		refused(t, path, "newer Gatehouse (schema 99")
		if !bytes.Equal(read(t, path), before) {
			t.Error("the file was changed")
		}
	})
	t.Run("of another program", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "other.db")
		direct(t, path, "CREATE TABLE notes (text)")
		before := read(t, path)
		refused(t, path, "another program")
		if !bytes.Equal(read(t, path), before) {
			t.Error("the file was changed")
		}
	})
}

// direct runs a statement behind the store's back.
func direct(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func TestCheckFindsWhatDoesNotFit(t *testing.T) {
	path := filled(t)
	s := open(t, path)
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	direct(t, path, "INSERT INTO identifiers VALUES ('email', 'stray@example.com', 'nobody')")
	if err := s.Check(t.Context()); err == nil {
		t.Error("Check accepts a name without a user")
	}
	if err := s.Ping(t.Context()); err == nil {
		t.Error("Ping is content with a damaged store")
	}
}

func TestTheAuditLogCannotBeRewritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gatehouse.db")
	s := open(t, path)
	if err := s.AppendAudit(t.Context(), identity.AuditEntry{Seq: 1, ID: "e", Event: []byte("x"), Hash: []byte("y")}); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{"UPDATE audit SET event = x'00'", "DELETE FROM audit"} {
		if _, err := db.ExecContext(t.Context(), statement); err == nil {
			t.Errorf("%s succeeded", statement)
		}
	}
}
