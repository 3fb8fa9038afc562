package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func TestOneServerHasTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gatehouse.db")
	first, second := open(t, path), open(t, path)
	for range 2 { // again is no error
		if err := first.LockExclusive(); err != nil {
			t.Fatal(err)
		}
	}
	err := second.LockExclusive()
	if err == nil || !strings.Contains(err.Error(), "another Gatehouse server is using "+path) {
		t.Fatalf("the second server got %v", err)
	}
	if err := second.Ping(t.Context()); err != nil {
		t.Errorf("a command beside the server: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := second.LockExclusive(); err != nil {
		t.Errorf("after the first has closed: %v", err)
	}
}

func TestTheLockFileIsNoSymbolicLink(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gatehouse.db")
	link(t, "elsewhere", path+".lock")
	if err := open(t, path).LockExclusive(); err == nil {
		t.Error("the lock was taken on whatever the link names")
	}
}

func TestDescribeNamesVersionAndPlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gatehouse.db")
	got, err := open(t, path).Describe(t.Context())
	if err != nil || !strings.HasPrefix(got, "SQLite 3.") || !strings.HasSuffix(got, " at "+path) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestPingFailsWhenTheFileIsNotTheOneThatWasOpened(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gatehouse.db")
	s := open(t, path)
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	if err := s.Ping(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("with the file gone: %v", err)
	}
	write(t, path, []byte("another"))
	if err := s.Ping(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("with another file in its place: %v", err)
	}
}

func TestAClosedStoreIsUnavailableAndClosesTwice(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "gatehouse.db"))
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.StartSession(t.Context(), sampleSession("s")); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a write got %v", err)
	}
	if _, err := s.Session(t.Context(), "s"); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a read got %v", err)
	}
}

func TestALockThatAnotherProcessKeepsIsUnavailable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gatehouse.db")
	s := open(t, path)
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := s.StartSession(ctx, sampleSession("s")); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a write got %v", err)
	}
	if err := s.Ping(ctx); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Ping got %v", err)
	}
	if _, err := s.Session(t.Context(), "s"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a read beside it got %v", err)
	}
	if _, err := conn.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := s.StartSession(t.Context(), sampleSession("t")); err != nil {
		t.Error(err)
	}
	if _, err := s.Session(t.Context(), "s"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the write that was given up was done: %v", err)
	}
}

func TestABackupHoldsAllAndOpens(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "gatehouse.db"))
	want := sampleSession("s")
	if err := s.StartSession(t.Context(), want, follows("s")); err != nil {
		t.Fatal(err)
	}
	dest := filepath.Join(dir, "backup.db")
	write(t, dest, []byte("an older backup"))
	if err := s.Backup(t.Context(), dest); err != nil {
		t.Fatal(err)
	}
	restored := open(t, dest)
	got, err := restored.Session(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Error(d)
	}
	wantWhole(t, restored, []string{"s"})
	if err := s.Backup(t.Context(), filepath.Join(dir, "missing", "backup.db")); err == nil {
		t.Error("a backup into a folder that is not there succeeded")
	}
	if err := s.Backup(t.Context(), filepath.Join(dir, "gatehouse.db")); err == nil {
		t.Error("a backup replaced the database itself")
	}
	leftovers, err := filepath.Glob(filepath.Join(dir, "*.new-*"))
	if err != nil || len(leftovers) > 0 {
		t.Errorf("left behind: %v, %v", leftovers, err)
	}
}

// What an erased account was made of must not be found in the files any more (OWASP ASVS
// 14.2.7).
func TestSweepLeavesNoTraceOfAnErasedUser(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gatehouse.db")
	s := open(t, path)
	const n = 400
	for i := range n {
		if err := s.CreateUser(t.Context(), traceable(i)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		if i%7 == 3 {
			continue // stays, so that pages are half full
		}
		gone := identity.User{ID: traceable(i).ID, Rev: 1, Deleted: true, CreatedAt: when}
		if err := s.UpdateUser(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
	}
	removed, err := s.Sweep(t.Context(), when.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if want := int64(n - (n+3)/7); removed != want {
		t.Fatalf("swept %d, want %d", removed, want)
	}
	for _, name := range []string{path, path + "-wal"} {
		content := read(t, name)
		for i := range n {
			if i%7 != 3 && bytes.Contains(content, []byte(secretOf(i))) {
				t.Fatalf("%s still holds %q", name, secretOf(i))
			}
		}
	}
	if _, err := s.User(t.Context(), traceable(3).ID); err != nil {
		t.Error(err)
	}
}

func secretOf(i int) string { return fmt.Sprintf("private%04dmatter", i) }

func traceable(i int) identity.User {
	u := sampleUser(fmt.Sprintf("id%d", i*7919%1000))
	u.Email, u.Profile.Bio = secretOf(i)+"@example.com", strings.Repeat(secretOf(i)+" ", i%150)
	u.Identifiers[0].Value = u.Email
	u.Claims = []byte(`{"name":"` + secretOf(i) + `"}`)
	return u
}
