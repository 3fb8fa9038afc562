package native_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

const (
	realLoginLimit = "GATEHOUSE_LIMIT_LOGIN=5/15m" // the default, which scenarios otherwise raise
	behindProxy    = "GATEHOUSE_TRUSTED_PROXIES=127.0.0.1/32"
	wrongPassword  = "not the right phrase"
)

// attempt is one try to sign in. With from it comes through a proxy from that address.
type attempt struct {
	email, password, key, from string
	header                     map[string]string
}

func (a attempt) request(s *dialecttest.Server) request {
	q := request{Path: "/auth/login", Key: a.key, Body: body("email", a.email, "password", a.password), Header: a.header}
	if q.Key == "" {
		q.Key = s.Publishable
	}
	if a.from != "" {
		q.Header = map[string]string{"X-Forwarded-For": a.from}
	}
	return q
}

func (a attempt) status(t *testing.T, s *dialecttest.Server) int {
	t.Helper()
	return s.Do(t, a.request(s)).Status
}

// budget reads the three headers of a limited route.
func budget(t *testing.T, r dialecttest.Response) (limit, remaining, reset int64) {
	t.Helper()
	for name, to := range map[string]*int64{"Limit": &limit, "Remaining": &remaining, "Reset": &reset} {
		values := r.Header.Values("X-Ratelimit-" + name)
		if len(values) != 1 {
			t.Fatalf("X-RateLimit-%s is %q on a %d", name, values, r.Status)
		}
		var err error
		if *to, err = strconv.ParseInt(values[0], 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	return limit, remaining, reset
}

// refused checks a 429: a problem document, nothing left, and whole seconds to wait.
func refused(t *testing.T, r dialecttest.Response, wait time.Duration) {
	t.Helper()
	if r.Status != http.StatusTooManyRequests || r.Code() != "rate_limited" {
		t.Fatalf("got %d %s, want 429 rate_limited", r.Status, r.Body)
	}
	if got, want := r.Header.Get("Retry-After"), strconv.Itoa(int(wait/time.Second)); got != want {
		t.Errorf("Retry-After is %q, want %q", got, want)
	}
	if _, remaining, _ := budget(t, r); remaining != 0 {
		t.Errorf("a 429 with %d attempts left", remaining)
	}
}

func TestTheSixthWrongPasswordIsRefusedWhoeverItIsFor(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, realLoginLimit)
		dialecttest.QuickPasswords(s)
		s.Register(t, "ada@example.com", goodPassword)
		resets := s.Clock.Now().Add(15 * time.Minute).Unix()
		for n := range int64(8) {
			known := s.Do(t, attempt{email: "ada@example.com", password: wrongPassword}.request(s))
			unknown := s.Do(t, attempt{email: "eve@example.com", password: wrongPassword}.request(s))
			alike(t, known, unknown)
			limit, remaining, reset := budget(t, known)
			if limit != 5 || remaining != max(0, 4-n) || reset < resets || reset > resets+1 {
				t.Errorf("attempt %d: %d of %d left until %d, want %d of 5 until %d", n+1, remaining, limit, reset, max(0, 4-n), resets)
			}
			if n < 5 && known.Code() != "bad_credentials" {
				t.Errorf("attempt %d: %d %s", n+1, known.Status, known.Body)
			}
			if n >= 5 {
				refused(t, known, 15*time.Minute)
			}
		}
		refused(t, s.Do(t, attempt{email: "ada@example.com", password: goodPassword}.request(s)), 15*time.Minute)
		s.Clock.Advance(14 * time.Minute)
		refused(t, s.Do(t, attempt{email: "ada@example.com", password: goodPassword}.request(s)), time.Minute)
		s.Clock.Advance(time.Minute + time.Second)
		s.Login(t, "ada@example.com", goodPassword)
	})
}

// forwarding are headers in which proxies name the client; anybody can send them.
var forwarding = []string{
	"X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP", "True-Client-IP", "X-Client-IP", "X-Cluster-Client-IP",
	"X-Forwarded", "Forwarded-For", "X-Originating-IP", "X-Remote-IP", "X-Remote-Addr", "Fastly-Client-IP", "Via",
}

