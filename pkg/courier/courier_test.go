package courier_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/mail/smtp"
	"github.com/gatehouse-id/gatehouse/pkg/mail/smtptest"
	"github.com/gatehouse-id/gatehouse/pkg/masterkey"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func TestAMessageIsSentOnce(t *testing.T) {
	w := newWorld(t)
	ids := w.post(t, w.message(mail.ResetPassword, "ada@example.com"), w.message(mail.Invitation, "Bob@MÜNCHEN.example.org"))
	if n := w.work(t); n != 2 {
		t.Errorf("carried out %d", n)
	}
	w.advance(time.Hour)
	w.work(t)
	if diff := cmp.Diff(ids, w.arrived(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	got := w.server.Received()
	if to := got[1].To; len(to) != 1 || to[0] != "Bob@xn--mnchen-3ya.example.org" || got[1].From != "no-reply@id.gatehouse.test" {
		t.Errorf("an envelope from %s to %v", got[1].From, to)
	}
	if diff := cmp.Diff(map[string]int{"reset_password sent": 1, "invitation sent": 1}, w.outcomes); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

func TestAMessageWaitsUntilTheServerIsBack(t *testing.T) {
	w := newWorld(t)
	at := w.server.Address()
	w.server.Stop()
	ids := w.post(t, w.message(mail.ResetPassword, "ada@example.com"))
	for _, pause := range []time.Duration{1, 2, 4, 8, 16} {
		if n := w.work(t); n != 0 {
			t.Fatalf("carried out %d", n)
		}
		w.advance(pause*time.Second - time.Millisecond)
		if n := w.work(t); n != 0 {
			t.Fatalf("carried out %d before %d s were over", n, pause)
		}
		w.advance(time.Millisecond)
	}
	w.server = smtptest.Start(t, smtptest.Options{Address: at})
	for range 10 { // the server rests up to a minute after it was out of reach
		w.advance(32 * time.Second)
		w.work(t)
	}
	if diff := cmp.Diff(ids, w.arrived(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOneMessageDoesNotHoldUpAnother(t *testing.T) {
	w := newWorld(t)
	w.server.Answer(func(step, address string) error {
		switch {
		case step == "RCPT" && strings.HasPrefix(address, "gone@"):
			return smtptest.Reply(550, address)
		case step == "RCPT" && strings.HasPrefix(address, "grey@"):
			return smtptest.Reply(451, address)
		}
		return nil
	})
	ids := w.post(t, w.message(mail.Invitation, "gone@example.com"), w.message(mail.Invitation, "grey@example.com"), w.message(mail.Invitation, "ada@example.com"))
	if n := w.work(t); n != 2 {
		t.Errorf("carried out %d, want the one sent and the one given up", n)
	}
	w.server.Answer(func(string, string) error { return nil })
	w.advance(time.Second)
	if n := w.work(t); n != 1 {
		t.Errorf("carried out %d, want the one that was to come again", n)
	}
	if diff := cmp.Diff([]string{ids[2], ids[1]}, w.arrived(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want := map[string]int{"invitation sent": 2, "invitation refused": 1, "invitation postponed": 1}
	if diff := cmp.Diff(want, w.outcomes); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if !strings.Contains(w.logged(), `"id":"`+ids[0]+`"`) {
		t.Error("nobody hears of the one given up")
	}
}

func TestADeathBetweenSendingAndSettlingSendsTheSameAgain(t *testing.T) {
	w := newWorld(t)
	ids := w.post(t, w.message(mail.Invitation, "a@example.com"), w.message(mail.Invitation, "b@example.com"), w.message(mail.Invitation, "c@example.com"))
	settled := 0
	w.store.settle = func() error {
		if settled++; settled == 2 {
			return store.ErrUnavailable
		}
		return nil
	}
	if _, err := w.relay.Drain(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Fatal(err)
	}
	w.advance(time.Minute) // the lease
	w.work(t)
	if diff := cmp.Diff([]string{ids[0], ids[1], ids[1], ids[2]}, w.arrived(t)); diff != "" {
		t.Errorf("Message-IDs (-want +got):\n%s", diff)
	}
}

func TestWhatIsOverIsNotSent(t *testing.T) {
	w := newWorld(t)
	m := w.message(mail.ResetPassword, "ada@example.com")
	m.Until = w.Now().Add(time.Hour)
	w.post(t, m)
	w.advance(time.Hour)
	if n := w.work(t); n != 1 || len(w.arrived(t)) != 0 || w.waiting(t) != 0 {
		t.Errorf("carried out %d, arrived %v", n, w.arrived(t))
	}
	notice := w.message(mail.PasswordChanged, "ada@example.com")
	notice.Until = time.Time{}
	ids := w.post(t, notice)
	w.work(t)
	if diff := cmp.Diff(ids, w.arrived(t)); diff != "" {
		t.Errorf("what is never over (-want +got):\n%s", diff)
	}
	if w.outcomes["reset_password expired"] != 1 {
		t.Errorf("outcomes %v", w.outcomes)
	}
}

func TestAServerThatHangsCostsAClaimOneTimeout(t *testing.T) {
	w := newWorld(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	var asked atomic.Int64
	go func() {
		for {
			c, err := silent.Accept()
			if err != nil {
				return
			}
			asked.Add(1)
			t.Cleanup(func() { _ = c.Close() })
		}
	}()
	at := netip.MustParseAddrPort(silent.Addr().String())
	w.Sender = &smtp.Sender{Host: at.Addr().String(), Port: int(at.Port()), Security: smtp.None, Now: w.Now, Timeout: time.Second}
	audited := 0
	w.relay.Handlers["audit"] = func(_ context.Context, batch []identity.Consequence) error {
		audited += len(batch)
		return nil
	}
	var all []mail.Message
	for range 20 {
		all = append(all, w.message(mail.Invitation, "ada@example.com"), w.message(mail.Invitation, "bob@example.com"))
	}
	w.post(t, all...)
	if err := w.store.Record(t.Context(), identity.Consequence{ID: "a1", Kind: "audit", DueAt: w.Now(), Data: []byte("1")}); err != nil {
		t.Fatal(err)
	}
	w.work(t)
	if n := asked.Load(); n != 1 || audited != 1 || w.waiting(t) != len(all) {
		t.Errorf("the server was asked %d times, %d events were recorded, %d messages wait", n, audited, w.waiting(t))
	}
}

func TestWhatCannotBeReadWaits(t *testing.T) {
	w := newWorld(t)
	other := mail.Outbox{Master: masterkey.New()}.Post(w.message(mail.Invitation, "ada@example.com"), w.Now())
	future := w.Outbox.Post(w.message("from_the_future", "ada@example.com"), w.Now())
	if err := w.store.Record(t.Context(), other, future); err != nil {
		t.Fatal(err)
	}
	if n := w.work(t); n != 0 || w.waiting(t) != 2 {
		t.Errorf("carried out %d", n)
	}
	if diff := cmp.Diff(map[string]int{" postponed": 1, "from_the_future postponed": 1}, w.outcomes); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

func TestARecipientWhoIsNoneIsGivenUp(t *testing.T) {
	w := newWorld(t)
	w.post(t, w.message(mail.Invitation, "ada@example.com\r\nBcc: bob@example.com"))
	if n := w.work(t); n != 1 || w.server.Conversations() != 0 || w.waiting(t) != 0 {
		t.Errorf("carried out %d in %d conversations", n, w.server.Conversations())
	}
}

func TestNothingIsBegunThatAnotherNodeMayBegin(t *testing.T) {
	w := newWorld(t)
	w.relay.Lease = 19 * time.Second // less than a letter may take
	w.post(t, w.message(mail.Invitation, "ada@example.com"))
	if n := w.work(t); n != 0 || w.server.Conversations() != 0 {
		t.Errorf("carried out %d", n)
	}
}

func TestABatchIsRefused(t *testing.T) {
	w := newWorld(t)
	w.relay.OneByOne = nil
	ids := w.post(t, w.message(mail.Invitation, "a@example.com"), w.message(mail.Invitation, "b@example.com"))
	if err := w.CarryOut(t.Context(), make([]identity.Consequence, 2)); err == nil {
		t.Error("a batch is no error")
	}
	w.work(t) // the relay then goes one by one
	if diff := cmp.Diff(ids, w.arrived(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
