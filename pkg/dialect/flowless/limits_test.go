package flowless_test

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// documentedLimits are the reference's table as settings.
var documentedLimits = []string{
	"GATEHOUSE_LIMIT_REGISTER=3/1h", "GATEHOUSE_LIMIT_LOGIN=5/15m", "GATEHOUSE_LIMIT_ME=100/1m", "GATEHOUSE_LIMIT_LOGOUT=10/1m", "GATEHOUSE_LIMIT_REFRESH=20/1m",
}

// cannotEnd is a store that does not end sessions while it is stuck.
type cannotEnd struct {
	store.Store
	stuck atomic.Bool
}

func (c *cannotEnd) EndSession(ctx context.Context, id string, at time.Time, why identity.EndReason, also ...identity.Consequence) error {
	if c.stuck.Load() {
		return store.ErrUnavailable
	}
	return c.Store.EndSession(ctx, id, at, why, also...)
}

// budgeted is one line of the reference's table, and how to use the budget up.
type budgeted struct {
	name   string
	limit  int
	window time.Duration
	use    func(i int) dialecttest.Request
	status int // of each answer within the budget
	then   func(r dialecttest.Response)
}

// TestTheDocumentedLimits uses up each budget and waits until it is there again.
func TestTheDocumentedLimits(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		first := start(t, open, documentedLimits...)
		var ice *cannotEnd
		s := first.NodeWith(t, func(db store.Store) store.Store { ice = &cannotEnd{Store: db}; return ice })
		dialecttest.QuickPasswords(s)
		s.NewFlowless(t, "wrong@example.com", identity.Customer)
		ada, bob, eve := s.NewFlowless(t, "ada@example.com", identity.Customer), s.NewFlowless(t, "bob@example.com", identity.Customer), s.NewFlowless(t, "eve@example.com", identity.Customer)
		s.Clock.Advance(15*time.Minute + time.Second) // the sign-ins are forgotten
		renewed := bob.ID
		for _, b := range []budgeted{
			{"/auth/register", 3, time.Hour, func(i int) dialecttest.Request {
				return dialecttest.Request{Path: "/flowless/auth/register", Body: fmt.Sprintf(`{"email":"new%d@example.com","password":"engines weave numbers","name":"New"}`, i)}
			}, 200, nil},
			{"/auth/login", 5, 15 * time.Minute, func(int) dialecttest.Request {
				return dialecttest.Request{Path: "/flowless/auth/login", Body: `{"email":"wrong@example.com","password":"not the password"}`}
			}, 401, nil},
			{"/auth/me", 100, time.Minute, func(int) dialecttest.Request { return dialecttest.Request{Path: "/flowless/auth/me", ID: ada.ID} }, 200, nil},
			{"/auth/refresh", 20, time.Minute, func(int) dialecttest.Request {
				return dialecttest.Request{Method: "POST", Path: "/flowless/auth/refresh", ID: renewed}
			}, 200, func(r dialecttest.Response) { renewed, _ = member(tree(t, r.Body), "session_id").(string) }},
			{"/auth/logout", 10, time.Minute, func(int) dialecttest.Request {
				ice.stuck.Store(true)
				return dialecttest.Request{Method: "POST", Path: "/flowless/auth/logout", ID: eve.ID}
			}, 503, nil}, // each fails, and counts
		} {
			t.Run(b.name, func(t *testing.T) { b.useUp(t, s) })
		}
	})
}

func (b budgeted) useUp(t *testing.T, s *dialecttest.Server) {
	for i := range b.limit {
		r := s.Do(t, b.use(i))
		if r.Status != b.status {
			t.Fatalf("call %d: %d %s, want %d", i+1, r.Status, r.Body, b.status)
		}
		b.headers(t, s, r, b.limit-1-i)
		if b.then != nil {
			b.then(r)
		}
	}
	r := s.Do(t, b.use(b.limit))
	b.headers(t, s, r, 0)
	seconds, err := strconv.Atoi(r.Header.Get("Retry-After"))
	if r.Status != 429 || err != nil || seconds < 1 || time.Duration(seconds)*time.Second > b.window+time.Second {
		t.Fatalf("one more: %d, Retry-After %q: %s", r.Status, r.Header.Get("Retry-After"), r.Body)
	}
	r.FlowlessError(t)
	s.Clock.Advance(time.Duration(seconds)*time.Second + time.Second)
	if r := s.Do(t, b.use(b.limit+1)); r.Status != b.status {
		t.Errorf("after %d seconds: %d %s", seconds, r.Status, r.Body)
	}
}

// headers checks the three of them.
func (b budgeted) headers(t *testing.T, s *dialecttest.Server, r dialecttest.Response, remaining int) {
	t.Helper()
	n := func(name string) int64 {
		v, err := strconv.ParseInt(r.Header.Get(name), 10, 64)
		if err != nil {
			t.Errorf("%s is %q", name, r.Header.Get(name))
		}
		return v
	}
	now := s.Clock.Now().Unix()
	limit, left, resets := n("X-RateLimit-Limit"), n("X-RateLimit-Remaining"), n("X-RateLimit-Reset")
	if limit != int64(b.limit) || left != int64(remaining) || resets < now || resets > now+int64(b.window/time.Second)+1 {
		t.Errorf("%d of %d until %d, want %d of %d until soon after %d: %d %s", left, limit, resets, remaining, b.limit, now, r.Status, r.Body)
	}
}

// TestEveryAnswerOfALimitedRouteHasTheHeaders looks at answers that count for nothing.
func TestEveryAnswerOfALimitedRouteHasTheHeaders(t *testing.T) {
	s := start(t, dialecttest.SQLite(t), documentedLimits...)
	for path, b := range map[string]budgeted{
		"/auth/register": {limit: 3, window: time.Hour}, "/auth/login": {limit: 5, window: 15 * time.Minute}, "/auth/me": {limit: 100, window: time.Minute},
		"/auth/logout": {limit: 10, window: time.Minute}, "/auth/refresh": {limit: 20, window: time.Minute},
	} {
		for name, q := range map[string]dialecttest.Request{
			"nothing":         {},
			"no JSON":         {Body: "{"},
			"no type":         {Body: "{}", Type: "text/plain"},
			"too much":        {Body: string(make([]byte, 70_000))},
			"a strange id":    {ID: "ses_x", Body: "{}"},
			"two ids":         {Path: "?session_id=a&session_id=b", Body: "{}"},
			"a strange query": {Path: "?%", Body: "{}"},
		} {
			q.Path = "/flowless" + path + q.Path
			if q.Method = "POST"; path == "/auth/me" {
				q.Method, q.Body = "GET", ""
			}
			r := s.Do(t, q)
			if r.Status < 400 || r.Status >= 500 {
				t.Errorf("%s, %s: %d %s", path, name, r.Status, r.Body)
			}
			r.FlowlessError(t)
			b.headers(t, s, r, b.limit)
		}
	}
}
