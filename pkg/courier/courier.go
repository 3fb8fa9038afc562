// Package courier takes messages that have been written down to the people they are for: it
// opens them, counts them against what one person may get, finds their words and hands them to
// a carrier.
//
// It decides when a mail is not sent: when what it offers is over, when its recipient has had
// enough, and when the carrier refuses it for good. It does not decide who is told what: that
// is the service's whose change it follows from. It never logs an address or a word of a mail.
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
)

// sendTimeout bounds one attempt, whatever the carrier does, so that one that hangs holds up
// nothing else.
const sendTimeout = 20 * time.Second

// Outcome says what became of a mail.
type Outcome string

// The outcomes. A mail that was postponed comes again.
const (
	Sent      Outcome = "sent"
	Expired   Outcome = "expired"   // what it offers is over
	Dropped   Outcome = "dropped"   // its recipient has had enough
	Refused   Outcome = "refused"   // for good, by the carrier
	Postponed Outcome = "postponed" // the carrier cannot take it now
)

// Writer finds the words for a message; letter.Writer is one.
type Writer interface {
	Write(id string, m mail.Message, now time.Time) (mail.Letter, error)
}

// Courier carries out mail.ConsequenceKind. All fields are needed; it is safe for concurrent use.
type Courier struct {
	Outbox  mail.Outbox
	Writer  Writer
	Sender  mail.Sender
	Guard   *limit.Guard
	Budgets []limit.Policy // what one recipient may get, of all kinds together; at least one
	Now     func() time.Time
	Log     *slog.Logger
	Observe func(kind mail.Kind, outcome Outcome)
}

// CarryOut is the relay's handler. A mail that fails comes again later, so the relay must hand
// mails over one by one.
func (c *Courier) CarryOut(ctx context.Context, batch []identity.Consequence) error {
	for _, due := range batch {
		m, err := c.Outbox.Open(due)
		if err != nil {
			return err
		}
		outcome, err := c.deliver(ctx, due, m)
		c.Observe(m.Kind, outcome)
		if err != nil {
			return err
		}
		if outcome != Sent {
			c.Log.LogAttrs(ctx, slog.LevelInfo, "mail not sent",
				slog.String("id", due.ID), slog.String("kind", string(m.Kind)), slog.String("outcome", string(outcome)))
		}
	}
	return nil
}

// deliver makes one attempt. An error means that there will be another.
func (c *Courier) deliver(ctx context.Context, due identity.Consequence, m mail.Message) (Outcome, error) {
	now := c.Now()
	if !m.Until.IsZero() && !now.Before(m.Until) {
		return Expired, nil
	}
	if due.Attempts <= 1 { // a retry has been counted
		enough, err := c.enough(ctx, m.To)
		if err != nil {
			return Postponed, err
		}
		if enough {
			return Dropped, nil
		}
	}
	letter, err := c.Writer.Write(due.ID, m, now)
	if err != nil {
		return Postponed, fmt.Errorf("courier: write: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	switch err := c.Sender.Send(ctx, letter); {
	case err == nil:
		return Sent, nil
	case errors.Is(err, mail.ErrRefused):
		return Refused, nil
	default:
		return Postponed, fmt.Errorf("courier: send: %w", err)
	}
}

// enough counts a mail to an address and reports whether it is one too many.
func (c *Courier) enough(ctx context.Context, to string) (bool, error) {
	key, err := identity.CanonicalEmail(to)
	if err != nil {
		return false, errors.New("courier: a message to no address")
	}
	hits := make([]limit.Hit, len(c.Budgets))
	for i, p := range c.Budgets {
		hits[i] = limit.Hit{Policy: p, Subject: key}
	}
	err = c.Guard.Take(ctx, hits[0], hits[1:]...)
	if errors.Is(err, limit.ErrRateLimited) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("courier: count: %w", err)
	}
	return false, nil
}
