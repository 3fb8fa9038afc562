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
	errScope         = fault.New(fault.Forbidden, "insufficient_scope", "the credential does not allow this")
)

// Access says who may call a route. Exactly the credentials it names are read; each of them
// must hold if it was sent.
type Access struct {
	Public bool   // nobody in particular; an API key may be sent
	Key    bool   // an API key of either kind
	Scope  string // a secret API key with this scope
	Bearer bool   // a signed-in user
	Admin  bool   // with Bearer: an administrator
}

// Sessions says who an access token speaks for; session.Service is one.
type Sessions interface {
	Authenticate(ctx context.Context, accessToken string) (identity.Actor, error)
}

// Keys says which application an API key belongs to; apikey.Service is one.
type Keys interface {
	Authenticate(ctx context.Context, presented string) (identity.APIKey, error)
}

// authenticate returns the actor behind a request to a route with this access.
func (k *Kit) authenticate(ctx context.Context, r *http.Request, a Access) (identity.Actor, error) {
	actor := identity.Actor{Client: k.Proxies.client(r), Language: printable(r.Header.Get("Accept-Language"), maxLanguage)}
	key, hasKey, err := single(r, "X-Api-Key")
	if err != nil {
		return actor, err
	}
	bearer, hasBearer, err := single(r, "Authorization")
	if err != nil {
		return actor, err
	}
	if hasKey {
		found, err := k.Keys.Authenticate(ctx, key)
		if err != nil {
			return actor, err
		}
		actor.Key = &found
		if actor.IsServer() {
			if actor.Client, err = named(r, actor.Client); err != nil {
				return actor, err
			}
		}
	}
	if a.Bearer && hasBearer {
		return k.signedIn(ctx, actor, a, bearer)
	}
	return actor, a.keyed(actor)
}

// keyed decides for a caller without a user.
func (a Access) keyed(actor identity.Actor) error {
	switch {
	case a.Public:
		return nil
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
	if a.Scope != "" && actor.IsServer() {
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
	if a.Admin && !actor.User.IsAdmin() {
		return actor, errScope
	}
	return actor, nil
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