func spoofed(i int) map[string]string {
	header := map[string]string{"X-Device-Id": strconv.Itoa(i), "User-Agent": "browser " + strconv.Itoa(i)}
	for _, name := range forwarding {
		header[name] = fmt.Sprintf("203.0.%d.%d", i/200, i%200)
	}
	header["Forwarded"] = "for=" + header["Forwarded"]
	return header
}

func TestSpoofedAddressesDoNotBuyAttempts(t *testing.T) {
	s := start(t, dialecttest.SQLite(t), realLoginLimit)
	dialecttest.QuickPasswords(s)
	s.Register(t, "ada@example.com", goodPassword)
	wrong := 0
	for i := range 60 {
		if (attempt{email: "ada@example.com", password: wrongPassword, header: spoofed(i)}).status(t, s) == 401 {
			wrong++
		}
	}
	right := body("email", "ada@example.com", "password", goodPassword)
	twice := s.Raw(t, "POST /auth/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nX-Api-Key: "+s.Publishable+
		"\r\nX-Forwarded-For: 203.0.113.1\r\nX-Forwarded-For: 203.0.113.2\r\nContent-Length: "+strconv.Itoa(len(right))+"\r\n\r\n"+right)
	if wrong != 5 || twice.Status != 429 {
		t.Errorf("%d wrong passwords were looked at, want 5; then the right one under two headers got %d", wrong, twice.Status)
	}
}

func TestBehindAProxyTheRightMostUntrustedHopCounts(t *testing.T) {
	s := start(t, dialecttest.SQLite(t), realLoginLimit, "GATEHOUSE_TRUSTED_PROXIES=127.0.0.1/32,10.0.0.0/8")
	dialecttest.QuickPasswords(s)
	s.Register(t, "ada@example.com", goodPassword)
	wrong := 0
	for i := range 60 {
		chain := fmt.Sprintf("203.0.113.%d, 198.51.100.7, 10.1.2.3", i)
		header := spoofed(i)
		header["X-Forwarded-For"] = chain
		if (attempt{email: "ada@example.com", password: wrongPassword, header: header}).status(t, s) == 401 {
			wrong++
		}
	}
	if wrong != 5 {
		t.Errorf("%d wrong passwords were looked at, want 5", wrong)
	}
	for from, want := range map[string]int{
		"198.51.100.8":                   401, // another address has a budget of its own
		"198.51.100.7":                   429,
		"::ffff:198.51.100.7":            429, // is the same one
		"198.51.100.8, 198.51.100.7":     429,
		"198.51.100.7, 198.51.100.9":     401,
		"198.51.100.7,10.9.9.9,10.8.8.8": 429,
	} {
		if got := (attempt{email: "ada@example.com", password: wrongPassword, from: from}).status(t, s); got != want {
			t.Errorf("from %q: got %d, want %d", from, got, want)
		}
	}
}

func TestEverySpellingOfAnAddressSharesOneBudget(t *testing.T) {
	for _, known := range []bool{true, false} {
		t.Run(fmt.Sprintf("the account exists: %t", known), func(t *testing.T) {
			s := start(t, dialecttest.SQLite(t), realLoginLimit)
			dialecttest.QuickPasswords(s)
			if known {
				s.Register(t, "ada@bücher.example", goodPassword)
			}
			otherApp := s.NewKey(t, "publishable")
			wrong := 0
			for range 4 {
				for _, spelling := range []string{
					"ada@bücher.example", "ADA@bücher.example", "aDa@BÜCHER.EXAMPLE", "ada@xn--bcher-kva.example",
					"ada@XN--BCHER-KVA.example", "ada@ｂücher.example", "ada@bu\u0308cher.example",
				} {
					if (attempt{email: spelling, password: wrongPassword}).status(t, s) == 401 {
						wrong++
					}
					if (attempt{email: spelling, password: wrongPassword, key: otherApp}).status(t, s) == 401 {
						wrong++
					}
				}
			}
			if wrong != 5 {
				t.Errorf("%d wrong passwords were looked at, want 5", wrong)
			}
			refusedEverywhere(t, s)
		})
	}
}

