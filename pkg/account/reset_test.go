package account_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/session"
)

const chosen = "another long phrase"

// mailedUUID asks for a reset by a UUID and returns it.
func mailedUUID(t *testing.T, s *dialecttest.Server) string {
	t.Helper()
	if err := s.App.Accounts.RequestResetID(t.Context(), asker, ada); err != nil {
		t.Fatal(err)
	}
	return s.MailedID(t, mail.ResetPassword, ada)
}

// resets holds what an id is answered to looking and to resetting.
func resets(t *testing.T, s *dialecttest.Server, what, id string, want error) {
	t.Helper()
	if _, err := s.App.Accounts.PeekReset(t.Context(), asker, id); !errors.Is(err, want) {
		t.Errorf("%s: a look is answered %v, want %v", what, err, want)
	}
	if err := s.App.Accounts.ResetByID(t.Context(), asker, id, chosen); !errors.Is(err, want) {
		t.Errorf("%s: a reset is answered %v, want %v", what, err, want)
	}
}

// traceless fails if a record still has anything of a reset.
func traceless(t *testing.T, s *dialecttest.Server) {
	t.Helper()
	u := adas(t, s)
	if _, ok := u.Proof(identity.ResetPassword); ok {
		t.Error("the record has a reset")
	}
	for _, id := range u.Identifiers {
		if id.Kind == identity.ResetIdentifier {
			t.Errorf("the record is found by %v", id)
		}
	}
}

func TestAUUIDResetsAPasswordOnce(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, nil)
		before := s.Register(t, ada, phrase)
		id := mailedUUID(t, s)
		u := adas(t, s)
		if proof, ok := u.Proof(identity.ResetPassword); !ok || !proof.ExpiresAt.Equal(s.Clock.Now().Add(time.Hour)) || strings.Contains(fmt.Sprint(u), id) {
			t.Errorf("the record is %+v", u)
		}
		for _, spelled := range []string{id, strings.ToUpper(id)} { // looking is no use, in either case
			if seen, err := s.App.Accounts.PeekReset(t.Context(), asker, spelled); err != nil || seen.ID != before.LocalID {
				t.Errorf("a look shows %s, %v", seen.ID, err)
			}
		}
		if err := s.App.Accounts.ResetByID(t.Context(), asker, strings.ToUpper(id), chosen); err != nil {
			t.Fatal(err)
		}
		traceless(t, s)
		resets(t, s, "used", id, account.ErrInvalidLink)
		if got := s.Me(t, before.AccessToken); got != 401 {
			t.Errorf("an old session is answered %d", got)
		}
		s.Login(t, ada, chosen)
		if u := adas(t, s); !u.EmailVerified {
			t.Error("who read the mail has not proved the address")
		}
		if got := len(s.Mails(t, mail.PasswordChanged, ada)); got != 1 {
			t.Errorf("%d mails tell of it", got)
		}
	})
}

func TestAUUIDDiesWithWhatReplacesIt(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, nil)
		in := s.Register(t, ada, phrase)
		by := identity.Actor{User: &identity.User{ID: in.LocalID}, Session: &identity.Session{}}

		first := mailedUUID(t, s)
		second := mailedUUID(t, s)
		resets(t, s, "replaced by another UUID", first, account.ErrInvalidLink)
		if err := s.App.Accounts.RequestReset(t.Context(), asker, ada, ""); err != nil {
			t.Fatal(err)
		}
		token := s.MailedToken(t, mail.ResetPassword, ada)
		resets(t, s, "replaced by a token", second, account.ErrInvalidLink)
		third := mailedUUID(t, s)
		if err := s.App.Accounts.ResetPassword(t.Context(), asker, token, chosen); !errors.Is(err, account.ErrInvalidLink) {
			t.Errorf("a token that a UUID has replaced: %v", err)
		}

		if err := s.App.Accounts.SetPassword(t.Context(), dialecttest.Operator, in.LocalID, "yet another phrase"); err != nil {
			t.Fatal(err)
		}
		traceless(t, s)
		resets(t, s, "after a password from an operator", third, account.ErrInvalidLink)
		fourth := mailedUUID(t, s)
		a := s.Login(t, ada, "yet another phrase")
		if r := s.Do(t, dialecttest.Request{Path: "/auth/changePassword", Bearer: a.AccessToken, Body: dialecttest.JSON(map[string]string{
			"currentPassword": "yet another phrase", "newPassword": "a fourth long phrase",
		})}); r.Status/100 != 2 {
			t.Fatalf("got %d %s", r.Status, r.Body)
		}
		traceless(t, s)
		resets(t, s, "after a change of password", fourth, account.ErrInvalidLink)

		last := mailedUUID(t, s)
		if _, err := s.App.Accounts.Delete(t.Context(), dialecttest.Operator, by.User.ID); err != nil {
			t.Fatal(err)
		}
		resets(t, s, "after the account", last, account.ErrInvalidLink)
		s.Register(t, ada, phrase)
		resets(t, s, "of another account with the address", last, account.ErrInvalidLink)
	})
}

