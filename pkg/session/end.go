package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/audit"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// Scope says which of a user's sessions a sign-out ends.
type Scope string

// The scopes of a sign-out.
const (
	This   Scope = "this"
	Others Scope = "others"
	All    Scope = "all"
)

// ErrBusy answers a change that kept losing to other changes of the same account.
var ErrBusy = fault.New(fault.Unavailable, "busy", "the account is being changed elsewhere; try again").After(time.Second)

// SignOut ends the actor's own session, their other ones, or all.
func (s *Service) SignOut(ctx context.Context, by identity.Actor, scope Scope) error {
	switch scope {
	case This, "":
		return s.endOne(ctx, by, by.Session.ID, identity.EndedByLogout)
	case Others:
		return s.endMany(ctx, by, by.Session.ID)
	case All:
		return s.endMany(ctx, by, "")
	default:
		return fault.InvalidField("scope", "unknown_value", "scope is one of this, others, all")
	}
}

func (s *Service) endOne(ctx context.Context, by identity.Actor, id string, why identity.EndReason) error {
	now := s.Now()
	err := s.Store.EndSession(ctx, id, now, why, s.ended(by, "session:"+id, why, now))
	if errors.Is(err, store.ErrStale) || errors.Is(err, store.ErrNotFound) {
		return nil // it has ended: what was asked for is so
	}
	return err
}

func (s *Service) ended(by identity.Actor, subject string, why identity.EndReason, now time.Time) identity.Consequence {
	e := identity.Event{
		At: now, Type: audit.SessionEnded, Actor: by.Name(), Subject: subject, IP: by.Client.IP,
		Detail: map[string]string{"reason": string(why)},
	}
	if by.Session != nil {
		e.Session = by.Session.ID
	}
	return audit.Record(e)
}

// endMany ends the actor's sessions but keep, by one write to the account. If the actor's own
// session has ended in the meantime it ends none: a request that was held up must not end what
// began after that, nor bring back the session it keeps.
func (s *Service) endMany(ctx context.Context, by identity.Actor, keep string) error {
	for range maxRounds {
		u, err := s.Store.User(ctx, by.User.ID)
		if err != nil {
			return fmt.Errorf("session: read user: %w", err)
		}
		now := s.Now()
		if !by.Session.Live(u, now) {
			return ErrSessionEnded
		}
		end := Cutoff(&u, keep, identity.EndedByLogout, now)
		u.UpdatedAt = now
		err = s.Store.UpdateUser(ctx, u, end, s.ended(by, "user:"+u.ID, identity.EndedByLogout, now))
		if errors.Is(err, store.ErrStale) {
			continue
		}
		if err != nil {
			return fmt.Errorf("session: end sessions: %w", err)
		}
		return nil
	}
	return ErrBusy
}

// CutoffKind is the consequence by which the sessions of a user who has been cut off are
// marked as ended one by one. The rule holds before it has run.
const CutoffKind identity.ConsequenceKind = "sessions_cutoff"

type cutoff struct {
	UserID string             `json:"user_id"`
	Epoch  int64              `json:"epoch"`
	Keep   string             `json:"keep"`
	At     time.Time          `json:"at"`
	Why    identity.EndReason `json:"why"`
}

// Cutoff ends every session of u but the one called keep (empty: none is kept): it raises
// the epoch in u, which the caller then writes together with the returned consequence. From
// that write on those sessions are dead on every node, and so is a mailed link that would open
// another one.
func Cutoff(u *identity.User, keep string, why identity.EndReason, now time.Time) identity.Consequence {
	u.Epoch++
	u.KeptSession = keep
	u.DropProofs(identity.SignIn)
	data, _ := json.Marshal(cutoff{UserID: u.ID, Epoch: u.Epoch, Keep: keep, At: now, Why: why}) // strings, numbers and times always encode
	return identity.Consequence{ID: opaque.Random(opaque.IDLength), Kind: CutoffKind, DueAt: now, Data: data}
}

// CarryOutCutoffs is the relay's handler of CutoffKind. It is idempotent.
func (s *Service) CarryOutCutoffs(ctx context.Context, batch []identity.Consequence) error {
	for _, c := range batch {
		var d cutoff
		if err := json.Unmarshal(c.Data, &d); err != nil {
			return fmt.Errorf("session: read cutoff: %w", err)
		}
		if _, err := s.Store.EndUserSessions(ctx, d.UserID, d.Epoch, d.Keep, d.At, d.Why); err != nil {
			return fmt.Errorf("session: carry out cutoff: %w", err)
		}
	}
	return nil
}

// List returns the live sessions of the actor's account, newest first.
func (s *Service) List(ctx context.Context, by identity.Actor) ([]identity.Session, error) {
	return s.ListOf(ctx, *by.User)
}

// ListOf returns the live sessions of an account as it has just been read, newest first.
func (s *Service) ListOf(ctx context.Context, u identity.User) ([]identity.Session, error) {
	now := s.Now()
	all, err := s.Store.UserSessions(ctx, u.ID, now)
	if err != nil {
		return nil, fmt.Errorf("session: list: %w", err)
	}
	live := all[:0]
	for _, sess := range all {
		if sess.Live(u, now) {
			live = append(live, sess)
		}
	}
	return live, nil
}

// EndByHandle ends one of the actor's own live sessions. The handle is the session's public
// id; another user's and an unknown one are answered alike.
func (s *Service) EndByHandle(ctx context.Context, by identity.Actor, handle string) error {
	sess, u, err := s.find(ctx, handle)
	if errors.Is(err, ErrInvalidToken) || err == nil && (sess.UserID != by.User.ID || !sess.Live(u, s.Now())) {
		return ErrNoSuchSession
	}
	if err != nil {
		return err
	}
	return s.endOne(ctx, by, handle, identity.EndedByLogout)
}

// Revoke ends the session that an access or refresh token or a session id belongs to (RFC 7009),
// a spent one included: who signs out must not stay signed in because an answer with its
// successor was lost. A token that is unknown, forged or over is no error: there is nothing
// left to revoke.
func (s *Service) Revoke(ctx context.Context, by identity.Actor, presented string) error {
	var id string
	if claims, err := s.Verifier.Verify(presented); err == nil {
		id = claims.SessionID
	} else if sess, _, _, err := s.holderBy(ctx, s.renewable(presented), presented); err == nil {
		id = sess.ID
	} else if notGood(err) {
		return nil
	} else {
		return err
	}
	return s.endOne(ctx, by, id, identity.EndedByRevocation)
}

// renewable returns the kind of credential that a string claims to be.
func (s *Service) renewable(presented string) credential {
	if ids := s.sessionIDs(); strings.HasPrefix(presented, ids.prefix) {
		return ids
	}
	return s.refreshTokens()
}
