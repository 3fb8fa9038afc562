package account

import (
	"context"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/audit"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// Welcome gives a new account a link to prove its address and returns the mail that carries
// it, to be written together with the account.
func (s *Service) Welcome(u *identity.User, by identity.Actor) identity.Consequence {
	s.Introduce(u, by)
	now := s.Now()
	return s.Outbox.Post(s.verification(u, by, "", now), now)
}

// Introduce gives a new account what is known of its holder: what they read, and what they use.
func (*Service) Introduce(u *identity.User, by identity.Actor) {
	if u.Language == "" {
		u.Language = by.Language
	}
	if !by.IsServer() { // what stands between us and the person is not theirs
		u.KnownClients = []string{by.Client.Software()}
	}
}

func (s *Service) verification(u *identity.User, by identity.Actor, request string, now time.Time) mail.Message {
	m := mail.Notice(*u, by, mail.VerifyEmail, now)
	token, until := promise(u, identity.ProveEmail, u.Email, request, now)
	m.Link, m.Until = s.Links.Verify(token), until
	return m
}

// VerifyEmail takes the token of a mailed link and believes that its holder reads the address
// the mail went to: the one the account has, or the one it is to have.
func (s *Service) VerifyEmail(ctx context.Context, by identity.Actor, token string) (identity.User, error) {
	purpose := VerificationPurpose(token)
	_, t, err := s.holder(ctx, by, purpose, token)
	if err != nil {
		return identity.User{}, err
	}
	return s.spend(ctx, by, purpose, t, func(u *identity.User, proof identity.Proof, now time.Time) ([]identity.Consequence, error) {
		if purpose == identity.MoveEmail {
			return s.move(by, u, proof.Email, now)
		}
		u.EmailVerified = true
		return []identity.Consequence{s.event(by, audit.EmailVerified, *u, now)}, nil
	})
}

// VerificationPurpose says which of the two kinds of links that VerifyEmail takes a token
// belongs to. It proves nothing.
func VerificationPurpose(token string) identity.Purpose {
	if prefix, _ := linkOf(identity.MoveEmail); strings.HasPrefix(token, prefix+"_") {
		return identity.MoveEmail
	}
	return identity.ProveEmail
}
