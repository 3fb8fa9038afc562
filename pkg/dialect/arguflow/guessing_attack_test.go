package arguflow_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
)

// TestIDsAreGuessedSlowly has the limits on.
func TestIDsAreGuessedSlowly(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, "GATEHOUSE_LIMIT_CODE=10/15m")
		n := node(t, s)
		newUser(t, s, bob)
		invitation, reset := invited(t, s, ada), resetID(t, s, bob)
		for name, c := range map[string]struct {
			try    func(id string) request
			good   string
			status int
		}{
			"invitations": {func(id string) request { return register(id, phrase) }, invitation, 200},
			"resets": {func(id string) request {
				return request{Path: "/api/password", Body: twice(another, "password_reset_id", id)}
			}, reset, 204},
		} {
			t.Run(name, func(t *testing.T) {
				var statuses []int
				for i := range 12 {
					r := []*dialecttest.Server{s, n}[i%2].Do(t, c.try(opaque.NewUUID()))
					r.ArguflowError(t)
					if statuses = append(statuses, r.Status); r.Status == 429 && r.Header.Get("Retry-After") == "" {
						t.Error("it does not say when to come back")
					}
				}
				if diff := cmp.Diff([]int{400, 400, 400, 400, 400, 400, 400, 400, 400, 400, 429, 429}, statuses); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				must(t, s, c.try(c.good), 429)
				s.Clock.Advance(16 * time.Minute)
				must(t, s, c.try(c.good), c.status)
			})
		}
	})
}

// TestWhoHasAGoodIDGuessesNothing has the holders of links look for a password that is taken, more
// often than anybody may guess.
func TestWhoHasAGoodIDGuessesNothing(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, "GATEHOUSE_LIMIT_CODE=2/15m")
		newUser(t, s, bob)
		invitation, reset := invited(t, s, ada), resetID(t, s, bob)
		for range 4 {
			says(t, s, register(invitation, "password"), "The password is one of the most used ones")
			says(t, s, request{Path: "/api/password", Body: twice("password", "password_reset_id", reset)}, "The password is one of the most used ones")
		}
		must(t, s, register(invitation, phrase), 200)
		must(t, s, request{Path: "/api/password", Body: twice(another, "password_reset_id", reset)}, 204)
	})
}
