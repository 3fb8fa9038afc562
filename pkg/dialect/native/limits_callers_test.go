package native_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
)

func TestAServerIsLimitedByTheAccountAndByTheAddressItNames(t *testing.T) {
	s := start(t, dialecttest.SQLite(t), realLoginLimit)
	dialecttest.QuickPasswords(s)
	s.Register(t, "ada@example.com", goodPassword)
	try := func(email, key, address string) int {
		a := attempt{email: email, password: wrongPassword, key: key}
		if address != "" {
			a.header = map[string]string{"X-Client-IP": address}
		}
		return a.status(t, s)
	}
	for i := range 100 {
		if got := try(fmt.Sprintf("u%d@example.com", i), s.Secret, ""); got != 401 {
			t.Fatalf("attempt %d of a server for as many accounts: %d", i+1, got)
		}
	}
	count := func(n int, one func(i int) int) (looked int) {
		for i := range n {
			if one(i) == 401 {
				looked++
			}
		}
		return looked
	}
	if got := count(20, func(int) int { return try("ada@example.com", s.Secret, "") }); got != 5 {
		t.Errorf("a server gets %d tries at one account, want 5", got)
	}
	if got := count(20, func(int) int { return try("ada@example.com", s.Secret, "203.0.113.1") }); got != 5 {
		t.Errorf("an address that a server names gets %d tries at one account, want 5", got)
	}
	if got := count(20, func(i int) int { return try("ada@example.com", s.Publishable, fmt.Sprintf("203.0.113.%d", i)) }); got != 5 {
		t.Errorf("a browser that names addresses gets %d tries at one account, want 5", got)
	}
	sprayed := count(100, func(i int) int {
		return try(fmt.Sprintf("v%d@example.com", i), s.Secret, fmt.Sprintf("2001:db8::%x", i))
	})
	if sprayed >= 60 {
		t.Errorf("an address that a server names sprays %d accounts", sprayed)
	}
	if got := try("v99@example.com", s.Secret, "2001:db8:0:1::1"); got != 401 {
		t.Errorf("another address of the same server: %d", got)
	}
	owner := attempt{email: "ada@example.com", password: goodPassword, key: s.Secret, header: map[string]string{"X-Client-IP": "198.51.100.9"}}
	if got := owner.status(t, s); got != 200 {
		t.Errorf("the owner, whom the server names: %d", got)
	}
}

