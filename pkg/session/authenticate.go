package session

import (
	"context"
	"errors"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/token"
)

// Authenticate returns who an access token speaks for: the token is valid, its session lives
// and its user may use it, as the store has them now. The user and session are the stored
// records, so a role that was taken away is gone at once.
func (s *Service) Authenticate(ctx context.Context, accessToken string) (identity.Actor, error) {
	claims, err := s.Verifier.Verify(accessToken)
	switch {
	case errors.Is(err, token.ErrExpired):
		return identity.Actor{}, ErrTokenExpired
	case err != nil:
		return identity.Actor{}, ErrInvalidToken
	}
	sess, u, err := s.find(ctx, claims.SessionID)
	if errors.Is(err, ErrInvalidToken) || err == nil && sess.UserID != claims.Subject {
		return identity.Actor{}, ErrSessionEnded // swept, or never of this user
	}
	if err != nil {
		return identity.Actor{}, err
	}
	if !sess.Live(u, s.Now()) {
		return identity.Actor{}, ErrSessionEnded
	}
	return identity.Actor{User: &u, Session: &sess}, nil
}

// Introspection is what RFC 7662 tells about a token. Only Active is set for one that is
// not active, whatever the reason.
type Introspection struct {
	Active    bool
	Kind      string // "access_token" or "refresh_token"
	User      identity.User
	Session   identity.Session
	Claims    token.Claims // for an access token
	ExpiresAt int64        // seconds since 1970
}

// Introspect tells whether an access or refresh token is good now. It changes nothing.
func (s *Service) Introspect(ctx context.Context, presented string) (Introspection, error) {
	if claims, err := s.Verifier.Verify(presented); err == nil {
		actor, err := s.Authenticate(ctx, presented)
		if notGood(err) {
			return Introspection{}, nil
		}
		if err != nil {
			return Introspection{}, err
		}
		return Introspection{
			Active: true, Kind: "access_token", User: *actor.User, Session: *actor.Session,
			Claims: claims, ExpiresAt: claims.ExpiresAt.Unix(),
		}, nil
	}
	sess, u, current, err := s.holder(ctx, presented)
	if notGood(err) || err == nil && (!current || !sess.Live(u, s.Now())) {
		return Introspection{}, nil
	}
	if err != nil {
		return Introspection{}, err
	}
	return Introspection{Active: true, Kind: "refresh_token", User: u, Session: sess, ExpiresAt: sess.ExpiresAt().Unix()}, nil
}

// holder returns the session that a genuine refresh token belongs to, and whether the token
// is its current one or spent.
func (s *Service) holder(ctx context.Context, presented string) (sess identity.Session, u identity.User, current bool, err error) {
	return s.holderBy(ctx, s.refreshTokens(), presented)
}

// holderBy is holder for either kind of renewable credential.
func (s *Service) holderBy(ctx context.Context, kind credential, presented string) (sess identity.Session, u identity.User, current bool, err error) {
	id, counter, ok := kind.split(presented)
	if !ok {
		return sess, u, false, ErrInvalidToken
	}
	if sess, u, err = s.find(ctx, id); err != nil {
		return sess, u, false, err
	}
	if !kind.genuine(sess, counter, presented) {
		return sess, u, false, ErrInvalidToken
	}
	return sess, u, counter == sess.Counter, nil
}

func notGood(err error) bool {
	return errors.Is(err, ErrInvalidToken) || errors.Is(err, ErrTokenExpired) || errors.Is(err, ErrSessionEnded)
}
