package invite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gatehouse-id/gatehouse/pkg/audit"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/store"
	"github.com/gatehouse-id/gatehouse/pkg/token"
)

// Bounds of an invitation. MaxUses keeps one invitation one small record.
const (
	MaxCount         = 100
	MaxUses          = 1000
	MaxLifetime      = 365 * 24 * time.Hour
	DefaultLifetime  = 7 * 24 * time.Hour
	maxNote          = 200
	defaultListLimit = 50
	maxListLimit     = 100

	codePrefix = "iv"
)

// Errors of this package.
var (
	// ErrInvalid answers a code that never was, was revoked, replaced, or is for another
	// address; the four are not told apart.
	ErrInvalid = fault.New(fault.Invalid, "invitation_invalid", "the invitation code is not valid")
	// ErrExpired answers the right code too late.
	ErrExpired = fault.New(fault.Gone, "invitation_expired", "the invitation has expired")
	// ErrUsedUp answers the right code when every use is taken.
	ErrUsedUp = fault.New(fault.Conflict, "invitation_used_up", "the invitation has been used up")
	// ErrRevoked answers a re-send of a revoked or used-up invitation.
	ErrRevoked = fault.New(fault.Conflict, "invitation_not_pending", "the invitation is revoked or used up")
	// ErrNotFound answers an id that names no invitation.
	ErrNotFound = fault.New(fault.NotFound, "not_found", "there is no such invitation")
	// ErrGrant answers an attempt to hand out more than the inviter may.
	ErrGrant = fault.New(fault.Forbidden, "insufficient_scope", "you may not give that user type")
)

// Store is what the service needs kept.
type Store interface {
	store.Invitations
	store.Redemptions
	store.Users
}

// Service is the one place where invitations are made and redeemed. All fields are needed;
// it is safe for concurrent use.
type Service struct {
	Store  Store
	Outbox mail.Outbox
	Links  mail.Links
	// OfferLife is how long an offer is good.
	OfferLife time.Duration
	Now       func() time.Time
	Log       *slog.Logger
}

// New is what an inviter asks for. Zero values mean one invitation with one use for a
// customer, for a week, open to any address.
type New struct {
	Email     string
	Count     int64
	MaxUses   int64
	ExpiresIn time.Duration
	UserType  string
	Claims    json.RawMessage
	Note      string
}

// Issued is an invitation with its code, which is shown this once. A code that goes out by mail
// alone is not shown at all: whoever has it has proved to read that mail.
type Issued struct {
	identity.Invitation
	Code string
	URL  string
}

func (n New) withDefaults() New {
	if n.Count == 0 {
		n.Count = 1
	}
	if n.MaxUses == 0 {
		n.MaxUses = 1
	}
	if n.ExpiresIn == 0 {
		n.ExpiresIn = DefaultLifetime
	}
	if n.UserType == "" {
		n.UserType = identity.Customer
	}
	return n
}

func (n New) validate() (emailKey string, err error) {
	var bad []fault.Field
	refuse := func(field, code, msg string) {
		bad = append(bad, fault.Field{Field: field, Code: code, Message: msg})
	}
	if n.Email != "" {
		if emailKey, err = identity.CanonicalEmail(n.Email); err != nil {
			refuse("email", "invalid_email", "email is not an address we accept")
		}
	}
	if n.Count < 1 || n.Count > MaxCount {
		refuse("count", "out_of_range", fmt.Sprintf("count is 1 to %d", MaxCount))
	}
	if n.MaxUses < 1 || n.MaxUses > MaxUses {
		refuse("maxUses", "out_of_range", fmt.Sprintf("maxUses is 1 to %d", MaxUses))
	}
	if n.Email != "" && n.MaxUses > 1 {
		refuse("maxUses", "out_of_range", "an invitation for one address has one use")
	}
	if n.ExpiresIn < time.Second || n.ExpiresIn > MaxLifetime {
		refuse("expiresIn", "out_of_range", fmt.Sprintf("expiresIn is 1 to %d seconds", int64(MaxLifetime/time.Second)))
	}
	if !slices.Contains([]string{identity.Customer, identity.Admin, identity.Superadmin}, n.UserType) {
		refuse("userType", "unknown_value", "userType is one of customer, admin, superadmin")
	}
	if err := token.CheckCustom(n.Claims); err != nil {
		refuse("claims", "invalid_claims", err.Error())
	}
	if utf8.RuneCountInString(n.Note) > maxNote || hasControl(n.Note) {
		refuse("note", "invalid_text", fmt.Sprintf("note is at most %d characters without control characters", maxNote))
	}
	if len(bad) > 0 {
		return "", fault.InvalidFields(bad...)
	}
	return emailKey, nil
}