func TestAnAddressThatAServerNamesIsOneAddress(t *testing.T) {
	s := start(t, dialecttest.SQLite(t), "GATEHOUSE_LIMIT_LOGIN=1/15m", behindProxy)
	dialecttest.QuickPasswords(s)
	a := s.Register(t, "ada@example.com", goodPassword)
	for _, bad := range []string{
		"", " ", "nobody", "203.0.113.1, 203.0.113.2", "203.0.113.1:80", "203.0.113.1/32", "203.0.113.01", "203.0.113.256",
		"[2001:db8::1]", "unix:/tmp/x", `{"$ne":null}`, "127.1",
	} {
		for _, q := range []request{
			{Path: "/auth/login", Key: s.Secret, Body: body("email", "ada@example.com", "password", goodPassword)},
			{Path: "/auth/refreshToken", Key: s.Secret, Body: body("refreshToken", a.RefreshToken)},
			{Path: "/auth/introspect", Key: s.Secret, Body: body("token", a.AccessToken)},
		} {
			q.Header = map[string]string{"X-Client-Ip": bad}
			r := s.Do(t, q)
			if r.Status != 400 || r.Code() != "invalid_input" || field(t, r) != "X-Client-IP" {
				t.Errorf("%s with %q: %d %s", q.Path, bad, r.Status, r.Body)
			}
		}
	}
	twice := s.Raw(t, "POST /auth/introspect HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nX-Api-Key: "+s.Secret+
		"\r\nX-Client-IP: 203.0.113.1\r\nX-Client-IP: 203.0.113.2\r\nContent-Length: 13\r\n\r\n{\"token\":\"x\"}")
	if twice.Status != 400 || field(t, twice) != "X-Client-IP" {
		t.Errorf("two addresses: %d %s", twice.Status, twice.Body)
	}
	// None of it was counted, and a forwarding header says nothing of a server's user.
	q := attempt{email: "ada@example.com", password: goodPassword, key: s.Secret}
	q.header = map[string]string{"X-Client-Ip": "2001:DB8::7", "X-Forwarded-For": "203.0.113.1"}
	r := s.Do(t, q.request(s))
	if r.Status != 200 {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	var b dialecttest.Authorization
	r.JSON(t, &b)
	s.Run(t, []kase{{Name: "the session shows the named address", Request: request{Path: "/auth/sessions", Bearer: b.AccessToken}, Status: 200, Has: []string{`"address":"2001:db8::7"`}, Never: []string{"203.0.113.1"}}})
}

// field returns the field that a problem document names, or all of them.
func field(t *testing.T, r dialecttest.Response) string {
	t.Helper()
	var p struct{ Errors []struct{ Field string } }
	r.JSON(t, &p)
	var names []string
	for _, e := range p.Errors {
		if !slices.Contains(names, e.Field) {
			names = append(names, e.Field)
		}
	}
	return strings.Join(names, ", ")
}

func TestBudgetsAreSharedByNodesAndSurviveARestart(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, realLoginLimit, "GATEHOUSE_LIMIT_REGISTER=3/1h", "GATEHOUSE_LIMIT_CODE=2/15m", behindProxy)
		nodes := []*dialecttest.Server{s, s.Node(t), s.Node(t), s.Node(t)} // each knows nothing but the store
		dialecttest.QuickPasswords(nodes...)
		register := func(i int, email, code, from string) dialecttest.Response {
			return nodes[i].Do(t, request{
				Path: "/auth/register", Key: s.Publishable, Header: map[string]string{"X-Forwarded-For": from},
				Body: body("email", email, "password", goodPassword, "invitationCode", code),
			})
		}
		for i, email := range []string{"ada@example.com", "bob@example.com", "cyd@example.com"} {
			if r := register(i, email, "", "203.0.113.1"); r.Status != 201 {
				t.Fatalf("registration %d: %d %s", i+1, r.Status, r.Body)
			}
		}
		refused(t, register(3, "dan@example.com", "", "203.0.113.1"), time.Hour)
		for i := range 2 {
			if r := register(i, "eve@example.com", "iv_no_code", "203.0.113.2"); r.Code() != "invitation_invalid" {
				t.Fatalf("wrong code %d: %d %s", i+1, r.Status, r.Body)
			}
		}
		refused(t, register(2, "eve@example.com", "iv_no_code", "203.0.113.2"), 15*time.Minute)
		for i := range 5 {
			r := nodes[i%3].Do(t, attempt{email: "ada@example.com", password: wrongPassword, from: "203.0.113.3"}.request(s))
			if _, remaining, _ := budget(t, r); r.Status != 401 || remaining != int64(4-i) {
				t.Fatalf("attempt %d: %d with %d left", i+1, r.Status, remaining)
			}
		}
		refused(t, nodes[3].Do(t, attempt{email: "ada@example.com", password: goodPassword, from: "203.0.113.3"}.request(s)), 15*time.Minute)
		s.Clock.Advance(15*time.Minute + time.Second)
		if r := nodes[3].Do(t, attempt{email: "ada@example.com", password: goodPassword, from: "203.0.113.3"}.request(s)); r.Status != 200 {
			t.Errorf("in the next window: %d %s", r.Status, r.Body)
		}
	})
}

func TestRegistrationsAreCountedByAddressWhetherOrNotTheyCreateSomething(t *testing.T) {
	s := start(t, dialecttest.SQLite(t), "GATEHOUSE_LIMIT_REGISTER=3/1h", behindProxy)
	dialecttest.QuickPasswords(s)
	register := func(email, password, from string) dialecttest.Response {
		return s.Do(t, request{
			Path: "/auth/register", Key: s.Publishable, Header: map[string]string{"X-Forwarded-For": from},
			Body: body("email", email, "password", password),
		})
	}
	for i := range 3 { // what is refused at a glance costs nothing
		register("no address", goodPassword, "203.0.113.1")
		register(fmt.Sprintf("u%d@example.com", i), "short", "203.0.113.1")
	}
	for i, c := range []struct {
		email  string
		status int
	}{{"ada@example.com", 201}, {"ada@example.com", 409}, {"ADA@example.com", 409}} {
		r := register(c.email, goodPassword, "203.0.113.1")
		if limit, remaining, _ := budget(t, r); r.Status != c.status || limit != 3 || remaining != int64(2-i) {
			t.Errorf("registration %d: %d with %d of %d left", i+1, r.Status, remaining, limit)
		}
	}
	refused(t, register("bob@example.com", goodPassword, "203.0.113.1"), time.Hour)
	refused(t, register("ada@example.com", goodPassword, "203.0.113.1"), time.Hour) // and no longer says who has an account
	if r := register("bob@example.com", goodPassword, "203.0.113.2"); r.Status != 201 {
		t.Errorf("from elsewhere: %d %s", r.Status, r.Body)
	}
}

