package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// The uses come with the invitation in one statement, so that both are of one moment.
const (
	invitationFields = `id, code_hash, email, email_key, max_uses, uses_left, user_type, claims, note,
	created_by, created_at, expires_at, revoked_at, last_issue_at, form, referral_tokens`

	selectInvitation = `SELECT ` + invitationFields + `,
	(SELECT json_group_array(json_array(user_id, at, confirmed) ORDER BY n) FROM uses WHERE invitation_id = i.id)
	FROM invitations i `
)

func scanInvitation(r row) (identity.Invitation, error) {
	var (
		i      identity.Invitation
		claims []byte
		tokens []byte
		uses   []byte
	)
	err := r.Scan(&i.ID, &i.CodeHash, &i.Email, &i.EmailKey, &i.MaxUses, &i.Left, &i.UserType, &claims, &i.Note,
		&i.CreatedBy, (*instant)(&i.CreatedAt), (*instant)(&i.ExpiresAt), (*instant)(&i.RevokedAt),
		(*instant)(&i.LastIssueAt), &i.Form, &tokens, &uses)
	if err != nil {
		return i, err
	}
	i.Claims = claims
	if i.ReferralTokens, err = decodeTexts(tokens); err != nil {
		return i, err
	}
	i.Uses, err = decodeUses(uses)
	return i, err
}

// encodeTexts writes a JSON array, and nothing for no texts.
func encodeTexts(texts []string) []byte {
	if len(texts) == 0 {
		return []byte{}
	}
	b, _ := json.Marshal(texts) // strings always encode
	return b
}

func decodeTexts(b []byte) (texts []string, err error) {
	if len(b) > 0 {
		err = json.Unmarshal(b, &texts)
	}
	return texts, err
}

// decodeUses reads [[user id, milliseconds, 0 or 1], ...].
func decodeUses(text []byte) ([]identity.Use, error) {
	var rows [][3]any
	if err := json.Unmarshal(text, &rows); err != nil {
		return nil, err
	}
	var uses []identity.Use
	for _, r := range rows {
		id, isText := r[0].(string)
		ms, isTime := r[1].(float64) // exact up to 2^53, the year 287396
		if !isText || !isTime {
			return nil, fmt.Errorf("%w: a use is %v", errDamage, r)
		}
		uses = append(uses, identity.Use{UserID: id, At: fromMillis(int64(ms)), Confirmed: r[2] == 1.0})
	}
	return uses, nil
}

// CreateInvitation implements store.Invitations.
func (s *Store) CreateInvitation(ctx context.Context, i identity.Invitation, also ...identity.Consequence) error {
	const insert = `INSERT INTO invitations (` + invitationFields + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	return s.writeAll(ctx, func(t *tx) error {
		_, err := t.exec(insert, i.ID, blob(i.CodeHash), i.Email, i.EmailKey, i.MaxUses, i.Left, i.UserType,
			blob(i.Claims), i.Note, i.CreatedBy, millis(i.CreatedAt), millis(i.ExpiresAt), millis(i.RevokedAt),
			millis(i.LastIssueAt), i.Form, encodeTexts(i.ReferralTokens))
		if err != nil {
			return err
		}
		for _, u := range i.Uses {
			if _, err := t.exec(insertUse, i.ID, u.UserID, millis(u.At), u.Confirmed); err != nil {
				return err
			}
		}
		return t.record("", also)
	})
}

// Invitation implements store.Invitations.
func (s *Store) Invitation(ctx context.Context, id string) (identity.Invitation, error) {
	return get(ctx, s, scanInvitation, selectInvitation+`WHERE id = ?`, id)
}

// InvitationByCode implements store.Invitations.
func (s *Store) InvitationByCode(ctx context.Context, codeHash []byte) (identity.Invitation, error) {
	return get(ctx, s, scanInvitation, selectInvitation+`WHERE code_hash = ? LIMIT 1`, blob(codeHash))
}

// invitation reads an invitation as the transaction has left it.
func (t *tx) invitation(id string) (identity.Invitation, error) {
	return scanInvitation(lazyRow(func(dest ...any) error {
		return t.get(selectInvitation+`WHERE id = ?`, []any{id}, dest...)
	}))
}

// ReissueInvitation implements store.Invitations.
func (s *Store) ReissueInvitation(ctx context.Context, id string, codeHash []byte, at, expiresAt time.Time, also ...identity.Consequence) (identity.Invitation, error) {
	const update = `UPDATE invitations SET code_hash = ?, last_issue_at = ?, expires_at = ?
		WHERE id = ? AND revoked_at = 0 AND uses_left > 0`
	var i identity.Invitation
	err := s.writeWith(ctx, "", also, func(t *tx) error {
		n, err := t.exec(update, blob(codeHash), millis(at), millis(expiresAt), id)
		if err != nil {
			return err
		}
		if n == 0 {
			return t.missed(store.ErrStale, `SELECT 1 FROM invitations WHERE id = ?`, id)
		}
		i, err = t.invitation(id)
		return err
	})
	if err != nil {
		return identity.Invitation{}, err
	}
	return i, nil
}

// RevokeInvitation implements store.Invitations.
func (s *Store) RevokeInvitation(ctx context.Context, id string, at time.Time, also ...identity.Consequence) error {
	return s.writeWith(ctx, "", also, func(t *tx) error {
		n, err := t.exec(`UPDATE invitations SET revoked_at = ? WHERE id = ? AND revoked_at = 0`, millis(at), id)
		if err == nil && n == 0 {
			return t.missed(store.ErrStale, `SELECT 1 FROM invitations WHERE id = ?`, id)
		}
		return err
	})
}

// Invitations implements store.Invitations.
func (s *Store) Invitations(ctx context.Context, f store.InvitationFilter) ([]identity.Invitation, error) {
	page := `true`
	if !f.Before.IsZero() {
		page = `(created_at, id) < (?2, ?3)`
	}
	query := selectInvitation + `WHERE ` + inState(f.State) + ` AND ` + page + ` ORDER BY created_at DESC, id DESC LIMIT ?4`
	return all(ctx, s, scanInvitation, query, millis(f.Now), millis(f.Before), f.BeforeID, max(0, f.Limit))
}

// inState returns the condition that identity.Invitation.State computes; ?1 is the time.
func inState(state identity.InvitationState) string {
	switch state {
	case identity.InvitationRevoked:
		return `revoked_at <> 0`
	case identity.InvitationUsed:
		return `revoked_at = 0 AND uses_left = 0`
	case identity.InvitationExpired:
		return `revoked_at = 0 AND uses_left > 0 AND expires_at <= ?1`
	case identity.InvitationPending:
		return `revoked_at = 0 AND uses_left > 0 AND expires_at > ?1`
	case "":
		return `true`
	default:
		return `false`
	}
}
