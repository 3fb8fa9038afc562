package session

import (
	"context"
	"crypto/rsa"
	"log/slog"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/store"
	"github.com/gatehouse-id/gatehouse/pkg/token"
)

// Errors of this package. The first three answer a credential that does not hold; they say
// nothing that its holder could not know.
var (
	// ErrInvalidToken answers a string that is no credential of this service.
	ErrInvalidToken = fault.New(fault.Unauthenticated, "invalid_token", "the token is not valid")
	// ErrTokenExpired answers a genuine token whose time is over.
	ErrTokenExpired = fault.New(fault.Unauthenticated, "token_expired", "the token has expired")
	// ErrTokenReused answers a refresh token that was used before: its session is over.
	ErrTokenReused = fault.New(fault.Unauthenticated, "token_reused", "the refresh token was used before; the session has been ended, sign in again")
	// ErrSessionEnded answers a genuine token whose session is over.
	ErrSessionEnded = fault.New(fault.Unauthenticated, "session_ended", "the session has ended; sign in again")
	// ErrNoSuchSession answers a handle that names none of the user's own live sessions.
	ErrNoSuchSession = fault.New(fault.NotFound, "not_found", "there is no such session")
)

// Store is what the service needs kept.
type Store interface {
	store.Sessions
	store.Users
}

// Keys gives the signing key of the moment; keyring.Ring is one.
type Keys interface {
	Signer() (kid string, key *rsa.PrivateKey)
}

// Lifetimes bound a session and its tokens.
type Lifetimes struct {
	Access time.Duration // of an access token
	Grace  time.Duration // in which a used refresh token still yields its one successor
	Idle   time.Duration // a session held by refresh token and not renewed for this long is over
	ID     time.Duration // the same for a session held by its id
	Max    time.Duration // a session is over after this long in any case
}

// Service is the one place where sessions start, continue and end. All fields are needed
// and must not change; it is safe for concurrent use.
type Service struct {
	Store      Store
	Keys       Keys
	Minter     *token.Minter
	Verifier   *token.Verifier
	Issuer     string
	Audience   []string
	RefreshKey []byte // 32 bytes, the same on every node, not in the store
	IDKey      []byte // another such key
	Lifetimes  Lifetimes
	Fairness   *limit.Fairness
	Refreshes  limit.Policy // how often one session may be renewed
	Outbox     mail.Outbox
	Now        func() time.Time
	Log        *slog.Logger
}

// Grant is what a client holds after signing in, before a dialect has given it a shape: the
// documented AuthorizationResponse, or the id of its session where it holds it by that.
type Grant struct {
	User         identity.User
	Session      identity.Session
	AccessToken  string
	ExpiresIn    time.Duration // exactly exp - iat of AccessToken
	RefreshToken string
	ID           string // for an actor that HoldsID, instead of tokens
}

// idle is how long a session lives that is not renewed.
func (s *Service) idle(by identity.Actor) time.Duration {
	if by.HoldsID {
		return s.Lifetimes.ID
	}
	return s.Lifetimes.Idle
}

// mint signs an access token for a session of u that exists, or that is being written.
func (s *Service) mint(ctx context.Context, u identity.User, sess identity.Session, now time.Time) (string, error) {
	kid, key := s.Keys.Signer()
	iat := now.Truncate(time.Second)
	return s.Minter.Mint(ctx, kid, key, token.Claims{
		Issuer: s.Issuer, Audience: s.Audience, Subject: u.ID, ID: newTokenID(),
		IssuedAt: iat, ExpiresAt: iat.Add(s.Lifetimes.Access), SessionID: sess.ID,
		AuthTime: sess.AuthTime, AMR: sess.AMR, Email: u.Email, EmailVerified: u.EmailVerified,
		Name: u.FullName(), UserType: u.UserType, Custom: u.Claims,
	})
}

// nothing is what grantWhile does beside making a grant for a session that stays as it is.
func nothing() error { return nil }

// grantWhile signs while write commits, and releases the grant only if write succeeded: the two
// longest steps of a grant overlap.
func (s *Service) grantWhile(ctx context.Context, by identity.Actor, u identity.User, sess identity.Session, now time.Time, write func() error) (Grant, error) {
	if by.HoldsID {
		return Grant{User: u, Session: sess, ID: s.sessionIDs().of(sess, sess.Counter)}, write()
	}
	done := make(chan error, 1)
	go func() { done <- write() }()
	access, err := s.mint(ctx, u, sess, now)
	if werr := <-done; werr != nil {
		return Grant{}, werr
	}
	return Grant{
		User: u, Session: sess, AccessToken: access, ExpiresIn: s.Lifetimes.Access,
		RefreshToken: s.refreshTokens().of(sess, sess.Counter),
	}, err
}
