package invite

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// code is what is given out, or what somebody brings.
type code struct {
	form identity.CodeForm
	id   string // of the invitation; empty when the code does not name it
	text string
	hash []byte
}

// newCode returns a fresh code for an invitation that has an id already.
func newCode(form identity.CodeForm, id string) code {
	if form == identity.CodeUUID {
		text := opaque.NewUUID()
		hash, _ := opaque.HashUUID(codePrefix, text) // what NewUUID returns is one
		return code{identity.CodeUUID, id, text, hash}
	}
	t := opaque.NewFor(codePrefix, id)
	return code{identity.CodeText, id, t.String(), t.Hash()}
}

func parseCode(s string) (code, bool) {
	if hash, ok := opaque.HashUUID(codePrefix, s); ok {
		return code{form: identity.CodeUUID, hash: hash}, true
	}
	t, ok := opaque.Parse(codePrefix, s)
	return code{form: identity.CodeText, id: t.ID, hash: t.Hash()}, ok
}

// matches compares in constant time. A code of another form than its invitation has is none: that
// an address counts as proved hangs on the form.
func (c code) matches(inv identity.Invitation) bool {
	return c.form == inv.Form && subtle.ConstantTimeCompare(c.hash, inv.CodeHash) == 1
}

// find returns the invitation that a code belongs to, or ErrInvalid.
func (s *Service) find(ctx context.Context, text string) (identity.Invitation, code, error) {
	c, ok := parseCode(text)
	if !ok {
		return identity.Invitation{}, c, ErrInvalid
	}
	var inv identity.Invitation
	var err error
	if c.id != "" {
		inv, err = s.Store.Invitation(ctx, c.id)
	} else {
		inv, err = s.Store.InvitationByCode(ctx, c.hash)
	}
	if errors.Is(err, store.ErrNotFound) {
		return inv, c, ErrInvalid
	}
	if err != nil {
		return inv, c, fmt.Errorf("invite: read: %w", err)
	}
	return inv, c, nil
}

// Peek returns the invitation that a code would redeem now, and takes nothing of it.
func (s *Service) Peek(ctx context.Context, text string) (identity.Invitation, error) {
	inv, c, err := s.find(ctx, text)
	if err != nil {
		return identity.Invitation{}, err
	}
	if err := usable(inv, c, inv.EmailKey, s.Now()); err != nil {
		return identity.Invitation{}, err
	}
	return inv, nil
}
