package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// RequestKind is the consequence by which somebody asks for a mail about an account they name.
const RequestKind identity.ConsequenceKind = "account_request"

// request is written down before anybody looks whether there is such an account: the answer
// and the time it takes are the same for every address because the work is (OWASP ASVS 6.3.8).
type request struct {
	What     requested       `json:"what"`
	EmailKey string          `json:"email_key"`
	Language string          `json:"language"`
	Client   identity.Client `json:"client"` // who asked: the mail tells its reader
	At       time.Time       `json:"at"`
	Page     string          `json:"page,omitempty"`  // where the link leads, if not to a page of ours; checked
	ByID     bool            `json:"by_id,omitempty"` // its token is a UUID
}

type requested string

const (
	resetLink        requested = "reset"
	signInLink       requested = "sign_in"
	verificationLink requested = "verify"
	registeredAgain  requested = "registered_again"
)

// purpose says what the link is for that somebody asks for.
func (r requested) purpose() identity.Purpose {
	switch r {
	case resetLink:
		return identity.ResetPassword
	case signInLink:
		return identity.SignIn
	case verificationLink, registeredAgain:
	}
	return identity.ProveEmail
}

// RequestReset asks for a mail with a link to set another password, which leads to a page of
// the caller's, or to ours when page is empty. Whether there is an account is told to nobody
// but its owner.
func (s *Service) RequestReset(ctx context.Context, by identity.Actor, email, page string) error {
	page, err := s.leadTo("resetUrl", page)
	if err != nil {
		return err
	}
	return s.request(ctx, by, email, request{What: resetLink, Page: page})
}

// RequestResetID is RequestReset for dialects whose links carry a UUID; ResetByID takes it.
func (s *Service) RequestResetID(ctx context.Context, by identity.Actor, email string) error {
	return s.request(ctx, by, email, request{What: resetLink, ByID: true})
}

// RequestVerification asks for another mail with a link to prove an address. Whether there is
// an account, and whether it needs one, is told to nobody but its owner.
func (s *Service) RequestVerification(ctx context.Context, by identity.Actor, email string) error {
	return s.request(ctx, by, email, request{What: verificationLink})
}

// leadTo returns the page of a caller's to which a link may lead; field is what the caller's
// request calls it.
func (s *Service) leadTo(field, wanted string) (string, error) {
	page, ok := s.Links.Page(wanted)
	if !ok {
		return "", fault.InvalidField(field, "invalid_url",
			field+" is an https URL of an origin that this service allows, without a fragment and without a parameter called token")
	}
	return page, nil
}

func (s *Service) request(ctx context.Context, by identity.Actor, email string, r request) error {
	key, err := identity.CanonicalEmail(email)
	if err != nil {
		return fault.InvalidField("email", "invalid_email", "email is not an address we accept")
	}
	if err := s.Guard.Take(ctx, s.asks(by, key)); err != nil {
		return err
	}
	r.EmailKey = key
	if err := s.Store.Record(ctx, s.written(by, r)); err != nil {
		return fmt.Errorf("account: record request: %w", err)
	}
	return nil
}

// asks is a mail to an address that somebody asks for, as it counts against where they are.
func (s *Service) asks(by identity.Actor, emailKey string) limit.Hit {
	from, known := limit.Origin(by)
	if !known {
		from += "|" + emailKey
	}
	return limit.Hit{Policy: s.Limits.Mail, Subject: from}
}

