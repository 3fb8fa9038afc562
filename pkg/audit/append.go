package audit

import (
	"context"
	"errors"
	"fmt"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// Log is the audit log. It is safe for concurrent use, by any number of nodes.
type Log struct {
	Store store.AuditLog
	Key   []byte // keeps the chain from being forged; not in the store, the same on all nodes
}

// maxTries bounds how often one append starts over. Each failure means that another node
// has appended, so the log moves on; whoever gives up is called again by the relay.
const maxTries = 32

var (
	errNoKey     = errors.New("audit: the log has no key")
	errContended = errors.New("audit: other nodes kept appending first")
)

// CarryOutEvents appends the events of a batch of consequences; it is the relay's handler for Kind.
func (l *Log) CarryOutEvents(ctx context.Context, batch []identity.Consequence) error {
	events := make([]identity.Event, len(batch))
	for i, c := range batch {
		var err error
		if events[i], err = decode(c); err != nil {
			return err
		}
	}
	return l.Append(ctx, events)
}

// Append adds those events that the log does not hold yet, in order and without gaps. An
// event is known by its id, so appending again after an error or a crash adds nothing twice.
// When it fails some of the events may have been added.
func (l *Log) Append(ctx context.Context, events []identity.Event) error {
	if len(l.Key) == 0 {
		return errNoKey
	}
	wanted, err := distinct(events)
	if err != nil || len(wanted) == 0 {
		return err
	}
	for range maxTries {
		if err = l.try(ctx, wanted); !errors.Is(err, store.ErrExists) {
			return err
		}
	}
	return errContended
}

// try appends behind the last entry. It reads that entry before it asks which events are
// there: what another node adds in between takes the place behind it, and this append fails.
func (l *Log) try(ctx context.Context, wanted []record) error {
	last, err := l.Store.LastAudit(ctx)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("audit: find the last entry: %w", err)
	}
	ids := make([]string, len(wanted))
	for i, w := range wanted {
		ids[i] = w.id
	}
	there, err := l.Store.AuditRecorded(ctx, ids...)
	if err != nil {
		return fmt.Errorf("audit: find recorded events: %w", err)
	}
	var entries []identity.AuditEntry
	for _, w := range wanted {
		if !there[w.id] {
			last = link(l.Key, last, w.id, w.event)
			entries = append(entries, last)
		}
	}
	if len(entries) == 0 {
		return nil
	}
	if err := l.Store.AppendAudit(ctx, entries...); err != nil {
		return fmt.Errorf("audit: append: %w", err)
	}
	return nil
}

// record is an event on its way into the log.
type record struct {
	id    string
	event []byte
}

// distinct encodes the events, each id once.
func distinct(events []identity.Event) ([]record, error) {
	seen := make(map[string]bool, len(events))
	out := make([]record, 0, len(events))
	for _, e := range events {
		if e.ID == "" {
			return nil, errors.New("audit: an event has no id")
		}
		if seen[e.ID] {
			continue
		}
		seen[e.ID] = true
		data, err := encode(e)
		if err != nil {
			return nil, err
		}
		out = append(out, record{id: e.ID, event: data})
	}
	return out, nil
}
