package verify

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/sync/singleflight"

	"github.com/gatehouse-id/gatehouse/pkg/recent"
)

// rememberedAnswers is how many introspections are kept at least: well under a megabyte.
const rememberedAnswers = 4096

// liveness asks the issuer whether sessions live, and remembers what it said for a while.
type liveness struct {
	web    *remote
	url    string
	key    string
	maxAge time.Duration
	now    func() time.Time
	log    *slog.Logger

	known  recent.Map[string, answer] // by jti: a verified token's, so nobody can make one up
	flight singleflight.Group
}

// answer is what the issuer said, and when it was asked: it is at least as old as that.
type answer struct {
	asked  time.Time
	active bool
}

func newLiveness(web *remote, address string, s settings) *liveness {
	l := &liveness{web: web, url: address, key: s.secretKey, maxAge: s.maxAge, now: s.now, log: s.log}
	l.known.Size = rememberedAnswers
	return l
}

// check fails unless the session of a verified token lives, as far as maxAge allows to know.
func (l *liveness) check(ctx context.Context, jti, accessToken string) error {
	oldest := l.now().Add(-l.maxAge)
	if a, known := l.remembered(jti, oldest); known {
		return a.verdict()
	}
	for range 2 { // an answer that others were waiting for may be too old for us; the next is not
		a, err := l.share(ctx, jti, accessToken, oldest)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		if !a.asked.Before(oldest) {
			return a.verdict()
		}
	}
	return fmt.Errorf("%w: the clock goes back", ErrUnavailable)
}

func (l *liveness) remembered(jti string, oldest time.Time) (answer, bool) {
	a, known := l.known.Find(jti)
	return a, known && a.asked.After(oldest)
}

func (a answer) verdict() error {
	if !a.active {
		return ErrSignedOut
	}
	return nil
}

// share asks, or waits for the answer to one who asks the same. The question outlives the
// caller.
func (l *liveness) share(ctx context.Context, jti, accessToken string, oldest time.Time) (answer, error) {
	result := l.flight.DoChan(jti, func() (any, error) {
		if a, known := l.remembered(jti, oldest); known {
			return a, nil // it came between our look and our turn
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
		defer cancel()
		a, err := l.ask(ctx, accessToken)
		if err != nil {
			l.log.WarnContext(ctx, "cannot introspect an access token", "url", l.url, "error", err)
			return nil, err
		}
		l.known.Add(jti, a)
		return a, nil
	})
	select {
	case r := <-result:
		a, _ := r.Val.(answer)
		return a, r.Err
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
}

// ask is one introspection (RFC 7662 section 2).
func (l *liveness) ask(ctx context.Context, accessToken string) (answer, error) {
	a := answer{asked: l.now()}
	body, err := l.web.post(ctx, l.url, l.key, url.Values{"token": {accessToken}})
	if err != nil {
		return a, err
	}
	var said struct {
		Active *bool `json:"active"`
	}
	if err := json.Unmarshal(body, &said); err != nil {
		return a, fmt.Errorf("read what %s answered: %w", l.url, err)
	}
	if said.Active == nil {
		return a, fmt.Errorf("%s did not say whether the token is active", l.url)
	}
	a.active = *said.Active
	return a, nil
}
