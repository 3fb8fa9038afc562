package courier

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/mail/letter"
)

// sendTime is how long one letter may take. It is more than any carrier's own patience.
const sendTime = 20 * time.Second

// Outcome is what became of a message.
type Outcome string

// The outcomes. Only after Postponed does the message come again.
const (
	Sent       Outcome = "sent"
	Postponed  Outcome = "postponed"
	Expired    Outcome = "expired"     // what it offered was over
	OverBudget Outcome = "over_budget" // its recipient had had enough
	Refused    Outcome = "refused"     // no carrier will ever take it
)

// Courier sends the messages of mail.ConsequenceKind. It is safe for concurrent use.
type Courier struct {
	Outbox mail.Outbox
	Words  *letter.Writer
	Sender mail.Sender
	Guard  *limit.Guard
	Often  limit.Policy // messages to one recipient, of whatever kind
	Daily  limit.Policy // the same over a longer time
	Alarms limit.Policy // alarms to one recipient, which the other two do not count
	Now    func() time.Time
	Log    *slog.Logger
	// Observe is told of each outcome; nil means nobody counts. The kind is empty when the
	// message could not be read.
	Observe func(mail.Kind, Outcome)
}

var (
	errBatch = errors.New("courier: messages are carried out one by one")
	errLease = errors.New("courier: not begun: another node may try this message before it is sent")
)

// CarryOut is the relay's handler of mail.ConsequenceKind, which must stand in the relay's
// OneByOne: it refuses a batch, because part of it might be sent twice. An error says that
// the message is to come again.
func (c *Courier) CarryOut(ctx context.Context, batch []identity.Consequence) error {
	if len(batch) != 1 {
		return errBatch
	}
	m, err := c.Outbox.Open(batch[0])
	if err != nil {
		c.observe("", Postponed)
		return fmt.Errorf("courier: %w", err) // a node with the right master key will read it
	}
	outcome, err := c.deliver(ctx, batch[0], m)
	c.observe(m.Kind, outcome)
	c.log(ctx, batch[0], m.Kind, outcome, err)
	if outcome == Postponed {
		return err
	}
	return nil
}

// deliver sends one message, or says why not. The error explains an outcome and is set when
// the message is postponed.
func (c *Courier) deliver(ctx context.Context, q identity.Consequence, m mail.Message) (Outcome, error) {
	now := c.Now()
	if !m.Until.IsZero() && !now.Before(m.Until) {
		return Expired, nil
	}
	recipient, err := identity.CanonicalEmail(m.To)
	if err != nil {
		return Refused, err
	}
	if left, ok := ctx.Deadline(); ok && time.Until(left) < sendTime {
		return Postponed, errLease
	}
	if !m.Counted {
		if allowed, err := c.count(ctx, q, recipient, m.Alarm); err != nil {
			return Postponed, fmt.Errorf("courier: %w", err)
		} else if !allowed {
			return OverBudget, nil
		}
	}
	l, err := c.Words.Write(q.ID, m, now)
	if err != nil {
		return Postponed, fmt.Errorf("courier: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	switch err := c.Sender.Send(ctx, l); {
	case err == nil:
		return Sent, nil
	case errors.Is(err, mail.ErrRefused):
		return Refused, err
	default:
		return Postponed, fmt.Errorf("courier: %w", err)
	}
}

func (c *Courier) observe(k mail.Kind, o Outcome) {
	if c.Observe != nil {
		c.Observe(k, o)
	}
}

// log writes one line about a message that is dropped, and at debug level about one that is
// sent. The relay logs what is postponed.
func (c *Courier) log(ctx context.Context, q identity.Consequence, k mail.Kind, o Outcome, err error) {
	about := []slog.Attr{
		slog.String("kind", string(k)), slog.String("id", q.ID), slog.Int64("attempts", q.Attempts), slog.String("outcome", string(o)),
	}
	switch o {
	case Sent:
		c.Log.LogAttrs(ctx, slog.LevelDebug, "mail sent", about...)
	case Refused:
		c.Log.LogAttrs(ctx, slog.LevelWarn, "mail dropped", append(about, slog.Any("error", err))...)
	case Expired, OverBudget:
		c.Log.LogAttrs(ctx, slog.LevelWarn, "mail dropped", about...)
	case Postponed:
	}
}
