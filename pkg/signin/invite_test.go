package signin_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/signin"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

const bob = "bob@example.com"

// recorder keeps the invitations that were written down to be made later.
type recorder struct {
	store.Store

	mu  sync.Mutex
	all []identity.Consequence
}

func (r *recorder) Record(ctx context.Context, also ...identity.Consequence) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range also {
		if c.Kind == signin.InvitationKind {
			r.all = append(r.all, c)
		}
	}
	return r.Store.Record(ctx, also...)
}

func invitations(t *testing.T, s *dialecttest.Server) []identity.Invitation {
	t.Helper()
	page, err := s.App.Invites.List(t.Context(), invite.Query{})
	if err != nil {
		t.Fatal(err)
	}
	return page.Invitations
}

// TestAnInvitationByNobodyIsMadeOnce carries one out again and again, as after a crash.
func TestAnInvitationByNobodyIsMadeOnce(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		var kept *recorder
		s := dialecttest.Start(t, open, dialecttest.Options{Wrap: func(db store.Store) store.Store {
			kept = &recorder{Store: db}
			return kept
		}})
		dialecttest.QuickPasswords(s)
		verified(t, s)
		for _, email := range []string{bob, ada} {
			if err := s.App.Signin.Invite(t.Context(), reader, invite.Offer{Email: email, ReferralTokens: []string{"r1"}}); err != nil {
				t.Fatal(err)
			}
		}
		if got := invitations(t, s); len(got) != 0 {
			t.Errorf("made before anybody looked: %+v", got)
		}
		for range 3 {
			if err := s.App.Signin.CarryOutInvitations(t.Context(), kept.all); err != nil {
				t.Fatal(err)
			}
			s.Settle(t)
		}
		got := invitations(t, s)
		if len(got) != 1 || got[0].Email != bob || cmp.Diff([]string{"r1"}, got[0].ReferralTokens) != "" {
			t.Errorf("there are %+v", got)
		}
		for to, want := range map[string]map[mail.Kind]int{bob: {mail.Invitation: 1, mail.AccountExists: 0}, ada: {mail.Invitation: 0, mail.AccountExists: 1}} {
			for kind, n := range want {
				ids := map[string]bool{} // what is sent twice is the same mail
				for _, l := range s.Mails(t, kind, to) {
					ids[l.ID] = true
				}
				if len(ids) != n {
					t.Errorf("%s has %d mails of kind %s, want %d", to, len(ids), kind, n)
				}
			}
		}
	})
}

// TestTheMailOfAnInvitationIsInTheLanguageOfWhoInvites has it made later, when nobody asks any more.
func TestTheMailOfAnInvitationIsInTheLanguageOfWhoInvites(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		by := reader
		by.Language = "de"
		if err := s.App.Signin.Invite(t.Context(), by, invite.Offer{Email: bob}); err != nil {
			t.Fatal(err)
		}
		if all := s.Mails(t, mail.Invitation, bob); len(all) != 1 || !strings.Contains(all[0].Subject, "eingeladen") {
			t.Errorf("the mails are %+v", all)
		}
	})
}

// TestRegistrationsByInvitationAreFew counts them by where they come from, as all others are.
func TestRegistrationsByInvitationAreFew(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, "GATEHOUSE_LIMIT_REGISTER=1/1h")
		for i, want := range []error{nil, limit.ErrRateLimited} {
			email := []string{bob, "carol@example.com"}[i]
			if err := s.App.Signin.Invite(t.Context(), reader, invite.Offer{Email: email}); err != nil {
				t.Fatal(err)
			}
			if _, err := s.App.Signin.RegisterInvited(t.Context(), reader, s.MailedID(t, mail.Invitation, email), phrase); !errors.Is(err, want) {
				t.Errorf("registration %d: %v, want %v", i+1, err, want)
			}
		}
	})
}

func TestWhoIsSignedInIsToldAtOnce(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		in := verified(t, s)
		by := reader
		by.User = &identity.User{ID: in.LocalID}
		if err := s.App.Signin.Invite(t.Context(), by, invite.Offer{Email: "ADA@example.com"}); !errors.Is(err, account.ErrEmailExists) {
			t.Errorf("got %v", err)
		}
		if err := s.App.Signin.Invite(t.Context(), by, invite.Offer{Email: bob}); err != nil {
			t.Fatal(err)
		}
		if got := invitations(t, s); len(got) != 1 || got[0].CreatedBy != "user:"+in.LocalID {
			t.Errorf("there are %+v", got)
		}
		if log := events(t, s); !strings.Contains(log, `"type":"invitation_created"`) {
			t.Errorf("the audit log: %s", log)
		}
	})
}

