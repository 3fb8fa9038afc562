package signin_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/session"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

const byInvitation = "GATEHOUSE_REGISTRATION=invite"

// invites makes an invitation and returns its code.
func invites(t *testing.T, s *dialecttest.Server, n invite.New) string {
	t.Helper()
	issued, err := s.App.Invites.Create(t.Context(), dialecttest.Operator, n)
	if err != nil {
		t.Fatal(err)
	}
	return issued[0].Code
}

// toBob mails an invitation to bob's address, and toAda to hers.
func toBob(t *testing.T, s *dialecttest.Server) string {
	return invites(t, s, invite.New{Email: bob, UserType: identity.Admin})
}
func toAda(t *testing.T, s *dialecttest.Server) string {
	return invites(t, s, invite.New{Email: ada, UserType: identity.Admin})
}

// toAnybody makes one that is good for an administrator.
func toAnybody(t *testing.T, s *dialecttest.Server) string {
	return invites(t, s, invite.New{UserType: identity.Admin})
}

// read mails ada one that only her mail has.
func read(t *testing.T, s *dialecttest.Server) string {
	t.Helper()
	if err := s.App.Invites.Offer(t.Context(), dialecttest.Operator, opaque.Random(opaque.IDLength), invite.Offer{Email: ada, ReferralTokens: []string{"r1"}}); err != nil {
		t.Fatal(err)
	}
	return s.MailedID(t, mail.Invitation, ada)
}

// spent makes one that somebody has used.
func spent(t *testing.T, s *dialecttest.Server) string {
	t.Helper()
	text := toAnybody(t, s)
	carl := identity.Assertion{Provider: "google", Subject: "carl", Email: "carl@example.com", EmailVerified: true}
	if _, err := s.App.Signin.Assert(t.Context(), reader, carl, text); err != nil {
		t.Fatal(err)
	}
	return text
}

func expired(t *testing.T, s *dialecttest.Server) string {
	t.Helper()
	text := toAnybody(t, s)
	s.Clock.Advance(invite.DefaultLifetime)
	return text
}

func revoked(t *testing.T, s *dialecttest.Server) string {
	t.Helper()
	text := toAnybody(t, s)
	if err := s.App.Invites.Revoke(t.Context(), dialecttest.Operator, invitations(t, s)[0].ID); err != nil {
		t.Fatal(err)
	}
	return text
}

func wrong(t *testing.T, s *dialecttest.Server) string {
	text := toAnybody(t, s)
	return text[:len(text)-4] + "0000"
}

func none(t *testing.T, s *dialecttest.Server) string { toAnybody(t, s); return "" }

// uses returns how many uses of the one invitation are taken, confirmed or not.
func uses(t *testing.T, s *dialecttest.Server) int {
	t.Helper()
	all := invitations(t, s)
	if len(all) != 1 || int64(len(all[0].Uses))+all[0].Left != all[0].MaxUses {
		t.Fatalf("the invitations are %+v", all)
	}
	return len(all[0].Uses)
}

