package social

import (
	"context"
	"log/slog"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/provider"
	"github.com/gatehouse-id/gatehouse/pkg/session"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

const (
	// Life is how long a browser may take from the start of a flow to its end.
	Life = 10 * time.Minute
	// TicketLife is how long a link ticket may wait for its browser.
	TicketLife = time.Minute
	// slack is how far the clocks of nodes and providers may differ. What is good once is
	// remembered for longer than it is good by this.
	slack = 5 * time.Minute
)

// Errors of this package, beside those of provider.
var (
	// ErrStateInvalid answers an answer that belongs to no flow of this browser: the state is
	// missing, forged, used, expired, of another browser or of another provider.
	ErrStateInvalid = fault.New(fault.Invalid, "social_state_invalid", "this sign-in is not valid any more; start again")
	// ErrCancelled answers somebody who did not agree at the provider.
	ErrCancelled = fault.New(fault.Forbidden, "social_cancelled", "the sign-in was cancelled at the provider")
)

// Provider is one identity provider; provider.Provider is one.
type Provider interface {
	AuthURL(ctx context.Context, a provider.Authorization) (string, error)
	Exchange(ctx context.Context, code string, a provider.Authorization) (identity.Assertion, error)
	IDToken(ctx context.Context, raw, nonce string) (identity.Assertion, error)
	AccessToken(ctx context.Context, raw string) (identity.Assertion, error)
	CheckIssuer(ctx context.Context, iss string) error
}

// Providers are the configured ones.
type Providers interface {
	Get(name string) (Provider, error) // provider.ErrUnknown when there is none
	Names() []string                   // sorted
}

// Signin lets in whom a provider vouches for; signin.Service does.
type Signin interface {
	Assert(ctx context.Context, by identity.Actor, a identity.Assertion, invitation string) (session.Grant, error)
}

// Accounts links identities to accounts; account.Service does.
type Accounts interface {
	MayLink(by identity.Actor) error
	Link(ctx context.Context, by identity.Actor, a identity.Assertion) (identity.User, error)
}

// Sessions finds the session that a flow was begun in; session.Service does.
type Sessions interface {
	Living(ctx context.Context, id string) (identity.User, identity.Session, error)
}

// Limits bound per address of the caller what costs a provider something.
type Limits struct {
	Start  limit.Policy // flows that are begun
	Answer limit.Policy // answers and tokens that are brought
}

// Service is the one place where people sign in with an identity provider. All fields are needed;
// it is safe for concurrent use.
type Service struct {
	Providers Providers
	Signin    Signin
	Accounts  Accounts
	Sessions  Sessions
	Store     store.Counters
	Guard     *limit.Guard
	Limits    Limits
	Key       []byte   // 32 bytes, the same on every node, not in the store
	PublicURL string   // an origin without a slash at its end
	AppURL    string   // where the browser goes when nothing else was asked for
	Origins   []string // other origins that the browser may go to, exactly as browsers write them
	Now       func() time.Time
	Log       *slog.Logger

	doors    doors
	patience time.Duration // zero means the constant
}
