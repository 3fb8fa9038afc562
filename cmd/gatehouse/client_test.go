package main_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

// fleet is the servers that clients may reach, as they come and go.
type fleet struct {
	mu sync.Mutex
	up []*node
}

func (f *fleet) set(nodes ...*node) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.up = slices.Clone(nodes)
}

// pick returns one of the servers, nil when none is there.
func (f *fleet) pick() *node {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.up) == 0 {
		return nil
	}
	return f.up[rand.IntN(len(f.up))]
}

// journal is what all clients have been told, and not been told.
type journal struct {
	answers atomic.Int64
	lost    atomic.Int64 // requests that were sent and not answered: nobody knows whether they were carried out
	done    sync.Map     // name of an act -> *atomic.Int64, how often it was acknowledged
	fuse    atomic.Pointer[fuse]
}

// fuse kills the server that gives the left-th good answer at path, in the moment in which it has
// given it: what it has put off until after its answer is lost.
type fuse struct {
	path  string
	left  atomic.Int64
	blown chan *node
}

func (j *journal) burn(n *node, path string, status int) {
	if f := j.fuse.Load(); f != nil && f.path == path && status < 300 && f.left.Add(-1) == 0 {
		_ = n.cmd.Process.Kill() // it has not been waited for, so it is there
		f.blown <- n
	}
}

func (j *journal) note(act string) {
	n, _ := j.done.LoadOrStore(act, &atomic.Int64{})
	n.(*atomic.Int64).Add(1)
}

// client uses the service with accounts of its own and remembers what it was told. It tries
// again what was not answered, as a good client does, and then knows what came of it.
type client struct {
	*journal
	t        testing.TB
	name     string
	key      string
	fleet    *fleet
	codes    *codes
	stop     *atomic.Bool
	accounts []*account
	tokens   []string // every access token it was given
}

// codes are invitation codes that all clients use.
type codes struct {
	forMany string
	single  []string
	taken   atomic.Int64
	// severalWrites says that this store needs several writes for any registration, so that one
	// that was cut short holds its address for a minute.
	severalWrites bool
}

// contended returns a code with one use, the same to three callers.
func (c *codes) contended() string {
	return c.single[int(c.taken.Add(1)-1)/3%len(c.single)]
}

// account is what its client knows of an account. All of it must be so.
type account struct {
	email, password, id string
	code                string   // the invitation it came by
	old                 []string // passwords it had
	seats               []*seat
	registered          bool
	gone                bool
	unsettled           bool           // a registration that was not answered may be finished later, or undone
	refused             bool           // the client was told that it does not come to be
	events              map[string]int // what must be in the audit log exactly so often
	signIns, maybe      int            // sign-ins that were acknowledged, and further ones that may have happened
}

// seat is a session of an account, as its client holds it.
type seat struct {
	id, access, refresh string
	over                bool      // it was told that it has ended
	rest                time.Time // not to be refreshed before
	signedOut           bool      // by a sign-out of its own
}

// ask sends a request until it is answered, to any server that is there. It returns the answer
// and how often the request was sent without one: each time it may have been carried out.
func (c *client) ask(q request) (r dialecttest.Response, lost int) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-tick.C {
		n := c.fleet.pick()
		if n == nil {
			continue
		}
		r, err := impatient(n, q)
		switch {
		case err == nil && r.Status != 503:
			c.burn(n, q.Path, r.Status)
			c.answers.Add(1)
			return r, lost
		case errors.Is(err, syscall.ECONNREFUSED): // it was not sent
		default:
			lost++
			c.lost.Add(1)
		}
	}
	c.t.Errorf("%s: no answer to %s", c.name, q.Path)
	return dialecttest.Response{}, lost
}

// rested is how long a client leaves a session alone that it has refreshed and got no answer: a
// request that it gave up may still be under way, and if it came when the session has moved on
// twice it would be a replay.
const rested = 15 * time.Second

// impatient sends a request and sometimes hangs up before it is answered.
func impatient(n *node, q request) (dialecttest.Response, error) {
	ctx := context.Background()
	if rand.IntN(8) == 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(rand.IntN(40_000))*time.Microsecond)
		defer cancel()
	}
	return n.TryFor(ctx, q)
}

// wrong reports an answer that contradicts what the client knows.
func (c *client) wrong(a *account, what string, r dialecttest.Response, lost int) {
	c.t.Errorf("%s, %s (%d attempts unanswered): %d %s\n%+v", a.email, what, lost, r.Status, r.Body, *a)
}

// sit takes a session that the service has opened.
func (c *client) sit(a *account, s *seat, r dialecttest.Response) {
	var g dialecttest.Authorization
	r.JSON(c.t, &g)
	if a.id == "" {
		a.id = g.LocalID
	}
	told := claimsOf(c.t, g.AccessToken)
	if g.LocalID != a.id || told.Sub != a.id || s.id != "" && told.Sid != s.id {
		c.t.Errorf("%s: the session belongs to %s, the account is %s", a.email, g.LocalID, a.id)
	}
	if s.id == "" {
		a.seats = append(a.seats, s)
	}
	s.id, s.access, s.refresh = told.Sid, g.AccessToken, g.RefreshToken
	c.tokens = append(c.tokens, g.AccessToken)
}

// newAccount thinks of an account that nobody has.
func (c *client) newAccount(code string) *account {
	a := &account{
		email: fmt.Sprintf("%s-%d@example.com", c.name, len(c.accounts)), password: c.newPassword(), code: code, events: map[string]int{},
	}
	c.accounts = append(c.accounts, a)
	return a
}

func (c *client) newPassword() string { return fmt.Sprintf("a phrase of %x words", rand.Uint64()) }

// work uses the service until it is told to stop.
func (c *client) work() {
	c.register(c.newAccount(""))
	for !c.stop.Load() && !c.t.Failed() {
		c.once()
	}
}

// once does something with one of the client's live sessions, or signs in or registers.
func (c *client) once() {
	a := c.accounts[rand.IntN(len(c.accounts))]
	if !a.registered || a.gone {
		c.register(c.newAccount(""))
		return
	}
	live := slices.DeleteFunc(slices.Clone(a.seats), func(s *seat) bool { return s.over })
	if len(live) == 0 {
		c.signIn(a)
		return
	}
	s := live[rand.IntN(len(live))]
	dice := rand.IntN(100)
	if dice < 40 && time.Now().Before(s.rest) {
		c.signIn(a)
		return
	}
	switch {
	case dice < 30:
		c.refresh(a, s)
	case dice < 40:
		c.refreshTwice(a, s)
	case dice < 50:
		c.signIn(a)
	case dice < 55:
		c.register(c.newAccount(""))
	case dice < 63:
		c.register(c.newAccount(c.codes.forMany))
	case dice < 69:
		c.register(c.newAccount(c.codes.contended()))
	case dice < 77:
		c.changePassword(a, s)
	case dice < 86:
		c.signOut(a, s)
	case dice < 93:
		c.signOutEverywhere(a, s)
	case a.code == "": // those that came by an invitation stay, to be counted
		c.remove(a, s)
	}
}
