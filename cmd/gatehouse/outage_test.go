package main_test

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/store/mongo/mongotest"
)

// outageAnswer is how soon a request must be answered while the store is away, on a machine
// that has much else to do.
const outageAnswer = 30 * time.Second

func TestWhileTheStoreIsAwayNobodyIsTurnedAwayForGood(t *testing.T) {
	db := mongotest.Start(t)
	s := newSite(t, db.URI, "GATEHOUSE_MONGO_STANDALONE="+strconv.FormatBool(db.Standalone))
	s.openUp(t)
	n := s.serve(t)
	a := n.Register(t, "ada@example.com", goodPassword)
	set := n.keySet(t)
	requests := map[string]request{
		"signing in":         {Path: "/auth/login", Key: s.key, Body: object("email", "ada@example.com", "password", goodPassword)},
		"registering":        {Path: "/auth/register", Key: s.key, Body: object("email", "bob@example.com", "password", goodPassword)},
		"refreshing":         {Path: "/auth/refreshToken", Body: object("refreshToken", a.RefreshToken)},
		"signing out":        {Method: "POST", Path: "/auth/logout", Bearer: a.AccessToken},
		"reading an account": {Path: "/auth/me", Bearer: a.AccessToken},
		"a wrong password":   {Path: "/auth/login", Key: s.key, Body: object("email", "ada@example.com", "password", "nonsense")},
		"a made-up key":      {Path: "/auth/login", Key: opaque.New("pk").String(), Body: `{}`},
	}
	outlast(t, n, a)
	db.Kill(t)

	poll(t, patience, "it is not ready", func() bool { return n.Do(t, request{Path: "/readyz"}).Status == 503 })
	if r := n.Do(t, request{Path: "/livez"}); r.Status != 200 {
		t.Errorf("it lives: %d", r.Status)
	}
	names := slices.Collect(maps.Keys(requests))
	dialecttest.Together(len(names), func(i int) {
		began := time.Now()
		r, err := n.Try(requests[names[i]])
		took := time.Since(began)
		wait, noWait := strconv.Atoi(r.Header.Get("Retry-After"))
		if err != nil || took > outageAnswer || r.Status != 503 || r.Code() != "store_unavailable" || noWait != nil || wait < 1 {
			t.Errorf("%s: answered after %s: %d %s, to come back after %q (%v)", names[i], took, r.Status, r.Body, r.Header.Get("Retry-After"), err)
		}
	})
	if during := n.keySet(t); during.body != set.body || during.etag != set.etag {
		t.Error("the key set is another one")
	}
	if _, err := n.keySet(t).verify(a.AccessToken); err != nil {
		t.Errorf("another service refuses a good token: %v", err)
	}
	if n.gone() {
		t.Fatalf("the server ended\n%s", n.log)
	}
	stdout, stderr, code := s.try(t, "serve")
	if code != 1 || stdout != "" || !strings.Contains(stderr, "connection refused") {
		t.Errorf("a server that starts now: exit code %d\n%s%s", code, stdout, stderr)
	}

	db.Restart(t)
	poll(t, patience, "it is ready again", func() bool { return n.Do(t, request{Path: "/readyz"}).Status == 200 })
	if r := n.Do(t, request{Path: "/auth/me", Bearer: a.AccessToken}); r.Status != 200 {
		t.Errorf("the session did not outlive the outage: %d %s", r.Status, r.Body)
	}
	n.Login(t, "ada@example.com", goodPassword)
	b := n.Refresh(t, n.Register(t, "carl@example.com", goodPassword).RefreshToken)
	if after := n.keySet(t); after.body != set.body {
		t.Error("the key set is another one after the outage")
	}
	if _, err := set.verify(b.AccessToken); err != nil {
		t.Errorf("a verifier with the key set of before refuses a new token: %v", err)
	}
}

// outlast reads for a little while, for a database that keeps only what is older than a second
// when it is killed. The session that was just made must be older.
func outlast(t *testing.T, n *node, a dialecttest.Authorization) {
	t.Helper()
	made := time.Now()
	poll(t, patience, "time passes", func() bool {
		if got := n.Me(t, a.AccessToken); got != 200 {
			t.Fatalf("the session is answered %d", got)
		}
		return time.Since(made) > 5*time.Second
	})
}
