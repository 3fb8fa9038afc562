package mongo

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

type auditRecord struct {
	Place               int64 `bson:"_id"` // the entry's Seq: two nodes cannot both append one
	identity.AuditEntry `bson:",inline"`
}

// AppendAudit implements store.AuditLog.
func (s *Store) AppendAudit(ctx context.Context, entries ...identity.AuditEntry) error {
	if len(entries) == 0 {
		return nil
	}
	records := make([]auditRecord, 0, len(entries))
	for _, e := range entries {
		records = append(records, auditRecord{Place: e.Seq, AuditEntry: e})
	}
	last := entries[len(entries)-1]
	var later error // a place behind the first is taken: some entries are stored, some are not
	err := s.attempt(ctx, colAudit, bson.M{"_id": last.Seq, "id": last.ID, "hash": last.Hash}, func(ctx context.Context) error {
		_, err := s.coll(colAudit).InsertMany(ctx, records)
		var e mongo.BulkWriteException
		if errors.As(err, &e) && len(e.WriteErrors) > 0 && e.WriteErrors[0].Index > 0 {
			later = err
		}
		return err
	})
	if errors.Is(err, store.ErrExists) && later != nil {
		return unavailable("append to the audit log", later)
	}
	return err
}

// LastAudit implements store.AuditLog.
func (s *Store) LastAudit(ctx context.Context) (identity.AuditEntry, error) {
	return find[identity.AuditEntry](ctx, s, colAudit, bson.M{}, options.FindOne().SetSort(desc("_id")))
}

// AuditRecorded implements store.AuditLog.
func (s *Store) AuditRecorded(ctx context.Context, eventIDs ...string) (map[string]bool, error) {
	recorded := make(map[string]bool, len(eventIDs))
	if len(eventIDs) == 0 {
		return recorded, nil
	}
	found, err := list[identity.AuditEntry](ctx, s, colAudit, bson.M{"id": bson.M{"$in": eventIDs}},
		nil, everything, options.Find().SetProjection(bson.M{"id": 1}))
	for _, e := range found {
		recorded[e.ID] = true
	}
	return recorded, err
}

// AuditEntries implements store.AuditLog.
func (s *Store) AuditEntries(ctx context.Context, from int64, limit int) ([]identity.AuditEntry, error) {
	return list[identity.AuditEntry](ctx, s, colAudit, bson.M{"_id": bson.M{"$gte": from}}, asc("_id"), limit)
}
