package account_test

import (
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

func TestTheAuditLogSaysWhatAnOperatorSet(t *testing.T) {
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{})
	a := s.Register(t, "ada@example.com", "a long enough phrase")
	admin, yes := identity.Admin, true
	if _, err := s.App.Accounts.Set(t.Context(), dialecttest.Operator, a.LocalID, account.Setting{UserType: &admin, Disabled: &yes}); err != nil {
		t.Fatal(err)
	}
	s.Settle(t)
	var out strings.Builder
	if err := s.App.Audit.Export(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	if want := `"detail":{"disabled":"true","user_type":"admin"}`; !strings.Contains(out.String(), want) {
		t.Errorf("%s is not in\n%s", want, out.String())
	}
	if s.Me(t, a.AccessToken) != 401 {
		t.Error("the disabled account's session lives")
	}
}

func TestNobodyActsOnTheirEqualsOrBetters(t *testing.T) {
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{})
	for _, userType := range []string{identity.Customer, identity.Admin, identity.Superadmin} {
		s.NewUser(t, userType+"@example.com", userType)
	}
	actor := func(userType string) identity.Actor {
		return identity.Actor{User: &identity.User{ID: "x", UserType: userType}}
	}
	for name, tc := range map[string]struct {
		by      identity.Actor
		allowed string
	}{
		"a customer":   {actor(identity.Customer), ""},
		"an admin":     {actor(identity.Admin), "customer"},
		"a superadmin": {actor(identity.Superadmin), "customer admin superadmin"},
		"a server":     {identity.Actor{Key: &identity.APIKey{Kind: identity.Secret}}, "customer admin"},
		"an app":       {identity.Actor{Key: &identity.APIKey{Kind: identity.Publishable}}, ""},
		"an operator":  {dialecttest.Operator, "customer admin superadmin"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, userType := range []string{identity.Customer, identity.Admin, identity.Superadmin} {
				err := s.App.Accounts.SetPassword(t.Context(), tc.by, userType+"@example.com", "another long phrase")
				if may := strings.Contains(" "+tc.allowed+" ", " "+userType+" "); (err == nil) != may {
					t.Errorf("on %s: %v, want allowed %t", userType, err, may)
				}
			}
		})
	}
}
