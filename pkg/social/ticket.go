package social

import (
	"context"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
)

const ticketPrefix = "lt_"

// ticket is what a link ticket says.
type ticket struct {
	Session   string `json:"s"`
	Nonce     string `json:"n"`
	Binding   string `json:"b"` // to the cookie
	ExpiresAt int64  `json:"e"`
}

// Ticket lets the browser that is given both begin one flow that links an identity to an account.
type Ticket struct {
	Value  string // for a URL
	Cookie Cookie
}

// LinkTicket returns a ticket for the browser of the actor, who is signed in. The navigation that
// brings it carries no credential, and a link to that URL could be sent to anybody: their own
// identity would be linked to an account of whoever sent it. So the ticket is worthless without the
// cookie. Who may not link is told so.
func (s *Service) LinkTicket(_ context.Context, by identity.Actor) (Ticket, error) {
	if err := s.Accounts.MayLink(by); err != nil {
		return Ticket{}, err // rather than at the end
	}
	secret, binding := bind()
	t := ticket{Session: by.Session.ID, Nonce: opaque.Random(opaque.SecretLength), Binding: binding, ExpiresAt: s.until(TicketLife)}
	return Ticket{
		Value:  s.seal(ticketPrefix, t),
		Cookie: Cookie{Name: s.cookieName("link"), Value: secret, MaxAge: TicketLife},
	}, nil
}

// redeem takes a ticket, once, and returns the id of the session it stands for, which lives.
func (s *Service) redeem(ctx context.Context, value string, held Cookies) (session string, err error) {
	var t ticket
	if !s.open(ticketPrefix, value, &t) || s.over(t.ExpiresAt) || !bound(t.Binding, held[s.cookieName("link")]) {
		return "", ErrStateInvalid
	}
	if first, err := s.spend(ctx, t.Nonce, TicketLife); err != nil {
		return "", err
	} else if !first {
		return "", ErrStateInvalid
	}
	if _, _, err := s.Sessions.Living(ctx, t.Session); err != nil {
		return "", err
	}
	return t.Session, nil
}
