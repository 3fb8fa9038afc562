package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func openTest(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "gatehouse.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// hold keeps the writer busy with a write that changes nothing, so that what is written
// meanwhile waits, and returns what lets it go on.
func hold(t *testing.T, s *Store) (release func()) {
	t.Helper()
	running, gate, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- s.write(context.Background(), func(*tx) error {
			close(running)
			<-gate
			return nil
		})
	}()
	<-running
	return sync.OnceFunc(func() {
		close(gate)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// waitFor yields until ok; the test's own deadline ends it when it never is.
func waitFor(ok func() bool) {
	for !ok() {
		runtime.Gosched()
	}
}

// commits returns how many transactions the write-ahead log holds: frames whose header says
// how large the database is after them.
func commits(t *testing.T, s *Store) int {
	t.Helper()
	log, err := os.ReadFile(s.path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	const page = 4096
	n := 0
	for at := walHeader; at+24+page <= len(log); at += 24 + page {
		if binary.BigEndian.Uint32(log[at+4:]) != 0 {
			n++
		}
	}
	return n
}

func session(id string) identity.Session { return identity.Session{ID: id} }

func TestWritesThatWaitShareOneCommit(t *testing.T) {
	s := openTest(t)
	before := commits(t, s)
	release := hold(t, s)
	defer release()
	const n = 64
	errs := make([]error, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { errs[i] = s.StartSession(context.Background(), session(fmt.Sprint(i))) })
	}
	waitFor(func() bool { return len(s.writer.queue) == n })
	release()
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if got := commits(t, s) - before; got != 1 {
		t.Errorf("%d writes took %d commits, want 1", n, got)
	}
	for i := range n {
		if _, err := s.Session(t.Context(), fmt.Sprint(i)); err != nil {
			t.Error(err)
		}
	}
}

// together runs writes in one batch and returns their errors.
func together(t *testing.T, s *Store, writes ...func() error) []error {
	t.Helper()
	release := hold(t, s)
	defer release()
	errs := make([]error, len(writes))
	var group sync.WaitGroup
	for i, write := range writes {
		group.Go(func() { errs[i] = write() })
		waitFor(func() bool { return len(s.writer.queue) == i+1 })
	}
	release()
	group.Wait()
	return errs
}

func TestABadWriteSpoilsNoOther(t *testing.T) {
	cases := map[string]struct {
		bad  func(*tx) error
		want error
	}{
		"it panics": {func(*tx) error { panic("on purpose") }, store.ErrUnavailable},
		"it is no SQL": {func(t *tx) error {
			_, err := t.exec("NONSENSE")
			return err
		}, store.ErrUnavailable},
		"it fails after it has written": {func(t *tx) error {
			_, err := t.exec(`INSERT INTO key_set (only, version, data) VALUES (1, 1, x'00')`)
			return errors.Join(err, errors.New("on purpose"))
		}, store.ErrUnavailable},
		"it ends the transaction": {func(t *tx) error {
			_, err := t.exec("ROLLBACK")
			return errors.Join(err, errors.New("on purpose"))
		}, store.ErrUnavailable},
		"it is stale after it has written": {func(t *tx) error {
			_, err := t.exec(`INSERT INTO key_set (only, version, data) VALUES (1, 1, x'00')`)
			return errors.Join(err, store.ErrStale)
		}, store.ErrStale},
		"it breaks a constraint after it has written": {func(t *tx) error {
			if _, err := t.exec(`INSERT INTO key_set (only, version, data) VALUES (1, 1, x'00')`); err != nil {
				return err
			}
			_, err := t.exec(`INSERT INTO key_set (only, version, data) VALUES (1, 1, x'00')`)
			return err
		}, store.ErrExists},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := openTest(t)
			start := func(id string) func() error {
				return func() error { return s.StartSession(context.Background(), session(id)) }
			}
			errs := together(t, s, start("a"), start("b"),
				func() error { return s.writeAll(context.Background(), c.bad) }, start("c"))
			if !errors.Is(errs[2], c.want) {
				t.Errorf("the bad write got %v, want %v", errs[2], c.want)
			}
			for i, id := range map[int]string{0: "a", 1: "b", 3: "c"} {
				if _, err := s.Session(t.Context(), id); err != nil || errs[i] != nil {
					t.Errorf("the write of %s got %v, and reading it %v", id, errs[i], err)
				}
			}
			if _, err := s.KeySet(t.Context()); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("half of the bad write is there: %v", err)
			}
			if err := s.StartSession(t.Context(), session("d")); err != nil {
				t.Errorf("the write after it: %v", err)
			}
		})
	}
}

