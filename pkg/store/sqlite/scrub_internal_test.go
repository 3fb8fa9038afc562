package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// secret is what the i-th account alone is found by.
func secret(i int) string { return secretWord(i) + strings.Repeat("x", i*31%97) }

func secretWord(i int) string { return fmt.Sprintf("private%04dmatter", i) }

// erasePeople writes n accounts, erases two thirds of them and returns which. Of lines of many lengths
// that come and go SQLite leaves copies in its pages.
func erasePeople(t *testing.T, s *Store, n int) []int {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	err := s.writeAll(t.Context(), func(tx *tx) error {
		for i := range n {
			u := person(i)
			u.CreatedAt = time.UnixMilli(random.Int64N(1e9))
			if _, err := tx.exec(`INSERT INTO users (id, rev, searched, deleted, record, claims) VALUES (?, 1, 1, 0, '{}', x'')`, u.ID); err != nil {
				return err
			}
			if _, err := tx.exec(`INSERT INTO identifiers (kind, value, user_id) VALUES ('email', ?, ?)`, fmt.Sprint(random.Uint32(), secret(i)), u.ID); err != nil {
				return err
			}
			if err := tx.makeFindable(u, []string{secret(i)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	gone := random.Perm(n)[:n*2/3]
	for some := range slices.Chunk(gone, 100) {
		err := s.writeAll(t.Context(), func(tx *tx) error {
			for _, i := range some {
				if err := tx.refind(identity.User{ID: person(i).ID, Deleted: true}, nil); err != nil {
					return err
				}
				if _, err := tx.exec(`DELETE FROM identifiers WHERE user_id = ?`, person(i).ID); err != nil {
					return err
				}
				if _, err := tx.exec(`UPDATE users SET deleted = 1 WHERE id = ?`, person(i).ID); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return gone
}

// traces returns which of some accounts the file still holds something of.
func traces(t *testing.T, path string, of []int) []int {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found := []int{}
	for _, i := range of {
		if bytes.Contains(content, []byte(secretWord(i))) {
			found = append(found, i)
		}
	}
	return found
}

func TestASweepLeavesNoTraceOfWhatAnErasedAccountWasFoundBy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gatehouse.db")
	s := openAt(t, path)
	const n = 3000
	gone := erasePeople(t, s, n)
	if removed, err := s.Sweep(t.Context(), time.UnixMilli(0)); err != nil || int(removed) != len(gone) {
		t.Fatalf("swept %d of %d, error %v", removed, len(gone), err)
	}
	if d := cmp.Diff([]int{}, traces(t, path, gone)); d != "" {
		t.Errorf("traces (-want +got):\n%s", d)
	}
	if _, total, err := s.SearchUsers(t.Context(), store.UserQuery{Words: []string{"private"}}); err != nil || int(total) != n-len(gone) {
		t.Errorf("%d are found, want %d (error %v)", total, n-len(gone), err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTracesThatAProcessDidNotComeToScrubAreScrubbedByTheNext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gatehouse.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	gone := erasePeople(t, s, 1000)
	err = s.write(t.Context(), func(tx *tx) error {
		_, err := tx.exec(`DELETE FROM users WHERE deleted = 1`)
		return err
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	if len(traces(t, path, gone)) == 0 {
		t.Fatal("there is nothing to scrub")
	}
	if removed, err := openAt(t, path).Sweep(t.Context(), time.UnixMilli(0)); err != nil || removed != 0 {
		t.Fatalf("swept %d, error %v", removed, err)
	}
	if d := cmp.Diff([]int{}, traces(t, path, gone)); d != "" {
		t.Errorf("traces (-want +got):\n%s", d)
	}
}

func TestAScrubThatIsStoppedIsDoneByTheNextSweep(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gatehouse.db")
	s := openAt(t, path)
	gone := erasePeople(t, s, 1000)
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if err := s.scrub(stopped); !errors.Is(err, context.Canceled) {
		t.Errorf("a scrub whose context has ended: %v", err)
	}
	// The first sweep removes the tombstones and then cannot scrub.
	dir := s.path
	s.path = filepath.Join(t.TempDir(), "missing.db")
	removed, err := s.Sweep(t.Context(), time.UnixMilli(0))
	s.path = dir
	if err == nil || int(removed) != len(gone) {
		t.Fatalf("swept %d of %d, error %v", removed, len(gone), err)
	}
	if removed, err := s.Sweep(t.Context(), time.UnixMilli(0)); err != nil || removed != 0 {
		t.Fatalf("swept %d, error %v", removed, err)
	}
	if d := cmp.Diff([]int{}, traces(t, path, gone)); d != "" {
		t.Errorf("traces (-want +got):\n%s", d)
	}
	if !s.scrubbed.Load() {
		t.Error("every sweep scrubs")
	}
}

// People come and change while the pages they lie on are scrubbed.
func TestAScrubDamagesNothingThatIsWrittenMeanwhile(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "gatehouse.db"))
	const n, more = 1500, 150
	gone := erasePeople(t, s, n)
	outcome := make(chan error)
	go func() {
		for i := range more {
			if err := s.CreateUser(t.Context(), person(n+i)); err != nil {
				outcome <- err
				return
			}
		}
		outcome <- nil
	}()
	for range 10 {
		if err := s.scrub(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if err := <-outcome; err != nil {
		t.Fatal(err)
	}
	if _, total, err := s.SearchUsers(t.Context(), store.UserQuery{}); err != nil || int(total) != n-len(gone)+more {
		t.Errorf("there are %d accounts, want %d (error %v)", total, n-len(gone)+more, err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestOnlyTheMiddleOfAPageOfABTreeIsUnused(t *testing.T) {
	page := func(head ...byte) []byte { return append(head, make([]byte, 512-len(head))...) }
	for _, c := range []struct {
		name string
		page []byte
		want int // how many bytes
	}{
		{"a leaf of a table with two cells", page(13, 0, 0, 0, 2, 1, 0, 0), 256 - 8 - 4},
		{"a leaf of an index", page(10, 0, 0, 0, 1, 1, 0, 0), 256 - 8 - 2},
		{"an interior page has a longer header", page(2, 0, 0, 0, 1, 1, 0, 0), 256 - 12 - 2},
		{"an overflow page begins with a number", page(0, 0, 0, 13, 2, 1, 0, 0), 0},
		{"cells that begin before the pointers end", page(13, 0, 0, 0, 200, 0, 9, 0), 0},
		{"cells that begin behind the page", page(13, 0, 0, 0, 2, 2, 1, 0), 0},
		{"a page cut short", []byte{13, 0, 0, 0, 0}, 0},
	} {
		if got := len(unused(c.page)); got != c.want {
			t.Errorf("%s: %d bytes are unused, want %d", c.name, got, c.want)
		}
	}
}
