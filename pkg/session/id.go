package session

import (
	"context"
	"errors"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// errSpent is ErrInvalidToken to the caller.
var errSpent = errors.New("session: the id was genuine and has been renewed since")

// Guessed reports whether err says that a credential is none of ours, and never was as far as
// anybody can tell: not one that has expired, was renewed, or whose session has ended.
func Guessed(err error) bool {
	return errors.Is(err, ErrInvalidToken) && !errors.Is(err, errSpent)
}

// AuthenticateID returns who holds a session by the id that client presented. The id before the
// current one holds for the grace window. It changes nothing, also when the id was spent long
// ago.
func (s *Service) AuthenticateID(ctx context.Context, client identity.Client, presented string) (identity.Actor, error) {
	sess, u, current, err := s.holderBy(ctx, s.sessionIDs(), presented)
	if err != nil {
		return identity.Actor{}, err
	}
	now := s.Now()
	if err := standing(sess, u, now); err != nil {
		return identity.Actor{}, err
	}
	if !bound(sess, client) {
		return identity.Actor{}, ErrInvalidToken
	}
	if !current && !s.justSpent(sess, presented, now) {
		return identity.Actor{}, ErrInvalidToken.With(errSpent)
	}
	return identity.Actor{User: &u, Session: &sess, HoldsID: true}, nil
}

// RenewID exchanges the id of a session for its next one, by the rules of Refresh.
func (s *Service) RenewID(ctx context.Context, by identity.Actor, presented string) (Grant, error) {
	by.HoldsID = true
	return s.renew(ctx, by, s.sessionIDs(), presented)
}

// justSpent reports whether a genuine id is the one before the current one, and is so since a
// short while: requests of one client that were under way during a renewal are no theft.
func (s *Service) justSpent(sess identity.Session, presented string, now time.Time) bool {
	_, counter, _ := s.sessionIDs().split(presented)
	return counter == sess.Counter-1 && now.Sub(sess.RotatedAt) <= s.Lifetimes.Grace
}

// bound reports whether client may be the one that a session was started for. A client that
// does not name its device is any.
func bound(sess identity.Session, client identity.Client) bool {
	return sess.Client.DeviceID == "" || client.DeviceID == "" || sess.Client.DeviceID == client.DeviceID
}