func hasControl(s string) bool { return strings.ContainsFunc(s, unicode.IsControl) }

// Create makes n.Count invitations with codes of their own.
func (s *Service) Create(ctx context.Context, by identity.Actor, n New) ([]Issued, error) {
	n = n.withDefaults()
	key, err := n.validate()
	if err != nil {
		return nil, err
	}
	if !by.MayGrant(n.UserType) {
		return nil, ErrGrant
	}
	now := s.Now()
	issued := make([]Issued, 0, n.Count)
	for range n.Count {
		code := newCode(identity.CodeText, opaque.Random(opaque.IDLength))
		inv := identity.Invitation{
			ID: code.id, CodeHash: code.hash, Email: n.Email, EmailKey: key, MaxUses: n.MaxUses, Left: n.MaxUses,
			UserType: n.UserType, Claims: n.Claims, Note: n.Note, CreatedBy: by.Name(),
			CreatedAt: now, ExpiresAt: now.Add(n.ExpiresIn), LastIssueAt: now,
		}
		also := append(s.mails(by, inv, code, now), s.event(by, audit.InvitationCreated, inv.ID, now))
		if err := s.Store.CreateInvitation(ctx, inv, also...); err != nil {
			return nil, fmt.Errorf("invite: create: %w", err)
		}
		issued = append(issued, s.issued(inv, code))
	}
	return issued, nil
}

func (s *Service) issued(inv identity.Invitation, c code) Issued {
	if inv.Mailed() {
		return Issued{Invitation: inv}
	}
	return Issued{Invitation: inv, Code: c.text, URL: s.link(inv, c)}
}

// link returns the page on which the holder of a code makes an account.
func (s *Service) link(inv identity.Invitation, c code) string {
	if inv.Mailed() {
		return s.Links.Register(c.text, inv.Email)
	}
	return s.Links.SignUp(c.text)
}

// mails returns the mail that brings the code of an invitation to the address it is for.
func (s *Service) mails(by identity.Actor, inv identity.Invitation, c code, now time.Time) []identity.Consequence {
	if inv.Email == "" {
		return nil
	}
	return []identity.Consequence{s.Outbox.Post(s.letter(by, inv, c, now), now)}
}

func (s *Service) letter(by identity.Actor, inv identity.Invitation, c code, now time.Time) mail.Message {
	return mail.Message{
		Kind: mail.Invitation, To: inv.Email, Language: by.Language, Link: s.link(inv, c), At: now, Until: inv.ExpiresAt,
	}
}

func (s *Service) event(by identity.Actor, kind, id string, now time.Time) identity.Consequence {
	return audit.Record(identity.Event{
		At: now, Type: kind, Actor: by.Name(), Subject: "invitation:" + id, IP: by.Client.IP,
	})
}

// Reissue gives an invitation a new code and a new lease of its original length; its old
// code is dead when it returns.
func (s *Service) Reissue(ctx context.Context, by identity.Actor, id string) (Issued, error) {
	inv, err := s.read(ctx, id)
	if err != nil {
		return Issued{}, err
	}
	if !by.MayGrant(inv.UserType) {
		return Issued{}, ErrGrant
	}
	now := s.Now()
	code := newCode(inv.Form, inv.ID)
	until := now.Add(inv.ExpiresAt.Sub(inv.LastIssueAt))
	inv.ExpiresAt = until
	also := append(s.mails(by, inv, code, now), s.event(by, audit.InvitationReissued, id, now))
	inv, err = s.Store.ReissueInvitation(ctx, id, code.hash, now, until, also...)
	if err != nil {
		return Issued{}, notPending("reissue", err)
	}
	return s.issued(inv, code), nil
}

// Revoke makes an invitation worthless at once. Revoking it twice is no error.
func (s *Service) Revoke(ctx context.Context, by identity.Actor, id string) error {
	inv, err := s.read(ctx, id)
	if err != nil {
		return err
	}
	if !by.MayGrant(inv.UserType) {
		return ErrGrant
	}
	now := s.Now()
	err = s.Store.RevokeInvitation(ctx, id, now, s.event(by, audit.InvitationRevoked, id, now))
	if errors.Is(err, store.ErrStale) {
		return nil
	}
	return notPending("revoke", err)
}

func notPending(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrNotFound):
		return ErrNotFound
	case errors.Is(err, store.ErrStale):
		return ErrRevoked
	default:
		return fmt.Errorf("invite: %s: %w", what, err)
	}
}

func (s *Service) read(ctx context.Context, id string) (identity.Invitation, error) {
	inv, err := s.Store.Invitation(ctx, id)
	return inv, notPending("read", err)
}
