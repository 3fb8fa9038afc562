package identity_test

import (
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

var userTypes = []string{identity.Customer, identity.Admin, identity.Superadmin}

func as(userType string) identity.Actor {
	return identity.Actor{User: &identity.User{ID: "self", UserType: userType}, Session: &identity.Session{}}
}

func TestWhoMayGrantAndActOnWhom(t *testing.T) {
	withKey := func(a identity.Actor, kind identity.KeyKind) identity.Actor {
		a.Key = &identity.APIKey{Kind: kind}
		return a
	}
	nobody := identity.Actor{}
	for name, tc := range map[string]struct {
		by             identity.Actor
		grants, actsOn string
	}{
		"nobody":                       {nobody, "", ""},
		"an application":               {withKey(nobody, identity.Publishable), "", ""},
		"a server":                     {withKey(nobody, identity.Secret), "customer admin", "customer admin"},
		"a bridge":                     {identity.Actor{Bridge: true}, "", ""},
		"somebody with the store":      {identity.Actor{CLI: true}, "customer admin superadmin", "customer admin superadmin"},
		"a customer":                   {as(identity.Customer), "", ""},
		"a customer at a server":       {withKey(as(identity.Customer), identity.Secret), "", ""},
		"an admin":                     {as(identity.Admin), "customer", "customer"},
		"an admin at a server":         {withKey(as(identity.Admin), identity.Secret), "customer", "customer"},
		"a superadmin":                 {as(identity.Superadmin), "customer admin", "customer admin superadmin"},
		"somebody of an unknown type":  {as("king"), "", ""},
		"somebody of a misspelt type":  {as("Superadmin"), "", ""},
		"somebody without a user type": {as(""), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			for _, userType := range userTypes {
				if got, want := tc.by.MayGrant(userType), strings.Contains(" "+tc.grants+" ", " "+userType+" "); got != want {
					t.Errorf("may grant %s: %t, want %t", userType, got, want)
				}
				other := identity.User{ID: "other", UserType: userType}
				if got, want := tc.by.MayActOn(other), strings.Contains(" "+tc.actsOn+" ", " "+userType+" "); got != want {
					t.Errorf("may act on %s: %t, want %t", userType, got, want)
				}
			}
			for _, unknown := range []string{"", "king", "Customer", "customer "} {
				if tc.by.MayGrant(unknown) {
					t.Errorf("may grant the unknown type %q", unknown)
				}
			}
		})
	}
}

func TestNobodyActsOnThemselvesAsAnAdministrator(t *testing.T) {
	for _, userType := range userTypes {
		by := as(userType)
		if by.MayActOn(*by.User) {
			t.Errorf("%s acts on itself", userType)
		}
		if by.MayActOn(identity.User{ID: by.User.ID, UserType: identity.Customer}) {
			t.Errorf("%s acts on itself as it was before", userType)
		}
	}
}
