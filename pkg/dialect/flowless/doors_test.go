package flowless_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

// held is a session as whoever started it holds it.
type held struct {
	by     string // the dialect that it was started in
	handle string // its public id, by which its owner ends it
	access string // what requests carry: an access token, or the id of the session
	renew  string // what is exchanged for the next: a refresh token, or that id
}

// door is a dialect as the tests of sessions see it. A dialect that is added here is held to
// everything that they prove.
type door struct {
	name string
	// enter signs in.
	enter func(*testing.T, *dialecttest.Server, person) held
	// uses are the requests that succeed while a session lives, and change nothing.
	uses []use
	// next is the request that renews a session.
	next func(held) dialecttest.Request
}

// use is one way to make use of a session.
type use struct {
	name string
	ask  func(*dialecttest.Server, held) dialecttest.Request
	// good tells an answer of success from others; nil means a 200.
	good func(dialecttest.Response) bool
}

func (u use) works(t *testing.T, s *dialecttest.Server, h held) bool {
	t.Helper()
	r := s.Do(t, u.ask(s, h))
	if u.good != nil {
		return u.good(r)
	}
	if r.Status != http.StatusOK && r.Status != http.StatusUnauthorized {
		t.Errorf("%s: %d %s", u.name, r.Status, r.Body)
	}
	return r.Status == http.StatusOK
}

var doors = []door{
	{
		name: "native",
		enter: func(t *testing.T, s *dialecttest.Server, p person) held {
			t.Helper()
			a := s.Login(t, p.email, p.password)
			return held{by: "native", handle: handleOf(a.RefreshToken), access: a.AccessToken, renew: a.RefreshToken}
		},
		uses: []use{
			{name: "its access token", ask: func(_ *dialecttest.Server, h held) dialecttest.Request {
				return dialecttest.Request{Path: "/auth/me", Bearer: h.access}
			}},
			{name: "its access token, introspected", ask: introspect(func(h held) string { return h.access }), good: active},
			{name: "its refresh token, introspected", ask: introspect(func(h held) string { return h.renew }), good: active},
		},
		next: func(h held) dialecttest.Request {
			return dialecttest.Request{Path: "/auth/refreshToken", Body: body(object{"refreshToken": h.renew})}
		},
	},
	{
		name: "flowless",
		enter: func(t *testing.T, s *dialecttest.Server, p person) held {
			t.Helper()
			id := s.FlowlessLogin(t, p.email, p.password).ID
			return held{by: "flowless", handle: handleOf(id), access: id, renew: id}
		},
		uses: []use{
			{name: "its id in the header", ask: func(_ *dialecttest.Server, h held) dialecttest.Request {
				return dialecttest.Request{Path: "/flowless/auth/me", ID: h.access}
			}},
			{name: "its id in the query", ask: func(_ *dialecttest.Server, h held) dialecttest.Request {
				return dialecttest.Request{Path: "/flowless/auth/validation?session_id=" + h.access}
			}},
			{name: "its id in the cookie", ask: func(_ *dialecttest.Server, h held) dialecttest.Request {
				return dialecttest.Request{Path: "/flowless/auth/me", Header: map[string]string{"Cookie": "session_id=" + h.access}}
			}},
			{name: "its id, shown to a bridge", ask: func(_ *dialecttest.Server, h held) dialecttest.Request {
				return dialecttest.Request{Path: bridgeValidate, Bridge: dialecttest.BridgeSecret, Body: body(object{"sessionId": h.access})}
			}},
		},
		next: renewID,
	},
	{
		name: "arguflow",
		enter: func(t *testing.T, s *dialecttest.Server, p person) held {
			t.Helper()
			id := s.ArguflowLogin(t, p.email, p.password)
			return held{by: "arguflow", handle: handleOf(id), access: id, renew: id}
		},
		uses: []use{
			{name: "its id in the cookie", ask: func(_ *dialecttest.Server, h held) dialecttest.Request {
				return dialecttest.Request{Path: "/api/auth"}.ByCookie(h.access)
			}},
			{name: "its id in the header of another dialect", ask: func(_ *dialecttest.Server, h held) dialecttest.Request {
				return dialecttest.Request{Path: "/flowless/auth/me", ID: h.access}
			}},
		},
		next: renewID, // it has no way of its own, and the id is one like any other
	},
}

func renewID(h held) dialecttest.Request {
	return dialecttest.Request{Method: http.MethodPost, Path: "/flowless/auth/refresh", ID: h.renew}
}

func introspect(what func(held) string) func(*dialecttest.Server, held) dialecttest.Request {
	return func(s *dialecttest.Server, h held) dialecttest.Request {
		return dialecttest.Request{Path: "/auth/introspect", Key: s.Secret, Type: "application/x-www-form-urlencoded", Body: "token=" + what(h)}
	}
}

func active(r dialecttest.Response) bool { return strings.Contains(r.Body, `"active":true`) }

// handleOf returns the public id that a credential names.
func handleOf(credential string) string {
	_, rest, _ := strings.Cut(credential, "_")
	handle, _, _ := strings.Cut(rest, ".")
	return handle
}

func doorOf(h held) door {
	for _, d := range doors {
		if d.name == h.by {
			return d
		}
	}
	panic("no door " + h.by)
}

// lives checks that a session can be used in every way, on every node.
func lives(t *testing.T, nodes []*dialecttest.Server, what string, h held) {
	t.Helper()
	for i, n := range nodes {
		for _, u := range doorOf(h).uses {
			if !u.works(t, n, h) {
				t.Errorf("%s (%s) is dead: %s is refused by node %d", what, h.by, u.name, i)
			}
		}
	}
}

// over checks that nothing of a session works any more in any dialect, on any node: neither as
// what it is nor as what the dialect takes, and it is not renewed.
func over(t *testing.T, nodes []*dialecttest.Server, what string, h held) {
	t.Helper()
	for i, n := range nodes {
		for _, d := range doors {
			for _, shown := range []held{h, {access: h.renew, renew: h.access}} {
				for _, u := range d.uses {
					if u.works(t, n, shown) {
						t.Errorf("%s (%s) lives: %s %s is taken by node %d", what, h.by, d.name, u.name, i)
					}
				}
				if r := n.Do(t, d.next(shown)); r.Status != http.StatusUnauthorized {
					t.Errorf("%s (%s) is renewed by %s on node %d: %d %s", what, h.by, d.name, i, r.Status, r.Body)
				}
			}
		}
	}
}
