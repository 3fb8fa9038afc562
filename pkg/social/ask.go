package social

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/provider"
)

const (
	// patience is how long all that one flow asks of a provider may take. It leaves time to answer
	// the browser within its own request.
	patience = 8 * time.Second
	// maxWaiting is how many flows may wait for one provider on one node. One that hangs holds no
	// more than these; the next are told at once.
	maxWaiting = 64
	// respite is when to try again.
	respite = 10 * time.Second
)

// doors hold how many flows wait for each provider. The zero value is ready.
type doors struct {
	mu      sync.Mutex
	waiting map[string]int
}

func (d *doors) enter(name string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.waiting == nil {
		d.waiting = map[string]int{}
	}
	if d.waiting[name] >= maxWaiting {
		return false
	}
	d.waiting[name]++
	return true
}

func (d *doors) leave(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.waiting[name]--; d.waiting[name] == 0 {
		delete(d.waiting, name)
	}
}

// ask has f talk to a provider, for a bounded time and beside a bounded number of others.
func (s *Service) ask(ctx context.Context, name string, f func(context.Context) error) error {
	if !s.doors.enter(name) {
		return provider.ErrUnavailable.With(errors.New("social: too many wait for it")).After(respite)
	}
	defer s.doors.leave(name)
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(s.patience, patience))
	defer cancel()
	err := f(ctx)
	if err == nil {
		return nil
	}
	switch said := fault.From(err); {
	case said.Kind == fault.Internal: // what is wrong at a provider is no fault of ours
		return provider.ErrUnavailable.With(err).After(respite)
	case said.Kind == fault.Unavailable && said.RetryAfter == 0:
		return said.After(respite)
	default:
		return err
	}
}

// prove is ask for a proof of who somebody is.
func (s *Service) prove(ctx context.Context, name string, f func(context.Context) (identity.Assertion, error)) (proof identity.Assertion, err error) {
	err = s.ask(ctx, name, func(ctx context.Context) (err error) {
		proof, err = f(ctx)
		return err
	})
	switch {
	case errors.Is(err, provider.ErrRejected):
		return identity.Assertion{}, s.refuse(ctx, name, "the proof does not hold", err, nil)
	case err != nil:
		return identity.Assertion{}, err
	case proof.Provider != name || proof.Subject == "":
		return identity.Assertion{}, errors.New("social: the proof is of nobody at this provider")
	default:
		return proof, nil
	}
}