// TestAnInvitationAtAProvider is about who comes from a provider with a code.
func TestAnInvitationAtAProvider(t *testing.T) {
	dialecttest.EachKind(t, func(t *testing.T, fresh func(testing.TB) dialecttest.Opener) {
		for _, c := range []struct {
			name   string
			env    []string
			before func(t *testing.T, s *dialecttest.Server)
			code   func(t *testing.T, s *dialecttest.Server) string
			a      func() identity.Assertion
			answer string // empty lets in
			uses   int    // of the invitation, in the end
			proved bool   // the address of the account that there is in the end
			of     string // the user type of the account that was made; empty when none was
			mails  []mail.Kind
		}{
			{name: "somebody new", env: []string{byInvitation, mustVerify}, code: toAnybody, a: vouched, uses: 1, proved: true, of: identity.Admin},
			{name: "somebody new who needs none", env: []string{mustVerify}, code: toAnybody, a: vouched, uses: 1, proved: true, of: identity.Admin},
			{name: "somebody new with the address that it is for", env: []string{byInvitation}, code: toAda, a: vouched, uses: 1, proved: true, of: identity.Admin},
			{name: "somebody new whom nobody vouches for", env: []string{byInvitation, needNot}, code: toAnybody, a: unvouched, uses: 1, of: identity.Admin,
				mails: []mail.Kind{mail.VerifyEmail}},
			{name: "somebody new whom nobody vouches for, where that is needed", env: []string{byInvitation, mustVerify}, code: toAnybody, a: unvouched,
				answer: "email_not_verified", uses: 1, of: identity.Admin, mails: []mail.Kind{mail.VerifyEmail}},
			{name: "somebody new whom only the invitation's mail vouches for", env: []string{byInvitation, mustVerify}, code: read, a: unvouched, uses: 1, proved: true, of: identity.Customer},
			{name: "no code", env: []string{byInvitation}, code: none, a: vouched, answer: "invitation_required"},
			{name: "a wrong code", env: []string{byInvitation}, code: wrong, a: vouched, answer: "invitation_invalid"},
			{name: "a wrong code of somebody who needs none", code: wrong, a: vouched, answer: "invitation_invalid"},
			{name: "no code at all", env: []string{byInvitation}, code: func(t *testing.T, s *dialecttest.Server) string { toAnybody(t, s); return "nonsense" }, a: vouched, answer: "invitation_invalid"},
			{name: "a code that was used", env: []string{byInvitation}, code: spent, a: vouched, answer: "invitation_used_up", uses: 1},
			{name: "a code that is too old", env: []string{byInvitation}, code: expired, a: vouched, answer: "invitation_expired"},
			{name: "a code that was withdrawn", env: []string{byInvitation}, code: revoked, a: vouched, answer: "invitation_invalid"},
			{name: "a code for another address", env: []string{byInvitation}, code: toBob, a: vouched, answer: "invitation_invalid"},
			{name: "a code for another address of somebody who needs none", code: toBob, a: unvouched, answer: "invitation_invalid"},
			{name: "a code where registration is closed", env: []string{"GATEHOUSE_REGISTRATION=closed"}, code: toAnybody, a: vouched, answer: "registration_closed"},
			{name: "no address", env: []string{byInvitation}, code: toAnybody, a: func() identity.Assertion { a := vouched(); a.Email = ""; return a }, answer: "social_email_required"},
			{name: "who has an account", env: []string{byInvitation}, before: proved, code: toAnybody, a: vouched, proved: true, mails: []mail.Kind{mail.IdentityLinked}},
			{name: "who has an account, with a wrong code", env: []string{byInvitation}, before: proved, code: wrong, a: vouched, proved: true, mails: []mail.Kind{mail.IdentityLinked}},
			{name: "who has an account that nobody had proved", env: []string{byInvitation}, before: func(t *testing.T, s *dialecttest.Server) { made(t, s, identity.Customer, false) },
				code: toAnybody, a: vouched, proved: true, mails: []mail.Kind{mail.AccountClaimed}},
			{name: "an account's address that nobody vouches for", env: []string{byInvitation, needNot}, before: proved, code: toAnybody, a: unvouched, answer: "email_exists", proved: true},
			{name: "an account's address that nobody vouches for, where that is needed", env: []string{byInvitation, mustVerify}, before: proved, code: toAnybody, a: unvouched,
				answer: "email_not_verified", proved: true, mails: []mail.Kind{mail.AccountExists}},
			{name: "an account's address that only the invitation's mail vouches for", env: []string{byInvitation, mustVerify}, before: proved, code: read, a: unvouched,
				answer: "email_not_verified", proved: true, mails: []mail.Kind{mail.AccountExists}},
		} {
			t.Run(c.name, func(t *testing.T) {
				s := start(t, fresh(t), c.env...)
				if c.before != nil {
					c.before(t, s)
				}
				text := c.code(t, s)
				was := holder(t, s, adasAddress())
				sent := len(s.Mails(t, mail.Invitation, ada))
				for range 2 { // the second time changes nothing
					if _, err := s.App.Signin.Assert(t.Context(), visitor, c.a(), text); code(err) != c.answer {
						t.Fatalf("answered %v, want %q", err, c.answer)
					}
					if got := uses(t, s); got != c.uses {
						t.Errorf("%d uses are taken, want %d", got, c.uses)
					}
				}
				is := holder(t, s, adasAddress())
				if is.EmailVerified != c.proved || is.Provisional || was.ID != "" && (was.ID != is.ID || is.InvitationID != "") {
					t.Errorf("the account was %+v and is %+v", was, is)
				}
				inv := invitations(t, s)[0]
				if made := was.ID == "" && is.ID != ""; made != (c.of != "") || made && (is.UserType != c.of || is.InvitationID != inv.ID || inv.Confirmed() != 1 || !is.IsLinked(c.a())) {
					t.Errorf("made %+v by %+v", is, inv)
				}
				log := events(t, s)
				if d := cmp.Diff(c.uses, strings.Count(log, `"type":"invitation_redeemed"`)); d != "" {
					t.Errorf("it is redeemed in the audit log (-want +got):\n%s", d)
				}
				if text != "" && (strings.Contains(log, text) || strings.Contains(s.Log.String(), text)) {
					t.Error("a log holds the code")
				}
				var kinds []mail.Kind
				for _, l := range s.Letters.All() {
					if l.To == ada && l.Kind != mail.Invitation {
						kinds = append(kinds, l.Kind)
					}
				}
				if c.answer == "email_not_verified" && len(kinds) > 1 {
					kinds = kinds[:1] // the second one was mailed about, too
				}
				if d := cmp.Diff(c.mails, kinds); d != "" || len(s.Mails(t, mail.Invitation, ada)) != sent {
					t.Errorf("mails (-want +got):\n%s", d)
				}
			})
		}
	})
}

