package invite_test

import (
	"errors"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
)

func TestNobodyRevokesWhatTheyCouldNotHaveGiven(t *testing.T) {
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{})
	issued, err := s.App.Invites.Create(t.Context(), dialecttest.Operator, invite.New{UserType: identity.Admin})
	if err != nil {
		t.Fatal(err)
	}
	id := issued[0].ID
	admin := identity.Actor{User: &identity.User{ID: "x", UserType: identity.Admin}}
	super := identity.Actor{User: &identity.User{ID: "y", UserType: identity.Superadmin}}
	if err := s.App.Invites.Revoke(t.Context(), admin, id); !errors.Is(err, invite.ErrGrant) {
		t.Errorf("an admin: %v", err)
	}
	for range 2 { // twice is no error
		if err := s.App.Invites.Revoke(t.Context(), super, id); err != nil {
			t.Errorf("a superadmin: %v", err)
		}
	}
	if err := s.App.Invites.Revoke(t.Context(), super, "none"); !errors.Is(err, invite.ErrNotFound) {
		t.Errorf("an unknown one: %v", err)
	}
}
