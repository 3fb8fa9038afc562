package signin_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/session"
	"github.com/gatehouse-id/gatehouse/pkg/signin"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

const (
	mustVerify = "GATEHOUSE_REQUIRE_VERIFIED_EMAIL=true"
	needNot    = "GATEHOUSE_REQUIRE_VERIFIED_EMAIL=false"
)

// visitor is who comes from a provider.
var visitor = identity.Actor{Language: "de", Client: identity.Client{IP: "192.0.2.9", UserAgent: "Safari"}}

// vouched is ada at a provider that vouches for her address, and unvouched at one that does not.
func vouched() identity.Assertion {
	return identity.Assertion{
		Provider: "google", Subject: "1", Email: ada, EmailVerified: true, Name: "Ada L.", Picture: "https://google.example/ada.png",
	}
}

func unvouched() identity.Assertion {
	a := vouched()
	a.Provider, a.EmailVerified = "someidp", false
	return a
}

// code returns the code of a fault, and what else an error says.
func code(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func asserts(t *testing.T, s *dialecttest.Server, a identity.Assertion) (session.Grant, error) {
	t.Helper()
	return s.App.Signin.Assert(t.Context(), visitor, a, "")
}

// comesIn asserts, and fails unless that gives a session that holds.
func comesIn(t *testing.T, s *dialecttest.Server, a identity.Assertion) session.Grant {
	t.Helper()
	g, err := asserts(t, s, a)
	if err != nil {
		t.Fatalf("%s:%s is answered %v", a.Provider, a.Subject, err)
	}
	if len(g.Session.AMR) != 0 {
		t.Errorf("the session is by %v, which nobody here has seen", g.Session.AMR)
	}
	if s.Me(t, g.AccessToken) != 200 {
		t.Error("the session does not hold")
	}
	s.Refresh(t, g.RefreshToken)
	return g
}

// registered makes ada an account that nobody has proved.
func registered(t *testing.T, s *dialecttest.Server) {
	t.Helper()
	if r := s.Do(t, dialecttest.Request{Path: "/auth/register", Key: s.Publishable, Body: pairs("email", ada, "password", phrase)}); r.Status/100 != 2 {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
}

// made makes ada an account on an operator's word.
func made(t *testing.T, s *dialecttest.Server, userType string, proved bool) {
	t.Helper()
	_, err := s.App.Accounts.Create(t.Context(), dialecttest.Operator, account.Draft{Email: ada, Password: phrase}, account.Setting{UserType: &userType, Verified: &proved})
	if err != nil {
		t.Fatal(err)
	}
}

func proved(t *testing.T, s *dialecttest.Server) {
	t.Helper()
	made(t, s, identity.Customer, true)
}

// rewrite changes ada's record as nothing of the service does.
func rewrite(t *testing.T, s *dialecttest.Server, f func(u *identity.User)) {
	t.Helper()
	u := stored(t, s)
	f(&u)
	if err := s.App.Store.UpdateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
}

// holder returns whose account an identifier is, empty when it is nobody's.
func holder(t *testing.T, s *dialecttest.Server, id identity.Identifier) identity.User {
	t.Helper()
	u, err := s.App.Store.UserByIdentifier(t.Context(), id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	return u
}

func adasAddress() identity.Identifier {
	return identity.Identifier{Kind: identity.EmailIdentifier, Value: ada}
}

// refusals are assertions that let nobody in, and what must not have changed then.
var refusals = []struct {
	name   string
	env    []string
	before func(t *testing.T, s *dialecttest.Server)
	a      func() identity.Assertion
	code   string
	mails  []mail.Kind // that ada gets of it
	makes  bool        // an account, linked and unproved
}{
	{name: "somebody new where registration is closed", env: []string{"GATEHOUSE_REGISTRATION=closed"}, a: vouched, code: "registration_closed"},
	{name: "somebody new where registration is by invitation", env: []string{"GATEHOUSE_REGISTRATION=invite"}, a: vouched, code: "invitation_required"},
	{name: "somebody new whom nobody vouches for where registration is closed", env: []string{"GATEHOUSE_REGISTRATION=closed", mustVerify},
		a: unvouched, code: "registration_closed"},
	{name: "a known address that nobody vouches for where registration is closed", env: []string{"GATEHOUSE_REGISTRATION=closed", mustVerify},
		before: proved, a: unvouched, code: "registration_closed"},
	{name: "no address", a: func() identity.Assertion { a := vouched(); a.Email = ""; return a }, code: "social_email_required"},
	{name: "what is no address", before: proved, a: func() identity.Assertion { a := vouched(); a.Email = "ada@example.com, eve@example.com"; return a }, code: "social_email_required"},
	{name: "a shut account", before: func(t *testing.T, s *dialecttest.Server) { proved(t, s); shut(t, s, true) }, a: vouched, code: "account_disabled"},
	{name: "a shut account that nobody has proved", env: []string{needNot}, before: func(t *testing.T, s *dialecttest.Server) { made(t, s, identity.Customer, false); shut(t, s, true) },
		a: vouched, code: "account_disabled"},
	{name: "an unproved account with a role", before: func(t *testing.T, s *dialecttest.Server) { made(t, s, identity.Admin, false) }, a: vouched, code: "email_not_verified"},
	{name: "an unproved account that governs", before: func(t *testing.T, s *dialecttest.Server) { made(t, s, identity.Superadmin, false) }, a: vouched, code: "email_not_verified"},
	{name: "an account with another identity at the provider", before: func(t *testing.T, s *dialecttest.Server) {
		proved(t, s)
		rewrite(t, s, func(u *identity.User) {
			u.AddLinked(identity.Assertion{Provider: "google", Subject: "old"}, s.Clock.Now())
		})
	}, a: vouched, code: "social_already_linked"},
	{name: "an account with ten identities", before: func(t *testing.T, s *dialecttest.Server) {
		proved(t, s)
		rewrite(t, s, func(u *identity.User) {
			for _, p := range strings.Split("abcdefghij", "") {
				u.AddLinked(identity.Assertion{Provider: p, Subject: "1"}, s.Clock.Now())
			}
		})
	}, a: vouched, code: "social_already_linked"},
	{name: "an account whose invitation is being redeemed", env: []string{"GATEHOUSE_REGISTRATION=closed"}, before: func(t *testing.T, s *dialecttest.Server) {
		proved(t, s)
		rewrite(t, s, func(u *identity.User) { u.Provisional = true })
	}, a: vouched, code: "busy"},
	{name: "a proved account's address that nobody vouches for", env: []string{needNot}, before: proved, a: unvouched, code: "email_exists"},
	{name: "an unproved account's address that nobody vouches for", env: []string{needNot},
		before: func(t *testing.T, s *dialecttest.Server) { made(t, s, identity.Customer, false) }, a: unvouched, code: "email_exists"},
	{name: "a new address that nobody vouches for, where that is needed", env: []string{mustVerify}, a: unvouched, code: "email_not_verified",
		mails: []mail.Kind{mail.VerifyEmail}, makes: true},
	{name: "a proved account's address that nobody vouches for, where that is needed", env: []string{mustVerify}, before: proved, a: unvouched,
		code: "email_not_verified", mails: []mail.Kind{mail.AccountExists}},
	{name: "an unproved account's address that nobody vouches for, where that is needed", env: []string{mustVerify},
		before: func(t *testing.T, s *dialecttest.Server) { made(t, s, identity.Customer, false) }, a: unvouched,
		code: "email_not_verified", mails: []mail.Kind{mail.ResetPassword}},
}

func TestAnAssertionThatLetsNobodyIn(t *testing.T) {
	dialecttest.EachKind(t, func(t *testing.T, fresh func(testing.TB) dialecttest.Opener) {
		for _, c := range refusals {
			t.Run(c.name, func(t *testing.T) {
				s := start(t, fresh(t), c.env...)
				if c.before != nil {
					c.before(t, s)
				}
				was := holder(t, s, adasAddress())
				_, err := asserts(t, s, c.a())
				if code(err) != c.code {
					t.Errorf("answered %v, want %s", err, c.code)
				}
				s.Settle(t)
				var kinds []mail.Kind
				for _, l := range s.Letters.All() {
					kinds = append(kinds, l.Kind)
				}
				if d := cmp.Diff(c.mails, kinds); d != "" {
					t.Errorf("mails (-want +got):\n%s", d)
				}
				is, linked := holder(t, s, adasAddress()), holder(t, s, c.a().Identifier())
				if c.makes {
					if is.ID != linked.ID || is.EmailVerified || is.PasswordHash != "" {
						t.Errorf("made %+v", is)
					}
					return
				}
				if linked.ID != "" {
					t.Error("the identity is linked")
				}
				was.Proofs, was.Rev, is.Proofs, is.Rev = nil, 0, nil, 0 // a mail may have been written
				if d := cmp.Diff(was, is); d != "" {
					t.Errorf("the account has changed (-was +is):\n%s", d)
				}
			})
		}
	})
}

func TestAnAssertionAboutNobodyIsNone(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	for name, spoil := range map[string]func(a *identity.Assertion){
		"no subject":                  func(a *identity.Assertion) { a.Subject = "" },
		"no provider":                 func(a *identity.Assertion) { a.Provider = "" },
		"a provider that is two":      func(a *identity.Assertion) { a.Provider = "google:1" },
		"a subject of 256 characters": func(a *identity.Assertion) { a.Subject = strings.Repeat("1", 256) },
		"a subject of several lines":  func(a *identity.Assertion) { a.Subject = "1\n2" },
		"a subject that is no text":   func(a *identity.Assertion) { a.Subject = "\xff" },
	} {
		a := vouched()
		spoil(&a)
		if _, err := asserts(t, s, a); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if u := holder(t, s, adasAddress()); u.ID != "" {
		t.Error("an account was made")
	}
}

func TestSomebodyNewWhomAProviderVouchesFor(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, mustVerify)
		a := vouched()
		a.Email = "Ada@Example.com"
		g := comesIn(t, s, a)
		now := s.Clock.Now()
		want := identity.User{
			ID: g.User.ID, Rev: 1, Email: "Ada@Example.com", EmailVerified: true, UserType: identity.Customer, Profile: identity.Profile{DisplayName: "Ada L."},
			Identifiers: []identity.Identifier{adasAddress(), a.Identifier()}, Language: "de", KnownClients: []string{visitor.Client.Software()},
			Linked: []identity.LinkedIdentity{{
				Provider: "google", Subject: "1", Email: "Ada@Example.com", Name: "Ada L.", Picture: "https://google.example/ada.png", LinkedAt: now, UpdatedAt: now,
			}},
			CreatedAt: now, UpdatedAt: now,
		}
		if d := cmp.Diff(want, stored(t, s)); d != "" {
			t.Errorf("the account (-want +got):\n%s", d)
		}
		log := events(t, s)
		if all := s.Letters.All(); len(all) != 0 {
			t.Errorf("mails of %s and more", all[0].Kind)
		}
		if strings.Count(log, `"type":"user_registered"`) != 1 || strings.Count(log, `"type":"sign_in"`) != 1 || strings.Count(log, `"detail":{"provider":"google"}`) != 2 {
			t.Errorf("the audit log: %s", log)
		}
	})
}

func TestWhatAProviderSaysIsKeptIfItIsFit(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	for i, spoil := range []func(a *identity.Assertion){
		func(a *identity.Assertion) { a.Name = strings.Repeat("a", 65) },
		func(a *identity.Assertion) { a.Name = "Ada\u202e" },
		func(a *identity.Assertion) { a.Name = "Ada\nL." },
		func(a *identity.Assertion) { a.Picture = "http://google.example/ada.png" },
		func(a *identity.Assertion) { a.Picture = "javascript:alert(1)" },
		func(a *identity.Assertion) { a.Picture = "https://google.example/" + strings.Repeat("a", 2048) },
		func(a *identity.Assertion) { a.Picture = "https:///ada.png" },
	} {
		a := vouched()
		a.Subject, a.Email = string(rune('a'+i)), string(rune('a'+i))+"@example.com"
		spoil(&a)
		u := comesIn(t, s, a).User
		said := u.Linked[0]
		if spoiltName := i < 3; spoiltName != (u.Profile.DisplayName == "") || spoiltName != (said.Name == "") || spoiltName == (said.Picture == "") {
			t.Errorf("%d: %+v is kept as %+v", i, a, said)
		}
	}
}

func TestALinkedIdentitySignsIn(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, "GATEHOUSE_LIMIT_REGISTER=1/1h")
		first := comesIn(t, s, vouched())
		before := stored(t, s)
		s.Clock.Advance(time.Second)
		if again := comesIn(t, s, vouched()); again.User.ID != first.User.ID {
			t.Error("it is another account")
		}
		if d := cmp.Diff(before, stored(t, s)); d != "" {
			t.Errorf("signing in changed the account (-was +is):\n%s", d)
		}
		later := vouched()
		later.Email, later.EmailVerified, later.Name, later.Picture = "other@example.com", true, "Countess", ""
		if again := comesIn(t, s, later); again.User.ID != first.User.ID {
			t.Error("another address there makes it another account")
		}
		want := before
		want.Rev++
		want.UpdatedAt = s.Clock.Now()
		want.Linked = []identity.LinkedIdentity{{
			Provider: "google", Subject: "1", Email: "other@example.com", Name: "Countess", LinkedAt: before.CreatedAt, UpdatedAt: s.Clock.Now(),
		}}
		if d := cmp.Diff(want, stored(t, s)); d != "" {
			t.Errorf("what the provider says now (-want +got):\n%s", d)
		}
		_, err := asserts(t, s, identity.Assertion{Provider: "google", Subject: "2", Email: "bob@example.com", EmailVerified: true})
		if code(err) != "rate_limited" {
			t.Errorf("a second account within the hour: %v", err)
		}
		shut(t, s, true)
		if _, err := asserts(t, s, vouched()); !errors.Is(err, signin.ErrDisabled) {
			t.Errorf("a shut account: %v", err)
		}
		if l, _ := stored(t, s).LinkedAt("google"); l.Name != "Countess" {
			t.Errorf("who may not come in changed %+v", l)
		}
	})
}

