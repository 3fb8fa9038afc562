package native_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// partly is a store of which one method does not answer.
type partly struct {
	store.Store

	mu   sync.Mutex
	down string
}

// fail makes a method fail; with an empty name all of them work.
func (p *partly) fail(method string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = method
}

func (p *partly) err(method string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down == method {
		return store.ErrUnavailable.With(errors.New("sqlite: database is locked; mongo: connection reset"))
	}
	return nil
}

// try calls do unless the method is down.
func try[T any](p *partly, method string, do func() (T, error)) (T, error) {
	if err := p.err(method); err != nil {
		var zero T
		return zero, err
	}
	return do()
}

func (p *partly) UserByIdentifier(ctx context.Context, name identity.Identifier) (identity.User, error) {
	return try(p, "UserByIdentifier", func() (identity.User, error) { return p.Store.UserByIdentifier(ctx, name) })
}

func (p *partly) User(ctx context.Context, id string) (identity.User, error) {
	return try(p, "User", func() (identity.User, error) { return p.Store.User(ctx, id) })
}

func (p *partly) SessionAndUser(ctx context.Context, id string) (sess identity.Session, u identity.User, err error) {
	if err := p.err("SessionAndUser"); err != nil {
		return sess, u, err
	}
	return p.Store.SessionAndUser(ctx, id)
}

func (p *partly) Hit(ctx context.Context, now time.Time, c ...store.Counter) ([]store.Count, error) {
	return try(p, "Hit", func() ([]store.Count, error) { return p.Store.Hit(ctx, now, c...) })
}

func (p *partly) Forget(ctx context.Context, keys ...string) error {
	_, err := try(p, "Forget", func() (any, error) { return nil, p.Store.Forget(ctx, keys...) })
	return err
}

func (p *partly) Record(ctx context.Context, also ...identity.Consequence) error {
	_, err := try(p, "Record", func() (any, error) { return nil, p.Store.Record(ctx, also...) })
	return err
}

func (p *partly) StartSession(ctx context.Context, s identity.Session, also ...identity.Consequence) error {
	_, err := try(p, "StartSession", func() (any, error) { return nil, p.Store.StartSession(ctx, s, also...) })
	return err
}

func (p *partly) RotateSession(ctx context.Context, r store.Rotation) error {
	_, err := try(p, "RotateSession", func() (any, error) { return nil, p.Store.RotateSession(ctx, r) })
	return err
}

func (p *partly) EndSession(ctx context.Context, id string, at time.Time, why identity.EndReason, also ...identity.Consequence) error {
	_, err := try(p, "EndSession", func() (any, error) { return nil, p.Store.EndSession(ctx, id, at, why, also...) })
	return err
}

func (p *partly) CreateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	_, err := try(p, "CreateUser", func() (any, error) { return nil, p.Store.CreateUser(ctx, u, also...) })
	return err
}

func (p *partly) UpdateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	_, err := try(p, "UpdateUser", func() (any, error) { return nil, p.Store.UpdateUser(ctx, u, also...) })
	return err
}

func (p *partly) Invitation(ctx context.Context, id string) (identity.Invitation, error) {
	return try(p, "Invitation", func() (identity.Invitation, error) { return p.Store.Invitation(ctx, id) })
}

func (p *partly) InvitationByCode(ctx context.Context, codeHash []byte) (identity.Invitation, error) {
	return try(p, "InvitationByCode", func() (identity.Invitation, error) { return p.Store.InvitationByCode(ctx, codeHash) })
}

func (p *partly) ReserveUse(ctx context.Context, id string, codeHash []byte, userID string, at time.Time) (identity.Invitation, error) {
	return try(p, "ReserveUse", func() (identity.Invitation, error) { return p.Store.ReserveUse(ctx, id, codeHash, userID, at) })
}

func (p *partly) ConfirmUse(ctx context.Context, id, userID string) error {
	_, err := try(p, "ConfirmUse", func() (any, error) { return nil, p.Store.ConfirmUse(ctx, id, userID) })
	return err
}

// TestAPartOfTheStoreThatFailsIsNeverAnAnswer takes one method away at a time: what would need
// it is answered 503, nobody gets in unlimited or is told that there is no such thing, and
// afterwards the same request does what it should have done.
func TestAPartOfTheStoreThatFailsIsNeverAnAnswer(t *testing.T) {
	for method, names := range map[string][]string{
		"UserByIdentifier": {"login", "login of nobody", "changePassword by email"},
		"User":             {"changePassword by id", "PATCH me", "logout", "register by code"},
		"SessionAndUser":   {"GET me", "GET sessions", "introspect", "a refresh token", "revoke", "refreshToken", "logout", "PATCH me"},
		"Hit":              {"login", "login of nobody", "register", "register by code", "changePassword", "DELETE me"},
		"Record":           {"login of nobody"},
		"StartSession":     {"login", "register"},
		"RotateSession":    {"refreshToken"},
		"EndSession":       {"revoke"},
		"CreateUser":       {"register", "register by code"},
		"UpdateUser":       {"PATCH me", "logout", "changePassword", "changePassword by id", "register by code"},
		"Invitation":       {"register by code"},
		"ReserveUse":       {"register by code"},
		"ConfirmUse":       {"register by code"},
	} {
		t.Run(method, func(t *testing.T) {
			var part *partly
			s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{Wrap: func(db store.Store) store.Store {
				part = &partly{Store: db}
				return part
			}})
			dialecttest.QuickPasswords(s)
			for i, name := range names {
				t.Run(name, func(t *testing.T) {
					a := s.Register(t, fmt.Sprintf("u%d@example.com", i), goodPassword)
					inv := inviteOne(t, s, `{"maxUses":5}`)
					q := everyRoute(s, a, inv)[name]
					part.fail(method)
					outage(t, name, s.Do(t, q))
					part.fail("")
					again := s.Do(t, q)
					if good := again.Status/100 == 2 || again.Code() == "email_exists" || name == "login of nobody" && again.Status == 401; !good {
						t.Errorf("afterwards: %d %s", again.Status, again.Body)
					}
				})
			}
		})
	}
}
