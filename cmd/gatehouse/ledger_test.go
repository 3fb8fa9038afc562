package main_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/app"
	"github.com/gatehouse-id/gatehouse/pkg/config"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// ledger compares what clients were told with what there is.
type ledger struct {
	*journal
	site    *site
	fleet   *fleet
	codes   *codes
	clients []*client
}

func (l *ledger) report(t *testing.T, slowest time.Duration) {
	t.Helper()
	done := map[string]int64{}
	l.done.Range(func(act, n any) bool {
		done[act.(string)] = n.(*atomic.Int64).Load()
		return true
	})
	t.Logf("%d answers, %d requests unanswered, slowest start %s, done: %v", l.answers.Load(), l.lost.Load(), slowest, done)
	if l.lost.Load() < killRounds {
		t.Error("too few requests were cut off to say anything")
	}
	for _, act := range []string{"register", "be refused", "sign in", "refresh", "refresh twice", "change the password", "sign out", "sign out everywhere", "delete the account"} {
		if done[act] == 0 {
			t.Errorf("nobody did this: %s", act)
		}
	}
}

// judge checks everything with the servers stopped.
func (l *ledger) judge(t *testing.T) {
	t.Helper()
	l.later(t, func(a *app.App) {
		for _, do := range []func(context.Context) error{
			func(ctx context.Context) error { _, err := a.Relay.Drain(ctx); return err },
			func(ctx context.Context) error { _, err := a.Invites.Repair(ctx); return err },
			func(ctx context.Context) error { _, err := a.Store.Sweep(ctx, a.Now()); return err },
		} {
			if err := do(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
	n := l.site.serve(t)
	l.fleet.set(n)
	set := n.keySet(t)
	var judging sync.WaitGroup
	for _, c := range l.clients {
		judging.Go(func() {
			for _, a := range c.accounts {
				c.judge(a)
			}
			for _, token := range c.tokens {
				if _, err := set.verify(token); err != nil {
					t.Errorf("another service refuses a good token: %v", err)
				}
			}
		})
	}
	judging.Wait()
	n.terminate(t)
	if code := n.wait(t); code != 0 {
		t.Errorf("exit code %d\n%s", code, n.log)
	}
	l.judgeEvents(t)
	l.later(t, func(a *app.App) { l.judgeStore(t, a) })
}

// later opens the site in this process, by a clock at which everything that was left half done
// is old enough to be mended.
func (l *ledger) later(t *testing.T, do func(a *app.App)) {
	t.Helper()
	cfg, err := config.FromEnv(l.site.env)
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), cfg, app.Options{Now: func() time.Time {
		return time.Now().UTC().Truncate(time.Millisecond).Add(store.ClaimTimeout + 10*time.Second)
	}})
	if err != nil {
		t.Fatal(err)
	}
	do(a)
	if err := a.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// judge checks an account by what the service answers now.
func (c *client) judge(a *account) {
	switch {
	case a.unsettled:
		c.judgeUnsettled(a)
	case a.gone, a.refused, !a.registered:
		if r, _ := c.login(a, a.password); r.Status != 401 {
			c.wrong(a, "signing in to what is not there", r, 0)
		}
	case len(a.old) > 0:
		if r, _ := c.login(a, a.old[len(a.old)-1]); r.Status != 401 {
			c.wrong(a, "signing in by the old password", r, 0)
		}
		c.signIn(a)
	}
	for _, s := range a.seats {
		if !s.over {
			c.refresh(a, s)
		}
		want := 200
		if s.over {
			want = 401
			if r, _ := c.ask(request{Path: "/auth/refreshToken", Body: object("refreshToken", s.refresh)}); r.Status != want {
				c.wrong(a, "refreshing a session that is over", r, 0)
			}
		}
		if r, _ := c.ask(request{Path: "/auth/me", Bearer: s.access}); r.Status != want {
			c.wrong(a, "using a session", r, 0)
		}
	}
}

// judgeUnsettled looks once more at a registration that was not answered. It has happened, or
// nothing of it is left and the address is free.
func (c *client) judgeUnsettled(a *account) {
	r, lost := c.login(a, a.password)
	if r.Status == 200 {
		c.exists(a)
		c.seated(a, r, lost)
		return
	}
	if a.unsettled, a.code, a.maybe = false, "", 0; r.Status == 401 {
		c.register(a)
		return
	}
	c.wrong(a, "signing in after a registration that was not answered", r, lost)
}

// judgeEvents checks that each change that was acknowledged is in the audit log exactly once.
func (l *ledger) judgeEvents(t *testing.T) {
	t.Helper()
	counts := map[string]int{}
	for _, e := range l.site.events(t) {
		counts[e.Type+" "+e.Subject]++
		if e.Type == "invitation_redeemed" {
			counts[e.Type+" "+e.Actor]++
		}
	}
	expect := func(a *account, kind, subject string, least, most int) {
		if got := counts[kind+" "+subject]; got < least || got > most {
			t.Errorf("%s: %d events %s of %s, want %d to %d\n%+v", a.email, got, kind, subject, least, most, *a)
		}
	}
	for _, c := range l.clients {
		for _, a := range c.accounts {
			if a.id == "" {
				continue
			}
			for _, kind := range []string{"user_registered", "invitation_redeemed", "password_changed", "session_ended", "user_deleted"} {
				expect(a, kind, "user:"+a.id, a.events[kind], a.events[kind])
			}
			expect(a, "sign_in", "user:"+a.id, a.signIns, a.signIns+a.maybe)
			for _, s := range a.seats {
				want := 0
				if s.signedOut {
					want = 1
				}
				expect(a, "session_ended", "session:"+s.id, want, want)
			}
		}
	}
}

// judgeStore checks accounts and invitations where they are kept.
func (l *ledger) judgeStore(t *testing.T, a *app.App) {
	t.Helper()
	want := map[string]bool{}
	for _, c := range l.clients {
		for _, acc := range c.accounts {
			if acc.registered && !acc.gone {
				want[acc.email] = true
			}
		}
	}
	byInvitation := map[string]int64{}
	for after := ""; ; {
		users, err := a.Store.Users(t.Context(), after, 100)
		if err != nil {
			t.Fatal(err)
		}
		if len(users) == 0 {
			break
		}
		for _, u := range users {
			after = u.ID
			if !u.Active() {
				if u.Provisional {
					t.Errorf("%s was never settled", u.Email)
				}
				continue
			}
			if !want[u.Email] {
				t.Errorf("%s is there, or there twice", u.Email)
			}
			delete(want, u.Email)
			byInvitation[u.InvitationID]++
		}
	}
	for email := range want {
		t.Errorf("%s is not there", email)
	}
	l.judgeInvitations(t, a, byInvitation)
}

// judgeInvitations checks that uses and accounts are the same number.
func (l *ledger) judgeInvitations(t *testing.T, a *app.App, accounts map[string]int64) {
	t.Helper()
	all, err := a.Store.Invitations(t.Context(), store.InvitationFilter{Now: a.Now(), Limit: 100})
	if err != nil || len(all) != 1+len(l.codes.single) {
		t.Fatalf("%d invitations (%v)", len(all), err)
	}
	for _, i := range all {
		if i.Confirmed() != accounts[i.ID] || int64(len(i.Uses)) != i.Confirmed() || i.Left != i.MaxUses-i.Confirmed() {
			t.Errorf("an invitation has %s, %d accounts came of it", uses(i), accounts[i.ID])
		}
	}
}

func uses(i identity.Invitation) string {
	var out []string
	for _, u := range i.Uses {
		out = append(out, fmt.Sprintf("%s confirmed %t", u.UserID, u.Confirmed))
	}
	return fmt.Sprintf("%d of %d uses left: %s", i.Left, i.MaxUses, strings.Join(out, ", "))
}
