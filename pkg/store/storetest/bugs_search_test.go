package storetest_test

import (
	"context"
	"errors"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

const (
	beginnings = "search/SearchUsers finds an account by each of its terms and by what one begins with, byte for byte"
	noMiddle   = "search/SearchUsers finds nothing by what is in the middle of a term or goes beyond it"
	everyWord  = "search/SearchUsers wants each word to begin a term, and the user type to be that one"
	literal    = "search/SearchUsers takes every character for itself"
	noWords    = "search/SearchUsers without words finds every active account, those without terms too"
	activeOnly = "search/SearchUsers finds no account that is deleted or provisional"
	ordered    = "search/SearchUsers lists the newest first, those of one moment by the bytes of their ids, both descending"
	counted    = "search/SearchUsers counts all it finds, whatever the page, and a page behind the last is empty"
	whole      = "search/SearchUsers returns accounts whole"
	afterwards = "search/an account is found by what it is after an update and no more by what it was"
	noUpdate   = "search/an update that does not happen changes nothing of what an account is found by"
	removed    = "search/an account that is gone is found no more"
	allThrough = "search/an account that is found before and after each of many updates is found all through them"
	amongMany  = "search/SearchUsers finds among many accounts what it should, however many that are"
)

func searchBugs() []bug {
	suits := func(f func(term, word string) bool) func(m *memory) store.Store {
		return func(m *memory) store.Store {
			return finder{m, func(q store.UserQuery, u identity.User) bool {
				return finds(store.UserQuery{UserType: q.UserType}, u) && eachWord(q, u, f)
			}}
		}
	}
	alters := func(f func(q store.UserQuery, page []identity.User, total int64) ([]identity.User, int64)) func(m *memory) store.Store {
		return func(m *memory) store.Store { return alterer{m, f} }
	}
	return []bug{
		{"SearchUsers wants whole terms", suits(func(t, w string) bool { return t == w }), []string{beginnings, everyWord, amongMany}},
		{"SearchUsers looks into the middle of terms", suits(strings.Contains), []string{noMiddle}},
		{"SearchUsers goes beyond terms", suits(func(t, w string) bool { return strings.HasPrefix(t, w) || strings.HasPrefix(w, t) }), []string{noMiddle}},
		{"SearchUsers takes words for expressions", suits(func(t, w string) bool {
			r, err := regexp.Compile("^(?:" + w + ")")
			return err == nil && r.MatchString(t)
		}), []string{literal}},
		{"SearchUsers takes words for patterns", suits(func(t, w string) bool {
			ok, err := path.Match(strings.NewReplacer("%", "*", "_", "?").Replace(w)+"*", t)
			return err == nil && ok
		}), []string{literal}},
		{"SearchUsers is content with any word", func(m *memory) store.Store {
			return finder{m, func(q store.UserQuery, u identity.User) bool {
				return finds(store.UserQuery{UserType: q.UserType}, u) && (len(q.Words) == 0 || slices.ContainsFunc(q.Words, func(w string) bool {
					return finds(store.UserQuery{Words: []string{w}}, u)
				}))
			}}
		}, []string{everyWord, amongMany}},
		{"SearchUsers takes the beginning of a user type", func(m *memory) store.Store {
			return finder{m, func(q store.UserQuery, u identity.User) bool {
				return finds(store.UserQuery{Words: q.Words}, u) && strings.HasPrefix(u.UserType, q.UserType)
			}}
		}, []string{everyWord}},
		{"SearchUsers overlooks accounts without terms", func(m *memory) store.Store {
			return finder{m, func(q store.UserQuery, u identity.User) bool { return finds(q, u) && len(u.SearchTerms()) > 0 }}
		}, []string{noWords, afterwards}},
		{"SearchUsers overlooks accounts that are shut", func(m *memory) store.Store {
			return finder{m, func(q store.UserQuery, u identity.User) bool { return finds(q, u) && !u.Disabled }}
		}, []string{noWords}},
		{"SearchUsers finds tombstones", func(m *memory) store.Store {
			return finder{m, func(q store.UserQuery, u identity.User) bool { u.Deleted = false; return finds(q, u) }}
		}, []string{activeOnly}},
		{"SearchUsers finds provisional accounts", func(m *memory) store.Store {
			return finder{m, func(q store.UserQuery, u identity.User) bool { u.Provisional = false; return finds(q, u) }}
		}, []string{activeOnly}},
		{"SearchUsers lists the oldest first", func(m *memory) store.Store {
			return sorter{m, func(a, b identity.User) int { return youngestFirst(b, a) }}
		}, []string{ordered, counted, amongMany}},
		{"SearchUsers folds the ids it sorts by", func(m *memory) store.Store {
			return sorter{m, func(a, b identity.User) int {
				if c := b.CreatedAt.Compare(a.CreatedAt); c != 0 {
					return c
				}
				return strings.Compare(strings.ToLower(b.ID), strings.ToLower(a.ID))
			}}
		}, []string{ordered}},
		{"SearchUsers counts the page", alters(func(_ store.UserQuery, page []identity.User, _ int64) ([]identity.User, int64) {
			return page, int64(len(page))
		}), []string{counted, amongMany}},
		{"SearchUsers counts up to a page", alters(func(q store.UserQuery, page []identity.User, total int64) ([]identity.User, int64) {
			return page, min(total, 1000)
		}), []string{amongMany}},
		{"SearchUsers strips what it returns", alters(func(_ store.UserQuery, page []identity.User, total int64) ([]identity.User, int64) {
			for i := range page {
				page[i].KnownClients = nil
			}
			return page, total
		}), []string{whole}},
		{"UpdateUser leaves what a user is found by", func(m *memory) store.Store {
			return newIndexed(m, false, func(error) bool { return false })
		}, []string{afterwards}},
		{"UpdateUser changes what a user is found by before it knows", func(m *memory) store.Store {
			return newIndexed(m, false, func(error) bool { return true })
		}, []string{noUpdate}},
		{"RemoveUser leaves what a user is found by", func(m *memory) store.Store {
			return newIndexed(m, true, func(err error) bool { return err == nil })
		}, []string{removed}},
		{"UpdateUser takes away what a user is found by and then writes it", func(m *memory) store.Store {
			return updateHides{m, make(chan chan struct{}), map[string]bool{}}
		}, []string{allThrough}},
	}
}

type finder struct {
	*memory
	finds func(store.UserQuery, identity.User) bool
}

func (b finder) SearchUsers(ctx context.Context, q store.UserQuery) ([]identity.User, int64, error) {
	return b.search(ctx, q, b.finds, youngestFirst)
}

type sorter struct {
	*memory
	order func(a, b identity.User) int
}

func (b sorter) SearchUsers(ctx context.Context, q store.UserQuery) ([]identity.User, int64, error) {
	return b.search(ctx, q, finds, b.order)
}

type alterer struct {
	*memory
	alter func(store.UserQuery, []identity.User, int64) ([]identity.User, int64)
}

func (b alterer) SearchUsers(ctx context.Context, q store.UserQuery) ([]identity.User, int64, error) {
	page, total, err := b.memory.SearchUsers(ctx, q)
	if err == nil {
		page, total = b.alter(q, page, total)
	}
	return page, total, err
}

// indexed keeps what users are found by beside them.
type indexed struct {
	*memory
	index map[string]identity.User // guarded by the memory's lock
	put   func(err error) bool     // whether an update that ended so reaches the index
	keeps bool                     // a user who is gone
}

func newIndexed(m *memory, keeps bool, put func(err error) bool) indexed {
	return indexed{m, map[string]identity.User{}, put, keeps}
}

func (b indexed) note(u identity.User) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.index[u.ID] = clone(u)
}

