package storetest_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func (m *memory) CreateInvitation(ctx context.Context, i identity.Invitation, also ...identity.Consequence) error {
	return add(ctx, m, m.invitations, i.ID, i, also)
}

func (m *memory) Invitation(ctx context.Context, id string) (identity.Invitation, error) {
	return get(ctx, m, m.invitations, id)
}

func (m *memory) InvitationByCode(ctx context.Context, codeHash []byte) (identity.Invitation, error) {
	found, err := list(ctx, m, m.invitations, 1, func(i identity.Invitation) bool { return bytes.Equal(i.CodeHash, codeHash) }, newestFirst)
	if err != nil || len(found) == 0 {
		return identity.Invitation{}, cmp.Or(err, store.ErrNotFound)
	}
	return found[0], nil
}

func (m *memory) ReissueInvitation(ctx context.Context, id string, codeHash []byte, at, expiresAt time.Time, also ...identity.Consequence) (got identity.Invitation, err error) {
	err = change(ctx, m, m.invitations, id, func(i *identity.Invitation) error {
		if !i.RevokedAt.IsZero() || i.Left == 0 {
			return store.ErrStale
		}
		i.CodeHash, i.LastIssueAt, i.ExpiresAt = codeHash, at, expiresAt
		m.record(id, also)
		got = clone(*i)
		return nil
	})
	return got, err
}

func (m *memory) RevokeInvitation(ctx context.Context, id string, at time.Time, also ...identity.Consequence) error {
	return change(ctx, m, m.invitations, id, func(i *identity.Invitation) error {
		if !i.RevokedAt.IsZero() {
			return store.ErrStale
		}
		i.RevokedAt = at
		m.record(id, also)
		return nil
	})
}

func newestFirst(a, b identity.Invitation) int {
	if c := b.CreatedAt.Compare(a.CreatedAt); c != 0 {
		return c
	}
	return strings.Compare(b.ID, a.ID)
}

func (m *memory) Invitations(ctx context.Context, f store.InvitationFilter) ([]identity.Invitation, error) {
	last := identity.Invitation{CreatedAt: f.Before, ID: f.BeforeID}
	return list(ctx, m, m.invitations, f.Limit, func(i identity.Invitation) bool {
		return (f.State == "" || i.State(f.Now) == f.State) && (f.Before.IsZero() || newestFirst(i, last) > 0)
	}, newestFirst)
}

func useOf(i identity.Invitation, userID string) int {
	return slices.IndexFunc(i.Uses, func(u identity.Use) bool { return u.UserID == userID })
}

func (m *memory) ReserveUse(ctx context.Context, id string, codeHash []byte, userID string, at time.Time) (got identity.Invitation, err error) {
	err = change(ctx, m, m.invitations, id, func(i *identity.Invitation) error {
		if !bytes.Equal(i.CodeHash, codeHash) || i.State(at) != identity.InvitationPending || useOf(*i, userID) >= 0 {
			return store.ErrStale
		}
		i.Left--
		i.Uses = append(i.Uses, identity.Use{UserID: userID, At: at})
		got = clone(*i)
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		err = store.ErrStale
	}
	return got, err
}

func (m *memory) ConfirmUse(ctx context.Context, id, userID string) error {
	return change(ctx, m, m.invitations, id, func(i *identity.Invitation) error {
		n := useOf(*i, userID)
		if n < 0 {
			return store.ErrNotFound
		}
		i.Uses[n].Confirmed = true
		return nil
	})
}

func (m *memory) FreeUse(ctx context.Context, id, userID string) error {
	err := change(ctx, m, m.invitations, id, func(i *identity.Invitation) error {
		n := useOf(*i, userID)
		if n < 0 {
			return nil
		}
		if i.Uses[n].Confirmed {
			return store.ErrStale
		}
		i.Left++
		i.Uses = slices.Delete(i.Uses, n, n+1)
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

func (m *memory) StaleUses(ctx context.Context, t time.Time, limit int) ([]identity.Invitation, error) {
	return list(ctx, m, m.invitations, limit, func(i identity.Invitation) bool {
		return slices.ContainsFunc(i.Uses, func(u identity.Use) bool { return !u.Confirmed && u.At.Before(t) })
	}, newestFirst)
}
