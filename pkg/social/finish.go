package social

import (
	"context"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/provider"
	"github.com/gatehouse-id/gatehouse/pkg/session"
)

// Answer is what a browser brings back from a provider. Nothing of it is believed.
type Answer struct {
	Provider    string // that the callback is for; empty where one callback is for all
	RedirectURI string // of the callback
	State       string
	Code        string
	Error       string // RFC 6749 section 4.1.2.1; neither it nor its description is shown to anybody
	Issuer      string // RFC 9207
	Cookies     Cookies
}

// Finished is a flow that has come to its end.
type Finished struct {
	Provider    string
	Grant       session.Grant // of who has signed in; it has no session when Linked
	User        identity.User
	Linked      bool   // the identity was linked to User, who was signed in already
	Destination string // an absolute URL
	Format      string // of the Start
	Cookie      Cookie // that the browser need not keep
}

// Finish takes what a provider answered, once, from the browser that the flow began in. Whatever
// is wrong with the state is ErrStateInvalid.
func (s *Service) Finish(ctx context.Context, by identity.Actor, a Answer) (Finished, error) {
	f, secret, err := s.recognise(ctx, a)
	if err != nil {
		return Finished{}, err
	}
	out := Finished{Provider: f.Provider, Format: f.Format, Cookie: Cookie{Name: s.flowCookie(f.Slot)}}
	if out.Destination, err = s.destination(f.Destination); err != nil {
		return Finished{}, err
	}
	if err := s.admit(ctx, by, s.Limits.Answer, f.Nonce); err != nil {
		return Finished{}, err
	}
	p, err := s.Providers.Get(f.Provider)
	if err != nil {
		return Finished{}, err
	}
	// Before anything else happens: whatever comes of it, this state was used.
	if first, err := s.spend(ctx, f.Nonce, Life); err != nil || !first {
		return Finished{}, s.refuse(ctx, f.Provider, "the state was used before", ErrStateInvalid, err)
	}
	if err := s.agreed(ctx, f, a); err != nil {
		return Finished{}, err
	}
	proof, err := s.prove(ctx, f.Provider, func(ctx context.Context) (identity.Assertion, error) {
		if err := p.CheckIssuer(ctx, a.Issuer); err != nil {
			return identity.Assertion{}, err
		}
		return p.Exchange(ctx, a.Code, s.authorization(f, a.State, secret))
	})
	if err != nil {
		return Finished{}, err
	}
	return s.enter(ctx, by, f, proof, out)
}

// recognise returns the flow that an answer belongs to, and the secret of its browser.
func (s *Service) recognise(ctx context.Context, a Answer) (f flow, secret string, err error) {
	why := ""
	switch {
	case !s.open(statePrefix, a.State, &f):
		why = "no state of ours"
	case s.over(f.ExpiresAt):
		why = "the state has expired"
	case a.Provider != "" && a.Provider != f.Provider || a.RedirectURI != f.RedirectURI:
		why = "the state is for another callback"
	case !bound(f.Binding, a.Cookies[s.flowCookie(f.Slot)]):
		why = "the state is of another browser"
	default:
		return f, a.Cookies[s.flowCookie(f.Slot)], nil
	}
	return flow{}, "", s.refuse(ctx, f.Provider, why, ErrStateInvalid, nil)
}

// agreed reports whether the provider says that it went well. What it says otherwise is the
// provider's text, or anybody's: it goes nowhere.
func (s *Service) agreed(ctx context.Context, f flow, a Answer) error {
	switch a.Error {
	case "":
		if a.Code == "" {
			return s.refuse(ctx, f.Provider, "no code", provider.ErrRejected, nil)
		}
		return nil
	case "access_denied", "user_cancelled_authorize": // the second is what Apple says
		return ErrCancelled
	case "server_error", "temporarily_unavailable":
		return s.refuse(ctx, f.Provider, "the provider has failed", provider.ErrUnavailable.After(respite), nil)
	default:
		return s.refuse(ctx, f.Provider, "the provider refused", provider.ErrRejected, nil)
	}
}

// enter lets the proved person in, or links them to the account that began the flow.
func (s *Service) enter(ctx context.Context, by identity.Actor, f flow, proof identity.Assertion, out Finished) (Finished, error) {
	if f.LinkTo != "" {
		u, sess, err := s.Sessions.Living(ctx, f.LinkTo)
		if err != nil {
			return Finished{}, err
		}
		by.User, by.Session, out.Linked = &u, &sess, true
		if out.User, err = s.Accounts.Link(ctx, by, proof); err != nil {
			return Finished{}, err
		}
		return out, nil
	}
	by.User, by.Session = nil, nil // whoever was signed in here before has no part in it
	g, err := s.Signin.Assert(ctx, by, proof, f.Invitation)
	if err != nil {
		return Finished{}, err
	}
	out.Grant, out.User = g, g.User
	return out, nil
}

// refuse leaves word of why an answer was refused, without any value of it, and returns what to
// say of it: err if there is one, a failure of our own.
func (s *Service) refuse(ctx context.Context, name, why string, say, err error) error {
	if err != nil {
		return err
	}
	s.Log.DebugContext(ctx, "answer of a provider refused", "provider", name, "why", why)
	return say
}
