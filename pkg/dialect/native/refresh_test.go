package native_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

const (
	grace     = 30 * time.Second // the default
	userAgent = "Go-http-client/1.1"
)

// renew exchanges a refresh token as a client of that name.
func renew(refreshToken, client string) request {
	return request{Path: "/auth/refreshToken", Body: body("refreshToken", refreshToken), Header: map[string]string{"User-Agent": client}}
}

// sidOf returns the session that an access token names.
func sidOf(t testing.TB, a dialecttest.Authorization) string {
	t.Helper()
	sid, _ := decoded(t, split(t, a.AccessToken).payload)["sid"].(string)
	return sid
}

// thefts returns the sessions that the audit log says a spent refresh token has ended, in
// order.
func thefts(t testing.TB, s *dialecttest.Server) []string {
	t.Helper()
	s.Settle(t)
	var out strings.Builder
	if err := s.App.Audit.Export(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	var sessions []string
	for line := range strings.Lines(out.String()) {
		var entry struct {
			Event struct{ Type, Session string }
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatal(err)
		}
		if entry.Event.Type == "refresh_reuse_detected" {
			sessions = append(sessions, entry.Event.Session)
		}
	}
	return sessions
}

// dead checks that nothing of a session works on any node.
func dead(t *testing.T, nodes []*dialecttest.Server, code string, tokens ...dialecttest.Authorization) {
	t.Helper()
	for i, n := range nodes {
		for j, a := range tokens {
			if r := n.Do(t, request{Path: "/auth/me", Bearer: a.AccessToken}); r.Status != 401 || r.Code() != "session_ended" {
				t.Errorf("node %d answers access token %d: %d %s", i, j+1, r.Status, r.Body)
			}
			if r := n.Do(t, renew(a.RefreshToken, userAgent)); r.Status != 401 || r.Code() != code {
				t.Errorf("node %d answers refresh token %d: %d %s, want 401 %s", i, j+1, r.Status, r.Body, code)
			}
		}
	}
}

// alive checks that a session goes on, and returns what it goes on with.
func alive(t *testing.T, nodes []*dialecttest.Server, a dialecttest.Authorization) dialecttest.Authorization {
	t.Helper()
	for i, n := range nodes {
		if got := n.Me(t, a.AccessToken); got != 200 {
			t.Errorf("node %d answers the access token %d", i, got)
		}
		a = n.Refresh(t, a.RefreshToken)
	}
	return a
}

// TestAReplayedRefreshTokenEndsTheSession replays a spent token in every way that is no retry.
func TestAReplayedRefreshTokenEndsTheSession(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		nodes := []*dialecttest.Server{s, s.Node(t)}
		dialecttest.QuickPasswords(nodes...)
		bystander := s.Register(t, "ada@example.com", goodPassword)
		var ended []string
		for name, tc := range map[string]struct {
			steps  int           // how often the session is renewed
			replay int           // which token is replayed, counted from 0
			after  time.Duration // how long after the last renewal
			client string
		}{
			"after the grace":                       {1, 0, grace + time.Millisecond, userAgent},
			"days after the grace":                  {1, 0, 100 * time.Hour, userAgent},
			"the grandparent within the grace":      {2, 0, 0, userAgent},
			"the second of five":                    {4, 1, 0, userAgent},
			"by another client within the grace":    {1, 0, time.Second, "curl/8.0"},
			"by a client without a name, in grace":  {1, 0, time.Second, ""},
			"by a client with the name of a device": {1, 0, time.Second, "device"},
		} {
			t.Run(name, func(t *testing.T) {
				chain := []dialecttest.Authorization{s.Login(t, "ada@example.com", goodPassword)}
				for i := range tc.steps {
					chain = append(chain, nodes[i%2].Refresh(t, chain[i].RefreshToken))
				}
				newest := chain[len(chain)-1]
				for _, n := range nodes {
					if n.Me(t, newest.AccessToken) != 200 || n.Me(t, chain[0].AccessToken) != 200 {
						t.Fatal("the control: the session does not live")
					}
				}
				s.Clock.Advance(tc.after)
				q := renew(chain[tc.replay].RefreshToken, tc.client)
				if tc.client == "device" {
					q = renew(chain[tc.replay].RefreshToken, userAgent)
					q.Header["X-Device-Id"] = "d1"
				}
				if r := nodes[1].Do(t, q); r.Status != 401 || r.Code() != "token_reused" || strings.Contains(r.Body, "rt_") {
					t.Fatalf("the replay is answered %d %s", r.Status, r.Body)
				}
				if tc.after > time.Hour { // the access tokens have expired by themselves
					newest.AccessToken = ""
				}
				for range 2 { // and it stays so
					if newest.AccessToken != "" {
						dead(t, nodes, "token_reused", newest)
					}
					for i, a := range chain {
						if r := nodes[i%2].Do(t, renew(a.RefreshToken, userAgent)); r.Status != 401 || r.Code() != "token_reused" {
							t.Errorf("refresh token %d: %d %s", i+1, r.Status, r.Body)
						}
					}
				}
				ended = append(ended, sidOf(t, chain[0]))
			})
		}
		if diff := cmp.Diff(ended, thefts(t, s)); diff != "" {
			t.Errorf("not one event for each session that was ended:\n%s", diff)
		}
		alive(t, nodes, s.Refresh(t, bystander.RefreshToken))
	})
}