// TestAProvedAccountIsLinked: both sides are sure of the address, whatever its holder may do here.
func TestAProvedAccountIsLinked(t *testing.T) {
	dialecttest.EachKind(t, func(t *testing.T, fresh func(testing.TB) dialecttest.Opener) {
		for _, userType := range []string{identity.Customer, identity.Admin, identity.Superadmin} {
			t.Run(userType, func(t *testing.T) {
				s := start(t, fresh(t))
				made(t, s, userType, true)
				before := s.Login(t, ada, phrase)
				was := stored(t, s)
				a := vouched()
				a.Email = "ADA@example.com"
				g := comesIn(t, s, a)
				want := was
				want.Rev++
				want.Linked = []identity.LinkedIdentity{{
					Provider: "google", Subject: "1", Email: a.Email, Name: a.Name, Picture: a.Picture, LinkedAt: s.Clock.Now(), UpdatedAt: s.Clock.Now(),
				}}
				want.Identifiers = append(append([]identity.Identifier(nil), was.Identifiers...), a.Identifier())
				if d := cmp.Diff(want, stored(t, s)); d != "" || g.User.ID != before.LocalID || g.User.UserType != userType {
					t.Errorf("the account (-want +got):\n%s", d)
				}
				if s.Me(t, before.AccessToken) != 200 {
					t.Error("a session of a proved account ended")
				}
				s.Login(t, ada, phrase)
				comesIn(t, s, a)
				told := s.Mails(t, mail.IdentityLinked, ada)
				if len(told) != 1 || !strings.Contains(told[0].Text, "Google") {
					t.Errorf("the owner got %d mails: %v", len(told), told)
				}
				if log := events(t, s); strings.Count(log, `"type":"identity_linked"`) != 1 || strings.Contains(log, ada) {
					t.Errorf("the audit log: %s", log)
				}
			})
		}
	})
}