func TestAUUIDEndsOnTimeAndSaysSo(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, nil)
		s.Register(t, ada, phrase)
		id := mailedUUID(t, s)
		s.Clock.Advance(time.Hour - time.Millisecond)
		if _, err := s.App.Accounts.PeekReset(t.Context(), asker, id); err != nil {
			t.Errorf("a millisecond before: %v", err)
		}
		s.Clock.Advance(time.Millisecond)
		resets(t, s, "on time", id, account.ErrLinkExpired)
		s.Clock.Advance(24 * time.Hour)
		resets(t, s, "a day later", id, account.ErrLinkExpired)
		s.Login(t, ada, phrase)
		next := mailedUUID(t, s)
		resets(t, s, "replaced", id, account.ErrInvalidLink)
		if err := s.App.Accounts.ResetByID(t.Context(), asker, next, chosen); err != nil {
			t.Error(err)
		}
	})
}

func TestWhatIsNoUUIDOfOursResetsNothing(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, nil)
		in := s.Register(t, ada, phrase)
		id := mailedUUID(t, s)
		proof, _ := adas(t, s).Proof(identity.ResetPassword)
		for _, bad := range []string{
			"", "x", id + "0", id[1:], strings.ReplaceAll(id, "-", ""), "{" + id + "}", "urn:uuid:" + id, " " + id, "rp_" + id, opaque.NewUUID(),
			proof.Name(), in.LocalID, "00000000-0000-0000-0000-000000000000", opaque.NewFor("rp", in.LocalID).String(), ada,
		} {
			resets(t, s, bad, bad, account.ErrInvalidLink)
		}
		if err := s.App.Accounts.ResetPassword(t.Context(), asker, id, chosen); !errors.Is(err, account.ErrInvalidLink) {
			t.Errorf("the UUID as a token: %v", err)
		}
		if _, err := s.App.Accounts.VerifyEmail(t.Context(), asker, id); !errors.Is(err, account.ErrInvalidLink) {
			t.Errorf("the UUID as a link to verify: %v", err)
		}
		if err := s.App.Accounts.ResetByID(t.Context(), asker, id, "x"); err == nil || errors.Is(err, account.ErrInvalidLink) {
			t.Errorf("a weak password: %v", err)
		}
		if err := s.App.Accounts.ResetByID(t.Context(), asker, id, chosen); err != nil { // none of these used it up
			t.Error(err)
		}
	})
}

func TestOfManyUsesOfOneUUIDOneResets(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, nil)
		nodes := []*dialecttest.Server{s, s.Node(t)}
		dialecttest.QuickPasswords(nodes...)
		s.Register(t, ada, phrase)
		id := mailedUUID(t, s)
		var good, winner atomic.Int64
		dialecttest.Together(20, func(i int) {
			err := nodes[i%2].App.Accounts.ResetByID(context.WithoutCancel(t.Context()), asker, id, fmt.Sprintf("%s %d", chosen, i))
			switch {
			case err == nil:
				good.Add(1)
				winner.Store(int64(i))
			case !errors.Is(err, account.ErrInvalidLink) && !errors.Is(err, session.ErrBusy):
				t.Error(err)
			}
		})
		if diff := cmp.Diff(int64(1), good.Load()); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		s.Login(t, ada, fmt.Sprintf("%s %d", chosen, winner.Load()))
		traceless(t, s)
	})
}