// refusedEverywhere tries ways to reach the sign-in beside the limit that has tripped.
func refusedEverywhere(t *testing.T, s *dialecttest.Server) {
	t.Helper()
	right := body("email", "ada@bücher.example", "password", goodPassword)
	s.Run(t, []kase{
		{Name: "the address as it is", Request: request{Path: "/auth/login", Key: s.Publishable, Body: right}, Status: 429},
		{Name: "spaces around the address", Request: request{Path: "/auth/login", Key: s.Publishable, Body: body("email", " ada@bücher.example ", "password", goodPassword)}, Status: 400},
		{Name: "a zero-width space in the address", Request: request{Path: "/auth/login", Key: s.Publishable, Body: body("email", "ada\u200b@bücher.example", "password", goodPassword)}, Status: 400},
		{Name: "a user name beside it", Request: request{Path: "/auth/login", Key: s.Publishable, Body: body("email", "ada@bücher.example", "password", goodPassword, "userName", "x")}, Status: 400},
		{Name: "a slash at the end", Request: request{Path: "/auth/login/", Key: s.Publishable, Body: right}, Status: 404},
		{Name: "two slashes", Request: request{Path: "//auth/login", Key: s.Publishable, Body: right}, Status: 400},
		{Name: "capitals in the path", Request: request{Path: "/auth/Login", Key: s.Publishable, Body: right}, Status: 404},
		{Name: "a query", Request: request{Path: "/auth/login?x=1", Key: s.Publishable, Body: right}, Status: 429},
	})
	old := s.Raw(t, fmt.Sprintf("POST /auth/login HTTP/1.0\r\nContent-Type: application/json\r\nX-Api-Key: %s\r\nContent-Length: %d\r\n\r\n%s", s.Publishable, len(right), right))
	if old.Status != 429 {
		t.Errorf("HTTP/1.0 is answered %d %s", old.Status, old.Body)
	}
}

func TestParallelWrongPasswordsDoNotPassTheLimit(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, realLoginLimit)
		nodes := []*dialecttest.Server{s, s.Node(t)}
		work := dialecttest.QuickPasswords(nodes...)
		s.Register(t, "ada@example.com", goodPassword)
		work.Work()
		var wrong, limited atomic.Int64
		dialecttest.Together(45, func(i int) { // fewer than use up the budget of the network they come from
			r, err := nodes[i%2].Try(attempt{email: "ada@example.com", password: wrongPassword}.request(s))
			switch {
			case err != nil:
				t.Error(err)
			case r.Status == 401:
				wrong.Add(1)
			case r.Status == 429 && r.Header.Get("Retry-After") == "900":
				limited.Add(1)
			case r.Status != 503: // overloaded, and nothing was told
				t.Errorf("%d %s", r.Status, r.Body)
			}
		})
		if wrong.Load() > 5 || wrong.Load() == 0 || limited.Load() == 0 {
			t.Errorf("%d wrong passwords were looked at and %d refused, want at most 5", wrong.Load(), limited.Load())
		}
		if got := work.Work(); got > 5 {
			t.Errorf("%d passwords were hashed for at most 5 answers", got)
		}
	})
}

func TestAnAttackerCannotLockTheOwnerOut(t *testing.T) {
	s := start(t, dialecttest.SQLite(t), realLoginLimit, behindProxy)
	dialecttest.QuickPasswords(s)
	var slowest, waits atomic.Int64
	s.App.Signin.Wait = func(_ context.Context, d time.Duration) {
		waits.Add(1)
		slowest.Store(max(slowest.Load(), int64(d)))
	}
	s.Register(t, "ada@example.com", goodPassword)
	owner := attempt{email: "ada@example.com", password: goodPassword, from: "198.51.100.9"}
	siege := func(networks int) {
		for i := range networks {
			a := attempt{email: "ada@example.com", password: wrongPassword, from: fmt.Sprintf("203.0.113.%d", i)}
			for range 6 {
				if got := a.status(t, s); got != 401 && got != 429 {
					t.Fatalf("an attacker is answered %d", got)
				}
			}
		}
	}
	siege(1)
	if got := owner.status(t, s); got != 200 || waits.Load() != 0 {
		t.Errorf("one attacker: the owner is answered %d after %d waits", got, waits.Load())
	}
	siege(15) // more wrong passwords within the hour than the account's budget from everywhere
	before := waits.Load()
	if got := owner.status(t, s); got != 200 || waits.Load() != before+1 {
		t.Errorf("fifteen attackers: the owner is answered %d after %d waits", got, waits.Load()-before)
	}
	if d := time.Duration(slowest.Load()); d <= 0 || d > 5*time.Second {
		t.Errorf("the longest wait is %v", d)
	}
	if unhurried := (attempt{email: "bob@example.com", password: wrongPassword, from: "198.51.100.9"}).status(t, s); unhurried != 401 || waits.Load() != before+1 {
		t.Error("another account waits too")
	}
}