func TestInvitationCodesCannotBeGuessed(t *testing.T) {
	s := start(t, dialecttest.SQLite(t), "GATEHOUSE_LIMIT_CODE=10/15m", behindProxy)
	dialecttest.QuickPasswords(s)
	issued, err := s.App.Invites.Create(t.Context(), dialecttest.Operator, invite.New{MaxUses: 5})
	if err != nil {
		t.Fatal(err)
	}
	right := issued[0].Code
	register := func(i int, code, from string) dialecttest.Response {
		return s.Do(t, request{
			Path: "/auth/register", Key: s.Publishable, Header: map[string]string{"X-Forwarded-For": from},
			Body: body("email", fmt.Sprintf("u%d@example.com", i), "password", goodPassword, "invitationCode", code),
		})
	}
	looked := 0
	for i := range 50 {
		guess := right[:len(right)-2] + fmt.Sprintf("%02d", i)
		if guess == right {
			continue
		}
		if r := register(i, guess, "203.0.113.1"); r.Code() == "invitation_invalid" {
			looked++
		}
	}
	if looked != 10 {
		t.Errorf("%d codes were looked at, want 10", looked)
	}
	refused(t, register(60, right, "203.0.113.1"), 15*time.Minute)
	if r := register(61, right, "203.0.113.2"); r.Status != 201 {
		t.Errorf("the right code from elsewhere: %d %s", r.Status, r.Body)
	}
	if r := register(62, "", "203.0.113.1"); r.Status != 201 {
		t.Errorf("without a code: %d %s", r.Status, r.Body)
	}
}

func TestOneSessionCannotCrowdOutAnother(t *testing.T) {
	s := start(t, dialecttest.SQLite(t), "GATEHOUSE_LIMIT_REFRESH=4/1m", "GATEHOUSE_LIMIT_ME=6/1m", "GATEHOUSE_LIMIT_LOGOUT=2/1m")
	dialecttest.QuickPasswords(s)
	greedy := s.Register(t, "ada@example.com", goodPassword)
	modest := s.Login(t, "ada@example.com", goodPassword)
	renew := func(token string) request {
		return request{Path: "/auth/refreshToken", Body: body("refreshToken", token)}
	}
	forged := greedy.RefreshToken[:len(greedy.RefreshToken)-4] + "AAAA"
	for range 10 { // somebody who knows no more than the session's public id uses nothing up
		if r := s.Do(t, renew(forged)); r.Status != 401 || r.Code() != "invalid_token" {
			t.Fatalf("a forged token: %d %s", r.Status, r.Body)
		}
	}
	for _, c := range []struct {
		name  string
		limit int64
		ask   func(a dialecttest.Authorization) request
	}{
		{"refresh", 4, func(a dialecttest.Authorization) request { return renew(a.RefreshToken) }},
		{"me", 6, func(a dialecttest.Authorization) request { return request{Path: "/auth/me", Bearer: a.AccessToken} }},
		{"logout", 2, func(a dialecttest.Authorization) request {
			return request{Path: "/auth/sessions/nobodys", Method: "DELETE", Bearer: a.AccessToken}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for n := range c.limit {
				r := s.Do(t, c.ask(greedy))
				if limit, remaining, _ := budget(t, r); r.Status == 429 || limit != c.limit || remaining != c.limit-1-n {
					t.Errorf("request %d: %d with %d of %d left", n+1, r.Status, remaining, limit)
				}
			}
			refused(t, s.Do(t, c.ask(greedy)), time.Minute)
			if r := s.Do(t, c.ask(modest)); r.Status == 429 {
				t.Error("another session of the same user is refused")
			}
			s.Clock.Advance(time.Minute)
			if r := s.Do(t, c.ask(greedy)); r.Status == 429 {
				t.Error("the next minute begins with a refusal")
			}
			greedy, modest = s.Login(t, "ada@example.com", goodPassword), s.Login(t, "ada@example.com", goodPassword)
		})
	}
}

