package social

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/provider"
	"github.com/gatehouse-id/gatehouse/pkg/session"
)

// maxToken is longer than any provider's token, in bytes.
const maxToken = 16 << 10

// Proof is what an app has got from a provider by itself: exactly one of the tokens.
type Proof struct {
	Provider    string
	IDToken     string
	AccessToken string
	Nonce       string // that the app asked for the ID token with; empty when it did not
	Invitation  string // a code, for somebody who has no account yet; linking takes none
}

// Token signs in whoever a token of a provider is of. An ID token is good once.
func (s *Service) Token(ctx context.Context, by identity.Actor, q Proof) (session.Grant, error) {
	proof, err := s.verify(ctx, by, q)
	if err != nil {
		return session.Grant{}, err
	}
	by.User, by.Session = nil, nil
	return s.Signin.Assert(ctx, by, proof, q.Invitation)
}

// LinkToken links whoever a token of a provider is of to the account of the actor, who is signed
// in. An ID token is good once.
func (s *Service) LinkToken(ctx context.Context, by identity.Actor, q Proof) (identity.User, error) {
	proof, err := s.verify(ctx, by, q)
	if err != nil {
		return identity.User{}, err
	}
	return s.Accounts.Link(ctx, by, proof)
}

func (s *Service) verify(ctx context.Context, by identity.Actor, q Proof) (identity.Assertion, error) {
	if err := q.check(); err != nil {
		return identity.Assertion{}, err
	}
	if err := s.admit(ctx, by, s.Limits.Answer, q.IDToken+q.AccessToken); err != nil {
		return identity.Assertion{}, err
	}
	p, err := s.Providers.Get(q.Provider)
	if err != nil {
		return identity.Assertion{}, err
	}
	proof, err := s.prove(ctx, q.Provider, func(ctx context.Context) (identity.Assertion, error) {
		if q.AccessToken != "" {
			return p.AccessToken(ctx, q.AccessToken)
		}
		return p.IDToken(ctx, q.IDToken, q.Nonce)
	})
	if err != nil || q.AccessToken != "" {
		return proof, err
	}
	return proof, s.spendToken(ctx, q)
}

func (q Proof) check() error {
	switch {
	case q.IDToken == "" && q.AccessToken == "":
		return fault.InvalidField("idToken", "required", "send idToken or accessToken")
	case q.IDToken != "" && q.AccessToken != "":
		return fault.InvalidField("accessToken", "not_allowed", "send idToken or accessToken, not both")
	case q.AccessToken != "" && q.Nonce != "":
		return fault.InvalidField("nonce", "not_allowed", "nonce goes with idToken")
	case len(q.IDToken)+len(q.AccessToken) > maxToken:
		return provider.ErrRejected
	default:
		return nil
	}
}

// spendToken counts the use of an ID token that is genuine. What is counted is what was signed:
// some signatures can be rewritten by anybody.
func (s *Service) spendToken(ctx context.Context, q Proof) error {
	cut := strings.LastIndexByte(q.IDToken, '.')
	if cut < 0 {
		return s.refuse(ctx, q.Provider, "not a signed token", provider.ErrRejected, nil)
	}
	signed := q.IDToken[:cut]
	life, ok := s.lifeOf(signed)
	if !ok {
		return s.refuse(ctx, q.Provider, "the token does not end soon enough", provider.ErrRejected, nil)
	}
	first, err := s.spend(ctx, "token:"+hashed(signed), life)
	if err != nil || !first {
		return s.refuse(ctx, q.Provider, "the token was used before", provider.ErrRejected, err)
	}
	return nil
}

// maxTokenLife bounds what a provider can make us remember.
const maxTokenLife = 30 * 24 * time.Hour

// lifeOf returns how long a genuine token, without its signature, is good for from now on.
func (s *Service) lifeOf(signed string) (time.Duration, bool) {
	_, payload, _ := strings.Cut(signed, ".")
	plain, err := encoding.DecodeString(payload)
	if err != nil {
		return 0, false
	}
	var claims struct {
		ExpiresAt float64 `json:"exp"`
	}
	if err := json.Unmarshal(plain, &claims); err != nil || claims.ExpiresAt <= 0 {
		return 0, false
	}
	left := claims.ExpiresAt - float64(s.Now().Unix()) + 1
	if left > maxTokenLife.Seconds() {
		return 0, false
	}
	return time.Duration(max(0, left)) * time.Second, true
}