func (b indexed) CreateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	err := b.memory.CreateUser(ctx, u, also...)
	if err == nil {
		b.note(u)
	}
	return err
}

func (b indexed) UpdateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	err := b.memory.UpdateUser(ctx, u, also...)
	if b.put(err) {
		b.note(u)
	}
	return err
}

func (b indexed) RemoveUser(ctx context.Context, id string, rev int64) error {
	err := b.memory.RemoveUser(ctx, id, rev)
	if err == nil && !b.keeps {
		b.note(identity.User{ID: id, Deleted: true})
	}
	return err
}

func (b indexed) SearchUsers(ctx context.Context, q store.UserQuery) ([]identity.User, int64, error) {
	found, err := list(ctx, b.memory, b.index, 1000, func(u identity.User) bool { return finds(q, u) }, youngestFirst)
	return found, int64(len(found)), err
}

// updateHides lets somebody search between its two steps.
type updateHides struct {
	*memory
	reader chan chan struct{}
	hidden map[string]bool // guarded by the memory's lock
}

func (b updateHides) hide(ctx context.Context, id string, hidden bool) error {
	return b.step(ctx, func() error {
		b.hidden[id] = hidden
		return nil
	})
}

func (b updateHides) UpdateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	if err := b.hide(ctx, u.ID, true); err != nil {
		return err
	}
	read := make(chan struct{})
	select {
	case b.reader <- read:
		<-read
	case <-time.After(patience()):
	}
	return errors.Join(b.memory.UpdateUser(ctx, u, also...), b.hide(ctx, u.ID, false))
}

func (b updateHides) SearchUsers(ctx context.Context, q store.UserQuery) ([]identity.User, int64, error) {
	select {
	case read := <-b.reader:
		defer close(read)
	default:
	}
	return b.search(ctx, q, func(q store.UserQuery, u identity.User) bool { return finds(q, u) && !b.hidden[u.ID] }, youngestFirst)
}
