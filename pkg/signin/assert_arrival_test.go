package signin_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// TestAProviderVouchesLater for the address of somebody who has signed up by it: they come in,
// and need not click on anything any more.
func TestAProviderVouchesLater(t *testing.T) {
	dialecttest.EachKind(t, func(t *testing.T, fresh func(testing.TB) dialecttest.Opener) {
		for _, env := range []string{needNot, mustVerify} {
			t.Run(env, func(t *testing.T) {
				s := start(t, fresh(t), env)
				if _, err := asserts(t, s, unvouched()); (err == nil) != (env == needNot) {
					t.Fatalf("at first it is answered %v", err)
				}
				made := stored(t, s)
				token := s.MailedToken(t, mail.VerifyEmail, ada)
				s.Clock.Advance(time.Second)
				a := unvouched()
				a.EmailVerified, a.Email, a.Name = true, "Ada@example.com", "Countess"
				g := comesIn(t, s, a)
				s.Settle(t)
				u := stored(t, s)
				if u.ID != made.ID || g.User.ID != made.ID || !u.EmailVerified || u.Email != a.Email || u.Profile.DisplayName != a.Name || !u.IsLinked(a) {
					t.Errorf("in the end the account is %+v", u)
				}
				if len(u.Proofs) != 0 || len(s.Mails(t, mail.AccountClaimed, a.Email)) != 1 {
					t.Errorf("outstanding are %v", u.Proofs)
				}
				does(t, s, 400, dialecttest.Request{Path: "/auth/verifyEmail", Body: pairs("token", token)})
				comesIn(t, s, a)
				if d := cmp.Diff(u, stored(t, s)); d != "" {
					t.Errorf("coming again changed the account (-was +is):\n%s", d)
				}
				if s.Me(t, g.AccessToken) != 200 || len(s.Mails(t, mail.AccountClaimed, a.Email)) != 1 {
					t.Error("it was taken over twice")
				}
			})
		}
	})
}

// arrivalsOfNobody are assertions of a linked identity that prove nothing about the address of an
// account that nobody has proved.
var arrivalsOfNobody = []struct {
	name   string
	before func(u *identity.User)
	a      func(a *identity.Assertion)
	code   string // where addresses must be proved, or else nothing
	always bool   // the code is answered anywhere
}{
	{name: "an address that nobody vouches for", a: func(a *identity.Assertion) { a.EmailVerified = false }, code: "email_not_verified"},
	{name: "another address", a: func(a *identity.Assertion) { a.Email = "ada@example.net" }, code: "email_not_verified"},
	{name: "no address", a: func(a *identity.Assertion) { a.Email = "" }, code: "email_not_verified"},
	{name: "what is no address", a: func(a *identity.Assertion) { a.Email = "ada" }, code: "email_not_verified"},
	{name: "an administrator's", before: func(u *identity.User) { u.UserType = identity.Admin }, code: "email_not_verified"},
	{name: "a superadmin's", before: func(u *identity.User) { u.UserType = identity.Superadmin }, code: "email_not_verified"},
	{name: "a shut account's", before: func(u *identity.User) { u.Disabled = true }, code: "account_disabled", always: true},
}

// TestWhoseAddressIsNotProvedTakesNothing: the password and the identities stay.
func TestWhoseAddressIsNotProvedTakesNothing(t *testing.T) {
	dialecttest.EachKind(t, func(t *testing.T, fresh func(testing.TB) dialecttest.Opener) {
		for _, c := range arrivalsOfNobody {
			for _, env := range []string{needNot, mustVerify} {
				t.Run(c.name+", "+env, func(t *testing.T) {
					s := start(t, fresh(t), env)
					linkedBefore(vouched(), evesOther())(t, s)
					if c.before != nil {
						rewrite(t, s, c.before)
					}
					was := stored(t, s)
					a := vouched()
					if c.a != nil {
						c.a(&a)
					}
					want := c.code
					if env == needNot && !c.always {
						want = ""
					}
					if _, err := asserts(t, s, a); code(err) != want {
						t.Errorf("answered %v, want %q", err, want)
					}
					is := stored(t, s)
					if len(is.Linked) != 2 {
						t.Errorf("left are %v", is.Linked)
					}
					aside := cmpopts.IgnoreFields(identity.User{}, "Rev", "UpdatedAt", "Linked", "Proofs", "KnownClients") // the provider's words are noted
					sorted := cmpopts.SortSlices(func(a, b identity.Identifier) bool { return a.Value < b.Value })
					if d := cmp.Diff(was, is, aside, sorted); d != "" || len(s.Mails(t, mail.AccountClaimed, ada)) != 0 {
						t.Errorf("the account (-was +is):\n%s", d)
					}
				})
			}
		}
	})
}

// evesOther is an identity of another provider than vouched is of.
func evesOther() identity.Assertion { return identity.Assertion{Provider: "github", Subject: "eve"} }