// TestANewAddressThatNobodyVouchesFor makes an account where addresses need not be proved.
func TestANewAddressThatNobodyVouchesFor(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, needNot)
		g := comesIn(t, s, unvouched())
		if u := stored(t, s); u.EmailVerified || u.PasswordHash != "" || u.ID != g.User.ID || !u.IsLinked(unvouched()) {
			t.Errorf("the account is %+v", u)
		}
		does(t, s, 204, dialecttest.Request{Path: "/auth/verifyEmail", Body: pairs("token", s.MailedToken(t, mail.VerifyEmail, ada))})
		if u := comesIn(t, s, unvouched()).User; !u.EmailVerified || u.ID != g.User.ID {
			t.Errorf("after the click the account is %+v", u)
		}
	})
}

// TestWhereAddressesMustBeProvedAnAssertionWaitsForTheClick, and does not ask for it twice.
func TestWhereAddressesMustBeProvedAnAssertionWaitsForTheClick(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, mustVerify)
		for range 2 {
			if _, err := asserts(t, s, unvouched()); !errors.Is(err, signin.ErrUnverified) {
				t.Errorf("answered %v", err)
			}
		}
		s.Settle(t)
		if got := len(s.Letters.All()); got != 1 {
			t.Errorf("%d mails", got)
		}
		does(t, s, 204, dialecttest.Request{Path: "/auth/verifyEmail", Body: pairs("token", s.MailedToken(t, mail.VerifyEmail, ada))})
		comesIn(t, s, unvouched())
	})
}

