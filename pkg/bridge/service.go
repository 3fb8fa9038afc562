package bridge

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/session"
)

// ErrInvalidSecret answers a bridge secret that is not one of ours, and every one when there
// are none.
var ErrInvalidSecret = fault.New(fault.Unauthenticated, "invalid_bridge_secret", "the bridge secret is not valid")

// Secrets are bridge secrets as far as they have to be known.
type Secrets [][sha256.Size]byte

// Hash returns what is kept of secrets. Empty ones are none.
func Hash(secrets ...string) Secrets {
	var hashes Secrets
	for _, s := range secrets {
		if s != "" {
			hashes = append(hashes, sha256.Sum256([]byte(s)))
		}
	}
	return hashes
}

// match reports whether presented is one of the secrets. It compares hashes, every one of them,
// in constant time: how long it takes tells neither how much of a secret is right nor which one.
func (s Secrets) match(presented string) bool {
	sum, right := sha256.Sum256([]byte(presented)), 0
	for i := range s {
		right |= subtle.ConstantTimeCompare(sum[:], s[i][:])
	}
	return right == 1
}

// Limits bound guessing.
type Limits struct {
	Secret limit.Policy // wrong secrets from one network; durable
	ID     limit.Policy // made-up session ids from one network; counted on each node
}

// Service is the one place where bridge secrets are checked and sessions vouched for. All
// fields are needed and must not change; it is safe for concurrent use.
type Service struct {
	Secrets  Secrets
	Sessions *session.Service
	Guard    *limit.Guard
	Fairness *limit.Fairness
	Limits   Limits
	Trust    Trust
	Issuer   string
	Audience []string
	TTL      time.Duration // of a trust token; whole seconds
	Now      func() time.Time
	Log      *slog.Logger
}

// Authenticate returns nil for a bridge secret of ours. A wrong one is counted against the
// network of client and answered ErrInvalidSecret, or limit.ErrRateLimited when there were too
// many. A right one is never refused: somebody else's guesses behind the same address must not
// keep a server out.
func (s *Service) Authenticate(ctx context.Context, client identity.Client, presented string) error {
	if s.Secrets.match(presented) {
		return nil
	}
	if err := s.Guard.Take(ctx, limit.Hit{Policy: s.Limits.Secret, Subject: limit.ClientSubject(client.IP)}); err != nil {
		return err
	}
	s.Log.WarnContext(ctx, "wrong bridge secret", "ip", client.IP)
	return ErrInvalidSecret
}

// Validation is what a bridge learns of a good session.
type Validation struct {
	User       identity.User
	Session    identity.Session
	TrustToken string
	At         time.Time // when it was so
}

// ValidateWith is Validate for an actor who presents the secret together with the id.
func (s *Service) ValidateWith(ctx context.Context, by identity.Actor, secret, presentedSessionID string) (Validation, error) {
	peer := by.Client
	if by.IsServer() {
		peer.IP = by.Peer
	}
	if err := s.Authenticate(ctx, peer, secret); err != nil {
		return Validation{}, err
	}
	by.Bridge, by.Peer = true, peer.IP
	return s.Validate(ctx, by, presentedSessionID)
}

// Validate returns whose session an id is, as the store has it now, with a trust token. It
// changes nothing. The actor must have proved to be a bridge; the session's device is compared
// when the bridge names the one that its caller has.
//
// Errors are those of session.Service. An id that never was one of ours is counted against the
// bridge's network, and answered limit.ErrRateLimited when there were too many; good ones, and
// ones that have ended or expired, are not, so that a busy bridge is not held up.
func (s *Service) Validate(ctx context.Context, by identity.Actor, presentedSessionID string) (Validation, error) {
	if !by.Bridge {
		return Validation{}, ErrInvalidSecret
	}
	device := identity.Client{DeviceID: by.Client.DeviceID}
	holder, err := s.Sessions.AuthenticateID(ctx, device, presentedSessionID)
	if session.Guessed(err) {
		if over := s.Fairness.Take(ctx, s.Limits.ID, limit.ClientSubject(by.Peer)); over != nil {
			return Validation{}, over
		}
	}
	if err != nil {
		return Validation{}, err
	}
	now := s.Now()
	said := s.statement(*holder.User, *holder.Session, now)
	signed, err := s.Trust.Sign(ctx, said)
	if err != nil {
		return Validation{}, err
	}
	return Validation{User: *holder.User, Session: *holder.Session, TrustToken: signed, At: now}, nil
}
