package account_test

import (
	"errors"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

func TestAdministratorsReadEveryAccount(t *testing.T) {
	h := newHouse(t)
	h.Login(t, h.auth["superadmin"].Email, h.auth["superadmin"].Password)
	for _, by := range []string{"admin", "superadmin"} {
		for who, want := range map[string]int{"customer": 1, "admin2": 1, "superadmin": 2} {
			u, live, err := h.App.Accounts.Inspect(t.Context(), h.actor(t, by), h.id(who))
			if err != nil || u.ID != h.id(who) || len(live) != want {
				t.Errorf("%s reads %s: %q, %d sessions, %v", by, who, u.ID, len(live), err)
			}
		}
		if _, _, err := h.App.Accounts.Inspect(t.Context(), h.actor(t, by), "nobody"); !errors.Is(err, account.ErrNotFound) {
			t.Errorf("%s reads nobody: %v", by, err)
		}
	}
}

func TestNobodyElseLearnsWhetherThereIsAnAccount(t *testing.T) {
	h := newHouse(t)
	name := "Ada"
	for what, by := range map[string]identity.Actor{
		"nobody": {}, "a bridge": {Bridge: true}, "an application": {Key: &identity.APIKey{Kind: identity.Publishable}},
		"a customer": h.actor(t, "customer"),
	} {
		for _, id := range []string{h.id("customer"), h.id("customer2"), h.id("admin"), h.auth["admin"].Email, "nobody"} {
			_, _, read := h.App.Accounts.Inspect(t.Context(), by, id)
			_, set := h.App.Accounts.Set(t.Context(), by, id, account.Setting{Profile: account.ProfileChange{Name: &name}})
			_, deleted := h.App.Accounts.Delete(t.Context(), by, id)
			for verb, err := range map[string]error{
				"reads": read, "changes": set, "deletes": deleted, "gives a password to": h.App.Accounts.SetPassword(t.Context(), by, id, phrase),
			} {
				if !errors.Is(err, account.ErrNotAllowed) || fault.From(err).Msg != account.ErrNotAllowed.Msg {
					t.Errorf("%s %s %s: %v", what, verb, id, err)
				}
			}
		}
	}
}

func TestPasswordsAndDeletionsByAdministrators(t *testing.T) {
	for name, tc := range map[string]struct {
		by, of string
		want   error
	}{
		"an admin and a customer":      {"admin", "customer", nil},
		"an admin and another":         {"admin", "admin2", account.ErrNotAllowed},
		"an admin and a superadmin":    {"admin", "superadmin", account.ErrNotAllowed},
		"an admin and themselves":      {"admin", "admin", account.ErrNotAllowed},
		"a superadmin and themselves":  {"superadmin", "superadmin", account.ErrNotAllowed},
		"a superadmin and another":     {"superadmin", "superadmin2", nil},
		"an admin and nobody":          {"admin", "nobody", account.ErrNotFound},
		"a customer and another":       {"customer", "customer2", account.ErrNotAllowed},
		"a superadmin and an admin":    {"superadmin", "admin", nil},
		"an admin and an empty string": {"admin", "", account.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			by, of := h.actor(t, tc.by), h.auth[tc.of]
			err := h.App.Accounts.SetPassword(t.Context(), by, of.LocalID, "another long phrase")
			if !errors.Is(err, tc.want) {
				t.Errorf("password: %v, want %v", err, tc.want)
			}
			if err == nil {
				if h.Me(t, of.AccessToken) != 401 {
					t.Error("a session outlived the password")
				}
				h.Login(t, of.Email, "another long phrase")
				if n := len(h.Mails(t, mail.PasswordChanged, of.Email)); n != 1 {
					t.Errorf("%d mails to the owner", n)
				}
			}
			_, err = h.App.Accounts.Delete(t.Context(), by, of.LocalID)
			if !errors.Is(err, tc.want) {
				t.Errorf("deletion: %v, want %v", err, tc.want)
			}
			if gone := of.LocalID != "" && h.stored(t, tc.of).Deleted; gone != (tc.want == nil) {
				t.Errorf("deleted: %t", gone)
			}
		})
	}
}

func TestOnesOwnDoorIsNamed(t *testing.T) {
	h := newHouse(t)
	admin := h.actor(t, "admin")
	_, deleted := h.App.Accounts.Delete(t.Context(), admin, h.id("admin"))
	for _, err := range []error{deleted, h.App.Accounts.SetPassword(t.Context(), admin, h.id("admin"), phrase)} {
		if f := fault.From(err); f.Kind != fault.Forbidden || f.Msg == account.ErrNotAllowed.Msg {
			t.Errorf("%v", err)
		}
	}
	if _, err := h.App.Accounts.Delete(t.Context(), dialecttest.Operator, h.id("admin")); err != nil {
		t.Error(err)
	}
}
