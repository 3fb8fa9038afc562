package js_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/browsertest"
)

const refusedOnPurpose = "Failed to load resource"

func TestASessionIsRenewedBeforeItExpires(t *testing.T) {
	s := start(t, "6s")
	tab := s.open(t, browsertest.Start(t))
	signIn(tab, "ada@example.com")
	tab.Eval(`void (async () => { // never once refused, although tokens last six seconds
		for (window.asked = 0, window.bad = 0; count("renewed") < 2; asked++) {
			if ((await fetch("/auth/me", { headers: { Authorization: "Bearer " + client.session().accessToken } })).status !== 200) bad++;
			await new Promise(done => setTimeout(done, 50));
		}
	})()`, nil)
	tab.WaitFor(`count("renewed") >= 2`)
	var bad, asked int
	tab.Eval("bad", &bad)
	tab.Eval("asked", &asked)
	if bad > 0 || asked < 3 {
		t.Errorf("%d of %d requests were refused", bad, asked)
	}
	tab.Clean()
	s.noTokens(t, tab)
}

func TestARenewalReachesOtherTabsAtOnce(t *testing.T) {
	s := start(t, "1h")
	browser := browsertest.Start(t)
	one := s.open(t, browser)
	signIn(one, "ada@example.com")
	two := s.duplicate(t, browser, one)
	s.set(func(s *site) { s.refused["*"] = true })
	one.Eval(`client.fetch("/api").then(() => null)`, nil)
	two.WaitFor(`count("renewed") === 1`)
	var a, b string
	one.Eval(`sessionStorage.getItem("SF_Token")`, &a)
	two.Eval(`sessionStorage.getItem("SF_Token")`, &b)
	if a != b || s.renewals() != 1 {
		t.Errorf("the tabs differ, after %d renewals", s.renewals())
	}
}

func TestTwoTabsRenewOnce(t *testing.T) {
	s := start(t, "4s")
	browser := browsertest.Start(t)
	one := s.open(t, browser)
	signIn(one, "ada@example.com")
	two := s.duplicate(t, browser, one)
	for _, tab := range []*browsertest.Tab{one, two} {
		tab.WaitFor(`count("renewed") >= 3`)
	}
	// Both stop at the same renewal, so that what they heard can be compared with what was asked.
	var heard int
	one.Eval(`(client.close(), count("renewed"))`, &heard)
	two.WaitFor(fmt.Sprintf(`count("renewed") >= %d`, heard))
	two.Eval(`(client.close(), count("renewed"))`, &heard)
	if asked := s.renewals(); asked != heard {
		t.Errorf("%d requests for %d renewals", asked, heard)
	}
	for _, tab := range []*browsertest.Tab{one, two} {
		tab.Eval("client.user().then(() => null)", nil)
		tab.Clean()
	}
}

// TestTwoTabsThatAreRefusedAtOnceRenewOnce lets an API refuse both tabs' token at the same
// moment.
func TestTwoTabsThatAreRefusedAtOnceRenewOnce(t *testing.T) {
	for _, c := range []struct {
		name, without string
		most          int
	}{
		{"with locks", "", 1},
		{"without locks", "delete Navigator.prototype.locks", 2},
		{"without locks and channels", "delete Navigator.prototype.locks; delete globalThis.BroadcastChannel", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, "1h")
			browser := browsertest.Start(t)
			prepare := func(tab *browsertest.Tab) {
				if c.without != "" {
					tab.BeforePages(c.without)
				}
			}
			one := browser.Tab(t)
			prepare(one)
			one.Open(s.URL + "/page")
			one.WaitFor("window.ready")
			signIn(one, "ada@example.com")
			two := s.duplicate(t, browser, one, prepare)
			tabs := []*browsertest.Tab{one, two}
			for round := 1; round <= 3; round++ {
				s.set(func(s *site) {
					s.gate = newGate(t, 2)
					for _, tab := range tabs {
						var bearer string
						tab.Eval(`"Bearer " + client.session().accessToken`, &bearer)
						s.refused[bearer] = true
					}
				})
				for _, tab := range tabs {
					tab.Eval(`void (window.answer = undefined, client.fetch("/api?" + Math.random()).then(r => { window.answer = r.status }))`, nil)
				}
				for _, tab := range tabs {
					tab.WaitFor("window.answer === 200")
				}
				if n := s.renewals(); n > round*c.most || n < round {
					t.Errorf("%d renewals after round %d", n, round)
				}
			}
			for _, tab := range tabs {
				tab.Eval("client.user().then(() => null)", nil)
				tab.Clean(refusedOnPurpose)
			}
			s.noTokens(t, tabs...)
		})
	}
}

