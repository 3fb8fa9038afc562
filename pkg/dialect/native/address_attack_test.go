package native_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// A thief who has a session and the password tries to lose the owner, who reads mail at the
// old address and nothing else.
func TestAThiefCannotLoseTheOwner(t *testing.T) {
	dialecttest.EachKind(t, func(t *testing.T, fresh func(testing.TB) dialecttest.Opener) {
		for name, hide := range map[string]func(s *dialecttest.Server, a dialecttest.Authorization){
			"by moving on to a third address": func(s *dialecttest.Server, a dialecttest.Authorization) {
				must(t, s, verifyBy(s.MailedToken(t, mail.ConfirmAddress, newEmail)), 204)
				if r := must(t, s, changeEmail(a, "third@example.com", goodPassword), 409); r.Code() != "email_changed_lately" {
					t.Errorf("got %s", r.Body)
				}
				counts(t, s, mail.ConfirmAddress, "third@example.com", 0)
			},
			"by registering with the old address": func(s *dialecttest.Server, _ dialecttest.Authorization) {
				must(t, s, verifyBy(s.MailedToken(t, mail.ConfirmAddress, newEmail)), 204)
				s.Register(t, oldEmail, otherPassword)
			},
			"by moving another account to the old address": func(s *dialecttest.Server, _ dialecttest.Authorization) {
				must(t, s, verifyBy(s.MailedToken(t, mail.ConfirmAddress, newEmail)), 204)
				b := s.Register(t, "mallory@example.com", otherPassword)
				must(t, s, changeEmail(b, oldEmail, otherPassword), 202)
			},
			"by taking the new address for another account": func(s *dialecttest.Server, _ dialecttest.Authorization) {
				s.Register(t, newEmail, otherPassword)
			},
		} {
			t.Run(name, func(t *testing.T) {
				s := start(t, fresh(t))
				dialecttest.QuickPasswords(s)
				a := s.Register(t, oldEmail, goodPassword)
				must(t, s, changeEmail(a, newEmail, goodPassword), 202)
				undo := s.MailedToken(t, mail.AddressChange, oldEmail)
				hide(s, a)
				must(t, s, cancelMove(undo), 204)
				owned(t, s, a)
				if got := signsIn(t, s, "third@example.com", goodPassword); got != 401 {
					t.Errorf("the third address is answered %d", got)
				}
			})
		}
	})
}

// Whoever has proved to read mail at the old address since then keeps it.
func TestUndoingDoesNotTakeAnAddressFromItsReader(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	dialecttest.QuickPasswords(s)
	a := s.Register(t, oldEmail, goodPassword)
	must(t, s, changeEmail(a, newEmail, goodPassword), 202)
	undo := s.MailedToken(t, mail.AddressChange, oldEmail)
	must(t, s, verifyBy(s.MailedToken(t, mail.ConfirmAddress, newEmail)), 204)
	b := s.Register(t, oldEmail, otherPassword)
	must(t, s, verifyBy(s.MailedToken(t, mail.VerifyEmail, oldEmail)), 204)
	if r := s.Do(t, cancelMove(undo)); r.Status != 409 || r.Code() != "email_exists" {
		t.Errorf("got %d %s", r.Status, r.Body)
	}
	if got := s.Login(t, oldEmail, otherPassword); got.LocalID != b.LocalID {
		t.Errorf("the address belongs to %s, want %s", got.LocalID, b.LocalID)
	}
	mayBe(t, s, goodPassword, 401, 200)
}

func TestOneAddressIsMovedToOnce(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		nodes := []*dialecttest.Server{s, s.Node(t)}
		dialecttest.QuickPasswords(nodes...)
		const n = 10
		var tokens [n]string
		for i := range n {
			a := s.Register(t, fmt.Sprintf("u%d@example.com", i), goodPassword)
			must(t, s, changeEmail(a, newEmail, goodPassword), 202)
			tokens[i] = s.MailedToken(t, mail.ConfirmAddress, newEmail)
		}
		var good, taken atomic.Int64
		dialecttest.Together(n, func(i int) {
			r, err := nodes[i%2].Try(verifyBy(tokens[i]))
			switch {
			case err != nil:
				t.Error(err)
			case r.Status == 204:
				good.Add(1)
			case r.Status == 409 && r.Code() == "email_exists":
				taken.Add(1)
			default:
				t.Errorf("%d %s", r.Status, r.Body)
			}
		})
		if good.Load() != 1 || taken.Load() != n-1 {
			t.Errorf("%d accounts have the address and %d were refused, want 1 and %d", good.Load(), taken.Load(), n-1)
		}
		owner, others := s.Login(t, newEmail, goodPassword), 0
		for i := range n {
			if signsIn(t, s, fmt.Sprintf("u%d@example.com", i), goodPassword) == 200 {
				others++
			}
		}
		if owner.Email != newEmail || others != n-1 {
			t.Errorf("%s has it, and %d others have kept theirs", owner.Email, others)
		}
	})
}
