package sqlite

import (
	"context"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

const auditColumns = `seq, id, event, prev, hash`

func scanAudit(r row) (e identity.AuditEntry, err error) {
	err = r.Scan(&e.Seq, &e.ID, &e.Event, &e.Prev, &e.Hash)
	return e, err
}

// AppendAudit implements store.AuditLog. It stores all entries or none.
func (s *Store) AppendAudit(ctx context.Context, entries ...identity.AuditEntry) error {
	return s.writeAll(ctx, func(t *tx) error {
		for _, e := range entries {
			const insert = `INSERT INTO audit (` + auditColumns + `) VALUES (?, ?, ?, ?, ?)`
			if _, err := t.exec(insert, e.Seq, e.ID, blob(e.Event), blob(e.Prev), blob(e.Hash)); err != nil {
				return err
			}
		}
		return nil
	})
}

// LastAudit implements store.AuditLog.
func (s *Store) LastAudit(ctx context.Context) (identity.AuditEntry, error) {
	return get(ctx, s, scanAudit, `SELECT `+auditColumns+` FROM audit ORDER BY seq DESC LIMIT 1`)
}

// AuditRecorded implements store.AuditLog.
func (s *Store) AuditRecorded(ctx context.Context, eventIDs ...string) (map[string]bool, error) {
	ids, err := list(eventIDs)
	if err != nil {
		return nil, unavailable(err)
	}
	found := make(map[string]bool, len(eventIDs))
	const query = `SELECT id FROM audit WHERE id IN (SELECT value FROM json_each(?))`
	err = s.readers.each(ctx, query, []any{ids}, func(r row) error {
		var id string
		err := r.Scan(&id)
		found[id] = true
		return err
	})
	if err != nil {
		return nil, s.explain(err)
	}
	return found, nil
}

// AuditEntries implements store.AuditLog.
func (s *Store) AuditEntries(ctx context.Context, from int64, limit int) ([]identity.AuditEntry, error) {
	const query = `SELECT ` + auditColumns + ` FROM audit WHERE seq >= ? ORDER BY seq LIMIT ?`
	return all(ctx, s, scanAudit, query, from, max(0, limit))
}
