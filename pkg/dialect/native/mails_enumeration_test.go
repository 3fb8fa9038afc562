package native_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// provisional adds accounts whose invitation is not confirmed yet.
func provisional(t *testing.T, s *dialecttest.Server, sorts map[string][]string) {
	t.Helper()
	for i := range samples {
		email := fmt.Sprintf("provisional%d@example.com", i)
		if err := s.App.Store.CreateUser(t.Context(), identity.User{
			ID: fmt.Sprintf("provis%022d", i), Email: email, UserType: identity.Customer, Provisional: true,
			Identifiers: []identity.Identifier{{Kind: identity.EmailIdentifier, Value: email}},
		}); err != nil {
			t.Fatal(err)
		}
		sorts["provisional"] = append(sorts["provisional"], email)
	}
}

// TestAskingForAMailDoesNotTellWhoHasAnAccount compares what is answered, and what is done for
// it, byte by byte and call by call: where both are the same the time is.
func TestAskingForAMailDoesNotTellWhoHasAnAccount(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s, store := dialecttest.Watch(t, open, behindProxy)
		work := dialecttest.QuickPasswords(s)
		sorts := people(t, s)
		provisional(t, s, sorts)
		s.Settle(t)
		for name, c := range map[string]struct {
			ask  func(email string) request
			kind mail.Kind
			get  []string // the sorts of accounts that get a mail
		}{
			"forgotPassword":     {forgot, mail.ResetPassword, []string{"active", "unverified", "without a password"}},
			"resendVerification": {resend, mail.VerifyEmail, []string{"unverified"}},
		} {
			t.Run(name, func(t *testing.T) {
				callers := map[string]func(i int, q request) request{
					"a browser": func(i int, q request) request {
						q.Header = map[string]string{"X-Forwarded-For": fmt.Sprintf("203.0.113.%d", i)}
						return q
					},
					"an app":   func(i int, q request) request { q.Key = s.Publishable; return withAddress(q, i) },
					"a server": func(_ int, q request) request { q.Key = s.Secret; return q },
				}
				caller := 0
				for who, by := range callers {
					ask := func(email string) (dialecttest.Response, []string) {
						caller++
						q := by(caller, c.ask(email))
						store.Since()
						return s.Do(t, q), store.Since()
					}
					ask("warm@example.com") // API keys are read once and then known by heart
					for i := range samples {
						want, wantCalls := ask(sorts["unknown"][i])
						if want.Status != 202 || !slices.Equal(wantCalls, []string{"Hit 1", "Record account_request"}) {
							t.Fatalf("%s is answered %d %s after %v", who, want.Status, want.Body, wantCalls)
						}
						for sort, emails := range sorts {
							if sort == "unknown" {
								continue
							}
							got, calls := ask(emails[i])
							alike(t, want, got)
							if diff := cmp.Diff(wantCalls, calls); diff != "" {
								t.Errorf("%s: another address makes other calls (-unknown +%s):\n%s", who, sort, diff)
							}
						}
					}
				}
				if got := work.Work(); got > 100 { // for making the accounts
					t.Errorf("%d passwords were hashed", got)
				}
				for sort, emails := range sorts {
					want := 0
					if slices.Contains(c.get, sort) {
						want = len(callers)
					}
					counts(t, s, c.kind, emails[0], want)
				}
			})
		}
		for _, l := range s.Letters.All() {
			if l.Kind != mail.ResetPassword && l.Kind != mail.VerifyEmail {
				t.Errorf("a mail of kind %s", l.Kind)
			}
		}
	})
}

// withAddress lets a request come from one of many addresses.
func withAddress(q request, i int) request {
	q.Header = map[string]string{"X-Forwarded-For": fmt.Sprintf("198.51.%d.%d", 100+i/250, i%250)}
	return q
}

