package app_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// overtaken lets something happen between what a request has read and what it writes.
type overtaken struct {
	store.Store
	once   sync.Once
	before func()
}

func (o *overtaken) UpdateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	o.once.Do(o.before)
	return o.Store.UpdateUser(ctx, u, also...)
}

// TestASignOutThatComesLateEndsNothingNew holds a sign-out everywhere up, as a network may, until
// it has been repeated and the user has signed in again.
func TestASignOutThatComesLateEndsNothingNew(t *testing.T) {
	for _, scope := range []string{"all", "others"} {
		t.Run(scope, func(t *testing.T) {
			dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
				s := dialecttest.Start(t, open, dialecttest.Options{})
				old := s.Register(t, "ada@example.com", phrase)
				var fresh dialecttest.Authorization
				slow := s.NodeWith(t, func(db store.Store) store.Store {
					return &overtaken{Store: db, before: func() {
						r := s.Do(t, dialecttest.Request{Path: "/auth/logout", Bearer: old.AccessToken, Body: `{"scope":"all"}`})
						if r.Status != 204 {
							t.Errorf("the repetition: %d %s", r.Status, r.Body)
						}
						fresh = s.Login(t, "ada@example.com", phrase)
					}}
				})
				r := slow.Do(t, dialecttest.Request{Path: "/auth/logout", Bearer: old.AccessToken, Body: pairs("scope", scope)})
				if r.Status != 401 || r.Code() != "session_ended" {
					t.Errorf("the late one: %d %s", r.Status, r.Body)
				}
				if got := s.Me(t, fresh.AccessToken); got != 200 {
					t.Errorf("the session that began after the sign-out is answered %d", got)
				}
				if got := s.Me(t, old.AccessToken); got != 401 {
					t.Errorf("the session that was signed out is answered %d", got)
				}
			})
		})
	}
}

// TestAChangeThatComesLateIsRefused lets an account's session end while it changes the account.
func TestAChangeThatComesLateIsRefused(t *testing.T) {
	signOut := dialecttest.Request{Path: "/auth/logout", Body: `{"scope":"all"}`}
	deletion := dialecttest.Request{Method: "DELETE", Path: "/auth/me", Body: pairs("currentPassword", phrase)}
	changes := map[string]dialecttest.Request{
		"of the profile":  {Method: "PATCH", Path: "/auth/me", Body: pairs("name", "Eve")},
		"of the password": {Path: "/auth/changePassword", Body: pairs("currentPassword", phrase, "newPassword", "another long phrase")},
		"to nothing":      deletion,
	}
	ends := map[string]dialecttest.Request{"a sign-out": signOut, "its deletion": deletion}
	for change, late := range changes {
		for end, first := range ends {
			t.Run("a change "+change+" after "+end, func(t *testing.T) {
				s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{})
				a := s.Register(t, "ada@example.com", phrase)
				slow := s.NodeWith(t, func(db store.Store) store.Store {
					return &overtaken{Store: db, before: func() {
						first.Bearer = a.AccessToken
						if r := s.Do(t, first); r.Status != 204 {
							t.Errorf("the end of the session: %d %s", r.Status, r.Body)
						}
					}}
				})
				late.Bearer = a.AccessToken
				if r := slow.Do(t, late); r.Status != 401 || r.Code() != "session_ended" {
					t.Errorf("the late change: %d %s", r.Status, r.Body)
				}
				if end == "a sign-out" {
					again := s.Login(t, "ada@example.com", phrase)
					if r := s.Do(t, dialecttest.Request{Path: "/auth/me", Bearer: again.AccessToken}); strings.Contains(r.Body, "Eve") {
						t.Errorf("the account was changed: %s", r.Body)
					}
				}
			})
		}
	}
}
