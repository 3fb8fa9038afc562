package social

import (
	"context"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
)

// Start is what a flow begins with.
type Start struct {
	Provider    string
	RedirectURI string // where the provider sends the browser back: a route of the dialect that asks
	Destination string // where the browser goes in the end; empty is the app
	Format      string // the dialect's own: Finish returns it
	Ticket      string // of LinkTicket, to link instead of signing in
	Invitation  string // a code, for somebody who has no account yet
	Cookies     Cookies
}

// Begun is a flow that has begun.
type Begun struct {
	URL    string // of the provider; where the browser goes now
	Cookie Cookie // what it has to take along
}

// Begin starts a flow in the browser that asks. It records nothing.
func (s *Service) Begin(ctx context.Context, by identity.Actor, q Start) (Begun, error) {
	if _, err := s.destination(q.Destination); err != nil {
		return Begun{}, err
	}
	if len(q.Invitation) > maxInvitation {
		return Begun{}, invite.ErrInvalid
	}
	if err := s.admit(ctx, by, s.Limits.Start, q.Provider); err != nil {
		return Begun{}, err
	}
	p, err := s.Providers.Get(q.Provider)
	if err != nil {
		return Begun{}, err
	}
	f := flow{
		Provider: q.Provider, RedirectURI: q.RedirectURI, Destination: q.Destination, Format: q.Format, Invitation: q.Invitation,
		Nonce: opaque.Random(opaque.SecretLength), Slot: s.freeSlot(q.Cookies), ExpiresAt: s.until(Life),
	}
	if q.Ticket != "" {
		if f.LinkTo, err = s.redeem(ctx, q.Ticket, q.Cookies); err != nil {
			return Begun{}, err
		}
	}
	secret, binding := bind()
	f.Binding = binding
	state := s.seal(statePrefix, f)
	var url string
	err = s.ask(ctx, f.Provider, func(ctx context.Context) (err error) {
		url, err = p.AuthURL(ctx, s.authorization(f, state, secret))
		return err
	})
	if err != nil {
		return Begun{}, err
	}
	return Begun{URL: url, Cookie: Cookie{Name: s.flowCookie(f.Slot), Value: secret, MaxAge: Life}}, nil
}

// admit counts what costs a provider something. Whom a server speaks for without saying so is
// told apart by what it brings.
func (s *Service) admit(ctx context.Context, by identity.Actor, p limit.Policy, brings string) error {
	from, known := limit.Origin(by)
	if !known {
		from += "|" + hashed(brings)
	}
	return s.Guard.Take(ctx, limit.Hit{Policy: p, Subject: from})
}
