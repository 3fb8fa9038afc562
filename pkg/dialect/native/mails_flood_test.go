package native_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

const victim = "Victim@example.com"

// flood returns 50 requests of strangers after each of which a mail could go to the victim,
// who has a verified account or one that is not, in an order that mixes them.
func flood(s *dialecttest.Server, round int, isVerified bool) []request {
	var out []request
	for i := range 50 {
		var q request
		switch i % 5 {
		case 0:
			q = forgot("victim@EXAMPLE.com")
		case 1:
			q = resend(victim)
		case 2:
			q = register(s, "VICTIM@example.com", otherPassword)
		case 3:
			q = request{Path: "/auth/generateInvitationCode", Key: s.Secret, Body: body("email", victim)}
		case 4:
			q = attempt{email: victim, password: goodPassword}.request(s)
			if !isVerified {
				q = forgot(victim)
			}
		}
		q = withAddress(q, 50*round+i)
		q.Header["User-Agent"] = "client " + strings.Repeat("x", 50*round+i)
		out = append(out, q)
	}
	return out
}

// askToEnter asks for a link to sign in with, which this dialect has no request for.
func askToEnter(t *testing.T, s *dialecttest.Server, i int) {
	t.Helper()
	by := identity.Actor{Client: identity.Client{IP: fmt.Sprintf("198.51.%d.%d", 100+i/250, i%250)}}
	if err := s.App.Accounts.RequestSignIn(t.Context(), by, "Victim@EXAMPLE.com", ""); err != nil {
		t.Error(err)
	}
}

// mailedTo returns what an address has got, of all kinds.
func mailedTo(t *testing.T, s *dialecttest.Server, to string) []mail.Letter {
	t.Helper()
	s.Settle(t)
	var out []mail.Letter
	for _, l := range s.Letters.All() {
		if strings.EqualFold(l.To, to) {
			out = append(out, l)
		}
	}
	return out
}

// goodLinks returns how many of the links that were mailed for a purpose are good, without using
// them.
func goodLinks(t *testing.T, s *dialecttest.Server, p identity.Purpose, letters []mail.Letter) (n int) {
	t.Helper()
	for _, l := range letters {
		_, after, found := strings.Cut(l.Text, "token=")
		if !found {
			continue
		}
		token, _, _ := strings.Cut(after, "\n")
		if _, _, err := s.App.Accounts.Peek(t.Context(), identity.Actor{}, p, token); err == nil {
			n++
		}
	}
	return n
}

func TestNobodyIsFloodedWithMail(t *testing.T) {
	dialecttest.EachKind(t, func(t *testing.T, fresh func(testing.TB) dialecttest.Opener) {
		for _, isVerified := range []bool{true, false} {
			for _, atOnce := range []bool{true, false} {
				t.Run(fmt.Sprintf("verified %t, all at once %t", isVerified, atOnce), func(t *testing.T) {
					s := start(t, fresh(t), realMailLimit, realMailDay, behindProxy, mustVerify)
					nodes := []*dialecttest.Server{s, s.Node(t)}
					dialecttest.QuickPasswords(nodes...)
					must(t, s, register(s, victim, goodPassword), 202)
					if isVerified {
						must(t, s, verifyBy(s.MailedToken(t, mail.VerifyEmail, victim)), 204)
						must(t, s, withAddress(attempt{email: victim, password: goodPassword}.request(s), 999), 200)
					}
					s.Settle(t)
					s.Clock.Advance(15 * time.Minute)
					before, answers := len(s.Letters.All()), map[string]string{}
					for round := range 6 {
						for i, q := range flood(s, round, isVerified) {
							r := nodes[i%2].Do(t, q)
							if !atOnce {
								s.Settle(t)
							}
							same(t, answers, q, r)
							if i%5 == 0 {
								askToEnter(t, nodes[i%2], 50*round+i)
							}
						}
						dialecttest.Together(2, func(i int) { _, _ = nodes[i].App.Relay.Drain(t.Context()) })
						all := mailedTo(t, s, victim)[1:] // all but the first link, by which the account was verified or not
						if len(all) > 3*(round+1) || len(all) > 10 {
							t.Fatalf("%d mails after round %d", len(all), round+1)
						}
						if round < 2 && len(all) < 3*(round+1) {
							t.Errorf("%d mails after round %d: the budget is not used", len(all), round+1)
						}
						oneGood(t, s, identity.ResetPassword, mail.ResetPassword, all, 30*time.Minute)
						oneGood(t, s, identity.SignIn, mail.SignInLink, all, 15*time.Minute)
						// A second sign-up with an unproved address voids the link that proves it.
						if got := goodLinks(t, s, identity.ProveEmail, mailedTo(t, s, victim)); !isVerified && got > 1 {
							t.Errorf("%d links that prove the address are good", got)
						}
						s.Clock.Advance(15 * time.Minute)
					}
					if got := len(s.Letters.All()) - before; got > 10 {
						t.Errorf("%d mails in 90 minutes, want at most ten a day", got)
					}
					s.Clock.Advance(23 * time.Hour)
					must(t, s, forgot(victim), 202) // and tomorrow everything is as it was
					tomorrow := s.MailedToken(t, mail.ResetPassword, victim)
					must(t, s, reset(tomorrow, otherPassword), 204)
				})
			}
		}
	})
}