func TestSprayingManyAccountsFromOneNetworkIsRefused(t *testing.T) {
	for name, address := range map[string]func(i int) string{
		"one IPv4 address":                   func(int) string { return "203.0.113.7" },
		"one IPv4 address in both notations": func(i int) string { return []string{"203.0.113.7", "::ffff:203.0.113.7"}[i%2] },
		"addresses of one IPv6 /64":          func(i int) string { return fmt.Sprintf("2001:db8:1:2:%x::%x", i, 3*i+1) },
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, dialecttest.SQLite(t), realLoginLimit, behindProxy)
			dialecttest.QuickPasswords(s)
			for i := range 3 {
				s.Register(t, fmt.Sprintf("u%d@example.com", 100*i), goodPassword)
			}
			looked, last := 0, 0
			for i := range 300 {
				last = attempt{email: fmt.Sprintf("u%d@example.com", i), password: wrongPassword, from: address(i)}.status(t, s)
				if last == 401 {
					looked++
				}
			}
			if looked >= 60 || looked < 5 || last != 429 {
				t.Errorf("%d passwords were looked at before the refusal, the last one got %d", looked, last)
			}
			for _, elsewhere := range []string{"203.0.113.8", "2001:db8:1:3::1"} {
				if got := (attempt{email: "u0@example.com", password: goodPassword, from: elsewhere}).status(t, s); got != 200 {
					t.Errorf("from %s: %d", elsewhere, got)
				}
			}
		})
	}
}

func TestSuccessRestoresTheBudgetOfThatAccountAndAddressOnly(t *testing.T) {
	s := start(t, dialecttest.SQLite(t), realLoginLimit, behindProxy)
	dialecttest.QuickPasswords(s)
	s.Register(t, "ada@example.com", goodPassword)
	s.Register(t, "eve@example.com", goodPassword)
	try := func(email, password, from string) int {
		return attempt{email: email, password: password, from: from}.status(t, s)
	}
	for range 4 {
		try("ada@example.com", wrongPassword, "203.0.113.1")
		try("ada@example.com", wrongPassword, "203.0.113.2")
		try("eve@example.com", wrongPassword, "203.0.113.1")
	}
	if got := try("ada@example.com", goodPassword, "203.0.113.1"); got != 200 {
		t.Fatalf("the right password: %d", got)
	}
	left := func(email, from string) (n int) {
		for try(email, wrongPassword, from) == 401 {
			n++
		}
		return n
	}
	for _, c := range []struct {
		email, from string
		want        int
	}{
		{"ada@example.com", "203.0.113.1", 5}, {"ada@example.com", "203.0.113.2", 1}, {"eve@example.com", "203.0.113.1", 1},
	} {
		if got := left(c.email, c.from); got != c.want {
			t.Errorf("%s from %s has %d attempts left, want %d", c.email, c.from, got, c.want)
		}
	}
	looked := 0
	for i := range 100 { // an attacker who signs in to an own account in between
		try("eve@example.com", goodPassword, "203.0.113.66")
		if try(fmt.Sprintf("victim%d@example.com", i), wrongPassword, "203.0.113.66") == 401 {
			looked++
		}
	}
	if looked >= 60 {
		t.Errorf("%d passwords were looked at: signing in restores the budget of the address", looked)
	}
}