// Room counts a mail to an address before it is written. Without room it is ErrRateLimited. A
// mail that the shorter budget refuses does not count against the longer one: a flood must not
// use up the mails of a day.
func (s *Service) Room(ctx context.Context, emailKey string) error {
	ctx, _ = limit.WithReport(ctx) // what somebody gets is nobody else's business
	for _, p := range s.Limits.Recipient {
		if err := s.Guard.Take(ctx, limit.Hit{Policy: p, Subject: emailKey}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) written(by identity.Actor, r request) identity.Consequence {
	r.Language, r.Client, r.At = by.Language, by.Client, s.Now()
	data, _ := json.Marshal(r) // strings and times always encode
	return identity.Consequence{ID: opaque.Random(opaque.IDLength), Kind: RequestKind, DueAt: r.At, Data: data}
}

// RegisteredAgain tells the holder of an address that somebody tried to register with it, by
// mail and to nobody else.
func (s *Service) RegisteredAgain(ctx context.Context, by identity.Actor, emailKey string) error {
	return s.RegisteredAgainOnce(ctx, by, opaque.Random(opaque.IDLength), emailKey)
}

// RegisteredAgainOnce is RegisteredAgain that does nothing when it was called with this id before.
func (s *Service) RegisteredAgainOnce(ctx context.Context, by identity.Actor, id, emailKey string) error {
	c := s.written(by, request{What: registeredAgain, EmailKey: emailKey})
	c.ID = id
	if err := s.Store.Record(ctx, c); err != nil {
		return fmt.Errorf("account: record request: %w", err)
	}
	return nil
}

// CarryOutRequests is the relay's handler of RequestKind. It is idempotent: a link remembers
// which request it came of.
func (s *Service) CarryOutRequests(ctx context.Context, batch []identity.Consequence) error {
	for _, c := range batch {
		var r request
		if err := json.Unmarshal(c.Data, &r); err != nil {
			return fmt.Errorf("account: read request: %w", err)
		}
		if err := s.answer(ctx, c.ID, r); err != nil {
			return err
		}
	}
	return nil
}

// answerRounds is maxRounds for a mail that has been counted: starting over from the request
// would count it again.
const answerRounds = 10 * maxRounds

// answer writes the mail that a request asks for, if there is an account and its holder has
// not had enough mails: a link that nobody gets must not replace one that somebody has. That
// is why the mail is counted here, and not only when it leaves.
func (s *Service) answer(ctx context.Context, id string, r request) error {
	counted := false
	for range answerRounds {
		u, err := s.Store.UserByIdentifier(ctx, identity.Identifier{Kind: identity.EmailIdentifier, Value: r.EmailKey})
		if errors.Is(err, store.ErrNotFound) || err == nil && (!u.Active() || u.Disabled) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("account: find account: %w", err)
		}
		m, needed := s.reply(&u, id, r, s.Now())
		if !needed {
			return nil
		}
		if !counted {
			if err := s.Room(ctx, r.EmailKey); errors.Is(err, limit.ErrRateLimited) {
				return nil
			} else if err != nil {
				return fmt.Errorf("account: count mail: %w", err)
			}
		}
		counted, m.Counted = true, true
		err = s.write(ctx, u, id, m)
		if errors.Is(err, store.ErrStale) {
			continue
		}
		if err != nil {
			return fmt.Errorf("account: write link: %w", err)
		}
		return nil
	}
	return store.ErrStale
}

// write writes a mail together with the link that it carries. One without a link is known by
// the request it answers: it is the same mail if this has to be done again.
func (s *Service) write(ctx context.Context, u identity.User, request string, m mail.Message) error {
	c := s.Outbox.Post(m, s.Now())
	if m.Kind != mail.AccountExists {
		return s.Store.UpdateUser(ctx, u, c)
	}
	c.ID = request + "m"
	return s.Store.Record(ctx, c)
}

// reply gives u the link that a request asks for and returns the mail that carries it.
func (s *Service) reply(u *identity.User, id string, r request, now time.Time) (mail.Message, bool) {
	by := identity.Actor{Language: r.Language, Client: r.Client}
	if r.What == registeredAgain && !u.EmailVerified {
		// Two have signed up with the address, and neither has proved to read it: it may have a
		// stranger's password. Its reader chooses one, and no other link makes that one good.
		r.What = resetLink
		u.DropProofs(identity.ProveEmail)
	}
	purpose := r.What.purpose()
	if p, ok := u.Proof(purpose); ok && p.Request == id {
		return mail.Message{}, false // done by a relay that did not live to say so
	}
	switch {
	case r.What == resetLink:
		m := mail.Notice(*u, by, mail.ResetPassword, r.At)
		if r.ByID {
			reset, until := s.promiseReset(u, id, now)
			m.Link, m.Until = s.Links.Password(reset, u.Email), until
			return m, true
		}
		token, until := promise(u, purpose, u.Email, id, now)
		m.Link, m.Until = s.Links.Reset(r.Page, token), until
		return m, true
	case r.What == signInLink:
		m := mail.Notice(*u, by, mail.SignInLink, r.At)
		token, until := promise(u, purpose, u.Email, id, now)
		m.Link, m.Until = s.Links.Enter(r.Page, token), until
		return m, true
	case !u.EmailVerified:
		return s.verification(u, by, id, now), true
	case r.What == registeredAgain:
		m := mail.Notice(*u, by, mail.AccountExists, r.At)
		m.Link = s.Links.SignIn()
		return m, true
	default:
		return mail.Message{}, false
	}
}
