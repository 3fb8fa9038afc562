package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/store"
	"github.com/gatehouse-id/gatehouse/pkg/store/mongo"
	"github.com/gatehouse-id/gatehouse/pkg/store/sqlite"
)

const (
	defaultAccounts = 100_000
	minAccounts     = 1000
	// fillers is how many accounts are made at a time: as many as share one commit.
	fillers = 256
)

// searches measures the search in SQLite, and in a MongoDB if there is one.
func (b *run) searches(ctx context.Context) error {
	if err := b.searchSQLite(ctx); err != nil || b.MongoDB == "" {
		return err
	}
	return b.searchMongoDB(ctx)
}

func (b *run) searchSQLite(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "gatehouse-bench-")
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	st, err := sqlite.Open(ctx, filepath.Join(dir, "search.db"))
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	return errors.Join(b.searchIn(ctx, "SQLite", st), st.Close()) //nolint:contextcheck // it closes also when ctx has ended
}

func (b *run) searchMongoDB(ctx context.Context) error {
	st, discard, err := mongo.OpenScratch(ctx, b.MongoDB, mongo.Options{Standalone: true, Now: time.Now, Patience: time.Minute})
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	return errors.Join(b.searchIn(ctx, "MongoDB", st), discard())
}

// checkMongoDB refuses an address that names another machine.
func checkMongoDB(address string) error {
	if address == "" {
		return nil
	}
	rest, ok := strings.CutPrefix(address, "mongodb://")
	rest, _, _ = strings.Cut(rest, "?")
	rest, _, _ = strings.Cut(rest, "/")
	for host := range strings.SplitSeq(rest[strings.LastIndex(rest, "@")+1:], ",") {
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		switch host {
		case "127.0.0.1", "::1", "[::1]", "localhost":
		default:
			ok = false
		}
	}
	if !ok {
		return errors.New("bench: load goes to this machine only: mongodb://127.0.0.1:PORT or mongodb://localhost:PORT")
	}
	return nil
}

// searchIn makes the accounts in an empty store and measures each query.
func (b *run) searchIn(ctx context.Context, name string, st store.Store) error {
	b.say("make %d accounts in %s", b.Accounts, name)
	began := time.Now()
	if err := fill(ctx, st, b.Accounts); err != nil {
		return fmt.Errorf("bench: make accounts in %s: %w", name, err)
	}
	out := Searches{Store: name, Accounts: b.Accounts, FillSeconds: round(time.Since(began).Seconds(), 1)}
	for _, q := range queries(b.Accounts) {
		m, err := b.search(ctx, st, q)
		if err != nil {
			return fmt.Errorf("bench: search %s for %s: %w", name, q.name, err)
		}
		b.say("%s in %s: %.3f ms", q.name, name, m.P50Millis)
		out.Queries = append(out.Queries, m)
	}
	b.report.Searches = append(b.report.Searches, out)
	return nil
}

// fill makes n accounts, many at a time and without hashing a password.
func fill(ctx context.Context, st store.Users, n int) error {
	ctx, abort := context.WithCancelCause(ctx)
	defer abort(nil)
	newest := time.Now().UTC().Truncate(time.Millisecond)
	var next atomic.Int64
	var all sync.WaitGroup
	for range fillers {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := st.CreateUser(ctx, accountOf(i, newest)); err != nil {
					abort(err)
				}
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}

// accountOf returns account number i: one of twenty last names, one of fifty domains, and every
// hundredth is an admin. It signs in by nothing.
func accountOf(i int, newest time.Time) identity.User {
	u := identity.User{
		ID: opaque.Random(identity.UserIDLength), Email: fmt.Sprintf("person%06d@example%02d.com", i, i%50), UserType: identity.Customer,
		Profile: identity.Profile{Name: fmt.Sprintf("Given%d", i%997), LastName: fmt.Sprintf("Family%c", 'a'+i%20), Phone: fmt.Sprintf("+49 30 %07d", i)},
	}
	if i%100 == 0 {
		u.UserType = identity.Admin
	}
	u.CreatedAt = newest.Add(-time.Duration(i) * time.Minute)
	u.UpdatedAt, u.PasswordSetAt = u.CreatedAt, u.CreatedAt
	return u
}

// query is something that is looked for.
type query struct {
	name string
	account.Search
}

// queries returns what is measured with n accounts.
func queries(n int) []query {
	return []query{
		{"a word that finds one", account.Search{Text: fmt.Sprintf("Person%06d", n/2)}},
		{"a word that finds a twentieth", account.Search{Text: "familyc"}},
		{"the same, last page", account.Search{Text: "familyc", Page: n / 20 / 10}},
		{"a word that finds all", account.Search{Text: "example"}},
		{"the same, a page in the middle", account.Search{Text: "example", Page: n / 20}},
		{"three words", account.Search{Text: "example familyc given7"}},
		{"all of a user type", account.Search{UserType: identity.Customer}},
		{"a word and a user type", account.Search{Text: "familya", UserType: identity.Admin}},
		{"all, last page", account.Search{Page: n / 10}},
	}
}

// search asks for one thing again and again.
func (b *run) search(ctx context.Context, st account.Store, q query) (Search, error) {
	service := account.Service{Store: st}
	by := identity.Actor{User: &identity.User{ID: "bench", UserType: identity.Admin}}
	found, err := service.Search(ctx, by, q.Search) // unobserved
	if err != nil {
		return Search{}, err
	}
	if len(found.Users) == 0 {
		return Search{}, errors.New("nothing is found")
	}
	var latency histogram
	began := time.Now()
	for last := began; last.Sub(began) < b.Duration/2; {
		if _, err := service.Search(ctx, by, q.Search); err != nil {
			return Search{}, err
		}
		now := time.Now()
		latency.add(now.Sub(last))
		last = now
	}
	return Search{
		Query: q.name, Found: found.Total, PerSecond: round(float64(latency.total)/time.Since(began).Seconds(), 1),
		P50Millis: millis(latency.quantile(0.50)), P99Millis: millis(latency.quantile(0.99)),
	}, nil
}
