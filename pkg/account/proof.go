package account

import (
	"context"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// ErrInvalidLink answers a one-time token that was used, has expired, was replaced by a newer
// one or never was: which of them is nobody's business.
var ErrInvalidLink = fault.New(fault.Invalid, "invalid_link", "the link is not valid any more; ask for a new one")

// How long one-time links live (OWASP ASVS 6.4.1).
const (
	proveLife  = 24 * time.Hour
	resetLife  = 30 * time.Minute
	signInLife = 15 * time.Minute
	undoLife   = 72 * time.Hour
)

// linkOf says how a link for each purpose looks and how long it lives.
func linkOf(p identity.Purpose) (prefix string, life time.Duration) {
	switch p {
	case identity.ProveEmail:
		return "ev", proveLife
	case identity.MoveEmail:
		return "em", proveLife
	case identity.UndoMove:
		return "eu", undoLife
	case identity.ResetPassword:
		return "rp", resetLife
	case identity.SignIn:
		return "sl", signInLife
	}
	return "", 0
}

// promise gives u a new link for a purpose, which replaces the one before, and returns its
// token and when it is over. The caller writes u and the mail with the link in one step.
func promise(u *identity.User, p identity.Purpose, email, request string, now time.Time) (token string, until time.Time) {
	prefix, life := linkOf(p)
	t := opaque.NewFor(prefix, u.ID)
	until = now.Add(life)
	u.SetProof(identity.Proof{Purpose: p, Hash: t.Hash(), Email: email, Request: request, ExpiresAt: until})
	return t.String(), until
}

// presented is a one-time token that somebody brings, and the account that it is about.
type presented struct {
	userID string
	hash   []byte
}

// is reports, in constant time, whether the token is the one of a proof.
func (t presented) is(p identity.Proof) bool { return subtle.ConstantTimeCompare(t.hash, p.Hash) == 1 }

// proves reports whether a token is the outstanding one of u for its purpose.
func proves(u identity.User, p identity.Purpose, t presented, now time.Time) (identity.Proof, bool) {
	proof, ok := u.Proof(p)
	return proof, ok && t.is(proof) && proof.Live(now) && u.Active()
}

// holder returns the account that a token for a purpose belongs to. Tries are counted; a
// good one is not held against its origin.
func (s *Service) holder(ctx context.Context, by identity.Actor, p identity.Purpose, token string) (identity.User, presented, error) {
	return s.tried(ctx, by, func() (identity.User, presented, error) {
		prefix, _ := linkOf(p)
		t, ok := opaque.ParseFor(prefix, identity.UserIDLength, token)
		if !ok {
			return identity.User{}, presented{}, ErrInvalidLink
		}
		brought := presented{t.ID, t.Hash()}
		u, err := s.Store.User(ctx, t.ID)
		if errors.Is(err, store.ErrNotFound) {
			return u, brought, ErrInvalidLink
		}
		if err != nil {
			return u, brought, absent(err)
		}
		if _, ok := proves(u, p, brought, s.Now()); !ok {
			return u, brought, ErrInvalidLink
		}
		return u, brought, nil
	})
}

// tried counts a try to find the holder of a token.
func (s *Service) tried(ctx context.Context, by identity.Actor, find func() (identity.User, presented, error)) (identity.User, presented, error) {
	from, _ := limit.Origin(by)
	try := limit.Hit{Policy: s.Limits.Proof, Subject: from}
	if err := s.Guard.Take(ctx, try); err != nil {
		return identity.User{}, presented{}, err
	}
	u, t, err := find()
	if err != nil {
		return u, t, err
	}
	return u, t, s.Guard.Forget(ctx, try)
}

// spend changes the account of a link in the same write that makes the link worthless: of
// any number of concurrent callers with one link exactly one succeeds.
func (s *Service) spend(ctx context.Context, by identity.Actor, p identity.Purpose, t presented,
	f func(u *identity.User, proof identity.Proof, now time.Time) ([]identity.Consequence, error),
) (identity.User, error) {
	u, err := s.change(ctx, by, t.userID, func(u *identity.User, now time.Time) ([]identity.Consequence, error) {
		proof, ok := proves(*u, p, t, now)
		if !ok {
			return nil, ErrInvalidLink
		}
		u.DropProofs(p)
		return f(u, proof, now)
	})
	if errors.Is(err, ErrNotFound) {
		return u, ErrInvalidLink
	}
	return u, err
}

// Peek returns the account and the address that a link for a purpose is about, and changes
// nothing: a page may show it before its reader decides.
func (s *Service) Peek(ctx context.Context, by identity.Actor, p identity.Purpose, token string) (identity.User, string, error) {
	u, _, err := s.holder(ctx, by, p, token)
	if err != nil {
		return identity.User{}, "", err
	}
	proof, _ := u.Proof(p)
	return u, proof.Email, nil
}
