package courier_test

import (
	"bytes"
	"context"
	"log/slog"
	netmail "net/mail"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/courier"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/mail/letter"
	"github.com/gatehouse-id/gatehouse/pkg/mail/smtp"
	"github.com/gatehouse-id/gatehouse/pkg/mail/smtptest"
	"github.com/gatehouse-id/gatehouse/pkg/masterkey"
	"github.com/gatehouse-id/gatehouse/pkg/relay"
	"github.com/gatehouse-id/gatehouse/pkg/store"
	"github.com/gatehouse-id/gatehouse/pkg/store/sqlite"
)

// world is a courier between a real store and a real conversation with a mail server.
type world struct {
	*courier.Courier
	relay  *relay.Relay
	store  *unsteady
	server *smtptest.Server
	smtp   *smtp.Sender

	mu       sync.Mutex
	now      time.Time
	outcomes map[string]int
	log      bytes.Buffer
}

// unsteady is a store that can fail to settle, as if the process had died there.
type unsteady struct {
	store.Store
	settle func() error
}

func (u *unsteady) Settle(ctx context.Context, due ...store.Due) error {
	if err := u.settle(); err != nil {
		return err
	}
	return u.Store.Settle(ctx, due...)
}

// secrets are what no log may have, whatever happens.
var secrets = []string{"ada@", "Ada", "example.com", "example.org", "rp_secret", "192.0.2.1"}

func newWorld(t *testing.T) *world {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	words, err := letter.Open("", letter.Brand{Name: "Gatehouse", Color: "#2454c7"}, "no-reply@id.gatehouse.test")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		store: &unsteady{Store: db, settle: func() error { return nil }}, server: smtptest.Start(t, smtptest.Options{}),
		now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), outcomes: map[string]int{},
	}
	w.smtp = &smtp.Sender{Host: w.server.Host, Port: w.server.Port, Security: smtp.None, Now: w.Now}
	log := slog.New(slog.NewJSONHandler(lines{w}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.Courier = &courier.Courier{
		Outbox: mail.Outbox{Master: masterkey.New()}, Words: words, Sender: w.smtp,
		Guard:  &limit.Guard{Store: db, Now: w.Now, Key: []byte("a key of this test")},
		Often:  limit.Policy{Name: "mail_to", Limit: 3, Window: 15 * time.Minute},
		Daily:  limit.Policy{Name: "mail_day", Limit: 10, Window: 24 * time.Hour},
		Alarms: limit.Policy{Name: "mail_alarm", Limit: 4, Window: 24 * time.Hour},
		Now:    w.Now, Log: log, Observe: w.observe,
	}
	w.relay = &relay.Relay{
		Store: w.store, Now: w.Now, Log: log, OneByOne: map[identity.ConsequenceKind]bool{mail.ConsequenceKind: true},
		Handlers: map[identity.ConsequenceKind]relay.Handler{mail.ConsequenceKind: w.CarryOut},
	}
	t.Cleanup(func() {
		for _, secret := range secrets {
			if strings.Contains(w.logged(), secret) {
				t.Errorf("%s stands in the log:\n%s", secret, w.logged())
			}
		}
	})
	return w
}

type lines struct{ w *world }

func (l lines) Write(p []byte) (int, error) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	return l.w.log.Write(p)
}

func (w *world) logged() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.String()
}

func (w *world) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) observe(k mail.Kind, o courier.Outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.outcomes[string(k)+" "+string(o)]++
}

func (w *world) message(k mail.Kind, to string) mail.Message {
	return mail.Message{
		Kind: k, To: to, Name: "Ada", Link: "https://id.gatehouse.test/account/reset?token=rp_secret", Address: "192.0.2.1",
		At: w.Now(), Until: w.Now().Add(48 * time.Hour),
	}
}

// post writes messages down, in this order, and returns their ids.
func (w *world) post(t *testing.T, messages ...mail.Message) []string {
	t.Helper()
	var ids []string
	for i, m := range messages {
		c := w.Outbox.Post(m, w.Now().Add(time.Duration(i-len(messages))*time.Millisecond))
		if err := w.store.Record(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, c.ID)
	}
	return ids
}

// work lets the relay do all that is due and returns how much it carried out.
func (w *world) work(t *testing.T) int {
	t.Helper()
	n, err := w.relay.Drain(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// arrived returns the ids of the letters that the server took, in order.
func (w *world) arrived(t *testing.T) []string {
	t.Helper()
	ids := []string{}
	for _, d := range w.server.Received() {
		m, err := netmail.ReadMessage(bytes.NewReader(d.Data))
		if err != nil {
			t.Fatal(err)
		}
		id, _, _ := strings.Cut(strings.Trim(m.Header.Get("Message-ID"), "<>"), "@")
		ids = append(ids, id)
	}
	return ids
}

// waiting returns how many messages are left, by claiming them in the far future.
func (w *world) waiting(t *testing.T) int {
	t.Helper()
	due, err := w.store.ClaimDue(t.Context(), w.Now().Add(365*24*time.Hour), time.Minute, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return len(due)
}