func TestWhatGoesWrongOnTheWayEndsNoSession(t *testing.T) {
	for name, d := range map[string]disturbance{
		"an answer that is lost": lost, "a server that is unavailable": unavailable, "a server that asks for a pause": overloaded, "another's answer": nonsense,
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, "2s")
			tab := s.open(t, browsertest.Start(t))
			s.set(func(s *site) { s.disturb = []disturbance{d} }) // before the first renewal can come
			signIn(tab, "ada@example.com")
			if d == overloaded {
				const once = "(async () => { while (client.expiresAt() >= Date.now()) await new Promise(r => setTimeout(r, 20)); return attempt(client.token()) })()"
				var p problem
				if tab.Eval(once, &p); p.Status != 429 {
					t.Errorf("during the pause: %+v", p)
				}
			}
			tab.WaitFor(`count("renewed") >= 2`)
			asked := s.requests("/auth/refreshToken")
			if len(asked) < 3 {
				t.Fatalf("%d requests for two renewals and a failure", len(asked))
			}
			if pause := asked[1].at.Sub(asked[0].at); d == overloaded && pause < 7900*time.Millisecond {
				t.Errorf("it waited for %s, and was asked to wait for eight seconds", pause)
			}
			tab.Eval("client.user().then(() => null)", nil)
			var gone int
			if tab.Eval(`count("signed_out")`, &gone); gone > 0 {
				t.Error("the session ended")
			}
			tab.Clean(refusedOnPurpose)
			s.noTokens(t, tab)
		})
	}
}

func TestASessionOutlivesAServerThatIsDown(t *testing.T) {
	s := start(t, "2s")
	tab := s.open(t, browsertest.Start(t))
	signIn(tab, "ada@example.com")
	s.set(func(s *site) { s.down = true })
	tab.WaitFor("client.expiresAt() < Date.now()")
	var p problem
	tab.Eval(`attempt(client.fetch("/api"))`, &p)
	if p.Code != "network" || p.Status != 0 {
		t.Errorf("while the server is down: %+v", p)
	}
	tab.Reload()
	tab.WaitFor("client.session() !== null")
	s.set(func(s *site) { s.down = false })
	tab.WaitFor(`count("renewed") >= 1`) // by itself
	tab.Eval("client.user().then(() => null)", nil)
	tab.Clean(refusedOnPurpose)
}

func TestASessionOutlivesSleepAndAWrongClock(t *testing.T) {
	for name, skew := range map[string]string{
		"a clock that is right": "0", "a clock that is a day behind": "-86400e3", "a clock that is a day ahead": "86400e3",
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, "1h")
			browser := browsertest.Start(t)
			tab := browser.Tab(t)
			// The timers of a device that sleeps stand still while its clock goes on.
			tab.BeforePages("{ const now = Date.now; window.slept = 0; Date.now = () => now() + " + skew + " + slept }")
			tab.Open(s.URL + "/page")
			tab.WaitFor("window.ready")
			signIn(tab, "ada@example.com")
			var left int
			if tab.Eval("Math.round((client.expiresAt() - Date.now()) / 60000)", &left); left != 60 {
				t.Errorf("it expires in %d minutes", left)
			}
			tab.Eval("client.user().then(() => null)", nil)
			if n := s.renewals(); n != 0 {
				t.Errorf("%d renewals of a new token", n)
			}
			tab.Eval(`void (slept = 58 * 60e3, dispatchEvent(new Event("focus")))`, nil)
			tab.Eval("client.token().then(() => null)", nil)
			if n := s.renewals(); n != 0 {
				t.Errorf("%d renewals two minutes before expiry", n)
			}
			tab.Eval(`void (slept = 59.5 * 60e3, document.dispatchEvent(new Event("visibilitychange", { bubbles: true })))`, nil)
			tab.WaitFor(`count("renewed") === 1`)
			tab.Eval("void (slept = 120 * 60e3)", nil)
			tab.Eval("client.token().then(() => null)", nil)
			if n := s.renewals(); n != 2 {
				t.Errorf("%d renewals, want one when it woke and one before a token was given out", n)
			}
			tab.Clean()
		})
	}
}

func TestASessionThatEndedElsewhereEndsHere(t *testing.T) {
	s := start(t, "1h")
	tab := s.open(t, browsertest.Start(t))
	signIn(tab, "ada@example.com")
	var bearer string
	tab.Eval("client.session().accessToken", &bearer)
	s.Do(t, request{Path: "/auth/logout", Bearer: bearer, Method: "POST"})
	var p problem
	tab.Eval("attempt(client.user())", &p)
	if p.Status != 401 {
		t.Errorf("got %+v", p)
	}
	tab.WaitFor(`client.session() === null && told.at(-1) === "signed_out session_ended"`)
	if n := s.renewals(); n != 1 {
		t.Errorf("%d attempts to renew", n)
	}
	tab.Clean(refusedOnPurpose)
}
