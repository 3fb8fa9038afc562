package sqlite

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

const (
	// fewShare is the part of all accounts that a word may find and still be looked up by its
	// terms. To look up costs some 2 µs for each that it finds; to walk through all accounts,
	// newest first, costs 0.3 µs for each there is, and stops when the page is full.
	fewShare = 8
	// fewAnyway is how many a word may find at least.
	fewAnyway = 1000
)

// SearchUsers implements store.Users.
func (s *Store) SearchUsers(ctx context.Context, q store.UserQuery) ([]identity.User, int64, error) {
	q.Skip, q.Limit = max(0, q.Skip), max(0, q.Limit)
	plan, err := s.searchPlan(ctx, q)
	if err != nil {
		return nil, 0, err
	}
	page, err := all(ctx, s, scanUser, plan.page(), append(plan.args, q.Limit, q.Skip)...)
	if err != nil {
		return nil, 0, err
	}
	if n := len(page); n < q.Limit && (n > 0 || q.Skip == 0) {
		return page, int64(q.Skip + n), nil
	}
	total, err := s.countFound(ctx, q, plan, page)
	return page, total, err
}

// countFound returns how many a search finds. What was walked through for a page is not walked
// through again.
func (s *Store) countFound(ctx context.Context, q store.UserQuery, p searchPlan, page []identity.User) (int64, error) {
	query := `SELECT count(*) ` + p.from
	if !p.walks || len(page) == 0 {
		return s.number(ctx, query, p.args...)
	}
	last := page[len(page)-1]
	n, err := s.countBefore(ctx, query, p.args, last)
	return int64(q.Skip+len(page)) + n, err
}

// countBefore counts the accounts of a walk that come behind last. The walk is long: two readers
// take a half each, of the time in which accounts were made.
func (s *Store) countBefore(ctx context.Context, query string, args []any, last identity.User) (int64, error) {
	const middle = `SELECT coalesce(((SELECT min(created_at) FROM search_lines) + ?) / 2, 0)`
	from, id := last.CreatedAt.UnixMilli(), last.ID
	mid, err := s.number(ctx, middle, from)
	if err != nil {
		return 0, err
	}
	var older, newer int64
	halves, ctx := errgroup.WithContext(ctx)
	halves.Go(func() (err error) {
		older, err = s.number(ctx, query+` AND s.created_at < ? AND (s.created_at, s.user_id) < (?, ?)`, append(slices.Clone(args), mid, from, id)...)
		return err
	})
	halves.Go(func() (err error) {
		newer, err = s.number(ctx, query+` AND s.created_at >= ? AND (s.created_at, s.user_id) < (?, ?)`, append(slices.Clone(args), mid, from, id)...)
		return err
	})
	err = halves.Wait()
	return older + newer, err
}

// number reads one number, until ctx ends.
func (s *Store) number(ctx context.Context, query string, args ...any) (n int64, err error) {
	err = s.readers.each(ctx, query, args, func(r row) error { return r.Scan(&n) })
	return n, s.explain(err)
}

// searchPlan is how a search goes about it.
type searchPlan struct {
	from  string // FROM and WHERE of a query that finds the accounts; s has their user_id and created_at
	args  []any
	walks bool // through the accounts from the newest on
}

// page returns the query for a page. Only the accounts on it are read.
func (p searchPlan) page() string {
	return `SELECT ` + userColumns + ` FROM (SELECT s.user_id, s.created_at ` + p.from + `
		ORDER BY s.created_at DESC, s.user_id DESC LIMIT ? OFFSET ?) f CROSS JOIN users u ON u.id = f.user_id
		ORDER BY f.created_at DESC, f.user_id DESC`
}

