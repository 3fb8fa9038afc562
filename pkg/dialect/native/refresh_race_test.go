package native_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

// TestParallelRefreshesGetOneSuccessor sends one refresh token fifty times at the same moment,
// as tabs that wake up together do, to one node and to three.
func TestParallelRefreshesGetOneSuccessor(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		three := []*dialecttest.Server{s, s.Node(t), s.Node(t)}
		for name, nodes := range map[string][]*dialecttest.Server{"on one node": three[:1], "on three nodes": three} {
			t.Run(name, func(t *testing.T) {
				email := fmt.Sprintf("user%d@example.com", len(nodes))
				a := s.Register(t, email, goodPassword)
				for round := range 4 {
					answers := stampede(t, nodes, 50, a.RefreshToken)
					a = answers[0]
					for _, other := range answers {
						if other.RefreshToken != a.RefreshToken {
							t.Fatalf("round %d: the session has forked", round)
						}
					}
					for i, n := range nodes {
						if n.Me(t, answers[0].AccessToken) != 200 || n.Me(t, answers[49].AccessToken) != 200 {
							t.Errorf("round %d: node %d refuses an access token", round, i)
						}
					}
					s.Clock.Advance(time.Duration(round) * time.Second)
				}
				a = alive(t, nodes, a)
				var list struct{ Sessions []struct{ Current bool } }
				s.Do(t, request{Path: "/auth/sessions", Bearer: a.AccessToken}).JSON(t, &list)
				if len(list.Sessions) != 1 || !list.Sessions[0].Current {
					t.Errorf("the user has %d sessions", len(list.Sessions))
				}
			})
		}
		if got := thefts(t, s); len(got) != 0 {
			t.Errorf("honest clients are recorded as thieves of %v", got)
		}
	})
}

// stampede refreshes n times at once, spread over the nodes. Whoever is told to come back
// does; every other answer but a grant is an error.
func stampede(t *testing.T, nodes []*dialecttest.Server, n int, refreshToken string) []dialecttest.Authorization {
	t.Helper()
	answers := make([]dialecttest.Response, n)
	dialecttest.Together(n, func(i int) {
		for range 10 {
			r, err := nodes[i%len(nodes)].Try(renew(refreshToken, userAgent))
			if err != nil {
				t.Error(err)
			}
			if answers[i] = r; r.Status != 503 {
				return
			}
		}
	})
	grants := make([]dialecttest.Authorization, n)
	for i, r := range answers {
		if r.Status != 200 {
			t.Fatalf("%d %s", r.Status, r.Body)
		}
		r.JSON(t, &grants[i])
	}
	return grants
}

// TestARaceOfThiefAndVictimEndsTheSession sends a spent token and its successor at once, each
// ten times: whatever comes first, nobody keeps the session, and it is recorded once.
func TestARaceOfThiefAndVictimEndsTheSession(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		nodes := []*dialecttest.Server{s, s.Node(t)}
		s.Register(t, "ada@example.com", goodPassword)
		for round := range 4 {
			spent := s.Login(t, "ada@example.com", goodPassword)
			current := s.Refresh(t, spent.RefreshToken)
			s.Clock.Advance(grace + time.Second)
			dialecttest.Together(20, func(i int) {
				token, replay := current.RefreshToken, i%2 == 1
				if replay {
					token = spent.RefreshToken
				}
				r, err := nodes[i/2%2].Try(renew(token, userAgent))
				if err != nil || r.Status != 401 && (replay || r.Status != 200) {
					t.Errorf("round %d: %d %s %v", round, r.Status, r.Body, err)
				}
			})
			dead(t, nodes, "token_reused", current)
			if got := thefts(t, s); len(got) != round+1 {
				t.Errorf("after %d thefts %d are recorded", round+1, len(got))
			}
		}
	})
}
