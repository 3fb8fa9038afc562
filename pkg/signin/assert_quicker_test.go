package signin_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// overtaken is a store on which somebody else does something just before one call, once.
type overtaken struct {
	store.Store

	reserving, creating func()
	hidden              bool // a name that was taken a moment ago is not seen, once
	away                bool // identities cannot be looked up
}

func once(f *func()) {
	if do := *f; do != nil {
		*f = nil
		do()
	}
}

func (o *overtaken) ReserveUse(ctx context.Context, id string, hash []byte, userID string, now time.Time) (identity.Invitation, error) {
	once(&o.reserving)
	return o.Store.ReserveUse(ctx, id, hash, userID, now)
}

func (o *overtaken) CreateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	once(&o.creating)
	return o.Store.CreateUser(ctx, u, also...)
}

func (o *overtaken) UserByIdentifier(ctx context.Context, id identity.Identifier) (identity.User, error) {
	if o.away && id.Kind == identity.LinkedIdentifier {
		return identity.User{}, store.ErrUnavailable
	}
	if o.hidden && id.Kind == identity.LinkedIdentifier {
		o.hidden = false
		return identity.User{}, store.ErrNotFound
	}
	return o.Store.UserByIdentifier(ctx, id)
}

// TestAnotherRequestOfTheirsWasQuicker: both are of one person, and both come in by one account.
func TestAnotherRequestOfTheirsWasQuicker(t *testing.T) {
	for _, c := range []struct {
		name string
		a    func() identity.Assertion
		uses int64 // of the code; 0 is no code
		when func(o *overtaken, quicker func())
	}{
		{"and took the last use", vouched, 1, func(o *overtaken, quicker func()) { o.reserving = quicker }},
		{"and took one use of many", vouched, 9, func(o *overtaken, quicker func()) { o.reserving = quicker }},
		{"while the other held a use", vouched, 9, func(o *overtaken, quicker func()) { o.creating = quicker }},
		{"while the other held a use, and nobody vouches for them", unvouched, 9, func(o *overtaken, quicker func()) { o.creating = quicker }},
		{"and is seen late, and nobody vouches for them", unvouched, 0, func(o *overtaken, quicker func()) {
			o.creating = func() { quicker(); o.hidden = true }
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
				s := start(t, open, needNot)
				var slow *overtaken
				node := s.NodeWith(t, func(db store.Store) store.Store {
					slow = &overtaken{Store: db}
					return slow
				})
				text := ""
				if c.uses > 0 {
					text = invites(t, s, invite.New{MaxUses: c.uses})
				}
				var first string
				c.when(slow, func() {
					g, err := s.App.Signin.Assert(t.Context(), visitor, c.a(), text)
					if err != nil {
						t.Fatal(err)
					}
					first = g.User.ID
				})
				g, err := node.App.Signin.Assert(t.Context(), visitor, c.a(), text)
				if err != nil || first == "" || g.User.ID != first {
					t.Errorf("%v: came in as %q, before that as %q", err, g.User.ID, first)
				}
				if c.uses > 0 {
					if got := uses(t, s); got != 1 {
						t.Errorf("%d uses are taken", got)
					}
				}
			})
		})
	}
}

// TestAStoreThatIsAwayIsNoUsedUpInvitation: whether somebody else took its last use, or another
// request of theirs, cannot be told then.
func TestAStoreThatIsAwayIsNoUsedUpInvitation(t *testing.T) {
	s := start(t, dialecttest.SQLite(t), needNot)
	var slow *overtaken
	node := s.NodeWith(t, func(db store.Store) store.Store {
		slow = &overtaken{Store: db}
		return slow
	})
	text := invites(t, s, invite.New{MaxUses: 1})
	slow.reserving = func() {
		other := vouched()
		other.Subject, other.Email = "another", "another@example.com"
		if _, err := s.App.Signin.Assert(t.Context(), visitor, other, text); err != nil {
			t.Fatal(err)
		}
		slow.away = true
	}
	if _, err := node.App.Signin.Assert(t.Context(), visitor, vouched(), text); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
}
