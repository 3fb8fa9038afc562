package verify

import (
	"context"
	"crypto/rsa"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	// coolDown is how long an unknown key id, which anybody can make up, or a failure keeps
	// the next fetch away.
	coolDown = 10 * time.Second
	// coldDown is coolDown while there are no keys at all and every request has to fail.
	coldDown = time.Second
	// staleFor is how long keys are used that cannot be fetched anew.
	staleFor = 24 * time.Hour
	// outage is how long after a failed fetch nobody waits for the next one.
	outage = time.Minute
)

var errNoKeys = errors.New("there are no keys that are young enough")

// keys is the issuer's key set as far as it is known. Reading it takes no lock; of many who
// need it anew, one fetches and the others wait for that.
type keys struct {
	web *remote
	url string
	now func() time.Time
	log *slog.Logger

	state  atomic.Pointer[state] // never nil
	flight singleflight.Group
}

// state is what the last attempts have left. A value is never changed.
type state struct {
	set     map[string]*rsa.PublicKey // by kid; nil when there was never one
	fetched time.Time                 // when set was asked for
	until   time.Time                 // when set has to be fetched again
	missed  time.Time                 // when an unknown key id last led to a fetch
	tried   time.Time                 // when the last attempt ended
	err     error                     // why it failed
}

func (s *state) usable(now time.Time) bool { return s.set != nil && now.Sub(s.fetched) < staleFor }
func (s *state) fresh(now time.Time) bool  { return s.usable(now) && now.Before(s.until) }

func newKeys(web *remote, url string, s settings) *keys {
	k := &keys{web: web, url: url, now: s.now, log: s.log}
	k.state.Store(&state{})
	return k
}

// find returns the key that a kid names, or no key when the issuer does not publish it. It
// fails when that cannot be known.
func (k *keys) find(ctx context.Context, kid string) (*rsa.PublicKey, error) {
	s, now := k.state.Load(), k.now()
	if key := s.set[kid]; key != nil && s.fresh(now) {
		return key, nil
	}
	if k.due(s, now) {
		if s.usable(now) && s.set[kid] != nil && s.err != nil && now.Sub(s.tried) < outage {
			k.fly(ctx, s) // the issuer is down as it was before: nobody waits to hear it again
		} else {
			select {
			case <-k.fly(ctx, s):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		s, now = k.state.Load(), k.now()
	}
	switch key := s.set[kid]; {
	case !s.usable(now):
		return nil, errors.Join(errNoKeys, s.err)
	case key != nil:
		return key, nil
	default:
		return nil, s.err // it may be a new key that we could not fetch
	}
}

// due reports whether it is time for a fetch, when the set is out of date or lacks a key.
func (k *keys) due(s *state, now time.Time) bool {
	switch {
	case s.fresh(now):
		return now.Sub(s.missed) >= coolDown
	case s.err == nil:
		return true
	case s.usable(now):
		return now.Sub(s.tried) >= coolDown
	default:
		return now.Sub(s.tried) >= coldDown
	}
}

// fly fetches the set unless somebody does already, or has since the caller saw the state. The
// fetch outlives the caller: others wait for it.
func (k *keys) fly(ctx context.Context, seen *state) <-chan singleflight.Result {
	return k.flight.DoChan("", func() (any, error) {
		if k.state.Load() == seen {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
			defer cancel()
			k.state.Store(k.fetch(ctx, seen))
		}
		return nil, nil
	})
}

// fetch returns the state after an attempt.
func (k *keys) fetch(ctx context.Context, old *state) *state {
	s, asked := *old, k.now()
	if old.fresh(asked) {
		s.missed = asked
	}
	body, header, err := k.web.get(ctx, k.url)
	if err == nil {
		var set map[string]*rsa.PublicKey
		if set, err = parseKeys(body); err == nil {
			s.set, s.fetched, s.until = set, asked, asked.Add(maxAge(header))
		}
	}
	s.tried, s.err = k.now(), err
	if err != nil {
		k.log.WarnContext(ctx, "cannot fetch the issuer's keys", "url", k.url, "error", err, "usable", s.usable(s.tried))
	}
	return &s
}