func TestRegisteringTwiceIsToldByMailOnly(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, mustVerify)
		dialecttest.QuickPasswords(s)
		sorts := people(t, s)
		first := must(t, s, register(s, "new@example.com", goodPassword), 202)
		for sort, want := range map[string][]mail.Kind{
			"active": {mail.AccountExists}, "unverified": {mail.ResetPassword}, "without a password": {mail.AccountExists}, "disabled": nil,
		} {
			email := sorts[sort][0]
			again := must(t, s, register(s, email, otherPassword), 202)
			if first.Body != again.Body {
				t.Errorf("%s: %s, a new address: %s", sort, again.Body, first.Body)
			}
			s.Settle(t)
			var got []mail.Kind
			for _, l := range s.Letters.All() {
				if l.To == email {
					got = append(got, l.Kind)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: mails (-want +got):\n%s", sort, diff)
			}
		}
		counts(t, s, mail.VerifyEmail, "new@example.com", 1)
		// Neither of the two who signed up has proved to read the address: its reader says what the
		// password is, and no link makes the first one good.
		const chosen = "looms count threads"
		must(t, s, reset(s.MailedToken(t, mail.ResetPassword, sorts["unverified"][0]), chosen), 204)
		for password, want := range map[string]int{goodPassword: 401, otherPassword: 401, chosen: 200} {
			if got := signsIn(t, s, sorts["unverified"][0], password); got != want {
				t.Errorf("%q is answered %d, want %d", password, got, want)
			}
		}
	})
}

// TestMailGoesToTheStoredAddressOnly asks under names that look like it, or mean the same.
func TestMailGoesToTheStoredAddressOnly(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		dialecttest.QuickPasswords(s)
		const stored = "Mike@Bücher.example"
		s.Register(t, stored, goodPassword)
		s.Settle(t)
		same := []string{"mike@bücher.example", "MIKE@BÜCHER.EXAMPLE", "mike@xn--bcher-kva.example", "mike@bu\u0308cher.example", "mike@ｂücher.example"}
		others := []string{
			"mike@bücher.example.evil.example", "mike@bucher.example", "mike@bücher.examp1e", "mike@b\u00fccher\u0430.example", "mike+x@bücher.example", "mi.ke@bücher.example",
		}
		refused := []string{
			"mıke@bücher.example", "m\u0456ke@bücher.example", "mi\u212ae@bücher.example", "mike\u200b@bücher.example", "mike@bücher.example,eve@evil.example",
			"mike@bücher.example eve@evil.example", "mike@bücher.example\r\nBcc: eve@evil.example", `"mike@bücher.example"@evil.example`, "<mike@bücher.example>",
			"Mike <mike@bücher.example>", "mike@bücher.example;eve@evil.example", "mike%40bücher.example@evil.example@x", "mike@bücher.example\x00@evil.example", "",
		}
		for _, ask := range []func(string) request{forgot, resend} {
			for _, email := range append(same, others...) {
				must(t, s, ask(email), 202)
			}
			for _, email := range refused {
				if r := s.Do(t, ask(email)); r.Status != 400 || field(t, r) != "email" {
					t.Errorf("%q: %d %s", email, r.Status, r.Body)
				}
			}
			for _, list := range []string{`{"email":["` + stored + `","eve@evil.example"]}`, `{"email":"` + stored + `","email":"eve@evil.example"}`, `{"email":{"$ne":""}}`} {
				q := ask("")
				q.Body = list
				must(t, s, q, 400)
			}
		}
		s.Settle(t)
		for _, l := range s.Letters.All() {
			if l.To != stored {
				t.Errorf("a mail of kind %s to %q", l.Kind, l.To)
			}
		}
		counts(t, s, mail.ResetPassword, stored, len(same))
		counts(t, s, mail.VerifyEmail, stored, 1+len(same))
		must(t, s, reset(s.MailedToken(t, mail.ResetPassword, stored), otherPassword), 204)
		s.Login(t, stored, otherPassword)
	})
}
