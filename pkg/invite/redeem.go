package invite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/audit"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// Reserve takes one use of the invitation that a code belongs to, for the account that
// userID is going to be. The code must be the current one, and if the invitation is for one
// address, emailKey must be it.
func (s *Service) Reserve(ctx context.Context, code, emailKey, userID string) (identity.Invitation, error) {
	inv, c, err := s.find(ctx, code)
	if err != nil {
		return identity.Invitation{}, err
	}
	now := s.Now()
	if err := usable(inv, c, emailKey, now); err != nil {
		return identity.Invitation{}, err
	}
	reserved, err := s.Store.ReserveUse(ctx, inv.ID, c.hash, userID, now)
	if errors.Is(err, store.ErrStale) {
		return identity.Invitation{}, s.whyNot(ctx, inv.ID, c, emailKey, now)
	}
	if err != nil {
		return identity.Invitation{}, fmt.Errorf("invite: reserve: %w", err)
	}
	return reserved, nil
}

func usable(inv identity.Invitation, c code, emailKey string, now time.Time) error {
	if !c.matches(inv) || inv.EmailKey != "" && inv.EmailKey != emailKey {
		return ErrInvalid
	}
	switch inv.State(now) {
	case identity.InvitationPending:
		return nil
	case identity.InvitationUsed:
		return ErrUsedUp
	case identity.InvitationExpired:
		return ErrExpired
	case identity.InvitationRevoked:
		return ErrInvalid
	}
	return ErrInvalid
}

// whyNot explains a reservation that lost a race.
func (s *Service) whyNot(ctx context.Context, id string, c code, emailKey string, now time.Time) error {
	inv, err := s.Store.Invitation(ctx, id)
	if err != nil {
		return notPending("read", err)
	}
	if err := usable(inv, c, emailKey, now); err != nil {
		return err
	}
	return ErrUsedUp // a use has come free since; the caller may try again
}

// Free gives back a use that was reserved for an account that did not come to be.
func (s *Service) Free(ctx context.Context, invitationID, userID string) error {
	if err := s.Store.FreeUse(ctx, invitationID, userID); err != nil && !errors.Is(err, store.ErrStale) {
		return fmt.Errorf("invite: free: %w", err)
	}
	return nil
}

// SettleKind is the consequence that a provisional account carries until it is settled.
const SettleKind identity.ConsequenceKind = "redemption"

// settleRounds bounds how often settling starts over when others change the account.
const settleRounds = 10

type redemption struct {
	UserID       string `json:"user_id"`
	InvitationID string `json:"invitation_id"`
}

// Redemption returns the consequence to write together with a provisional account, so that
// some node settles it even if this one dies. The relay leaves it alone for a few seconds,
// in which the registration itself settles it.
func (s *Service) Redemption(userID, invitationID string) identity.Consequence {
	data, _ := json.Marshal(redemption{UserID: userID, InvitationID: invitationID}) // strings always encode
	return identity.Consequence{
		ID: opaque.Random(opaque.IDLength), Kind: SettleKind, DueAt: s.Now().Add(5 * time.Second), Data: data,
	}
}

// CarryOutRedemptions is the relay's handler of SettleKind. It is idempotent.
func (s *Service) CarryOutRedemptions(ctx context.Context, batch []identity.Consequence) error {
	for _, c := range batch {
		var r redemption
		if err := json.Unmarshal(c.Data, &r); err != nil {
			return fmt.Errorf("invite: read redemption: %w", err)
		}
		if _, err := s.Settle(ctx, r.UserID, r.InvitationID); err != nil {
			return err
		}
	}
	return nil
}

// Settle finishes the registration of a provisional account: it confirms the reserved use
// and makes the account good, or, if the use was given to somebody else meanwhile, removes
// the account. It returns whether the account is good. It is idempotent and may run on
// several nodes at once.
func (s *Service) Settle(ctx context.Context, userID, invitationID string) (bool, error) {
	for range settleRounds {
		u, err := s.Store.User(ctx, userID)
		if errors.Is(err, store.ErrNotFound) {
			return false, s.Free(ctx, invitationID, userID)
		}
		if err != nil {
			return false, fmt.Errorf("invite: settle: %w", err)
		}
		if !u.Provisional {
			return !u.Deleted, nil
		}
		good, err := s.settle(ctx, u, invitationID)
		if !errors.Is(err, store.ErrStale) {
			return good, err
		}
	}
	return false, fmt.Errorf("invite: settle: %w", store.ErrStale)
}

func (s *Service) settle(ctx context.Context, u identity.User, invitationID string) (bool, error) {
	err := s.Store.ConfirmUse(ctx, invitationID, u.ID)
	if errors.Is(err, store.ErrNotFound) {
		if err := s.Store.RemoveUser(ctx, u.ID, u.Rev); err != nil {
			return false, fmt.Errorf("invite: remove account without a use: %w", err)
		}
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("invite: confirm: %w", err)
	}
	now := s.Now()
	u.Provisional, u.UpdatedAt = false, now
	err = s.Store.UpdateUser(ctx, u, audit.Record(identity.Event{
		At: now, Type: audit.InvitationRedeemed, Actor: "user:" + u.ID, Subject: "invitation:" + invitationID,
	}))
	if err != nil {
		return false, fmt.Errorf("invite: make account good: %w", err)
	}
	return true, nil
}

// Repair settles or frees uses that were reserved more than a minute ago and neither
// confirmed nor freed since: their process died. It returns how many it looked at.
func (s *Service) Repair(ctx context.Context) (int, error) {
	limit := s.Now().Add(-store.ClaimTimeout)
	stale, err := s.Store.StaleUses(ctx, limit, maxListLimit)
	if err != nil {
		return 0, fmt.Errorf("invite: find stale uses: %w", err)
	}
	n := 0
	for _, inv := range stale {
		for _, use := range inv.Uses {
			if use.Confirmed || !use.At.Before(limit) {
				continue
			}
			n++
			good, err := s.Settle(ctx, use.UserID, inv.ID)
			if err != nil {
				return n, err
			}
			if good { // the account was made good and the use left unconfirmed: cannot be, mend it
				if err := s.Store.ConfirmUse(ctx, inv.ID, use.UserID); err != nil {
					return n, fmt.Errorf("invite: confirm: %w", err)
				}
			}
		}
	}
	return n, nil
}
