package httpkit

import (
	"context"
	"net/http"
	"slices"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// SessionCookie is the cookie that may carry the id of a session.
const SessionCookie = "session_id"

// PresentedID is the id of a session as a request presents it. Header and query come from
// whoever wrote the request; a browser sends a cookie by itself.
type PresentedID struct {
	Value    string
	ByCookie bool
}

// SessionID returns the id that a request presents in the header X-Session-ID, else in the query
// parameter session_id or sessionId, else in the cookie session_id; its Value is empty when
// there is none. A write that another site has a browser send is refused when only the cookie
// vouches for it.
func SessionID(r *http.Request) (PresentedID, error) {
	if id, given, err := single(r, "X-Session-Id"); err != nil || given && id != "" {
		return PresentedID{Value: id}, err
	}
	query := r.URL.Query()
	if all := slices.Compact(append(query["session_id"], query["sessionId"]...)); len(all) > 1 {
		return PresentedID{}, fault.InvalidField("session_id", "duplicate_field", "the parameter is given twice")
	} else if len(all) == 1 && all[0] != "" {
		return PresentedID{Value: all[0]}, nil
	}
	cookies := r.CookiesNamed(SessionCookie)
	if len(cookies) != 1 { // of two, one is not ours, and nothing tells which
		return PresentedID{}, nil
	}
	if http.NewCrossOriginProtection().Check(r) != nil {
		return PresentedID{}, errCrossSite
	}
	return PresentedID{Value: cookies[0].Value, ByCookie: true}, nil
}

// byID adds the user whose session id a request presents. Where nobody in particular is asked
// for, a cookie that has gone stale is none.
func (k *Kit) byID(ctx context.Context, r *http.Request, actor identity.Actor, a Access) (identity.Actor, error) {
	id, err := SessionID(r)
	if err != nil && (!a.Public || !isCrossSite(err)) {
		return actor, err
	}
	if id.Value == "" {
		return actor, a.keyed(actor)
	}
	user, err := k.Sessions.AuthenticateID(ctx, actor.Client, id.Value)
	if err != nil {
		if f := fault.From(err); a.Public && id.ByCookie && f.Kind == fault.Unauthenticated {
			return actor, nil
		}
		return actor, err
	}
	actor.User, actor.Session = user.User, user.Session
	return actor, a.admits(actor)
}

func isCrossSite(err error) bool { return fault.From(err).Code == errCrossSite.Code }

// device adds what a client calls itself in the query, where it cannot set headers.
func device(c identity.Client, r *http.Request) identity.Client {
	if c.DeviceID == "" {
		c.DeviceID = printable(r.URL.Query().Get("device_id"), maxDeviceID)
	}
	return c
}

// NamedDevice returns c as the device that it names in the body of a request.
func NamedDevice(c identity.Client, name string) identity.Client {
	if name = printable(name, maxDeviceID); name != "" {
		c.DeviceID = name
	}
	return c
}
