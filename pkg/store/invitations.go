package store

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// Invitations keeps invitations.
type Invitations interface {
	// CreateInvitation stores a new invitation and records also. ErrExists when the id is taken.
	CreateInvitation(ctx context.Context, i identity.Invitation, also ...identity.Consequence) error
	// Invitation returns an invitation in whatever state it is.
	Invitation(ctx context.Context, id string) (identity.Invitation, error)
	// InvitationByCode returns the invitation whose code has this hash now, in whatever state it
	// is; a code that was replaced finds nothing.
	InvitationByCode(ctx context.Context, codeHash []byte) (identity.Invitation, error)
	// ReissueInvitation gives an invitation that is not revoked and has uses left, expired or
	// not, another code hash and expiry (ReissueInvitation sets LastIssueAt to at) and records
	// also; it returns the invitation as it then is. The old code is dead when it returns.
	// ErrStale when it is revoked or used up, ErrNotFound when there is none.
	ReissueInvitation(ctx context.Context, id string, codeHash []byte, at, expiresAt time.Time, also ...identity.Consequence) (identity.Invitation, error)
	// RevokeInvitation revokes an invitation that is not revoked and records also. ErrStale
	// when it is revoked already, ErrNotFound when there is none.
	RevokeInvitation(ctx context.Context, id string, at time.Time, also ...identity.Consequence) error
	// Invitations returns up to f.Limit invitations, newest first.
	Invitations(ctx context.Context, f InvitationFilter) ([]identity.Invitation, error)
}

// InvitationFilter selects invitations for a list. The order is CreatedAt descending, then
// ID descending; a page continues behind the invitation that Before and BeforeID name.
type InvitationFilter struct {
	State    identity.InvitationState // empty means every state
	Now      time.Time                // decides who is expired
	Before   time.Time                // zero means from the newest
	BeforeID string
	Limit    int
}

// Redemptions moves the uses of an invitation: reserve, then confirm or free.
type Redemptions interface {
	// ReserveUse takes one use for userID if the invitation has this code hash, is not
	// revoked, has not expired at `at` and has a use left, and userID holds none of its uses;
	// else ErrStale (also when there is no such invitation). It returns the invitation as it
	// then is. Of concurrent callers Left succeed, or all when they are fewer.
	ReserveUse(ctx context.Context, id string, codeHash []byte, userID string, at time.Time) (identity.Invitation, error)
	// ConfirmUse makes a reserved use final, in whatever state the invitation is. Confirming
	// a confirmed use is no error; ErrNotFound when there is no use for this user.
	ConfirmUse(ctx context.Context, id, userID string) error
	// FreeUse gives a use that is reserved, not confirmed, back. ErrStale when it is
	// confirmed; no error when there is none.
	FreeUse(ctx context.Context, id, userID string) error
	// StaleUses returns invitations, in whatever state, that hold a use reserved before t and
	// not confirmed, at most limit.
	StaleUses(ctx context.Context, t time.Time, limit int) ([]identity.Invitation, error)
}
