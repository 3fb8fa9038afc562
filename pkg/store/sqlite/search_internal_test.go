package sqlite

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// person is the i-th account of n: everybody is found by "all", some by a word of their own.
func person(i int) identity.User {
	return identity.User{
		ID: fmt.Sprintf("%028d", i), Rev: 1, UserType: identity.Customer, Email: fmt.Sprintf("person%d@example.com", i),
		Profile:   identity.Profile{DisplayName: fmt.Sprintf("all half%d name%d", i%2, i)},
		CreatedAt: time.UnixMilli(int64(i) * 1000).UTC(),
	}
}

func openAt(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path)
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

func found(t *testing.T, s *Store, words ...string) []string {
	t.Helper()
	page, total, err := s.SearchUsers(t.Context(), store.UserQuery{Words: words, Limit: 100})
	if err != nil || int(total) != len(page) {
		t.Fatalf("%d of %d are found, error %v", len(page), total, err)
	}
	ids := []string{}
	for _, u := range page {
		ids = append(ids, u.ID)
	}
	return ids
}

// TestSearchesReadTheirIndex holds that no search reads the accounts themselves, and none but the
// walk from the newest on begins where it need not.
func TestSearchesReadTheirIndex(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "gatehouse.db"))
	var all sync.WaitGroup
	for i := range fewAnyway + 1 {
		all.Go(func() {
			if err := s.CreateUser(t.Context(), person(i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	lookUp := []string{
		"SEARCH s USING INTEGER PRIMARY KEY (rowid=?)", "LIST SUBQUERY", "SEARCH search_terms USING PRIMARY KEY (head>? AND head<?)",
		"USE TEMP B-TREE FOR ORDER BY",
	}
	for _, c := range []struct {
		name  string
		query store.UserQuery
		want  []string // the steps to the ids of a page
	}{
		{"everybody", store.UserQuery{}, []string{"SCAN s USING COVERING INDEX search_newest"}},
		{"a user type", store.UserQuery{UserType: "admin"}, []string{"SEARCH s USING COVERING INDEX search_type (user_type=?)"}},
		{"a word that few are found by", store.UserQuery{Words: []string{"name7"}}, lookUp},
		{"a word that all are found by and one of few", store.UserQuery{Words: []string{"all", "name7"}, UserType: "admin"}, lookUp},
		{"a word that all are found by", store.UserQuery{Words: []string{"all"}}, []string{"SCAN s USING COVERING INDEX search_newest"}},
	} {
		plan, err := s.searchPlan(t.Context(), c.query)
		if err != nil {
			t.Fatal(err)
		}
		steps := explain(t, s, plan.page(), append(plan.args, 10, 0)...)
		from, to := slices.Index(steps, "CO-ROUTINE f"), slices.Index(steps, "SCAN f")
		if from < 0 || to < from {
			t.Fatalf("%s: the page is not chosen first: %q", c.name, steps)
		}
		if d := cmp.Diff(c.want, steps[from+1:to]); d != "" {
			t.Errorf("%s: the page (-want +got):\n%s", c.name, d)
		}
		for _, step := range steps[to+1:] {
			if strings.HasPrefix(step, "SCAN") || strings.Contains(step, "SCAN u") {
				t.Errorf("%s: the accounts are read by %q", c.name, steps)
			}
		}
	}
}

func explain(t *testing.T, s *Store, query string, args ...any) []string {
	t.Helper()
	var steps []string
	err := s.readers.each(t.Context(), "EXPLAIN QUERY PLAN "+query, args, func(r row) error {
		var id, parent, unused int
		var step string
		err := r.Scan(&id, &parent, &unused, &step)
		steps = append(steps, strings.TrimRight(step, " 0123456789"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return steps
}

// older writes a database as the version before the search left it, with n accounts.
func older(t *testing.T, path string, n int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	steps, err := migrations()
	if err != nil {
		t.Fatal(err)
	}
	mark := fmt.Sprintf("PRAGMA journal_mode = WAL; PRAGMA user_version = 1; PRAGMA application_id = %d;", applicationID)
	if _, err := db.ExecContext(t.Context(), mark+steps[0]+"; BEGIN"); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		writeAsBefore(t, db, person(i))
	}
	if _, err := db.ExecContext(t.Context(), "COMMIT"); err != nil {
		t.Fatal(err)
	}
}

// writeAsBefore adds an account, or changes the one that is there, as the version before did.
func writeAsBefore(t *testing.T, db *sql.DB, u identity.User) {
	t.Helper()
	record, claims, err := encodeUser(u)
	if err != nil {
		t.Fatal(err)
	}
	const write = `INSERT INTO users (id, rev, deleted, record, claims) VALUES (?, 1, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET rev = rev + 1, deleted = excluded.deleted, record = excluded.record, claims = excluded.claims`
	if _, err := db.ExecContext(t.Context(), write, u.ID, u.Deleted, record, claims); err != nil {
		t.Fatal(err)
	}
}

func TestAccountsOfAnOlderDatabaseAreFoundAtTheFirstStart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gatehouse.db")
	const n = 2*catchUpChunk + 3
	older(t, path, n)
	s := openAt(t, path)
	if _, total, err := s.SearchUsers(t.Context(), store.UserQuery{Words: []string{"all"}}); err != nil || total != n {
		t.Errorf("%d of %d accounts are found, error %v", total, n, err)
	}
	if d := cmp.Diff([]string{person(17).ID}, found(t, s, "person17@example.com")); d != "" {
		t.Errorf("found (-want +got):\n%s", d)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestWhatAnOlderVersionWritesMeanwhileIsFoundAfterASweep(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gatehouse.db")
	s := openAt(t, path)
	for i := range 3 {
		if err := s.CreateUser(t.Context(), person(i)); err != nil {
			t.Fatal(err)
		}
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=foreign_keys(ON)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	changed, gone := person(0), identity.User{ID: person(1).ID, Deleted: true}
	changed.Profile.DisplayName = "all renamed"
	writeAsBefore(t, db, changed)
	writeAsBefore(t, db, gone)
	writeAsBefore(t, db, person(7))
	if _, err := db.ExecContext(t.Context(), `DELETE FROM users WHERE id = ?`, person(2).ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sweep(t.Context(), time.UnixMilli(0)); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{person(7).ID, changed.ID}, found(t, s, "all")); d != "" {
		t.Errorf("found (-want +got):\n%s", d)
	}
	if got := found(t, s, "name0"); len(got) != 0 {
		t.Errorf("the account is found by what it was: %q", got)
	}
	var left int
	if err := db.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM search_lines) - 2 + count(*) FROM search_terms WHERE n NOT IN (SELECT n FROM search)
		OR CAST(head AS TEXT) GLOB 'name[012]*'`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d terms of nobody are left, error %v", left, err)
	}
}
