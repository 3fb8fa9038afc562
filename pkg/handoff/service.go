package handoff

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/audit"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/session"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

const (
	// Path is where links go, below the public URL.
	Path = "/auth/thirdPartySignIn"
	// Life is how long a code may wait for its browser, and how long a page that was opened
	// may take to ask for its tokens.
	Life = time.Minute
	// usedFor is how long it is remembered that a code or ticket was used: longer than both live.
	usedFor = 5 * time.Minute
)

// ErrInvalid answers a link that was used, has expired, was altered or never was ours.
var ErrInvalid = fault.New(fault.Invalid, "invalid_link", "this sign-in link is not valid any more; go back and sign in again")

// Store counts what was used and records who was handed over.
type Store interface {
	store.Counters
	store.Consequences
}

// Service is the one place where hand-offs are made and taken. All fields are needed; it is
// safe for concurrent use.
type Service struct {
	Store     Store
	Sessions  *session.Service
	Accounts  *account.Service
	Key       []byte   // 32 bytes, the same on every node, not in the store
	PublicURL string   // links begin with it
	AppURL    string   // where the browser goes when nothing else was asked for
	Origins   []string // other origins that the browser may go to, exactly as browsers write them
	Now       func() time.Time
}

// Link is a one-time link to the page that signs a browser in. It carries no token.
type Link struct {
	Code      string
	URL       string
	ExpiresIn time.Duration
}

// Issue returns a link that signs a browser in as the actor: in a session of its own, which
// is as old as the actor's and starts only while that one lives.
func (s *Service) Issue(_ context.Context, by identity.Actor, wanted string) (Link, error) {
	if _, err := s.Destination(wanted); err != nil {
		return Link{}, err
	}
	code := s.seal(codePrefix, pass{Session: by.Session.ID, Destination: wanted, Confirm: true})
	query := url.Values{"code": {code}}
	if wanted != "" {
		query.Set("continue", wanted)
	}
	return Link{Code: code, URL: s.PublicURL + Path + "?" + query.Encode(), ExpiresIn: Life}, nil
}

// IssueFor is Issue for a server that holds somebody's refresh token, which stays as it is.
func (s *Service) IssueFor(ctx context.Context, by identity.Actor, refreshToken, wanted string) (Link, error) {
	u, sess, err := s.Sessions.Holder(ctx, refreshToken)
	if err != nil {
		return Link{}, err
	}
	by.User, by.Session = &u, &sess
	return s.Issue(ctx, by, wanted)
}

// Open takes the code of a link and returns a ticket for the browser that brought it. It
// consumes nothing: only Exchange does.
func (s *Service) Open(ctx context.Context, code, wanted string) (ticket string, err error) {
	p, err := s.open(codePrefix, code)
	if err != nil {
		return "", err
	}
	if wanted != p.Destination {
		return "", ErrInvalid
	}
	used, err := s.Store.Peek(ctx, s.Now(), p.counter())
	if err != nil {
		return "", fmt.Errorf("handoff: look for use: %w", err)
	}
	if used.N > 0 {
		return "", ErrInvalid
	}
	return s.seal(ticketPrefix, p), nil
}

// Take takes the AuthorizationResponse of a third party's link and returns a ticket for the
// browser that brought it. All of it must belong together and be good now. The refresh token
// is spent, so that the copy in the link is worthless; a second Take of the same link fails
// and has no effect.
func (s *Service) Take(ctx context.Context, by identity.Actor, a Authorization, wanted string) (ticket string, err error) {
	if _, err := s.Destination(wanted); err != nil {
		return "", err
	}
	u, sess, err := s.Sessions.TakeOver(ctx, a.AccessToken, a.RefreshToken, func(claimed session.Identity) bool {
		return claimed.Email == a.Email && claimed.UserID == a.LocalID
	})
	if err != nil {
		return "", notOurs(err)
	}
	if err := s.Store.Record(ctx, handedOver(by, u, sess, s.Now())); err != nil {
		return "", fmt.Errorf("handoff: record: %w", err)
	}
	return s.seal(ticketPrefix, pass{Session: sess.ID, Counter: sess.Counter, Destination: wanted, Confirm: true}), nil
}

// Enter returns a ticket for the browser in which somebody has just signed in on our own page.
func (s *Service) Enter(g session.Grant, wanted string) (ticket string, err error) {
	if _, err := s.Destination(wanted); err != nil {
		return "", err
	}
	return s.seal(ticketPrefix, pass{Session: g.Session.ID, Counter: g.Session.Counter, Destination: wanted}), nil
}

// Arrival is a browser that is signed in.
type Arrival struct {
	Grant       session.Grant
	Destination string // an absolute URL
	OwnOrigin   bool   // Destination is on the public URL's origin
	Confirm     bool   // the person has to say that they meant this, before anything is stored
}

// Exchange gives tokens for a ticket, once.
func (s *Service) Exchange(ctx context.Context, by identity.Actor, ticket string) (Arrival, error) {
	p, err := s.open(ticketPrefix, ticket)
	if err != nil {
		return Arrival{}, err
	}
	destination, err := s.Destination(p.Destination)
	if err != nil {
		return Arrival{}, err
	}
	counts, err := s.Store.Hit(ctx, s.Now(), p.counter())
	if err != nil {
		return Arrival{}, fmt.Errorf("handoff: count use: %w", err)
	}
	if counts[0].N > 1 {
		return Arrival{}, ErrInvalid
	}
	g, err := s.grant(ctx, by, p)
	if err != nil {
		return Arrival{}, notOurs(err)
	}
	return Arrival{Grant: g, Destination: destination, OwnOrigin: s.own(destination), Confirm: p.Confirm}, nil
}

// grant opens a session beside the one that a code was issued from, or continues the one that
// a link took over.
func (s *Service) grant(ctx context.Context, by identity.Actor, p pass) (session.Grant, error) {
	if p.Counter > 0 {
		return s.Sessions.Resume(ctx, p.Session, p.Counter)
	}
	return s.Sessions.Branch(ctx, by, p.Session, func(u identity.User, from identity.Session) []identity.Consequence {
		return append(s.Accounts.NewClient(u, by), handedOver(by, u, from, s.Now()))
	})
}

func handedOver(by identity.Actor, u identity.User, from identity.Session, now time.Time) identity.Consequence {
	return audit.Record(identity.Event{
		At: now, Type: audit.SessionHandedOver, Actor: "user:" + u.ID, Subject: "session:" + from.ID, Session: from.ID, IP: by.Client.IP,
	})
}

// notOurs answers whatever is wrong with a credential in a link in one way. What is wrong with
// the store is no answer about a credential.
func notOurs(err error) error {
	var f *fault.Error
	if errors.As(err, &f) && f.Kind == fault.Unauthenticated {
		return ErrInvalid.With(err)
	}
	return err
}
