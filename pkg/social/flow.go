package social

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/provider"
	"github.com/gatehouse-id/gatehouse/pkg/redirect"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

const (
	statePrefix = "st_"
	// maxDestination keeps a state below 2 KiB.
	maxDestination = 1024
	// maxInvitation is more than any invitation code has, in bytes.
	maxInvitation = 80
)

// flow is what a state says: everything that the end of a flow must have in common with its start.
type flow struct {
	Provider    string `json:"p"`
	RedirectURI string `json:"u"` // says which dialect asked, too
	Destination string `json:"d,omitempty"`
	Format      string `json:"f,omitempty"`
	LinkTo      string `json:"l,omitempty"` // the session to whose account to link; empty signs in
	Invitation  string `json:"i,omitempty"` // a code, for somebody new; the provider cannot read it
	Nonce       string `json:"n"`           // 256 bits
	Binding     string `json:"b"`           // to the cookie
	Slot        int    `json:"s"`           // of the cookie
	ExpiresAt   int64  `json:"e"`           // milliseconds since 1970
}

// authorization returns what the provider is asked. The PKCE verifier and the nonce need the
// service's key, the state and the cookie: who has read two of the three does not have them (RFC
// 9700 section 2.1.1).
func (s *Service) authorization(f flow, state, secret string) provider.Authorization {
	return provider.Authorization{
		State: state, Nonce: s.derive("nonce", f.Nonce, secret), Verifier: s.derive("verifier", f.Nonce, secret),
		RedirectURI: f.RedirectURI,
	}
}

// destination returns, as an absolute URL, where the browser goes in the end.
func (s *Service) destination(wanted string) (string, error) {
	to, ok := redirect.Rule{Own: s.PublicURL, Others: s.Origins}.Destination(cmp.Or(wanted, s.AppURL))
	if !ok || len(wanted) > maxDestination {
		return "", fault.InvalidField("continue", "invalid_url", "continue is a path, or a URL of an origin that this service allows")
	}
	return to, nil
}

// spend counts one use of something that is good once, and forgets about it no earlier than that
// is over by itself.
func (s *Service) spend(ctx context.Context, what string, life time.Duration) (first bool, err error) {
	counts, err := s.Store.Hit(ctx, s.Now(), store.Counter{Key: "social:" + what, Window: life + slack})
	if err != nil {
		return false, fmt.Errorf("social: count use: %w", err)
	}
	return counts[0].N == 1, nil
}

func (s *Service) over(expiresAt int64) bool { return s.Now().UnixMilli() >= expiresAt }

func (s *Service) until(life time.Duration) int64 { return s.Now().Add(life).UnixMilli() }
