package native_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// wave registers everybody at once, spread over the nodes, and returns how many were told
// that they have an account. Every answer must be one of the codes, or a 503.
func wave(t *testing.T, nodes []*dialecttest.Server, emails []string, code string, codes ...string) int64 {
	t.Helper()
	var in atomic.Int64
	dialecttest.Together(len(emails), func(i int) {
		r, err := nodes[i%len(nodes)].Try(redeem(nodes[0], emails[i], code))
		switch {
		case err != nil:
			t.Error(err)
		case r.Status == http.StatusCreated:
			in.Add(1)
		case r.Status == http.StatusServiceUnavailable && r.Header.Get("Retry-After") != "":
		case !strings.Contains(strings.Join(codes, " "), r.Code()) || r.Code() == "":
			t.Errorf("%s: %d %s", emails[i], r.Status, r.Body)
		}
	})
	return in.Load()
}

func crowd(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("u%d@example.com", i)
	}
	return out
}

// members returns the accounts that exist for good, after everything that was half done has
// been finished or undone.
func members(t *testing.T, s *dialecttest.Server) []identity.User {
	t.Helper()
	s.Clock.Advance(store.ClaimTimeout + 2*time.Second)
	s.Settle(t)
	if _, err := s.App.Invites.Repair(t.Context()); err != nil {
		t.Fatal(err)
	}
	all, err := s.App.Accounts.List(t.Context(), "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	var out []identity.User
	for _, u := range all {
		if u.Active() {
			out = append(out, u)
		}
	}
	return out
}

func TestACodeYieldsAsManyAccountsAsItHasUses(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		for _, uses := range []int64{1, 5} {
			t.Run(fmt.Sprintf("%d uses", uses), func(t *testing.T) {
				s := start(t, open)
				before := int64(len(members(t, s)))
				nodes := []*dialecttest.Server{s, s.Node(t)}
				dialecttest.QuickPasswords(nodes...)
				inv := inviteOne(t, s, fmt.Sprintf(`{"maxUses":%d}`, uses))
				emails := crowd(100)
				for i := range emails {
					emails[i] = fmt.Sprintf("%d.%s", uses, emails[i])
				}
				told := wave(t, nodes, emails, inv.Code, "invitation_used_up")
				if told > uses {
					t.Errorf("%d were told that they have an account, of a code with %d uses", told, uses)
				}
				for i, email := range emails { // whoever came too late may try again
					r := nodes[i%2].Do(t, redeem(s, email, inv.Code))
					if r.Status != 201 && r.Code() != "invitation_used_up" && r.Code() != "email_exists" {
						t.Errorf("%s again: %d %s", email, r.Status, r.Body)
					}
				}
				in := members(t, s)
				if got := int64(len(in)) - before; got != uses {
					t.Errorf("%d accounts came of a code with %d uses", got, uses)
				}
				came := int64(0)
				for _, u := range in {
					if u.InvitationID == inv.ID {
						came++
					}
				}
				if got := listed(t, s, inv.ID); came != uses || got.Uses != uses || got.State != "used" {
					t.Errorf("%d accounts name the invitation; the list has %d uses and says %s", came, got.Uses, got.State)
				}
			})
		}
	})
}

func TestManyRegistrationsOfOneAddressMakeOneAccount(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		nodes := []*dialecttest.Server{s, s.Node(t)}
		dialecttest.QuickPasswords(nodes...)
		inv := inviteOne(t, s, `{"maxUses":100}`)
		spelled := func(name string) []string {
			out := make([]string, 50)
			for i := range out {
				out[i] = name + "@Example.com"
				if i%2 == 0 {
					out[i] = strings.ToUpper(name) + "@eXAMPLE.com"
				}
				if i%3 == 0 {
					out[i] = name[:1] + strings.ToUpper(name[1:]) + "@example.COM"
				}
			}
			return out
		}
		for name, code := range map[string]string{"ada": "", "bob": inv.Code} {
			if told := wave(t, nodes, append(spelled(name), spelled(name)...), code, "email_exists"); told > 1 {
				t.Errorf("%d were told that they have the address of %s", told, name)
			}
			nodes[1].Login(t, name+"@example.com", goodPassword)
		}
		if kept, err := s.App.Store.Invitation(t.Context(), inv.ID); err != nil || kept.Left != 99 { // and not only after a repair
			t.Errorf("%d uses are left at once, want 99 (%v)", kept.Left, err)
		}
		if got := len(members(t, s)); got != 2 {
			t.Errorf("there are %d accounts, want 2", got)
		}
		if got := listed(t, s, inv.ID); got.Uses != 1 || got.State != "pending" {
			t.Errorf("the losers' uses are not free again: %+v", got)
		}
		if kept, err := s.App.Store.Invitation(t.Context(), inv.ID); err != nil || kept.Left != 99 {
			t.Errorf("%d uses are left, want 99 (%v)", kept.Left, err)
		}
		if r := nodes[1].Do(t, redeem(s, "cyd@example.com", inv.Code)); r.Status != 201 {
			t.Errorf("the next use: %d %s", r.Status, r.Body)
		}
	})
}