// TestAnAccountWithoutAPasswordGetsOneByMail, and then has two ways in.
func TestAnAccountWithoutAPasswordGetsOneByMail(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, mustVerify)
		g := comesIn(t, s, vouched())
		does(t, s, 401, dialecttest.Request{Path: "/auth/login", Key: s.Publishable, Body: pairs("email", ada, "password", phrase)})
		does(t, s, 202, dialecttest.Request{Path: "/auth/forgotPassword", Body: pairs("email", ada)})
		does(t, s, 204, dialecttest.Request{Path: "/auth/resetPassword", Body: pairs("token", s.MailedToken(t, mail.ResetPassword, ada), "newPassword", phrase)})
		s.Login(t, ada, phrase)
		if s.Me(t, g.AccessToken) != 401 {
			t.Error("a reset left a session")
		}
		comesIn(t, s, vouched())
	})
}

// TestADeletedAccountFreesItsIdentities for the next one.
func TestADeletedAccountFreesItsIdentities(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		g := comesIn(t, s, vouched())
		if _, err := s.App.Accounts.Delete(t.Context(), dialecttest.Operator, ada); err != nil {
			t.Fatal(err)
		}
		if u := holder(t, s, vouched().Identifier()); u.ID != "" || s.Me(t, g.AccessToken) != 401 {
			t.Errorf("left of it: %+v", u)
		}
		gone, err := s.App.Store.User(t.Context(), g.User.ID)
		if err == nil && (len(gone.Linked) > 0 || len(gone.Identifiers) > 0) {
			t.Errorf("the tombstone is %+v", gone)
		}
		if next := comesIn(t, s, vouched()); next.User.ID == g.User.ID {
			t.Error("it came back to life")
		}
	})
}