func TestWhenTheCommitFailsAllAreUnavailable(t *testing.T) {
	s := openTest(t)
	start := func(id string) func() error {
		return func() error { return s.StartSession(context.Background(), session(id)) }
	}
	err := s.write(t.Context(), func(t *tx) error { // a reference that only COMMIT looks at
		_, err := t.exec("CREATE TABLE late (id TEXT REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED)")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	errs := together(t, s, start("a"), func() error {
		return s.writeAll(context.Background(), func(t *tx) error {
			_, err := t.exec("INSERT INTO late VALUES ('nobody')")
			return err
		})
	}, start("b"), func() error { return s.RotateSession(context.Background(), store.Rotation{SessionID: "none"}) })
	for i, err := range errs {
		if !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("caller %d got %v", i, err)
		}
	}
	for _, id := range []string{"a", "b"} {
		if _, err := s.Session(t.Context(), id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("reading %s: %v", id, err)
		}
	}
	if err := s.StartSession(t.Context(), session("after")); err != nil {
		t.Error(err)
	}
}

func TestAWriteWhoseContextEndsInTheQueueIsNotRun(t *testing.T) {
	s := openTest(t)
	release := hold(t, s)
	defer release()
	ctx, cancel := context.WithCancel(t.Context())
	second := make(chan error)
	go func() { second <- s.StartSession(ctx, session("second")) }()
	waitFor(func() bool { return len(s.writer.queue) == 1 })
	cancel()
	if err := <-second; !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("the withdrawn write got %v", err)
	}
	release()
	if err := s.StartSession(t.Context(), session("third")); err != nil {
		t.Error(err)
	}
	if _, err := s.Session(t.Context(), "second"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the withdrawn write was run: %v", err)
	}
}

func TestAWriteThatRunsIsAnsweredWithTheTruth(t *testing.T) {
	s := openTest(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := s.write(ctx, func(t *tx) error {
		cancel()
		_, err := t.exec(`INSERT INTO key_set (only, version, data) VALUES (1, 1, x'00')`)
		return err
	})
	if err != nil {
		t.Errorf("it was written and its caller was told %v", err)
	}
	if _, err := s.KeySet(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAFullDiskIsUnavailableUntilThereIsRoom(t *testing.T) {
	s := openTest(t)
	limit := func(pages int) {
		if err := s.write(t.Context(), func(tx *tx) error {
			var n int
			return tx.get(fmt.Sprintf("PRAGMA max_page_count = %d", pages), nil, &n)
		}); err != nil {
			t.Fatal(err)
		}
	}
	limit(1) // SQLite takes the number of pages that there are
	var err error
	written := 0
	for ; err == nil; written++ {
		err = s.StartSession(t.Context(), session(fmt.Sprint(written)))
	}
	if !errors.Is(err, store.ErrUnavailable) || resultCode(err) != 13 {
		t.Fatalf("the write that found no room got %v", err)
	}
	if written > 1 {
		if _, err := s.Session(t.Context(), "0"); err != nil {
			t.Errorf("reads stopped too: %v", err)
		}
	}
	if _, err := s.Session(t.Context(), fmt.Sprint(written)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("what was refused is there: %v", err)
	}
	limit(1 << 20)
	if err := s.StartSession(t.Context(), session("after")); err != nil {
		t.Error(err)
	}
}

func TestEveryConnectionHasItsSettings(t *testing.T) {
	s := openTest(t)
	for _, r := range []role{writing, reading, inspecting} {
		db, err := openDB(s.path, r)
		if err != nil {
			t.Fatal(err)
		}
		err = withConn(t.Context(), db, func(ctx context.Context, conn *sql.Conn) error {
			for _, want := range settings(r) {
				var got any
				if err := conn.QueryRowContext(ctx, "PRAGMA "+want.name).Scan(&got); err != nil {
					return err
				}
				if got != want.want {
					t.Errorf("role %d: %s is %v, want %v", r, want.name, got, want.want)
				}
			}
			return nil
		})
		if err := errors.Join(err, db.Close()); err != nil {
			t.Error(err)
		}
	}
}

func TestASettingThatSQLiteIgnoresRefusesTheConnection(t *testing.T) {
	s := openTest(t)
	db, err := openDB(s.path, writing)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	err = conn.Raw(func(c any) error {
		return apply(t.Context(), c.(driver.Conn), setting{"synchronous", "SOMETIMES", int64(2)})
	})
	if err == nil {
		t.Error("it was accepted")
	}
}
