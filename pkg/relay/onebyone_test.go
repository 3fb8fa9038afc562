package relay_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/relay"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// alone makes a relay whose kind "mail" is carried out one by one.
func alone(t *testing.T, mail relay.Handler, due ...identity.Consequence) (*relay.Relay, *memory) {
	r, m, _ := newRelay(t, map[identity.ConsequenceKind]relay.Handler{"mail": mail}, due...)
	r.OneByOne = map[identity.ConsequenceKind]bool{"mail": true}
	return r, m
}

func TestOneByOneSettlesEachBeforeTheNextBegins(t *testing.T) {
	var m *memory
	var atHand [][]string
	r, m := alone(t, func(_ context.Context, batch []identity.Consequence) error {
		if len(batch) != 1 {
			t.Errorf("a batch of %d", len(batch))
		}
		atHand = append(atHand, m.left())
		return nil
	}, consequence("mail", "m1"), consequence("mail", "m2"), consequence("mail", "m3"))
	if n, err := r.Drain(t.Context()); n != 3 || err != nil {
		t.Errorf("carried out %d, %v, want 3", n, err)
	}
	if diff := cmp.Diff([][]string{{"m1", "m2", "m3"}, {"m2", "m3"}, {"m3"}}, atHand); diff != "" {
		t.Errorf("what was left at each call (-want +got):\n%s", diff)
	}
}

func TestOneByOneTriesAFailureOnceAndGoesOn(t *testing.T) {
	mail := &recorder{fail: func(ids []string) error {
		if slices.Contains(ids, "m2") {
			return errSMTP
		}
		return nil
	}}
	r, m := alone(t, mail.handle, consequence("mail", "m1"), consequence("mail", "m2"), consequence("mail", "m3"))
	if n, err := r.Drain(t.Context()); n != 2 || err != nil {
		t.Errorf("carried out %d, %v, want 2", n, err)
	}
	if diff := cmp.Diff([][]string{{"m1"}, {"m2"}, {"m3"}}, mail.seen()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if got := m.left(); !slices.Equal(got, []string{"m2"}) {
		t.Errorf("left %v", got)
	}
}

func TestOneByOneRepeatsOnlyWhatCouldNotBeSettled(t *testing.T) {
	times := map[string]int{}
	var m *memory
	r, m := alone(t, func(_ context.Context, batch []identity.Consequence) error {
		times[batch[0].ID]++
		if batch[0].ID == "m2" && times["m2"] == 1 {
			m.fail("Settle", store.ErrUnavailable) // as if the process died here
		}
		return nil
	}, consequence("mail", "m1"), consequence("mail", "m2"), consequence("mail", "m3"))
	if _, err := r.Drain(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("got %v, want the store's error", err)
	}
	m.fail("Settle", nil)
	m.advance(time.Minute)
	if n, err := r.Drain(t.Context()); n != 2 || err != nil {
		t.Errorf("carried out %d, %v, want the other 2", n, err)
	}
	if diff := cmp.Diff(map[string]int{"m1": 1, "m2": 2, "m3": 1}, times); diff != "" {
		t.Errorf("how often each was carried out (-want +got):\n%s", diff)
	}
}

func TestOneByOneDoesNotTryEverybodyDuringAnOutage(t *testing.T) {
	mail := &recorder{fail: func([]string) error { return errSMTP }}
	var due []identity.Consequence
	for i := range 20 {
		due = append(due, consequence("mail", fmt.Sprintf("m%02d", i)))
	}
	r, m := alone(t, mail.handle, due...)
	if n, err := r.Drain(t.Context()); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	if calls, left := len(mail.seen()), len(m.left()); calls != 3 || left != 20 {
		t.Errorf("%d calls, %d left, want three tries and nothing lost", calls, left)
	}
}