// TestASpentTokenCanStillSignOut holds that somebody whose last refresh was lost, and who gives
// up what they hold, is not left signed in. It says nothing about whom it belongs to.
func TestASpentTokenCanStillSignOut(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	a := s.Register(t, "ada@example.com", goodPassword)
	b := s.Refresh(t, a.RefreshToken)
	id, counter, _ := pieces(t, a.RefreshToken)
	_, _, mac := pieces(t, b.RefreshToken)
	revoke := func(token string) request {
		return request{Path: "/auth/revoke", Key: s.Publishable, Body: body("token", token)}
	}
	introspect := func(token string) request {
		return request{Path: "/auth/introspect", Key: s.Secret, Body: body("token", token)}
	}
	s.Run(t, []kase{
		{Name: "forged", Request: revoke("rt_" + id + "." + counter + "." + mac), Status: 200},
		{Name: "without effect", Request: introspect(b.RefreshToken), Status: 200, Has: []string{`"active":true`}},
		{Name: "the spent one is not active", Request: introspect(a.RefreshToken), Status: 200, Has: []string{`{"active":false}`}},
		{Name: "genuine", Request: revoke(a.RefreshToken), Status: 200},
	})
	dead(t, []*dialecttest.Server{s}, "session_ended", b)
}

// TestARetryIsNoReplay is the other side: what a second tab, an impatient client and a lost
// answer do is answered with the one successor there is.
func TestARetryIsNoReplay(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		nodes := []*dialecttest.Server{s, s.Node(t)}
		a := s.Register(t, "ada@example.com", goodPassword)
		for _, after := range []time.Duration{0, 100 * time.Millisecond, 10 * time.Second, grace} {
			t.Run(fmt.Sprintf("%v later", after), func(t *testing.T) {
				first := s.Refresh(t, a.RefreshToken)
				s.Clock.Advance(after)
				second := nodes[1].Refresh(t, a.RefreshToken)
				if first.RefreshToken != second.RefreshToken {
					t.Error("the session has forked")
				}
				if first.RefreshToken == a.RefreshToken {
					t.Error("the token was not changed")
				}
				for _, n := range nodes {
					if n.Me(t, first.AccessToken) != 200 || n.Me(t, second.AccessToken) != 200 {
						t.Error("an access token does not open")
					}
				}
				a = alive(t, nodes, second)
			})
		}
		if got := thefts(t, s); len(got) != 0 {
			t.Errorf("honest clients are recorded as thieves of %v", got)
		}
	})
}

// TestALostAnswerCostsNobodyTheSession hangs up before the answer, at once and every time, so
// that the write has happened, is happening or never will. Each session is renewed once: a request
// that nobody waits for may come when its token is long spent, and that is a replay.
func TestALostAnswerCostsNobodyTheSession(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		s.Register(t, "ada@example.com", goodPassword)
		for i := range 20 {
			a := s.Login(t, "ada@example.com", goodPassword)
			message := body("refreshToken", a.RefreshToken)
			c, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			_, err = fmt.Fprintf(c, "POST /auth/refreshToken HTTP/1.1\r\nHost: localhost\r\nUser-Agent: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", userAgent, len(message), message)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			r := s.Do(t, renew(a.RefreshToken, userAgent))
			if r.Status != 200 {
				t.Fatalf("session %d: %d %s", i, r.Status, r.Body)
			}
			if r.JSON(t, &a); s.Me(t, a.AccessToken) != 200 {
				t.Fatalf("session %d: what it was renewed to opens nothing", i)
			}
		}
		if got := thefts(t, s); len(got) != 0 {
			t.Errorf("who was cut off is recorded as a thief of %v", got)
		}
	})
}

// TestASpentTokenIsRememberedOverARestart replays on a node that was not there when the token
// was spent: nothing of it is kept in a process.
func TestASpentTokenIsRememberedOverARestart(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		a := s.Register(t, "ada@example.com", goodPassword)
		b := s.Refresh(t, a.RefreshToken)
		within := s.Node(t)
		if got := within.Refresh(t, a.RefreshToken); got.RefreshToken != b.RefreshToken {
			t.Error("the session forked over the restart")
		}
		s.Clock.Advance(grace + time.Second)
		after := s.Node(t)
		if r := after.Do(t, renew(a.RefreshToken, userAgent)); r.Status != 401 || r.Code() != "token_reused" {
			t.Errorf("%d %s", r.Status, r.Body)
		}
		dead(t, []*dialecttest.Server{s, within, after, s.Node(t)}, "token_reused", b)
	})
}

// unsettled answers every rotation as one that another was faster with.
type unsettled struct{ store.Store }

func (unsettled) RotateSession(context.Context, store.Rotation) error { return store.ErrStale }

// TestASessionThatNeverHoldsStillIsNoFailure has a store that will not say what it last said.
func TestASessionThatNeverHoldsStillIsNoFailure(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	a := s.Register(t, "ada@example.com", goodPassword)
	restless := s.NodeWith(t, func(db store.Store) store.Store { return unsettled{db} })
	if r := restless.Do(t, renew(a.RefreshToken, userAgent)); r.Status != 503 || r.Header.Get("Retry-After") == "" {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	alive(t, []*dialecttest.Server{s}, a)
}
