package courier_test

import (
	"context"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/mail/smtptest"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// flood returns messages of every kind, in turns, to one person under several spellings.
func (w *world) flood(n int) []mail.Message {
	spellings := []string{"ada@example.com", "ADA@example.com", "Ada@EXAMPLE.com"}
	var out []mail.Message
	for i := range n {
		m := w.message(mail.Kinds()[i%len(mail.Kinds())], spellings[i%len(spellings)])
		m.Until = time.Time{}
		out = append(out, m)
	}
	return out
}

// Security case A-68.
func TestOneRecipientGetsThreeOfFiftyMessages(t *testing.T) {
	w := newWorld(t)
	w.post(t, w.flood(50)...)
	w.post(t, w.message(mail.Invitation, "bob@example.com"))
	if n := w.work(t); n != 51 || w.waiting(t) != 0 {
		t.Errorf("carried out %d, %d wait: what is beyond the budget is dropped, not kept", n, w.waiting(t))
	}
	count := func() (ada int) {
		for _, d := range w.server.Received() {
			if d.To[0] != "bob@example.com" {
				ada++
			}
		}
		return ada
	}
	if n := count(); n != 3 || len(w.arrived(t)) != 4 {
		t.Errorf("%d of %d letters to one recipient, want 3", n, len(w.arrived(t)))
	}
	for range 8 { // two hours of it
		w.advance(15 * time.Minute)
		w.post(t, w.flood(5)...)
		w.work(t)
	}
	if n := count(); n != 10 {
		t.Errorf("%d letters in a day, want 10", n)
	}
	w.advance(24 * time.Hour)
	w.post(t, w.flood(1)...)
	w.work(t)
	if n := count(); n != 11 {
		t.Errorf("%d letters, want one more the next day", n)
	}
}

func TestAMessageThatComesAgainCountsOnce(t *testing.T) {
	w := newWorld(t)
	w.server.Answer(func(_, address string) error { return smtptest.Reply(451, address) })
	w.post(t, w.flood(3)...)
	for range 6 {
		w.work(t)
		w.advance(time.Minute)
	}
	w.server.Answer(func(string, string) error { return nil })
	w.work(t)
	if n := len(w.arrived(t)); n != 3 {
		t.Errorf("%d arrived, want all 3", n)
	}
	w.post(t, w.flood(1)...)
	w.work(t)
	if n := len(w.arrived(t)); n != 3 {
		t.Errorf("%d arrived: the three were not counted at all", n)
	}
}

// Claims that end before the courier is asked must not turn a first attempt into a later one.
func TestAnOutageIsNoWayAroundTheBudget(t *testing.T) {
	w := newWorld(t)
	at := w.server.Address()
	w.server.Stop()
	w.post(t, w.flood(50)...)
	for range 3 {
		w.work(t)
		w.advance(10 * time.Second)
	}
	w.server = smtptest.Start(t, smtptest.Options{Address: at})
	for range 12 {
		w.advance(time.Minute)
		w.work(t)
	}
	if n := len(w.arrived(t)); n != 3 || w.waiting(t) != 0 {
		t.Errorf("%d arrived and %d wait, want 3 and none", n, w.waiting(t))
	}
}

func TestADeathAfterARefusalDoesNotLiftIt(t *testing.T) {
	w := newWorld(t)
	w.post(t, w.flood(4)...)
	settled := 0
	w.store.settle = func() error {
		settled++
		if settled == 3 { // the rest is another node's, which does not know yet that this is enough
			w.Guard = &limit.Guard{Store: w.Guard.Store, Now: w.Guard.Now, Key: w.Guard.Key}
		}
		if settled == 4 {
			return store.ErrUnavailable
		}
		return nil
	}
	_, _ = w.relay.Drain(t.Context())
	w.advance(time.Minute)
	w.work(t)
	if n := len(w.arrived(t)); n != 3 || settled != 5 {
		t.Errorf("%d arrived after %d settlements", n, settled)
	}
}

func TestACountThatFailsLetsNothingThrough(t *testing.T) {
	w := newWorld(t)
	w.Guard.Store = broken{w.store}
	w.post(t, w.flood(1)...)
	if n := w.work(t); n != 0 || len(w.arrived(t)) != 0 || w.waiting(t) != 1 {
		t.Errorf("carried out %d", n)
	}
}

type broken struct{ store.Counters }

func (broken) Hit(context.Context, time.Time, ...store.Counter) ([]store.Count, error) {
	return nil, store.ErrUnavailable
}

func TestAMessageThatWasCountedWhenItWasWrittenIsSentWhateverTheBudgetSays(t *testing.T) {
	w := newWorld(t)
	w.post(t, w.flood(10)...)
	counted := w.message(mail.AddressChange, "ada@example.com")
	counted.Until, counted.Counted = time.Time{}, true
	w.post(t, counted)
	w.work(t)
	if n := len(w.arrived(t)); n != 4 {
		t.Errorf("%d arrived, want the three of the budget and the one that was counted", n)
	}
	w.advance(15 * time.Minute)
	w.post(t, counted, counted, counted)
	w.post(t, w.flood(3)...)
	w.work(t)
	if n := len(w.arrived(t)); n != 10 {
		t.Errorf("%d arrived, want ten: those that were counted were counted again", n)
	}
}

func TestAnAlarmIsHiddenByNoFloodAndHidesNothing(t *testing.T) {
	w := newWorld(t)
	alarm := w.message(mail.PasswordChanged, "ada@example.com")
	alarm.Until, alarm.Alarm = time.Time{}, true
	w.post(t, w.flood(10)...)
	w.post(t, alarm)
	w.work(t)
	if n := len(w.arrived(t)); n != 4 {
		t.Errorf("%d arrived, want the three of the budget and the alarm", n)
	}
	elsewhere := alarm
	elsewhere.To = "ADA@example.com"
	w.post(t, alarm, elsewhere, alarm, elsewhere, alarm)
	w.work(t)
	if n := len(w.arrived(t)); n != 7 {
		t.Errorf("%d arrived, want the three of the budget and four alarms of a day", n)
	}
	for range 4 {
		w.advance(15 * time.Minute)
		w.post(t, w.flood(10)...)
		w.work(t)
	}
	if n := len(w.arrived(t)); n != 14 {
		t.Errorf("%d arrived, want the ten of a day: alarms use up nothing of that", n)
	}
	w.advance(24 * time.Hour)
	w.post(t, alarm)
	w.work(t)
	if n := len(w.arrived(t)); n != 15 {
		t.Errorf("%d arrived, want another alarm on another day", n)
	}
}

func TestAnAlarmThatIsTriedAgainCountsOnce(t *testing.T) {
	w := newWorld(t)
	w.Alarms.Limit = 1
	alarm := w.message(mail.PasswordChanged, "ada@example.com")
	alarm.Until, alarm.Alarm = time.Time{}, true
	w.post(t, alarm)
	settled := false
	w.store.settle = func() error {
		if !settled {
			settled = true
			return store.ErrUnavailable // it has been sent, and nobody knows
		}
		return nil
	}
	_, _ = w.relay.Drain(t.Context())
	w.advance(time.Minute)
	w.work(t)
	if n := len(w.arrived(t)); n != 2 || w.waiting(t) != 0 {
		t.Errorf("%d arrived, %d wait: it was refused the second time", n, w.waiting(t))
	}
}
