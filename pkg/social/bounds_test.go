package social_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/provider"
	"github.com/gatehouse-id/gatehouse/pkg/social"
)

func TestOfManyAnswersOneGoesOn(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		w := newWorld(t, open)
		nodes := []*social.Service{w.Service, w.node(open(t, w.clock.Now))}
		a := w.begin(t, social.Start{})
		var good, other atomic.Int64
		dialecttest.Together(20, func(i int) {
			_, err := nodes[i%2].Finish(context.WithoutCancel(t.Context()), browser, a)
			switch {
			case err == nil:
				good.Add(1)
			case !errors.Is(err, social.ErrStateInvalid):
				other.Add(1)
			}
		})
		if good.Load() != 1 || other.Load() != 0 || w.changes() != 1 || w.google.exchanges != 1 {
			t.Errorf("%d went on, %d failed otherwise, %d were let in, the provider was asked %d times", good.Load(), other.Load(), w.changes(), w.google.exchanges)
		}
	})
}

func TestAProviderThatHangsHoldsOnlyItsOwn(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t))
	const most = 64
	var waiting []social.Answer
	for range most {
		waiting = append(waiting, w.begin(t, social.Start{}))
	}
	late, elsewhere := w.begin(t, social.Start{}), w.begin(t, social.Start{Provider: "evil"})
	w.google.hang = make(chan struct{})
	var all sync.WaitGroup
	var good atomic.Int64
	for _, a := range waiting {
		all.Go(func() {
			if _, err := w.Finish(context.WithoutCancel(t.Context()), browser, a); err == nil {
				good.Add(1)
			}
		})
	}
	for w.Waiting("google") < most {
		continue
	}
	w.refused(t, late, provider.ErrUnavailable)
	if _, err := w.Begin(t.Context(), browser, social.Start{Provider: "google", RedirectURI: callback}); !errors.Is(err, provider.ErrUnavailable) {
		t.Errorf("one more begins: %v", err)
	}
	if _, err := w.Token(t.Context(), browser, social.Proof{Provider: "google", AccessToken: "x"}); !errors.Is(err, provider.ErrUnavailable) {
		t.Errorf("one more token: %v", err)
	}
	if _, err := w.Finish(t.Context(), browser, elsewhere); err != nil {
		t.Errorf("at another provider: %v", err)
	}
	close(w.google.hang)
	all.Wait()
	if good.Load() != most || w.Waiting("google") != 0 {
		t.Errorf("%d of %d came in, %d wait still", good.Load(), most, w.Waiting("google"))
	}
}

func TestAFailureOfAProviderIsNoneOfOurs(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t))
	a := w.begin(t, social.Start{})
	w.google.fail = fmt.Errorf("dial %s: refused", "10.0.0.7")
	w.refused(t, a, provider.ErrUnavailable)
	if _, err := w.Begin(t.Context(), browser, social.Start{Provider: "google", RedirectURI: callback}); !errors.Is(err, provider.ErrUnavailable) {
		t.Errorf("a start: %v", err)
	}
	for _, says := range []error{w.google.fail, provider.ErrUnavailable} {
		w.google.fail = says
		_, err := w.Begin(t.Context(), browser, social.Start{Provider: "google", RedirectURI: callback})
		if got := fault.From(err).RetryAfter; got != 10*time.Second {
			t.Errorf("%v: try again after %v", says, got)
		}
	}
	w.google.fail, w.google.hang = nil, make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Begin(ctx, browser, social.Start{Provider: "google", RedirectURI: callback}); err == nil {
		t.Error("a browser that has gone begins")
	}
}

func TestTriesAreCounted(t *testing.T) {
	few := func(s *social.Service) {
		s.Limits.Start.Limit, s.Limits.Answer.Limit = 5, 3
	}
	w := newWorld(t, dialecttest.SQLite(t), few)
	elsewhere := browser
	elsewhere.Client.IP = "198.51.100.1"
	for i := range 7 {
		_, err := w.Begin(t.Context(), browser, social.Start{Provider: "github", RedirectURI: callback})
		if errors.Is(err, limit.ErrRateLimited) != (i >= 5) {
			t.Errorf("start %d: %v", i, err)
		}
	}
	b, err := w.Begin(t.Context(), elsewhere, social.Start{Provider: "google", RedirectURI: callback})
	if err != nil {
		t.Fatal(err)
	}
	a := w.back(t, social.Start{Provider: "google", RedirectURI: callback}, b)
	for range 10 { // what belongs to no flow costs a provider nothing, and anybody can send it
		w.refused(t, social.Answer{Provider: "google", RedirectURI: callback}, social.ErrStateInvalid)
	}
	for i := range 5 {
		_, err := w.Token(t.Context(), browser, social.Proof{Provider: "google", IDToken: "forged"})
		if errors.Is(err, limit.ErrRateLimited) != (i >= 3) {
			t.Errorf("token %d: %v", i, err)
		}
	}
	if w.google.asked != 3 {
		t.Errorf("the provider was asked %d times", w.google.asked)
	}
	w.refused(t, a, limit.ErrRateLimited)
	if _, err := w.Finish(t.Context(), elsewhere, a); err != nil {
		t.Errorf("from elsewhere, and not used up by the refusal: %v", err)
	}
	server := identity.Actor{Bridge: true}
	for i := range 5 { // it speaks for many and does not say for whom
		if _, err := w.Token(t.Context(), server, social.Proof{Provider: "google", AccessToken: fmt.Sprint(i)}); err != nil {
			t.Errorf("token %d of a server: %v", i, err)
		}
	}
}

// FuzzFinish holds that no state, cookie or ticket is taken that was not given.
func FuzzFinish(f *testing.F) {
	w := newWorld(f, dialecttest.SQLite(f), func(s *social.Service) { s.Guard.Off = true })
	a := w.begin(f, social.Start{})
	link, err := w.LinkTicket(f.Context(), w.signedIn("eve"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(a.State, "x")
	f.Add(link.Value, "")
	f.Add("st_", "lt_")
	f.Add("st_"+link.Value[3:], a.State)
	f.Fuzz(func(t *testing.T, state, cookie string) {
		answer := a
		answer.State, answer.Cookies = state, social.Cookies{}
		for name := range a.Cookies {
			answer.Cookies[name] = cookie
		}
		if _, err := w.Finish(t.Context(), browser, answer); !errors.Is(err, social.ErrStateInvalid) && cookie != a.Cookies[firstOf(a.Cookies)] {
			t.Errorf("%q with %q: %v", state, cookie, err)
		}
		q := social.Start{Provider: "google", RedirectURI: callback, Ticket: state, Cookies: social.Cookies{link.Cookie.Name: cookie}}
		if _, err := w.Begin(t.Context(), browser, q); state != "" && cookie != link.Cookie.Value && !errors.Is(err, social.ErrStateInvalid) {
			t.Errorf("a ticket %q with %q: %v", state, cookie, err)
		}
	})
}

func firstOf(c social.Cookies) string {
	for name := range c {
		return name
	}
	return ""
}
