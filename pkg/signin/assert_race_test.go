package signin_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/session"
)

// TestManyAssertionsAtOnceAreOneAccount, over two nodes, whatever they find.
func TestManyAssertionsAtOnceAreOneAccount(t *testing.T) {
	for _, c := range []struct {
		name   string
		before func(t *testing.T, s *dialecttest.Server)
		of     func(i int) identity.Assertion
		links  int
	}{
		{"one identity of somebody new", nil, func(int) identity.Assertion { return vouched() }, 1},
		{"one identity of somebody new whom nobody vouches for", nil, func(int) identity.Assertion { return unvouched() }, 1},
		{"two identities of somebody new", nil, two, 2},
		{"one identity of somebody who has an account", proved, func(int) identity.Assertion { return vouched() }, 1},
		{"two identities of somebody who has an account", proved, two, 2},
		{"two identities of somebody whose account nobody has proved", registered, two, 2},
		{"one identity, linked to an account that nobody has proved", linkedBefore(vouched()), func(int) identity.Assertion { return vouched() }, 1},
		{"two identities, linked to an account that nobody has proved", linkedBefore(two(0), two(1)), two, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
				s := start(t, open, needNot)
				nodes := []*dialecttest.Server{s, s.Node(t)}
				if c.before != nil {
					c.before(t, s)
				}
				var good atomic.Int64
				dialecttest.Together(20, func(i int) {
					switch g, err := nodes[i%2].App.Signin.Assert(context.WithoutCancel(t.Context()), visitor, c.of(i/2), ""); {
					case err == nil && nodes[(i+1)%2].Me(t, g.AccessToken) == 200:
						good.Add(1)
					case err == nil:
						t.Error("a session does not hold")
					case !errors.Is(err, session.ErrBusy):
						t.Error(err)
					}
				})
				u := stored(t, s)
				if len(u.Linked) != c.links || good.Load() == 0 {
					t.Errorf("%d signed in, linked are %+v", good.Load(), u.Linked)
				}
				log := events(t, s)
				made, linked := strings.Count(log, `"type":"user_registered"`), strings.Count(log, `"type":"identity_linked"`)
				if first := c.before == nil; made > 1 || first && (made != 1 || linked != c.links-1) || !first && linked != c.links {
					t.Errorf("%d accounts made, %d identities linked", made, linked)
				}
				for i := range 2 {
					if g := comesIn(t, s, c.of(i)); g.User.ID != u.ID {
						t.Error("one of them is another account")
					}
				}
			})
		})
	}
}

func two(i int) identity.Assertion {
	a := vouched()
	a.Provider += strconv.Itoa(i % 2)
	return a
}

// linkedBefore makes ada an account that nobody has proved, with these identities.
func linkedBefore(all ...identity.Assertion) func(t *testing.T, s *dialecttest.Server) {
	return func(t *testing.T, s *dialecttest.Server) {
		t.Helper()
		registered(t, s)
		rewrite(t, s, func(u *identity.User) {
			for _, a := range all {
				u.AddLinked(a, s.Clock.Now())
			}
		})
	}
}

// TestAnIdentityIsOneAccountsInTheEnd: two accounts link it while it signs up as a third.
func TestAnIdentityIsOneAccountsInTheEnd(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		nodes := []*dialecttest.Server{s, s.Node(t)}
		var by []identity.Actor
		for _, email := range []string{"bob@example.com", "carl@example.com"} {
			actor, err := s.App.Sessions.Authenticate(t.Context(), s.Register(t, email, phrase).AccessToken)
			if err != nil {
				t.Fatal(err)
			}
			by = append(by, actor)
		}
		var linked atomic.Int64
		dialecttest.Together(12, func(i int) {
			ctx := context.WithoutCancel(t.Context())
			if i%3 == 2 {
				if _, err := nodes[i%2].App.Signin.Assert(ctx, visitor, vouched(), ""); err != nil && !errors.Is(err, session.ErrBusy) {
					t.Error(err)
				}
				return
			}
			_, err := nodes[i%2].App.Accounts.Link(ctx, by[i%3], vouched())
			switch {
			case err == nil:
				linked.Add(1)
			case !errors.Is(err, account.ErrLinkedElsewhere) && !errors.Is(err, session.ErrBusy):
				t.Error(err)
			}
		})
		owner := holder(t, s, vouched().Identifier())
		lists := 0
		for _, id := range []string{by[0].User.ID, by[1].User.ID, holder(t, s, adasAddress()).ID} {
			if u, err := s.App.Store.User(t.Context(), id); err == nil && len(u.Linked) > 0 {
				lists++
			}
		}
		if lists != 1 || !owner.IsLinked(vouched()) || comesIn(t, s, vouched()).User.ID != owner.ID {
			t.Errorf("%d accounts list it, %d links were answered as made, it is %s's", lists, linked.Load(), owner.ID)
		}
	})
}