// searchPlan chooses the cheapest plan.
func (s *Store) searchPlan(ctx context.Context, q store.UserQuery) (searchPlan, error) {
	const lookUp = `FROM search_lines s NOT INDEXED WHERE s.n IN (SELECT n FROM search_terms WHERE head >= ? AND head < ?)`
	if len(q.Words) == 0 && q.UserType != "" {
		return searchPlan{from: `FROM search s INDEXED BY search_type WHERE s.user_type = ?`, args: []any{q.UserType}}, nil
	}
	p := searchPlan{from: `FROM search_lines s INDEXED BY search_newest WHERE true`, walks: len(q.Words) > 0}
	rare, err := s.rareWord(ctx, q.Words)
	if err != nil {
		return p, err
	}
	if rare != "" {
		p = searchPlan{from: lookUp, args: heads(rare)}
	}
	for _, w := range q.Words {
		p.from += ` AND instr(s.terms, ?)`
		p.args = append(p.args, " "+w)
	}
	if q.UserType != "" {
		p.from += ` AND s.user_type = ?`
		p.args = append(p.args, q.UserType)
	}
	return p, nil
}

// rareWord returns the word that the fewest accounts are found by, empty when these are many.
func (s *Store) rareWord(ctx context.Context, words []string) (string, error) {
	if len(words) == 0 {
		return "", nil
	}
	// The span of n is about how many there are, and known at once.
	all, err := s.number(ctx, `SELECT coalesce((SELECT max(n) FROM search) - (SELECT min(n) FROM search), 0)`)
	if err != nil {
		return "", err
	}
	const count = `SELECT count(*) FROM (SELECT 1 FROM search_terms WHERE head >= ? AND head < ? LIMIT ?)`
	rare, few := "", max(fewAnyway, all/fewShare)
	for _, w := range words {
		n, err := s.number(ctx, count, append(heads(w), few)...)
		if err != nil {
			return "", err
		}
		if n < few {
			rare, few = w, n
		}
	}
	return rare, nil
}

// headLength is how much of a term lies in the index of terms.
const headLength = 16

// heads returns the bounds of the heads of all terms that begin with a word: from the first on,
// and up to before the second.
func heads(word string) []any {
	first := []byte(word[:min(len(word), headLength)])
	behind := append([]byte(nil), first...)
	behind[len(behind)-1]++ // no byte of UTF-8 is the last there is
	return []any{first, behind}
}

// makeFindable writes what a new account is found by, if it is active.
func (t *tx) makeFindable(u identity.User, terms []string) error {
	if !u.Active() {
		return nil
	}
	const (
		insert = `INSERT INTO search (n, user_id, user_type, created_at)
			SELECT coalesce((SELECT max(n) FROM search), (1 << 24) - 1) + 1, ?, ?, ? RETURNING n`
		insertLine = `INSERT INTO search_lines (n, created_at, user_id, user_type, terms) VALUES (?, ?, ?, ?, ?)`
		insertTerm = `INSERT INTO search_terms (head, n) VALUES (?, ?) ON CONFLICT DO NOTHING`
	)
	var n int64
	if err := t.get(insert, []any{u.ID, u.UserType, u.CreatedAt.UnixMilli()}, &n); err != nil {
		return err
	}
	if _, err := t.exec(insertLine, n, u.CreatedAt.UnixMilli(), u.ID, u.UserType, joined(terms)); err != nil {
		return err
	}
	for _, term := range terms {
		head := make([]byte, headLength)
		copy(head, term)
		if _, err := t.exec(insertTerm, head, n); err != nil {
			return err
		}
	}
	return nil
}

// refind writes what an account is found by after a change, if that has changed.
func (t *tx) refind(u identity.User, terms []string) error {
	const (
		same   = `SELECT 1 FROM search_lines INDEXED BY search_newest WHERE created_at = ? AND user_id = ? AND user_type = ? AND terms = ?`
		remove = `DELETE FROM search WHERE user_id = ?` // the line and the terms go with it
	)
	if u.Active() {
		there, err := t.exists(same, u.CreatedAt.UnixMilli(), u.ID, u.UserType, joined(terms))
		if err != nil || there {
			return err
		}
	}
	if _, err := t.exec(remove, u.ID); err != nil {
		return err
	}
	return t.makeFindable(u, terms)
}

func joined(terms []string) string {
	if len(terms) == 0 {
		return ""
	}
	return " " + strings.Join(terms, " ")
}