func TestEveryAnswerOfALimitedRouteSaysWhatIsLeft(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	dialecttest.QuickPasswords(s)
	a := s.Register(t, "ada@example.com", goodPassword)
	for _, c := range []kase{
		{Name: "sign-in", Request: request{Path: "/auth/login", Key: s.Publishable, Body: body("email", "ada@example.com", "password", goodPassword)}, Status: 200},
		{Name: "a wrong password", Request: request{Path: "/auth/login", Key: s.Publishable, Body: body("email", "ada@example.com", "password", "x")}, Status: 401},
		{Name: "no API key", Request: request{Path: "/auth/login", Body: body("email", "ada@example.com", "password", "x")}, Status: 401},
		{Name: "no JSON", Request: request{Path: "/auth/login", Key: s.Publishable, Body: "{"}, Status: 400},
		{Name: "no media type", Request: request{Path: "/auth/login", Key: s.Publishable, Body: "{}", Type: "text/plain"}, Status: 415},
		{Name: "a registration", Request: request{Path: "/auth/register", Key: s.Publishable, Body: body("email", "bob@example.com", "password", goodPassword)}, Status: 201},
		{Name: "a registered address", Request: request{Path: "/auth/register", Key: s.Publishable, Body: body("email", "ada@example.com", "password", goodPassword)}, Status: 409},
		{Name: "a weak password", Request: request{Path: "/auth/register", Key: s.Publishable, Body: body("email", "cyd@example.com", "password", "short")}, Status: 422},
		{Name: "no refresh token", Request: request{Path: "/auth/refreshToken", Body: body("refreshToken", "x")}, Status: 401},
		{Name: "me", Request: request{Path: "/auth/me", Bearer: a.AccessToken}, Status: 200},
		{Name: "me without a token", Request: request{Path: "/auth/me"}, Status: 401},
		{Name: "a profile that is refused", Request: request{Path: "/auth/me", Method: "PATCH", Bearer: a.AccessToken, Body: body("birthDate", "never")}, Status: 400},
		{Name: "sessions", Request: request{Path: "/auth/sessions", Bearer: a.AccessToken}, Status: 200},
		{Name: "a wrong current password", Request: request{Path: "/auth/changePassword", Bearer: a.AccessToken, Body: body("currentPassword", "x", "newPassword", goodPassword)}, Status: 401},
		{Name: "no deletion", Request: request{Path: "/auth/me", Method: "DELETE", Bearer: a.AccessToken, Body: body("currentPassword", "x")}, Status: 401},
		{Name: "sign-out", Request: request{Path: "/auth/logout", Bearer: a.AccessToken, Body: `{}`}, Status: 204},
	} {
		t.Run(c.Name, func(t *testing.T) {
			r := s.Do(t, c.Request)
			if r.Status != c.Status {
				t.Errorf("%d %s", r.Status, r.Body)
			}
			limit, remaining, reset := budget(t, r)
			if now := s.Clock.Now().Unix(); limit < 1 || remaining < 0 || remaining > limit || reset <= now || reset > now+3600 {
				t.Errorf("%d of %d left until %d, now is %d", remaining, limit, reset, now)
			}
		})
	}
}

func TestAStolenTokenIsNoWayToGuessThePassword(t *testing.T) {
	s := start(t, dialecttest.SQLite(t), realLoginLimit)
	dialecttest.QuickPasswords(s)
	a := s.Register(t, "ada@example.com", goodPassword)
	other := s.Login(t, "ada@example.com", goodPassword)
	change := func(token, current string) request {
		return request{Path: "/auth/changePassword", Bearer: token, Body: body("currentPassword", current, "newPassword", "another long phrase")}
	}
	remove := func(token, current string) request {
		return request{Path: "/auth/me", Method: "DELETE", Bearer: token, Body: body("currentPassword", current)}
	}
	looked := 0
	for i := range 20 { // two doors and two sessions, one budget
		token := []string{a.AccessToken, other.AccessToken}[i%2]
		ask := []func(string, string) request{change, remove}[i/2%2]
		if s.Do(t, ask(token, wrongPassword)).Status == 401 {
			looked++
		}
	}
	if looked != 5 {
		t.Errorf("%d guesses were looked at, want 5", looked)
	}
	refused(t, s.Do(t, change(a.AccessToken, goodPassword)), 15*time.Minute)
	s.Login(t, "ada@example.com", goodPassword) // which is another budget
	s.Clock.Advance(15*time.Minute + time.Second)
	if r := s.Do(t, change(a.AccessToken, goodPassword)); r.Status != 200 {
		t.Errorf("later: %d %s", r.Status, r.Body)
	}
}

func TestLimitsCanBeSwitchedOff(t *testing.T) {
	for mode, want := range map[string]int{"off": 20, "on": 1} {
		t.Run(mode, func(t *testing.T) {
			s := start(t, dialecttest.SQLite(t), "GATEHOUSE_RATE_LIMIT="+mode, "GATEHOUSE_LIMIT_LOGIN=1/15m", "GATEHOUSE_LIMIT_ME=1/15m", "GATEHOUSE_LIMIT_REGISTER=1/15m")
			dialecttest.QuickPasswords(s)
			a := s.Register(t, "ada@example.com", goodPassword)
			var wrong, me, registered int
			for i := range 20 {
				if (attempt{email: "ada@example.com", password: wrongPassword}).status(t, s) == 401 {
					wrong++
				}
				if s.Me(t, a.AccessToken) == 200 {
					me++
				}
				if s.Do(t, request{Path: "/auth/register", Key: s.NewKey(t, identity.Publishable), Body: body("email", fmt.Sprintf("u%d@example.com", i), "password", goodPassword)}).Status == 201 {
					registered++
				}
			}
			if wrong != want || me != want || registered != want-1 && mode == "on" || registered != want && mode == "off" {
				t.Errorf("%d wrong passwords, %d reads, %d registrations; want %d", wrong, me, registered, want)
			}
		})
	}
}
