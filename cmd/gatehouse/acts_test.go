package main_test

import (
	"slices"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

// Each act is repeated until it is answered. When attempts before were not answered, the answer
// may also be the one that follows from having been carried out already; any other answer is
// wrong.

// register makes the account.
func (c *client) register(a *account) {
	pairs := []string{"email", a.email, "password", a.password}
	if a.code != "" {
		pairs = append(pairs, "invitationCode", a.code)
	}
	r, lost := c.ask(request{Path: "/auth/register", Key: c.key, Body: object(pairs...)})
	switch {
	case r.Status == 201:
		c.exists(a)
		a.signIns++
		c.sit(a, &seat{}, r)
		c.note("register")
	case r.Code() == "email_exists" && lost > 0: // by an attempt that was not answered
		a.maybe += lost
		c.settle(a)
	case r.Code() == "invitation_used_up" && a.code != c.codes.forMany:
		a.unsettled, a.refused = lost > 0, lost == 0 // perhaps by an attempt of its own
		a.maybe += lost
		c.note("be refused")
	default:
		c.wrong(a, "registering", r, lost)
	}
}

func (c *client) exists(a *account) {
	a.registered, a.unsettled = true, false
	a.events["user_registered"] = 1
	if a.code != "" {
		a.events["invitation_redeemed"] = 1
	}
}

// settle looks whether a registration that was not answered has made the account. One that takes
// several writes may still be under way.
func (c *client) settle(a *account) {
	r, lost := c.login(a, a.password)
	switch {
	case r.Status == 200:
		c.exists(a)
		c.seated(a, r, lost)
	case r.Status == 401 && (a.code != "" || c.codes.severalWrites):
		a.unsettled = true
	default:
		c.wrong(a, "signing in after a registration", r, lost)
	}
}

func (c *client) login(a *account, password string) (dialecttest.Response, int) {
	return c.ask(request{Path: "/auth/login", Key: c.key, Body: object("email", a.email, "password", password)})
}

func (c *client) seated(a *account, r dialecttest.Response, lost int) {
	a.signIns++
	a.maybe += lost
	c.sit(a, &seat{}, r)
	c.note("sign in")
}

func (c *client) signIn(a *account) {
	r, lost := c.login(a, a.password)
	if r.Status != 200 {
		c.wrong(a, "signing in", r, lost)
		return
	}
	c.seated(a, r, lost)
}

// refresh must always succeed: an attempt that was not answered has left the same successor.
func (c *client) refresh(a *account, s *seat) {
	before := s.refresh
	r, lost := c.ask(request{Path: "/auth/refreshToken", Body: object("refreshToken", before)})
	if r.Status != 200 {
		c.wrong(a, "refreshing", r, lost)
		s.over = true
		return
	}
	if lost > 0 {
		s.rest = time.Now().Add(rested)
	}
	if c.sit(a, s, r); s.refresh == before {
		c.wrong(a, "refreshing gives the same token", r, lost)
	}
	c.note("refresh")
}

// refreshTwice does what two tabs of one browser do: both get the same successor.
func (c *client) refreshTwice(a *account, s *seat) {
	var next [2]string
	var answers [2]dialecttest.Response
	dialecttest.Together(2, func(i int) {
		r, lost := c.ask(request{Path: "/auth/refreshToken", Body: object("refreshToken", s.refresh)})
		var g dialecttest.Authorization
		if r.Status != 200 {
			c.wrong(a, "refreshing twice at once", r, lost)
			return
		}
		r.JSON(c.t, &g)
		next[i], answers[i] = g.RefreshToken, r
	})
	if next[0] != next[1] || slices.Contains(next[:], "") {
		c.t.Errorf("%s: two refreshes of one token lead to two sessions", a.email)
		s.over = true
		return
	}
	s.rest = time.Now().Add(rested)
	c.sit(a, s, answers[0])
	c.note("refresh twice")
}

func (c *client) changePassword(a *account, s *seat) {
	next := c.newPassword()
	r, lost := c.ask(request{Path: "/auth/changePassword", Bearer: s.access, Body: object("currentPassword", a.password, "newPassword", next)})
	if r.Status != 200 && (r.Code() != "session_ended" || lost == 0) {
		c.wrong(a, "changing the password", r, lost)
		return
	}
	c.end(a)
	a.old, a.password = append(a.old, a.password), next
	a.events["password_changed"]++
	c.note("change the password")
	if r.Status == 200 {
		c.sit(a, &seat{}, r)
		return
	}
	c.signIn(a)
}

// end takes every session of the account for over, and looks.
func (c *client) end(a *account) {
	for _, s := range a.seats {
		if !s.over {
			c.over(a, s)
		}
	}
}

// over takes a session for over: from the answer on that said so, every server must say so.
func (c *client) over(a *account, s *seat) {
	s.over = true
	if r, lost := c.ask(request{Path: "/auth/me", Bearer: s.access}); r.Status != 401 {
		c.wrong(a, "using a session that has just ended", r, lost)
	}
}

func (c *client) signOut(a *account, s *seat) {
	r, lost := c.ask(request{Method: "POST", Path: "/auth/logout", Bearer: s.access})
	if r.Status != 204 && (r.Code() != "session_ended" || lost == 0) {
		c.wrong(a, "signing out", r, lost)
		return
	}
	s.signedOut = true
	c.over(a, s)
	c.note("sign out")
}

func (c *client) signOutEverywhere(a *account, s *seat) {
	r, lost := c.ask(request{Path: "/auth/logout", Bearer: s.access, Body: `{"scope":"all"}`})
	if r.Status != 204 && (r.Code() != "session_ended" || lost == 0) {
		c.wrong(a, "signing out everywhere", r, lost)
		return
	}
	c.end(a)
	a.events["session_ended"]++
	c.note("sign out everywhere")
}

func (c *client) remove(a *account, s *seat) {
	r, lost := c.ask(request{Method: "DELETE", Path: "/auth/me", Bearer: s.access, Body: object("currentPassword", a.password)})
	if r.Status != 204 && (r.Code() != "session_ended" || lost == 0) {
		c.wrong(a, "deleting the account", r, lost)
		return
	}
	c.end(a)
	a.gone = true
	a.events["user_deleted"]++
	c.note("delete the account")
}
