package main_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store/mongo/mongotest"
)

const (
	killRounds  = 12
	killClients = 12
	// startLimit is how long a start may take, after whatever end.
	startLimit = patience
)

func TestKilledServersLoseAndDoubleNothing(t *testing.T) {
	t.Run("one server on SQLite", func(t *testing.T) {
		killing(t, newSite(t, ""), 1)
	})
	t.Run("two servers on MongoDB", func(t *testing.T) {
		killing(t, newSite(t, mongotest.URI(t), "GATEHOUSE_MONGO_STANDALONE="+strconv.FormatBool(mongotest.Standalone(t))), 2)
	})
}

// killing lets clients use a site while its servers are killed again and again, one at a time,
// and then compares what the clients were told with what there is.
func killing(t *testing.T, s *site, servers int) {
	s.openUp(t)
	f := &fleet{}
	nodes := make([]*node, servers)
	for i := range nodes {
		nodes[i] = s.serve(t)
	}
	f.set(nodes...)
	l := &ledger{site: s, journal: &journal{}, fleet: f, codes: inviteMany(t, s, nodes[0])}
	l.codes.severalWrites = servers > 1
	var stop atomic.Bool
	var working sync.WaitGroup
	for i := range killClients {
		c := &client{
			journal: l.journal, t: t, name: fmt.Sprintf("client%d", i), key: s.key, fleet: f, codes: l.codes, stop: &stop,
		}
		l.clients = append(l.clients, c)
		working.Go(c.work)
	}
	slowest := l.killAgainAndAgain(t, nodes)
	stop.Store(true)
	working.Wait()
	l.report(t, slowest)
	for _, n := range nodes {
		n.tell(t)
	}
	f.set()
	for _, n := range nodes {
		n.terminate(t)
		if code := n.wait(t); code != 0 {
			t.Errorf("exit code %d\n%s", code, n.log)
		}
	}
	if !t.Failed() {
		l.judge(t)
	}
}

// killAgainAndAgain kills a server when it has given one of the next answers of a certain kind,
// while it works for the other clients, and starts another in its place. It returns how long the
// slowest start took.
func (l *ledger) killAgainAndAgain(t *testing.T, nodes []*node) (slowest time.Duration) {
	for round := range killRounds {
		f := &fuse{path: killPaths()[round%len(killPaths())], blown: make(chan *node, 1)}
		f.left.Store(1 + rand.Int64N(3))
		l.fuse.Store(f)
		poll(t, patience, "a request to "+f.path+" is answered", func() bool { return len(f.blown) > 0 || t.Failed() })
		if t.Failed() {
			return slowest
		}
		i := slices.Index(nodes, <-f.blown)
		if len(nodes) > 1 {
			l.fleet.set(nodes[1-i])
		}
		nodes[i].kill()
		nodes[i].tell(t)
		nodes[i] = l.site.serve(t)
		slowest = max(slowest, time.Since(nodes[i].began))
		l.fleet.set(nodes...)
	}
	if slowest > startLimit {
		t.Errorf("a start took %s", slowest)
	}
	return slowest
}

func killPaths() []string {
	return []string{"/auth/logout", "/auth/refreshToken", "/auth/register", "/auth/changePassword", "/auth/me", "/auth/login"}
}

// inviteMany makes an invitation with many uses and some with one each.
func inviteMany(t *testing.T, s *site, n *node) *codes {
	t.Helper()
	key := s.makeKey(t, identity.Secret, identity.ScopeInvitationsWrite).Key
	made := func(body string) (out []string) {
		r := n.Do(t, request{Path: "/auth/generateInvitationCode", Key: key, Body: body})
		var list struct{ InvitationCodes []struct{ Code string } }
		if r.JSON(t, &list); r.Status != 201 {
			t.Fatalf("%d %s", r.Status, r.Body)
		}
		for _, i := range list.InvitationCodes {
			out = append(out, i.Code)
		}
		return out
	}
	return &codes{forMany: made(`{"maxUses":1000}`)[0], single: made(`{"count":60}`)}
}
