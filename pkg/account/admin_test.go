package account_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/audit"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/session"
)

// house is a service with an account of each type, each signed in.
type house struct {
	*dialecttest.Server
	auth map[string]dialecttest.Authorization // by user type; two of each: "admin" and "admin2"
}

func newHouse(t *testing.T) house {
	t.Helper()
	h := house{Server: dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{}), auth: map[string]dialecttest.Authorization{}}
	dialecttest.QuickPasswords(h.Server)
	for _, userType := range []string{identity.Customer, identity.Admin, identity.Superadmin} {
		for _, n := range []string{"", "2"} {
			h.auth[userType+n] = h.NewUser(t, userType+n+"@example.com", userType)
		}
	}
	return h
}

func (h house) actor(t *testing.T, who string) identity.Actor {
	t.Helper()
	a, err := h.App.Sessions.Authenticate(t.Context(), h.auth[who].AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (h house) id(who string) string { return h.auth[who].LocalID }

func (h house) stored(t *testing.T, who string) identity.User {
	t.Helper()
	u, err := h.App.Accounts.Store.User(t.Context(), h.id(who))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// restore makes an account what it was.
func (h house) restore(t *testing.T, u identity.User) {
	t.Helper()
	now, err := h.App.Accounts.Store.User(t.Context(), u.ID)
	if u.Rev = now.Rev; err == nil {
		err = h.App.Accounts.Store.UpdateUser(t.Context(), u)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (h house) log(t *testing.T) string {
	t.Helper()
	h.Settle(t)
	var out strings.Builder
	if err := h.App.Audit.Export(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// settings is one of each part of a Setting that changes every account of a house.
func settings() map[string]account.Setting {
	yes, admin, customer := true, identity.Admin, identity.Customer
	email, name := "new@example.com", "somebody"
	return map[string]account.Setting{
		"promote": {UserType: &admin}, "demote": {UserType: &customer}, "disable": {Disabled: &yes}, "verify": {Verified: &yes},
		"email": {Email: &email}, "username": {Username: &name}, "profile": {Profile: account.ProfileChange{Name: &name}},
	}
}

func TestWhoMaySetWhatOfWhom(t *testing.T) {
	everything := []string{"demote", "disable", "verify", "email", "username", "profile"}
	own := []string{"username", "profile"}
	for name, tc := range map[string]struct {
		by, of  string
		allowed []string
	}{
		"a customer and another":                {"customer", "customer2", nil},
		"a customer and themselves":             {"customer", "customer", nil},
		"a customer and an admin":               {"customer", "admin", nil},
		"an admin and a customer":               {"admin", "customer", everything},
		"an admin and themselves":               {"admin", "admin", append([]string{"demote"}, own...)},
		"an admin and another":                  {"admin", "admin2", nil},
		"an admin and a superadmin":             {"admin", "superadmin", nil},
		"a superadmin and a customer":           {"superadmin", "customer", append([]string{"promote"}, everything...)},
		"a superadmin and an admin":             {"superadmin", "admin", everything},
		"a superadmin and another of the kind":  {"superadmin", "superadmin2", append([]string{"promote"}, everything...)},
		"a superadmin and themselves":           {"superadmin", "superadmin", append([]string{"promote", "demote"}, own...)},
		"somebody with the store and the admin": {"", "admin", everything},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			for what, set := range settings() {
				by := dialecttest.Operator
				if tc.by != "" {
					by = h.actor(t, tc.by)
				}
				before := h.stored(t, tc.of)
				_, err := h.App.Accounts.Set(t.Context(), by, h.id(tc.of), set)
				nothing := what == "promote" && strings.HasPrefix(tc.of, "admin") || what == "demote" && strings.HasPrefix(tc.of, "customer")
				switch after := h.stored(t, tc.of); {
				case slices.Contains(tc.allowed, what) && err != nil:
					t.Errorf("%s: %v", what, err)
				case slices.Contains(tc.allowed, what) || nothing && err == nil:
				case !errors.Is(err, account.ErrNotAllowed):
					t.Errorf("%s: %v, want a refusal", what, err)
				case after.Rev != before.Rev:
					t.Errorf("%s was refused, and done", what)
				}
				h.restore(t, before)
			}
		})
	}
}

func TestOnlyTheStoreItselfMakesSuperadmins(t *testing.T) {
	h := newHouse(t)
	top := identity.Superadmin
	for _, by := range []string{"customer", "admin", "superadmin"} {
		for _, of := range []string{"customer2", "admin2", by} {
			_, err := h.App.Accounts.Set(t.Context(), h.actor(t, by), h.id(of), account.Setting{UserType: &top})
			if granted := h.stored(t, of).UserType == top && of != "superadmin"; granted || !errors.Is(err, account.ErrNotAllowed) && of != "superadmin" {
				t.Errorf("%s makes %s superadmin: %v", by, of, err)
			}
		}
	}
	if _, err := h.App.Accounts.Set(t.Context(), dialecttest.Operator, h.id("admin"), account.Setting{UserType: &top}); err != nil {
		t.Error(err)
	}
}

func TestWhoMayMakeWhom(t *testing.T) {
	h := newHouse(t)
	for name, tc := range map[string]struct {
		by      identity.Actor
		allowed string
	}{
		"nobody":       {identity.Actor{}, ""},
		"a bridge":     {identity.Actor{Bridge: true}, ""},
		"a customer":   {h.actor(t, "customer"), ""},
		"an admin":     {h.actor(t, "admin"), " customer default "},
		"a superadmin": {h.actor(t, "superadmin"), " customer admin default "},
		"an operator":  {dialecttest.Operator, " customer admin superadmin default "},
	} {
		for _, userType := range []string{"default", identity.Customer, identity.Admin, identity.Superadmin} {
			var set account.Setting
			if userType != "default" {
				set.UserType = &userType
			}
			d := account.Draft{Email: strings.ReplaceAll(name, " ", "-") + "." + userType + "@example.com", Password: phrase}
			u, err := h.App.Accounts.Create(t.Context(), tc.by, d, set)
			may := strings.Contains(tc.allowed, " "+userType+" ")
			if may && err != nil || !may && !errors.Is(err, account.ErrNotAllowed) {
				t.Errorf("%s makes a %s: %v, want allowed %t", name, userType, err, may)
			}
			if userType == "default" && may && u.UserType != identity.Customer {
				t.Errorf("%s made a %s without asking for one", name, u.UserType)
			}
		}
	}
}

func TestAnAccountThatIsMadeIsLikeTheSettingSays(t *testing.T) {
	h := newHouse(t)
	email, name, yes := "eve@example.com", "Eve", true
	u, err := h.App.Accounts.Create(t.Context(), h.actor(t, "admin"), account.Draft{Password: phrase, Profile: account.ProfileChange{LastName: &name, Name: &email}},
		account.Setting{Email: &email, Username: &name, Verified: &yes, Profile: account.ProfileChange{Name: &name}})
	if err != nil || u.Email != email || u.Username != name || !u.EmailVerified || u.Profile.Name != name || u.Profile.LastName != name {
		t.Errorf("%+v, %v", u, err)
	}
	_, err = h.App.Accounts.Create(t.Context(), h.actor(t, "admin"), account.Draft{Email: "x@example.com"}, account.Setting{})
	if f := fault.From(err); f.Code != "weak_password" && f.Code != "invalid_input" {
		t.Errorf("without a password: %v", err)
	}
}

func TestAnAddressThatAnAdministratorGivesHoldsAtOnce(t *testing.T) {
	yes, email := true, "new@example.com"
	for name, tc := range map[string]struct {
		proved bool // the old address
		given  *bool
		mails  int
	}{
		"and its reader is not known":         {true, nil, 1},
		"and is verified if they say so":      {true, &yes, 1},
		"and an unproved one is told nothing": {false, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			old := h.auth["customer"].Email
			if err := h.App.Accounts.RequestReset(t.Context(), identity.Actor{}, old, ""); err != nil {
				t.Fatal(err)
			}
			reset := h.MailedToken(t, mail.ResetPassword, old)
			if err := h.App.Accounts.ChangeEmail(t.Context(), h.actor(t, "customer"), "third@example.com", h.auth["customer"].Password); err != nil {
				t.Fatal(err)
			}
			undo, move := h.MailedToken(t, mail.AddressChange, old), h.MailedToken(t, mail.ConfirmAddress, "third@example.com")
			if _, err := h.App.Accounts.Set(t.Context(), dialecttest.Operator, old, account.Setting{Verified: &tc.proved}); err != nil {
				t.Fatal(err)
			}
			admin := h.actor(t, "admin")
			admin.Client.IP = "192.0.2.77"
			u, err := h.App.Accounts.Set(t.Context(), admin, h.id("customer"), account.Setting{Email: &email, Verified: tc.given})
			if err != nil || u.Email != email || u.EmailVerified != (tc.given != nil) || len(u.Proofs) != 0 {
				t.Errorf("%+v, %v", u, err)
			}
			if stored := h.stored(t, "customer"); stored.EmailKey() != email || stored.EmailVerified != (tc.given != nil) {
				t.Errorf("stored: %+v", stored)
			}
			if err := h.App.Accounts.ResetPassword(t.Context(), identity.Actor{}, reset, "another long phrase"); !errors.Is(err, account.ErrInvalidLink) {
				t.Errorf("a link that went to the old address: %v", err)
			}
			if err := h.App.Accounts.CancelEmailChange(t.Context(), identity.Actor{}, undo); !errors.Is(err, account.ErrInvalidLink) {
				t.Errorf("one that undoes a change before: %v", err)
			}
			if _, err := h.App.Accounts.VerifyEmail(t.Context(), identity.Actor{}, move); !errors.Is(err, account.ErrInvalidLink) {
				t.Errorf("one that went to a third address: %v", err)
			}
			told := h.Mails(t, mail.AddressChanged, old)
			if len(told) != tc.mails {
				t.Errorf("%d mails to the old address, want %d", len(told), tc.mails)
			}
			for _, m := range told {
				if strings.Contains(m.Text, email) || strings.Contains(m.Text, admin.Client.IP) {
					t.Errorf("the mail tells too much:\n%s", m.Text)
				}
			}
			if h.Me(t, h.auth["customer"].AccessToken) != 200 {
				t.Error("a session ended")
			}
			log := h.log(t)
			if strings.Contains(log, email) || !strings.Contains(log, `"fields":"email"`) || !strings.Contains(log, `"type":"`+audit.EmailChanged+`"`) {
				t.Errorf("the audit log has\n%s", log)
			}
		})
	}
}

func TestAnAdministratorCannotGiveWhatSomebodyHas(t *testing.T) {
	h := newHouse(t)
	taken, odd, name := h.auth["customer2"].Email, "nonsense", "Ada"
	admin := h.actor(t, "admin")
	for what, tc := range map[string]struct {
		set  account.Setting
		code string
	}{
		"the address of another":     {account.Setting{Email: &taken}, "email_exists"},
		"what is no address":         {account.Setting{Email: &odd}, "invalid_input"},
		"an empty address":           {account.Setting{Email: new(string)}, "invalid_input"},
		"a type that does not exist": {account.Setting{UserType: &odd}, "invalid_input"},
		"what is no user name":       {account.Setting{Username: &taken}, "invalid_input"},
		"what is no date":            {account.Setting{Profile: account.ProfileChange{BirthDate: &odd, Name: &name}}, "invalid_input"},
	} {
		if _, err := h.App.Accounts.Set(t.Context(), admin, h.id("customer"), tc.set); fault.From(err).Code != tc.code {
			t.Errorf("%s: %v, want %s", what, err, tc.code)
		}
	}
	if u := h.stored(t, "customer"); u.Email != h.auth["customer"].Email || u.Profile.Name != "" {
		t.Errorf("a refused change was made: %+v", u)
	}
}

func TestARoleAndAShutAccountHoldAtOnce(t *testing.T) {
	h := newHouse(t)
	customer, yes, no := identity.Customer, true, false
	if _, err := h.App.Accounts.Set(t.Context(), h.actor(t, "superadmin"), h.id("admin"), account.Setting{UserType: &customer}); err != nil {
		t.Fatal(err)
	}
	if a := h.actor(t, "admin"); a.User.UserType != customer {
		t.Errorf("the session of the demoted admin is one of a %s", a.User.UserType)
	}
	if _, err := h.App.Accounts.Set(t.Context(), h.actor(t, "superadmin"), h.id("admin"), account.Setting{Disabled: &yes}); err != nil {
		t.Fatal(err)
	}
	if h.Me(t, h.auth["admin"].AccessToken) != 401 {
		t.Error("the session of a disabled account lives")
	}
	_, live, err := h.App.Accounts.Inspect(t.Context(), h.actor(t, "superadmin"), h.id("admin"))
	if err != nil || len(live) != 0 {
		t.Errorf("%d live sessions, %v", len(live), err)
	}
	if _, err := h.App.Accounts.Set(t.Context(), h.actor(t, "superadmin"), h.id("admin"), account.Setting{Disabled: &no}); err != nil {
		t.Fatal(err)
	}
	if h.Me(t, h.auth["admin"].AccessToken) != 401 {
		t.Error("the session of a disabled account is back")
	}
}

func TestWhoSendsAnAccountBackAsItWasAsksForNothing(t *testing.T) {
	h := newHouse(t)
	for _, who := range []string{"admin", "superadmin"} {
		u := h.stored(t, who)
		email := strings.ToUpper(u.Email)
		back := account.Setting{UserType: &u.UserType, Disabled: &u.Disabled, Verified: &u.EmailVerified, Email: &email, Username: &u.Username}
		got, err := h.App.Accounts.Set(t.Context(), h.actor(t, who), u.ID, back)
		if err != nil || got.Email != u.Email || got.Epoch != u.Epoch {
			t.Errorf("%s: %+v, %v", who, got, err)
		}
	}
}

func TestARequestDoesNotOutliveTheRoleItCameWith(t *testing.T) {
	customer, yes := identity.Customer, true
	for name, lost := range map[string]account.Setting{"demoted": {UserType: &customer}, "disabled": {Disabled: &yes}} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			admin := h.actor(t, "admin")
			if _, err := h.App.Accounts.Set(t.Context(), dialecttest.Operator, h.id("admin"), lost); err != nil {
				t.Fatal(err)
			}
			accounts, of := h.App.Accounts, h.id("customer")
			_, set := accounts.Set(t.Context(), admin, of, account.Setting{Disabled: &yes})
			_, own := accounts.Set(t.Context(), admin, h.id("admin"), account.Setting{Username: &customer})
			_, made := accounts.Create(t.Context(), admin, account.Draft{Email: "e@example.com", Password: phrase}, account.Setting{})
			_, deleted := accounts.Delete(t.Context(), admin, of)
			for what, err := range map[string]error{
				"set": set, "own": own, "create": made, "delete": deleted, "password": accounts.SetPassword(t.Context(), admin, of, phrase),
			} {
				if !errors.Is(err, account.ErrNotAllowed) && !errors.Is(err, session.ErrSessionEnded) {
					t.Errorf("%s: %v, want a refusal", what, err)
				}
			}
			if u := h.stored(t, "customer"); u.Disabled || u.Deleted {
				t.Error("it was done")
			}
		})
	}
}