// TestCodesAreNotGuessedByAProvider faster than at registering: the tries are the same ones.
func TestCodesAreNotGuessedByAProvider(t *testing.T) {
	for _, c := range []struct {
		name, code, register string
		tries                int
	}{
		{"by the limit of codes", "GATEHOUSE_LIMIT_CODE=4/15m", "GATEHOUSE_LIMIT_REGISTER=100/1h", 4},
		{"by the limit of registrations", "GATEHOUSE_LIMIT_CODE=100/15m", "GATEHOUSE_LIMIT_REGISTER=4/1h", 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
				s := start(t, open, byInvitation, c.code, c.register)
				good := toAnybody(t, s)
				bad := good[:len(good)-4] + "0000"
				guess := func(a identity.Assertion, text string) string {
					_, err := s.App.Signin.Assert(t.Context(), visitor, a, text)
					return code(err)
				}
				for i := range c.tries - 1 {
					a := vouched()
					a.Subject += strings.Repeat("1", i) // another identity is no other guesser
					if got := guess(a, bad); got != "invitation_invalid" {
						t.Fatalf("guess %d is answered %q", i, got)
					}
				}
				_, _, err := s.App.Signin.Register(t.Context(), visitor, drafted(bob), bad)
				if got := code(err); got != "invitation_invalid" {
					t.Errorf("registering is answered %q", got)
				}
				if got := guess(vouched(), good); got != "rate_limited" {
					t.Errorf("one guess more is answered %q", got)
				}
				if got := uses(t, s); got != 0 {
					t.Errorf("%d uses are taken", got)
				}
			})
		})
	}
}

// TestOfManyWithOneCode is about two people, or one, who bring a code many times at once, to two nodes.
func TestOfManyWithOneCode(t *testing.T) {
	for _, c := range []struct {
		name          string
		who           int
		uses, members int64
	}{
		{"two people and one use", 2, 1, 1},
		{"one person and many uses", 1, 30, 1},
		{"two people and two uses", 2, 2, 2},
		{"two people and many uses", 2, 30, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
				s := start(t, open, byInvitation, needNot, "GATEHOUSE_LIMIT_CODE=1000/15m", "GATEHOUSE_LIMIT_REGISTER=1000/1h")
				nodes := []*dialecttest.Server{s, s.Node(t)}
				text := invites(t, s, invite.New{MaxUses: c.uses})
				person := func(i int) identity.Assertion {
					a := []identity.Assertion{vouched(), unvouched()}[i%c.who]
					a.Email = []string{ada, bob}[i%c.who]
					return a
				}
				dialecttest.Together(20, func(i int) {
					_, err := nodes[i%2].App.Signin.Assert(context.WithoutCancel(t.Context()), visitor, person(i/2), text)
					if err != nil && !errors.Is(err, session.ErrBusy) && !errors.Is(err, invite.ErrUsedUp) {
						t.Error(err)
					}
				})
				s.Clock.Advance(store.ClaimTimeout + 2*time.Second)
				s.Settle(t)
				if _, err := s.App.Invites.Repair(t.Context()); err != nil {
					t.Fatal(err)
				}
				for i := range c.who { // whoever came too early may try again
					_, err := s.App.Signin.Assert(t.Context(), visitor, person(i), text)
					if err != nil && !errors.Is(err, invite.ErrUsedUp) {
						t.Error(err)
					}
				}
				all, err := s.App.Accounts.List(t.Context(), "", 100)
				if err != nil {
					t.Fatal(err)
				}
				n := int64(0)
				for _, u := range all {
					if u.Active() {
						n++
					}
				}
				inv := invitations(t, s)[0]
				if n != c.members || inv.Confirmed() != c.members || int64(len(inv.Uses)) != c.members || inv.Left != c.uses-c.members {
					t.Errorf("%d accounts came of %d uses, %d left", n, len(inv.Uses), inv.Left)
				}
				if got := strings.Count(events(t, s), `"type":"user_registered"`); int64(got) != c.members {
					t.Errorf("%d accounts in the audit log", got)
				}
			})
		})
	}
}

func drafted(email string) account.Draft { return account.Draft{Email: email, Password: phrase} }
