package social_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/session"
	"github.com/gatehouse-id/gatehouse/pkg/social"
)

// ticketFor returns what a browser of somebody who is signed in begins a link with.
func (w *world) ticketFor(t *testing.T, name string) social.Start {
	t.Helper()
	got, err := w.LinkTicket(t.Context(), w.signedIn(name))
	if err != nil {
		t.Fatal(err)
	}
	if got.Cookie.Name != "__Host-gatehouse_link" || got.Cookie.MaxAge != time.Minute || strings.Contains(got.Value, got.Cookie.Value) {
		t.Errorf("the ticket is %q with %v", got.Value, got.Cookie)
	}
	return social.Start{Provider: "google", RedirectURI: callback, Ticket: got.Value, Cookies: social.Cookies{got.Cookie.Name: got.Cookie.Value}}
}

// unlinkable fails unless a flow does not begin.
func (w *world) unlinkable(t *testing.T, q social.Start, want error) {
	t.Helper()
	if b, err := w.Begin(t.Context(), browser, q); !errors.Is(err, want) {
		t.Errorf("got %v, %v; want %v", b, err, want)
	}
}

func TestATicketLinksAndSignsNobodyIn(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		w := newWorld(t, open)
		q := w.ticketFor(t, "eve")
		got, err := w.Finish(t.Context(), browser, w.begin(t, q))
		if err != nil || !got.Linked || got.User.ID != "eve" || got.Grant.Session.ID != "" || got.Grant.AccessToken != "" || got.Grant.ID != "" {
			t.Errorf("got %+v, %v", got, err)
		}
		if len(w.entered) != 0 || len(w.linked) != 1 || len(w.linked["eve"]) != 1 || w.linked["eve"][0].Subject != "ada" {
			t.Errorf("let in %v, linked %v", w.entered, w.linked)
		}
		w.unlinkable(t, q, social.ErrStateInvalid)
	})
}

func TestATicketIsGoodForItsBrowserOnly(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t))
	q, others := w.ticketFor(t, "eve"), w.ticketFor(t, "ada")
	flow := w.begin(t, social.Start{})
	for name, change := range map[string]func(*social.Start){
		"in a browser that has none":           func(q *social.Start) { q.Cookies = nil },
		"in the browser of another":            func(q *social.Start) { q.Cookies = others.Cookies },
		"in a browser with the flow's cookie":  func(q *social.Start) { q.Cookies = flow.Cookies },
		"altered at its end":                   func(q *social.Start) { q.Ticket = q.Ticket[:len(q.Ticket)-1] },
		"altered in the middle":                func(q *social.Start) { q.Ticket = q.Ticket[:50] + "AAAA" + q.Ticket[54:] },
		"that is a state":                      func(q *social.Start) { q.Ticket = flow.State },
		"that is a state dressed as a ticket":  func(q *social.Start) { q.Ticket = "lt_" + flow.State[3:] },
		"that is made up":                      func(q *social.Start) { q.Ticket = "lt_" },
		"with the session in place of secrets": func(q *social.Start) { q.Ticket = "session of eve" },
	} {
		t.Run(name, func(t *testing.T) {
			changed := q
			change(&changed)
			w.unlinkable(t, changed, social.ErrStateInvalid)
		})
	}
	if _, err := w.Begin(t.Context(), browser, q); err != nil {
		t.Errorf("none of this may have an effect: %v", err)
	}
}

func TestWhoMayNotLinkGetsNoTicket(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t))
	if got, err := w.LinkTicket(t.Context(), w.signedIn("an old hand")); !errors.Is(err, account.ErrReauth) || got.Value != "" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestATicketEndsAfterAMinute(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t))
	early, late := w.ticketFor(t, "eve"), w.ticketFor(t, "eve")
	w.clock.Advance(time.Minute - time.Millisecond)
	w.begin(t, early)
	w.clock.Advance(time.Millisecond)
	w.unlinkable(t, late, social.ErrStateInvalid)
}

func TestALinkEndsWithItsSession(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t))
	q, begun := w.ticketFor(t, "eve"), w.begin(t, w.ticketFor(t, "eve"))
	delete(w.living, "session of eve")
	w.unlinkable(t, q, session.ErrSessionEnded)
	w.refused(t, begun, session.ErrSessionEnded)
}

func TestOfManyUsesOfATicketOneGoesOn(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		w := newWorld(t, open)
		nodes := []*social.Service{w.Service, w.node(open(t, w.clock.Now))}
		q := w.ticketFor(t, "eve")
		var good atomic.Int64
		dialecttest.Together(20, func(i int) {
			_, err := nodes[i%2].Begin(context.WithoutCancel(t.Context()), browser, q)
			switch {
			case err == nil:
				good.Add(1)
			case !errors.Is(err, social.ErrStateInvalid):
				t.Error(err)
			}
		})
		if good.Load() != 1 {
			t.Errorf("%d went on", good.Load())
		}
	})
}