// same fails when an answer differs from the first one of its kind.
func same(t *testing.T, answers map[string]string, q request, r dialecttest.Response) {
	t.Helper()
	got := fmt.Sprint(r.Status)
	if r.Status == 202 {
		a := anonymous(r)
		got += fmt.Sprintf(" %s %q %q", a.Body, a.Header["X-Ratelimit-Remaining"], a.Header["Retry-After"])
	}
	if first, known := answers[q.Path]; !known {
		answers[q.Path] = got
	} else if first != got {
		t.Errorf("%s was answered %s and now is %s", q.Path, first, got)
	}
}

// oneGood fails unless exactly the newest link of a kind is good, if one was mailed so lately
// that it can be.
func oneGood(t *testing.T, s *dialecttest.Server, p identity.Purpose, kind mail.Kind, all []mail.Letter, life time.Duration) {
	t.Helper()
	var links []mail.Letter
	for _, l := range all {
		if l.Kind == kind && s.Clock.Now().Before(l.Date.Add(life)) {
			links = append(links, l)
		}
	}
	if len(links) == 0 {
		return
	}
	if got := goodLinks(t, s, p, links); got != 1 {
		t.Errorf("%d of %d links in mails of kind %s are good, want one", got, len(links), kind)
	}
}

// TestALinkOutlivesAFlood: who has a link can use it, whatever strangers ask for afterwards.
func TestALinkOutlivesAFlood(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, realMailLimit, realMailDay, behindProxy)
		dialecttest.QuickPasswords(s)
		s.Register(t, "ada@example.com", goodPassword)
		counts(t, s, mail.VerifyEmail, "ada@example.com", 1)
		var newest string
		for i := range 2 {
			must(t, s, withAddress(forgot("ada@example.com"), i), 202)
			newest = s.MailedToken(t, mail.ResetPassword, "ada@example.com")
		}
		prove := s.MailedToken(t, mail.VerifyEmail, "ada@example.com")
		var wrong atomic.Int64
		dialecttest.Together(40, func(i int) {
			q := forgot("ada@example.com")
			if i%2 == 0 {
				q = resend("ada@example.com")
			}
			if r, err := s.Try(withAddress(q, 10+i)); err != nil || r.Status != 202 {
				wrong.Add(1)
			}
		})
		s.Settle(t)
		if wrong.Load() > 0 || len(s.Letters.All()) != 3 {
			t.Errorf("%d requests were refused, %d mails, want 0 and 3", wrong.Load(), len(s.Letters.All()))
		}
		must(t, s, verifyBy(prove), 204)
		must(t, s, reset(newest, otherPassword), 204)
	})
}

func TestOneCallerCannotFloodMany(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, realMailLimit, realMailDay, behindProxy)
		dialecttest.QuickPasswords(s)
		for i := range 40 {
			s.Register(t, fmt.Sprintf("u%d@example.com", 2*i), goodPassword)
		}
		before := len(mailsOfKind(t, s, mail.ResetPassword))
		caller := func(q request, from string) request {
			q.Header = map[string]string{"X-Forwarded-For": from}
			return q
		}
		asked := 0
		for i := range 1000 {
			q := forgot(fmt.Sprintf("u%d@example.com", i))
			if i%3 == 0 {
				q = resend(fmt.Sprintf("u%d@example.com", i))
			}
			r := s.Do(t, caller(q, "203.0.113.7"))
			if r.Status == 202 {
				asked++
				continue
			}
			refused(t, r, 15*time.Minute)
		}
		if asked != 30 {
			t.Errorf("%d mails were asked for, want 30", asked)
		}
		if got := len(mailsOfKind(t, s, mail.ResetPassword)) - before; got == 0 || got > 30 {
			t.Errorf("%d reset mails were sent", got)
		}
		must(t, s, caller(forgot("u0@example.com"), "203.0.113.8"), 202) // somebody else
		s.Clock.Advance(15*time.Minute + time.Second)
		must(t, s, caller(forgot("u0@example.com"), "203.0.113.7"), 202)
	})
}