func TestOneAddressWithOneCodeIsOneAccount(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		nodes := []*dialecttest.Server{s, s.Node(t)}
		dialecttest.QuickPasswords(nodes...)
		inv := inviteOne(t, s, `{"email":"ada@example.com"}`)
		emails := make([]string, 60)
		for i := range emails {
			emails[i] = []string{"ada@example.com", "ADA@example.com", "eve@example.com"}[i%3]
		}
		if told := wave(t, nodes, emails, inv.Code, "email_exists", "invitation_used_up", "invitation_invalid"); told > 1 {
			t.Errorf("%d were told that they have an account", told)
		}
		s.Do(t, redeem(s, "ada@example.com", inv.Code))
		if in := members(t, s); len(in) != 1 || in[0].EmailKey() != "ada@example.com" {
			t.Errorf("the accounts are %+v", in)
		}
		if got := listed(t, s, inv.ID); got.Uses != 1 || got.State != "used" {
			t.Errorf("the invitation is %+v", got)
		}
	})
}

func TestACodeThatDoesNotHoldTellsNothing(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, behindProxy)
		dialecttest.QuickPasswords(s)
		good, bound, dead, replaced := inviteOne(t, s, `{}`), inviteOne(t, s, `{"email":"bob@example.com"}`), inviteOne(t, s, `{}`), inviteOne(t, s, `{}`)
		late := inviteOne(t, s, `{"expiresIn":60}`)
		s.Do(t, request{Method: "DELETE", Path: "/auth/invitationCodes/" + dead.ID, Key: s.Secret})
		s.Do(t, request{Method: "POST", Path: "/auth/invitationCodes/" + replaced.ID + "/resend", Key: s.Secret})
		callers := 0
		try := func(email, code string) dialecttest.Response {
			callers++
			q := redeem(s, email, code)
			q.Header = map[string]string{"X-Forwarded-For": fmt.Sprintf("203.0.113.%d", callers)}
			return s.Do(t, q)
		}
		nonsense := try("ada@example.com", "nonsense")
		if nonsense.Status != 400 || nonsense.Code() != "invitation_invalid" {
			t.Fatalf("%d %s", nonsense.Status, nonsense.Body)
		}
		code := good.Code
		for name, wrong := range map[string]string{
			"deleted": dead.Code, "replaced": replaced.Code, "for another address": bound.Code,
			"in capitals": strings.ToUpper(code), "in small letters": strings.ToLower(code), "with a capital in its prefix": "IV" + code[2:],
			"with a space behind": code + " ", "with a space before": " " + code, "with a line break": code + "\n", "with a NUL": code + "\x00",
			"with a letter more": code + "x", "with a letter less": code[:len(code)-1], "without its secret": code[:23], "with an empty secret": code[:24],
			"with another's secret": code[:24] + bound.Code[24:], "with another's id": bound.Code[:24] + code[24:], "with its last letter changed": code[:len(code)-1] + "_",
			"without its prefix": code[3:], "as an API key": "sk" + code[2:], "as its URL": good.URL, "only its id": good.ID, "twice": code + code,
			"with a zero-width space": code + "\u200b", "a pattern": "iv_.*", "ten thousand letters": strings.Repeat("x", 10_000),
			"of nobody": "iv_" + strings.Repeat("0", 20) + "_" + strings.Repeat("0", 43),
		} {
			t.Run(name, func(t *testing.T) { alike(t, nonsense, try("ada@example.com", wrong)) })
		}
		s.Clock.Advance(59*time.Second + 999*time.Millisecond)
		if r := try("early@example.com", late.Code); r.Status != 201 {
			t.Errorf("a millisecond before it expires: %d %s", r.Status, r.Body)
		}
		last := inviteOne(t, s, `{"expiresIn":60}`)
		for _, past := range []time.Duration{time.Minute, time.Second} {
			s.Clock.Advance(past)
			if r := try("late@example.com", last.Code); r.Status != 410 || r.Code() != "invitation_expired" {
				t.Errorf("expired: %d %s", r.Status, r.Body)
			}
		}
		if got := len(members(t, s)); got != 1 {
			t.Errorf("there are %d accounts", got)
		}
		if r := try("ada@example.com", code); r.Status != 201 {
			t.Errorf("the code as it is: %d %s", r.Status, r.Body)
		}
	})
}
