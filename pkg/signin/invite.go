package signin

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/audit"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// Inviters says who may invite others to make an account.
type Inviters string

// Who may invite.
const (
	Anyone Inviters = "anyone"
	Users  Inviters = "users" // whoever is signed in
)

// ErrInviter answers an invitation by nobody where only users may invite.
var ErrInviter = fault.New(fault.Unauthenticated, "credentials_required", "only users who are signed in may invite others")

// InvitationKind is the consequence by which nobody in particular invites somebody.
const InvitationKind identity.ConsequenceKind = "invitation_request"

// invitation is an offer that was written down before anybody looked whether its reader has an
// account: the answer and the time it takes are the same for every address.
type invitation struct {
	Offer    invite.Offer    `json:"offer"`
	Language string          `json:"language"`
	Client   identity.Client `json:"client"`
	At       time.Time       `json:"at"`
}

// Invite mails an invitation to make an account. Who is signed in is told when the address has
// one; everybody else is not, and its reader gets a mail that says so.
func (s *Service) Invite(ctx context.Context, by identity.Actor, o invite.Offer) error {
	switch {
	case s.Registration == Closed:
		return ErrRegistrationClosed
	case s.Inviters != Anyone && by.User == nil:
		return ErrInviter
	}
	key, err := o.Check()
	if err != nil {
		return err
	}
	if err := s.Guard.Take(ctx, limit.Hit{Policy: s.Limits.Invite, Subject: inviter(by, key)}); err != nil {
		return err
	}
	id := opaque.Random(opaque.IDLength)
	if by.User == nil {
		data, _ := json.Marshal(invitation{Offer: o, Language: by.Language, Client: by.Client, At: s.Now()}) // strings and times always encode
		if err := s.Store.Record(ctx, identity.Consequence{ID: id, Kind: InvitationKind, DueAt: s.Now(), Data: data}); err != nil {
			return fmt.Errorf("signin: record invitation: %w", err)
		}
		return nil
	}
	taken, err := s.taken(ctx, key)
	switch {
	case err != nil:
		return err
	case taken:
		return account.ErrEmailExists
	default:
		return s.offer(ctx, by, id, key, o)
	}
}

// offer makes an invitation, unless its reader has had enough mails: one that nobody is told of is
// of no use, and would be kept all the same.
func (s *Service) offer(ctx context.Context, by identity.Actor, id, emailKey string, o invite.Offer) error {
	if err := s.Accounts.Room(ctx, emailKey); errors.Is(err, limit.ErrRateLimited) {
		return nil
	} else if err != nil {
		return fmt.Errorf("signin: count mail: %w", err)
	}
	return s.Invites.Offer(ctx, by, id, o)
}

// inviter is whom the mails of an invitation are counted against.
func inviter(by identity.Actor, emailKey string) string {
	if by.User != nil {
		return "user:" + by.User.ID
	}
	from, known := limit.Origin(by)
	if !known {
		from += "|" + emailKey
	}
	return from
}

// taken reports whether an address has an account, one that is being made included.
func (s *Service) taken(ctx context.Context, emailKey string) (bool, error) {
	return s.held(ctx, identity.Identifier{Kind: identity.EmailIdentifier, Value: emailKey})
}

// held reports whether an account has a name, one that is being made included.
func (s *Service) held(ctx context.Context, name identity.Identifier) (bool, error) {
	u, err := s.Store.UserByIdentifier(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("signin: look for a name: %w", err)
	}
	return !u.Deleted, nil
}

// CarryOutInvitations is the relay's handler of InvitationKind. It is idempotent.
func (s *Service) CarryOutInvitations(ctx context.Context, batch []identity.Consequence) error {
	for _, c := range batch {
		var r invitation
		if err := json.Unmarshal(c.Data, &r); err != nil {
			return fmt.Errorf("signin: read invitation: %w", err)
		}
		if err := s.carryOut(ctx, c.ID, r); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) carryOut(ctx context.Context, id string, r invitation) error {
	by := identity.Actor{Language: r.Language, Client: r.Client}
	key, err := r.Offer.Check()
	if err != nil {
		return err
	}
	taken, err := s.taken(ctx, key)
	switch {
	case err != nil:
		return err
	case taken:
		return s.Accounts.RegisteredAgainOnce(ctx, by, id+"r", key)
	default:
		return s.offer(ctx, by, id, key, r.Offer)
	}
}

// PeekInvitation returns the invitation that a code would redeem now, for a page to show. Tries
// are counted; a good one is not held against its origin.
func (s *Service) PeekInvitation(ctx context.Context, by identity.Actor, code string) (identity.Invitation, error) {
	from, _ := limit.Origin(by)
	try := limit.Hit{Policy: s.Limits.Code, Subject: from}
	if err := s.Guard.Take(ctx, try); err != nil {
		return identity.Invitation{}, err
	}
	inv, err := s.Invites.Peek(ctx, code)
	if err != nil {
		return identity.Invitation{}, err
	}
	return inv, s.Guard.Forget(ctx, try)
}

// RegisterInvited makes the account of the address that an invitation is for. It signs nobody in.
// Where there is one already its reader gets a mail: it may be a stranger's, who has yet to prove to
// read it, and the link that would do so for them is worth nothing from then on.
func (s *Service) RegisterInvited(ctx context.Context, by identity.Actor, code, password string) (identity.User, error) {
	if s.Registration == Closed {
		return identity.User{}, ErrRegistrationClosed
	}
	inv, err := s.PeekInvitation(ctx, by, code)
	if err != nil {
		return identity.User{}, err
	}
	if inv.Email == "" {
		return identity.User{}, invite.ErrInvalid // nobody says for which address
	}
	u, err := s.Accounts.Check(account.Draft{Email: inv.Email, Password: password})
	if err != nil {
		return identity.User{}, err
	}
	if err := s.admitRegistration(ctx, by, u, code); err != nil {
		return identity.User{}, err
	}
	if u, err = s.Accounts.Hash(ctx, u, password); err != nil {
		return identity.User{}, err
	}
	u, err = s.redeem(ctx, by, u, code, s.event(by, audit.UserRegistered, u))
	if isTaken(err) {
		err = cmp.Or(s.Accounts.RegisteredAgain(ctx, by, u.EmailKey()), err)
	}
	return u, err
}