func mailsOfKind(t *testing.T, s *dialecttest.Server, kind mail.Kind) (out []mail.Letter) {
	t.Helper()
	s.Settle(t)
	for _, l := range s.Letters.All() {
		if l.Kind == kind {
			out = append(out, l)
		}
	}
	return out
}

// TestAChangeOfAddressIsNoWayToFlood asks from an own account, for mails to others and to an
// address that nobody has proved to read.
func TestAChangeOfAddressIsNoWayToFlood(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, realMailLimit, realMailDay)
		dialecttest.QuickPasswords(s)
		a := s.Register(t, victim, goodPassword) // not the victim's doing
		for i := range 10 {
			s.Do(t, changeEmail(a, fmt.Sprintf("u%d@example.com", i), goodPassword))
		}
		if got := len(mailedTo(t, s, victim)); got != 3 {
			t.Errorf("%d mails to an address that was never proved, want 3", got)
		}
		b := s.NewUser(t, "eve@example.com", identity.Customer)
		yes := 0
		for i := range 50 {
			s.Clock.Advance(time.Second)
			if r := s.Do(t, changeEmail(b, fmt.Sprintf("v%d@example.com", i), b.Password)); r.Status == 202 {
				yes++
			} else if r.Status != 429 {
				t.Errorf("%d %s", r.Status, r.Body)
			}
		}
		if yes != 3 { // her own address is not proved, either
			t.Errorf("%d changes were asked for", yes)
		}
	})
}

// TestChangesOfAddressAreBounded: whoever has proved the own address may ask for as many mails
// to others as any other caller, and for as many as the password may be tried.
func TestChangesOfAddressAreBounded(t *testing.T) {
	for limit, want := range map[string]int{"GATEHOUSE_RATE_LIMIT=on": 30, realLoginLimit: 5} {
		t.Run(limit, func(t *testing.T) {
			s := start(t, dialecttest.SQLite(t), realMailLimit, behindProxy, limit)
			dialecttest.QuickPasswords(s)
			a := s.Register(t, "eve@example.com", goodPassword)
			must(t, s, verifyBy(s.MailedToken(t, mail.VerifyEmail, a.Email)), 204)
			asked := 0
			for i := range 40 {
				q := changeEmail(a, fmt.Sprintf("v%d@example.com", i), goodPassword)
				q.Header = map[string]string{"X-Forwarded-For": "203.0.113.7"}
				if r := s.Do(t, q); r.Status == 202 {
					asked++
				} else {
					refused(t, r, 15*time.Minute)
				}
			}
			if asked != want {
				t.Errorf("%d changes were asked for, want %d", asked, want)
			}
		})
	}
}

// TestTheWarningIsNotLostInAFlood: a thief who fills the owner's budget first does not keep the
// owner from learning how to undo a change of address.
func TestTheWarningIsNotLostInAFlood(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, realMailLimit, realMailDay, behindProxy)
		dialecttest.QuickPasswords(s)
		a := s.Register(t, oldEmail, goodPassword)
		must(t, s, verifyBy(s.MailedToken(t, mail.VerifyEmail, oldEmail)), 204)
		for i := range 20 {
			must(t, s, withAddress(forgot(oldEmail), i), 202)
		}
		s.Settle(t)
		must(t, s, changeEmail(a, newEmail, goodPassword), 202)
		counts(t, s, mail.AddressChange, oldEmail, 1)
		must(t, s, verifyBy(s.MailedToken(t, mail.ConfirmAddress, newEmail)), 204)
		must(t, s, cancelMove(s.MailedToken(t, mail.AddressChange, oldEmail)), 204)
		owned(t, s, a)
	})
}
