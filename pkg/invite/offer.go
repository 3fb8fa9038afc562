package invite

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/gatehouse-id/gatehouse/pkg/audit"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// Bounds of an offer.
const (
	MaxReferralTokens = 32
	maxReferralToken  = 128  // characters
	maxReferralBytes  = 2048 // of all together: anybody may write them down here
)

// Offer is an invitation for the reader of one address to make an ordinary account. Its code is a
// UUID that is told to nobody but that address.
type Offer struct {
	Email          string
	ReferralTokens []string // the inviter's own; kept on the account that comes of it
}

// Check returns the canonical form of the address, or what is wrong with the offer.
func (o Offer) Check() (emailKey string, err error) {
	var bad []fault.Field
	if emailKey, err = identity.CanonicalEmail(o.Email); err != nil {
		bad = append(bad, fault.Field{Field: "email", Code: "invalid_email", Message: "email is not an address we accept"})
	}
	if !referrals(o.ReferralTokens) {
		bad = append(bad, fault.Field{
			Field: "referral_tokens", Code: "invalid_text",
			Message: fmt.Sprintf("referral_tokens are at most %d texts of 1 to %d characters without control characters, and %d bytes together", MaxReferralTokens, maxReferralToken, maxReferralBytes),
		})
	}
	if len(bad) > 0 {
		return "", fault.InvalidFields(bad...)
	}
	return emailKey, nil
}

func referrals(tokens []string) bool {
	if len(tokens) > MaxReferralTokens {
		return false
	}
	total := 0
	for _, t := range tokens {
		if total += len(t); t == "" || total > maxReferralBytes || !utf8.ValidString(t) || utf8.RuneCountInString(t) > maxReferralToken || hasControl(t) {
			return false
		}
	}
	return true
}

// Offer makes an invitation with this id and mails it. Doing so again with one id does nothing.
// Who may offer what is the caller's to decide, and the mail is the caller's to count.
func (s *Service) Offer(ctx context.Context, by identity.Actor, id string, o Offer) error {
	key, err := o.Check()
	if err != nil {
		return err
	}
	now := s.Now()
	c := newCode(identity.CodeUUID, id)
	inv := identity.Invitation{
		ID: id, Form: identity.CodeUUID, CodeHash: c.hash, Email: o.Email, EmailKey: key, MaxUses: 1, Left: 1,
		UserType: identity.Customer, ReferralTokens: o.ReferralTokens, CreatedBy: by.Name(),
		CreatedAt: now, ExpiresAt: now.Add(s.OfferLife), LastIssueAt: now,
	}
	m := s.letter(by, inv, c, now)
	m.Counted = true
	err = s.Store.CreateInvitation(ctx, inv, s.Outbox.Post(m, now), s.event(by, audit.InvitationCreated, id, now))
	if err != nil && !errors.Is(err, store.ErrExists) {
		return fmt.Errorf("invite: offer: %w", err)
	}
	return nil
}
