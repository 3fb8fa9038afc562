package httpkit

import (
	"context"
	"net/http"
	"strings"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// Errors of credentials. They are the same whatever is wrong with a credential.
var (
	errNoCredential  = fault.New(fault.Unauthenticated, "credentials_required", "this needs a credential that was not sent")
	errBadCredential = fault.New(fault.Unauthenticated, "invalid_token", "the token is not valid")
	errConflicting   = fault.New(fault.Invalid, "conflicting_credentials", "the request carries credentials that name different things")
	// ErrNoSessionID answers a request without the id of a session where one is needed.
	ErrNoSessionID = fault.New(fault.Unauthenticated, "session_required", "the id of a session is required: in the header X-Session-ID, the query parameter session_id or the cookie session_id")
	// ErrNoBridge answers a request without a bridge secret where one is needed.
	ErrNoBridge = fault.New(fault.Unauthenticated, "bridge_secret_required", "the header X-Bridge-Secret is required")
	errScope    = fault.New(fault.Forbidden, "insufficient_scope", "the credential does not allow this")
)

// Access says who may call a route. Exactly the credentials it names are read; each of them
// must hold if it was sent.
type Access struct {
	Public    bool   // nobody in particular; an API key may be sent
	Key       bool   // an API key of either kind
	Scope     string // a secret API key with this scope
	Bearer    bool   // a signed-in user, by an access token
	SessionID bool   // a signed-in user, by the id of their session
	Cookie    string // a signed-in user, by the id of their session in the cookie of this name and nowhere else
	Unchecked bool   // with SessionID: the handler decides about it, as PresentedID gives it
	Bridge    bool   // a server, by a bridge secret
	Admin     bool   // with Bearer or SessionID: an administrator
}

// Sessions says who an access token or a session id speaks for; session.Service is one.
type Sessions interface {
	Authenticate(ctx context.Context, accessToken string) (identity.Actor, error)
	AuthenticateID(ctx context.Context, client identity.Client, presented string) (identity.Actor, error)
}

// Keys says which application an API key belongs to; apikey.Service is one.
type Keys interface {
	Authenticate(ctx context.Context, presented string) (identity.APIKey, error)
}

// Bridge says whether a bridge secret that client presented is one of ours; bridge.Service is
// one.
type Bridge interface {
	Authenticate(ctx context.Context, client identity.Client, presented string) error
}

// authenticate returns the actor behind a request to a route with this access.
func (k *Kit) authenticate(ctx context.Context, r *http.Request, a Access) (identity.Actor, error) {
	actor := identity.Actor{Client: k.Proxies.client(r), Language: printable(r.Header.Get("Accept-Language"), maxLanguage)}
	if _, _, err := single(r, "X-Device-Id"); err != nil {
		return actor, err
	}
	if a.SessionID || a.Bridge {
		actor.Client = device(actor.Client, r)
	}
	actor, err := k.vouched(ctx, r, a, actor)
	if err != nil {
		return actor, err
	}
	bearer, hasBearer, err := single(r, "Authorization")
	if err != nil {
		return actor, err
	}
	switch {
	case a.Bearer && hasBearer:
		return k.signedIn(ctx, actor, a, bearer)
	case a.SessionID && !a.Unchecked:
		return k.byID(ctx, r, actor, a)
	case a.Cookie != "":
		return k.byCookie(ctx, r, actor, a)
	default:
		return actor, a.keyed(actor)
	}
}

// vouched adds the application or server that a request comes from.
func (k *Kit) vouched(ctx context.Context, r *http.Request, a Access, actor identity.Actor) (identity.Actor, error) {
	key, hasKey, err := single(r, "X-Api-Key")
	if err != nil {
		return actor, err
	}
	if hasKey {
		found, err := k.Keys.Authenticate(ctx, key)
		if err != nil {
			return actor, err
		}
		actor.Key = &found
	}
	secret, hasSecret, err := single(r, "X-Bridge-Secret")
	if err != nil {
		return actor, err
	}
	if a.Bridge && hasSecret {
		if err := k.Bridge.Authenticate(ctx, actor.Client, secret); err != nil {
			return actor, err
		}
		actor.Bridge = true
	}
	if actor.IsServer() {
		actor.Peer = actor.Client.IP
		actor.Client, err = named(r, actor.Client)
	}
	return actor, err
}

// keyed decides for a caller without a user.
func (a Access) keyed(actor identity.Actor) error {
	switch {
	case a.Public, a.Unchecked, a.Bridge && actor.Bridge:
		return nil
	case a.SessionID && !a.Bridge, a.Cookie != "":
		return ErrNoSessionID
	case a.Bridge:
		return ErrNoBridge
	case actor.Key == nil:
		return errNoCredential
	case a.Key:
		return nil
	case a.Scope == "":
		return errNoCredential // only a user will do
	case !actor.Key.Has(a.Scope):
		return errScope
	default:
		return nil
	}
}

func (k *Kit) signedIn(ctx context.Context, actor identity.Actor, a Access, header string) (identity.Actor, error) {
	if a.Scope != "" && actor.HasSecretKey() {
		return actor, errConflicting // a server and a user, each in its own right: which is asking?
	}
	raw, ok := bearerToken(header)
	if !ok {
		return actor, errBadCredential
	}
	user, err := k.Sessions.Authenticate(ctx, raw)
	if err != nil {
		return actor, err
	}
	actor.User, actor.Session = user.User, user.Session
	return actor, a.admits(actor)
}

// admits decides for a caller with a user.
func (a Access) admits(actor identity.Actor) error {
	if a.Admin && !actor.User.IsAdmin() {
		return errScope
	}
	return nil
}

// single returns a header that must not come twice.
func single(r *http.Request, name string) (value string, given bool, err error) {
	switch values := r.Header[name]; len(values) {
	case 0:
		return "", false, nil
	case 1:
		return values[0], true, nil
	default:
		return "", true, errConflicting
	}
}

// bearerToken reads "Bearer <token>": the scheme in any case (RFC 9110 section 11.1), one space.
func bearerToken(header string) (string, bool) {
	const scheme = "bearer "
	if len(header) <= len(scheme) || !strings.EqualFold(header[:len(scheme)], scheme) {
		return "", false
	}
	return header[len(scheme):], true
}
