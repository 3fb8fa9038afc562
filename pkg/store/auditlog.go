package store

import (
	"context"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// AuditLog keeps the hash-chained events. It is append-only; the chain is the caller's.
type AuditLog interface {
	// AppendAudit stores entries whose Seq follow one another, in order. ErrExists when the
	// first Seq is taken: nothing was stored. A store may keep only the first few when it
	// fails midway, never one without all before it.
	AppendAudit(ctx context.Context, entries ...identity.AuditEntry) error
	// LastAudit returns the entry with the highest Seq; ErrNotFound when there is none.
	LastAudit(ctx context.Context) (identity.AuditEntry, error)
	// AuditRecorded returns which of these event ids the log holds.
	AuditRecorded(ctx context.Context, eventIDs ...string) (map[string]bool, error)
	// AuditEntries returns up to limit entries with Seq >= from, in order.
	AuditEntries(ctx context.Context, from int64, limit int) ([]identity.AuditEntry, error)
}
