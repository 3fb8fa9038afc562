package session

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
)

// Start opens a session for u, whose credentials the caller has just checked, and records
// also in the same write. u must be the record those credentials were checked against: a
// change that ended its sessions in the meantime ends this one too.
func (s *Service) Start(ctx context.Context, by identity.Actor, u identity.User, amr []string, also ...identity.Consequence) (Grant, error) {
	now := s.Now()
	sess := s.newSession(by, u, amr, now)
	g, err := s.grantWhile(ctx, by, u, sess, now, func() error {
		return s.Store.StartSession(ctx, sess, also...)
	})
	if err != nil {
		return Grant{}, fmt.Errorf("session: start: %w", err)
	}
	return g, nil
}

func (s *Service) newSession(by identity.Actor, u identity.User, amr []string, now time.Time) identity.Session {
	secret := make([]byte, secretLen)
	_, _ = rand.Read(secret) // never fails
	return identity.Session{
		ID: opaque.Random(identity.SessionIDLength), UserID: u.ID, Epoch: u.Epoch, Secret: secret, Counter: 1,
		App: by.App(), Client: by.Client, RotatedBy: by.Client.Binding(), AuthTime: now, AMR: amr,
		CreatedAt: now, RotatedAt: now, LastUsedAt: now,
		IdleUntil: now.Add(s.idle(by)), MaxUntil: now.Add(s.Lifetimes.Max),
	}
}
