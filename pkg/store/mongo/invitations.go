package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

type invitationRecord struct {
	ID                  string `bson:"_id"`
	identity.Invitation `bson:",inline"`
	Own                 own   `bson:",inline"`
	Reserved            int64 `bson:"reserved"` // uses not confirmed; what the search for stale ones goes by
}

// CreateInvitation implements store.Invitations.
func (s *Store) CreateInvitation(ctx context.Context, i identity.Invitation, also ...identity.Consequence) error {
	call := newCall()
	return s.insert(ctx, colInvitations, i.ID, call, invitationRecord{
		ID: i.ID, Invitation: i, Own: own{Call: call, Pending: also},
		Reserved: int64(len(i.Uses)) - i.Confirmed(),
	})
}

// Invitation implements store.Invitations.
func (s *Store) Invitation(ctx context.Context, id string) (identity.Invitation, error) {
	return find[identity.Invitation](ctx, s, colInvitations, bson.M{"_id": id})
}

// InvitationByCode implements store.Invitations.
func (s *Store) InvitationByCode(ctx context.Context, codeHash []byte) (identity.Invitation, error) {
	return find[identity.Invitation](ctx, s, colInvitations, bson.M{"code_hash": codeHash})
}

// ReissueInvitation implements store.Invitations.
func (s *Store) ReissueInvitation(ctx context.Context, id string, codeHash []byte, at, expiresAt time.Time, also ...identity.Consequence) (identity.Invitation, error) {
	i, err := updated[identity.Invitation](ctx, s, colInvitations, id,
		bson.M{"revoked_at": never(), "left": bson.M{"$gt": 0}},
		change{set: bson.M{"code_hash": codeHash, "last_issue_at": at, "expires_at": expiresAt}, also: also})
	if errors.Is(err, store.ErrStale) {
		err = s.staleOrMissing(ctx, colInvitations, id)
	}
	return i, err
}

// RevokeInvitation implements store.Invitations.
func (s *Store) RevokeInvitation(ctx context.Context, id string, at time.Time, also ...identity.Consequence) error {
	return s.revoke(ctx, colInvitations, id, at, also)
}

// revoke sets revoked_at where it is not set.
func (s *Store) revoke(ctx context.Context, coll, id string, at time.Time, also []identity.Consequence) error {
	err := s.update(ctx, coll, id, bson.M{"revoked_at": never()}, change{set: bson.M{"revoked_at": at}, also: also})
	if errors.Is(err, store.ErrStale) {
		return s.staleOrMissing(ctx, coll, id)
	}
	return err
}

// Invitations implements store.Invitations.
func (s *Store) Invitations(ctx context.Context, f store.InvitationFilter) ([]identity.Invitation, error) {
	filter := inState(f.State, f.Now)
	if !f.Before.IsZero() {
		filter["$or"] = bson.A{
			bson.M{"created_at": bson.M{"$lt": f.Before}},
			bson.M{"created_at": f.Before, "_id": bson.M{"$lt": f.BeforeID}},
		}
	}
	return list[identity.Invitation](ctx, s, colInvitations, filter, desc("created_at", "_id"), f.Limit)
}

// inState describes the invitations for which identity.Invitation.State says state at now.
func inState(state identity.InvitationState, now time.Time) bson.M {
	switch state {
	case identity.InvitationRevoked:
		return bson.M{"revoked_at": bson.M{"$ne": never()}}
	case identity.InvitationUsed:
		return bson.M{"revoked_at": never(), "left": 0}
	case identity.InvitationExpired:
		return bson.M{"revoked_at": never(), "left": bson.M{"$ne": 0}, "expires_at": bson.M{"$lte": now}}
	case identity.InvitationPending:
		return bson.M{"revoked_at": never(), "left": bson.M{"$ne": 0}, "expires_at": bson.M{"$gt": now}}
	default:
		return bson.M{}
	}
}
