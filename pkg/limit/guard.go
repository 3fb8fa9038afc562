package limit

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// Hit is one attempt by one subject against one budget.
type Hit struct {
	Policy
	Subject string // canonical: a user id, a canonical e-mail address, a ClientSubject, or several joined
}

// Guard keeps durable budgets that all nodes share. It is safe for concurrent use.
type Guard struct {
	Store store.Counters
	Now   func() time.Time
	Key   []byte // hides subjects in the store; the same on all nodes
	Off   bool   // counts nothing and allows everything; for tests and benchmarks

	spent spent
}

var errNoKey = errors.New("limit: the guard has no key")

// Take counts one attempt against every budget, in one step of the store and before it
// returns, so call it before the expensive work: of any number of parallel attempts no more
// than the limit get past it (OWASP ASVS 5.0 6.3.1). It returns ErrRateLimited when one of the
// budgets is used up, and the store's error when the store cannot count: a guard that cannot
// count lets nobody through. The hits must name different counters.
//
// The state of the visible budget goes into the context's report. When another one refuses,
// the report says that nothing of the visible one is left until that other one resets.
//
// An attempt against a budget that this node knows to be used up moves no counter, so one
// stubborn client neither writes to the store nor eats up the budgets it shares with others.
func (g *Guard) Take(ctx context.Context, visible Hit, others ...Hit) error {
	if g.Off {
		return nil
	}
	hits := append([]Hit{visible}, others...)
	counters, err := g.counters(hits)
	if err != nil {
		return err
	}
	now := g.Now()
	until := g.knownSpent(ctx, now, hits, counters)
	if until.IsZero() {
		var first State
		if first, until, err = g.count(ctx, now, hits, counters); err != nil {
			return err
		}
		if until.IsZero() {
			report(ctx, first)
			return nil
		}
	}
	report(ctx, State{Limit: visible.Limit, ResetsAt: until})
	return refusal(now, until)
}

// count moves the counters. It returns the state of the first and, when some are over their
// limit, when the last of those resets.
func (g *Guard) count(ctx context.Context, now time.Time, hits []Hit, counters []store.Counter) (State, time.Time, error) {
	counts, err := g.Store.Hit(ctx, now, counters...)
	if err != nil {
		return State{}, time.Time{}, fmt.Errorf("limit: count: %w", err)
	}
	if len(counts) != len(hits) {
		return State{}, time.Time{}, fmt.Errorf("limit: %d counters, %d counts", len(hits), len(counts))
	}
	var until time.Time
	for i, c := range counts {
		if c.N >= hits[i].Limit {
			g.spent.add(counters[i].Key, c.ResetsAt, now)
		}
		if c.N > hits[i].Limit {
			until = later(later(until, now), c.ResetsAt) // never zero, whatever the store says
		}
	}
	return hits[0].state(counts[0].N, counts[0].ResetsAt), until, nil
}

// knownSpent returns when the last of those budgets resets that need not be counted to know
// that they are used up; zero when there is none. What this node remembers is confirmed
// now and then by a read, because another node may have forgotten the counter since; when
// the read fails the memory stands.
func (g *Guard) knownSpent(ctx context.Context, now time.Time, hits []Hit, counters []store.Counter) time.Time {
	var until time.Time
	for i, c := range counters {
		resetsAt, confirm := g.spent.find(c.Key, now)
		if confirm {
			count, err := g.Store.Peek(ctx, now, c)
			switch {
			case err != nil: // what is remembered stands
			case count.N < hits[i].Limit:
				g.spent.drop(c.Key)
				continue
			default:
				resetsAt = count.ResetsAt
				g.spent.add(c.Key, resetsAt, now)
			}
		}
		until = later(until, resetsAt)
	}
	return until
}

// Forget makes budgets whole again, for example that of an account and a network after a
// correct password. Other nodes follow within seconds.
func (g *Guard) Forget(ctx context.Context, hits ...Hit) error {
	if g.Off || len(hits) == 0 {
		return nil
	}
	counters, err := g.counters(hits)
	if err != nil {
		return err
	}
	keys := make([]string, len(counters))
	for i, c := range counters {
		keys[i] = c.Key
	}
	if err := g.Store.Forget(ctx, keys...); err != nil {
		return fmt.Errorf("limit: forget: %w", err)
	}
	g.spent.drop(keys...)
	return nil
}

// Peek returns where a budget stands without counting. ResetsAt is zero when no window is
// open.
func (g *Guard) Peek(ctx context.Context, h Hit) (State, error) {
	if g.Off {
		return h.state(0, time.Time{}), nil
	}
	counters, err := g.counters([]Hit{h})
	if err != nil {
		return State{}, err
	}
	count, err := g.Store.Peek(ctx, g.Now(), counters[0])
	if err != nil {
		return State{}, fmt.Errorf("limit: peek: %w", err)
	}
	if count.N == 0 {
		return h.state(0, time.Time{}), nil
	}
	return h.state(count.N, count.ResetsAt), nil
}

// counters names the hits for the store. The policy goes into the hash as well, so that the
// store does not show which counters belong to one person.
func (g *Guard) counters(hits []Hit) ([]store.Counter, error) {
	if len(g.Key) == 0 {
		return nil, errNoKey
	}
	out := make([]store.Counter, len(hits))
	for i, h := range hits {
		mac := hmac.New(sha256.New, g.Key)
		mac.Write([]byte(h.Name + "\x00" + h.Subject))
		out[i] = store.Counter{
			Key:    h.Name + ":" + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)),
			Window: h.Window,
		}
	}
	return out, nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