func TestWhoMayInvite(t *testing.T) {
	by := reader
	by.User = &identity.User{ID: "somebody"}
	for _, c := range []struct {
		env             []string
		nobody, someone error
	}{
		{nil, nil, nil},
		{[]string{"GATEHOUSE_ARGUFLOW_INVITERS=users"}, signin.ErrInviter, nil},
		{[]string{"GATEHOUSE_REGISTRATION=invite"}, signin.ErrInviter, nil},
		{[]string{"GATEHOUSE_REGISTRATION=invite", "GATEHOUSE_ARGUFLOW_INVITERS=anyone"}, nil, nil},
		{[]string{"GATEHOUSE_REGISTRATION=closed", "GATEHOUSE_ARGUFLOW_INVITERS=anyone"}, signin.ErrRegistrationClosed, signin.ErrRegistrationClosed},
	} {
		t.Run(strings.Join(c.env, " "), func(t *testing.T) {
			s := start(t, dialecttest.SQLite(t), c.env...)
			if err := s.App.Signin.Invite(t.Context(), reader, invite.Offer{Email: bob}); !errors.Is(err, c.nobody) {
				t.Errorf("nobody: %v", err)
			}
			if err := s.App.Signin.Invite(t.Context(), by, invite.Offer{Email: bob}); !errors.Is(err, c.someone) {
				t.Errorf("a user: %v", err)
			}
		})
	}
}

// TestEveryFormOfCodeOpensEveryDoor registers with a UUID and with a code that names its record,
// through the door that asks for an address and the one that does not.
func TestEveryFormOfCodeOpensEveryDoor(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		uuid := func(email string) string {
			t.Helper()
			if err := s.App.Invites.Offer(t.Context(), dialecttest.Operator, opaque.Random(opaque.IDLength), invite.Offer{Email: email, ReferralTokens: []string{"r1"}}); err != nil {
				t.Fatal(err)
			}
			return s.MailedID(t, mail.Invitation, email)
		}
		text := func(n invite.New) string {
			t.Helper()
			issued, err := s.App.Invites.Create(t.Context(), dialecttest.Operator, n)
			if err != nil {
				t.Fatal(err)
			}
			return issued[0].Code
		}
		mailed, bound := uuid("a@example.com"), text(invite.New{Email: "b@example.com", UserType: identity.Admin})
		for email, code := range map[string]string{"a@example.com": strings.ToUpper(mailed), "b@example.com": bound} {
			u, err := s.App.Signin.RegisterInvited(t.Context(), reader, code, phrase)
			if err != nil {
				t.Fatal(err)
			}
			// Whoever shows a code that was told to the inviter too has proved nothing.
			if got := email == "a@example.com"; u.Email != email || u.EmailVerified != got || (u.UserType == identity.Customer) != got || (len(u.ReferralTokens) == 1) != got {
				t.Errorf("%s is %+v", email, u)
			}
			s.Login(t, email, phrase)
			if _, err := s.App.Signin.RegisterInvited(t.Context(), reader, code, phrase); err == nil {
				t.Error("a code is good twice")
			}
		}
		anybodys := text(invite.New{MaxUses: 5})
		if _, err := s.App.Signin.RegisterInvited(t.Context(), reader, anybodys, phrase); !errors.Is(err, invite.ErrInvalid) {
			t.Errorf("an invitation that says no address: %v", err)
		}
		third := uuid("c@example.com")
		register := func(email string) int {
			t.Helper()
			return s.Do(t, dialecttest.Request{Path: "/auth/register", Key: s.Publishable, Body: dialecttest.JSON(map[string]string{
				"email": email, "password": phrase, "invitationCode": third,
			})}).Status
		}
		if got := register("eve@example.com"); got != 400 {
			t.Errorf("a UUID for another address: %d", got)
		}
		if got := register("c@example.com"); got != 201 {
			t.Errorf("a UUID through the native door: %d", got)
		}
		u, err := s.App.Accounts.Find(t.Context(), "c@example.com")
		if err != nil || !u.EmailVerified || cmp.Diff([]string{"r1"}, u.ReferralTokens) != "" {
			t.Errorf("it makes %+v, %v", u, err)
		}
	})
}

// TestAnInvitedAddressIsProved is about who may sign in at once where addresses are verified first.
func TestAnInvitedAddressIsProved(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, "GATEHOUSE_REQUIRE_VERIFIED_EMAIL=true", "GATEHOUSE_REGISTRATION=invite")
		if err := s.App.Invites.Offer(t.Context(), dialecttest.Operator, opaque.Random(opaque.IDLength), invite.Offer{Email: bob}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.App.Signin.RegisterInvited(t.Context(), reader, s.MailedID(t, mail.Invitation, bob), phrase); err != nil {
			t.Fatal(err)
		}
		s.Login(t, bob, phrase)
		if got := len(s.Mails(t, mail.VerifyEmail, bob)); got != 0 {
			t.Errorf("%d mails ask to prove what is proved", got)
		}
	})
}
