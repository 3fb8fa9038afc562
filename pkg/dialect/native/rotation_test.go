package native_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/keyring"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func rotate(t *testing.T, s *dialecttest.Server) (next keyring.Rotation) {
	t.Helper()
	patiently(t, func() (err error) {
		next, err = s.App.Keys.Rotate(t.Context(), false)
		return err
	})
	return next
}

// patiently does something again that gives up on the store within seconds, as a busy machine
// may make it. What it does is the same when done twice.
func patiently(t *testing.T, do func() error) {
	t.Helper()
	var err error
	for range 5 {
		if err = do(); !errors.Is(err, store.ErrUnavailable) {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// relyingParty checks tokens offline, with a key set that it fetches when its copy is older than
// the service allows, and at no other time.
type relyingParty struct {
	nodes   []*dialecttest.Server
	fetched time.Time
	keys    map[string]*rsa.PublicKey
	seen    map[string]bool // tokens it has checked with these keys: the outcome is the same
}

func (v *relyingParty) accepts(t testing.TB, now time.Time, token string) bool {
	t.Helper()
	if v.keys == nil || now.Sub(v.fetched) > 300*time.Second {
		v.keys, v.fetched, v.seen = readKeys(t, v.nodes[0]), now, map[string]bool{}
		v.nodes = append(v.nodes[1:], v.nodes[0])
	}
	if v.seen[token] {
		return true
	}
	v.seen[token] = true
	p := split(t, token)
	kid, _ := decoded(t, p.header)["kid"].(string)
	sig, err := base64.RawURLEncoding.DecodeString(p.signature)
	sum := sha256.Sum256([]byte(p.header + "." + p.payload))
	return err == nil && v.keys[kid] != nil && rsa.VerifyPKCS1v15(v.keys[kid], crypto.SHA256, sum[:], sig) == nil
}

// TestAVerifierWithACachedKeySetNeverFails rotates the key three times under load on two
// nodes. A new verifier begins at every instant of interest, a second before each change
// among them, and all of them check every token that has not expired.
func TestAVerifierWithACachedKeySetNeverFails(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, "GATEHOUSE_SESSION_IDLE=2000h", "GATEHOUSE_SESSION_MAX=2000h")
		load := newLoad(t, s, s.Node(t))
		kids := map[string]bool{}
		for range 3 {
			now := s.Clock.Now()
			next := rotate(t, s)
			if next.ActivatesAt.Sub(now) < 24*time.Hour {
				t.Fatalf("%+v", next)
			}
			for _, at := range around(now, next.ActivatesAt) {
				s.Clock.Advance(at.Sub(s.Clock.Now()))
				if at.Sub(now) >= 5*time.Second {
					load.sync(t)
				}
				load.step(t)
			}
			kid, _ := s.App.Keys.Signer()
			if kid != next.KID || kids[kid] {
				t.Errorf("%s signs, want %s", kid, next.KID)
			}
			kids[kid] = true
		}
		if load.checks < 10_000 {
			t.Errorf("only %d checks", load.checks)
		}
		t.Logf("%d tokens, %d checks", load.issued, load.checks)
	})
}

// around returns the instants of interest of one rotation, in order.
func around(published, active time.Time) []time.Time {
	const maxAge, ttl, kept = 300 * time.Second, time.Hour, time.Hour + 395*time.Second
	out := []time.Time{published, published.Add(4 * time.Second), published.Add(5 * time.Second), published.Add(maxAge + time.Second)}
	for _, d := range []time.Duration{
		-maxAge - time.Second, -maxAge, -time.Second, 0, time.Second, maxAge - time.Second, maxAge, maxAge + time.Second,
		ttl - maxAge, ttl - time.Second, ttl, kept - maxAge, kept - time.Second, kept, kept + maxAge + time.Second,
	} {
		out = append(out, active.Add(d))
	}
	return out
}

// load is clients that refresh on every node, and verifiers of what they get.
type load struct {
	nodes   []*dialecttest.Server
	clients []string // refresh tokens
	tokens  []lease
	offline []*relyingParty
	issued  int
	checks  int
}

// lease is an access token and when it ends.
type lease struct {
	token string
	until time.Time
}

func newLoad(t *testing.T, nodes ...*dialecttest.Server) *load {
	t.Helper()
	l := &load{nodes: nodes, clients: []string{nodes[0].Register(t, "ada@example.com", goodPassword).RefreshToken}}
	for range 3 {
		l.clients = append(l.clients, nodes[0].Login(t, "ada@example.com", goodPassword).RefreshToken)
	}
	return l
}

func (l *load) sync(t *testing.T) {
	t.Helper()
	for _, n := range l.nodes {
		patiently(t, func() error { return n.App.Keys.Sync(t.Context()) })
	}
}

// step lets every client refresh, all at once, one more verifier begin, and all verifiers
// check all tokens that have not expired.
func (l *load) step(t *testing.T) {
	t.Helper()
	now := l.nodes[0].Clock.Now()
	got := make([]dialecttest.Response, len(l.clients))
	var wg sync.WaitGroup
	for i, c := range l.clients {
		node := l.nodes[(i+l.issued/len(l.clients))%len(l.nodes)]
		wg.Go(func() {
			r, err := node.Try(request{Path: "/auth/refreshToken", Body: body("refreshToken", c)})
			if err != nil || r.Status != 200 {
				t.Errorf("refresh: %d %s %v", r.Status, r.Body, err)
				return
			}
			got[i] = r
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	for i, r := range got {
		var a dialecttest.Authorization
		r.JSON(t, &a)
		l.clients[i] = a.RefreshToken
		l.tokens = append(l.tokens, lease{a.AccessToken, now.Truncate(time.Second).Add(time.Hour)})
	}
	l.issued += len(got)
	l.offline = append(l.offline, &relyingParty{nodes: slices.Clone(l.nodes)})
	slices.Reverse(l.nodes) // the next one begins at another node
	l.tokens = slices.DeleteFunc(l.tokens, func(i lease) bool { return !now.Before(i.until) })
	l.offline = l.offline[max(0, len(l.offline)-16):]
	for _, v := range l.offline {
		for _, i := range l.tokens {
			l.checks++
			if !v.accepts(t, now, i.token) {
				t.Fatalf("at %v a verifier of %v refuses a token that is good until %v", now, v.fetched, i.until)
			}
		}
	}
	for _, i := range append(l.tokens[:len(got):len(got)], l.tokens[len(l.tokens)-len(got):]...) {
		for _, n := range l.nodes {
			if got := n.Me(t, i.token); got != 200 {
				t.Fatalf("at %v a node answers a good token %d", now, got)
			}
		}
	}
}

// TestARevokedKeyIsDeadEverywhere also holds the other end: nobody is signed out by it.
func TestARevokedKeyIsDeadEverywhere(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		other := s.Node(t)
		a := s.Register(t, "ada@example.com", goodPassword)
		old := insider(s)
		walls := []wall{newWall(t, s), newWall(t, other)}
		for _, w := range walls {
			w.admits(t, "before", a.AccessToken)
		}
		patiently(t, func() error {
			_, err := s.App.Keys.Revoke(t.Context(), old.kid)
			return err
		})
		walls[0].refuses(t, "on this node at once", a.AccessToken)
		s.Clock.Advance(5 * time.Second)
		patiently(t, func() error { return other.App.Keys.Sync(t.Context()) })
		forged := old.claims(t, decoded(t, split(t, a.AccessToken).payload))
		for i, n := range []*dialecttest.Server{s, other} {
			walls[i].refuses(t, "what it signed before", a.AccessToken)
			walls[i].refuses(t, "what a thief signs with it now", forged)
			if keys := readKeys(t, n); keys[old.kid] != nil || len(keys) == 0 {
				t.Errorf("node %d publishes %d keys, the revoked one: %t", i, len(keys), keys[old.kid] != nil)
			}
			fresh := n.Login(t, "ada@example.com", goodPassword)
			for _, w := range walls {
				w.admits(t, "a new sign-in", fresh.AccessToken)
			}
		}
		again := other.Refresh(t, a.RefreshToken)
		for _, w := range walls {
			w.admits(t, "the session goes on", again.AccessToken)
		}
	})
}

func TestARetiredKeyIsDead(t *testing.T) {
	s := start(t, dialecttest.SQLite(t), "GATEHOUSE_SESSION_IDLE=2000h", "GATEHOUSE_SESSION_MAX=2000h")
	a := s.Register(t, "ada@example.com", goodPassword)
	old := insider(s)
	next := rotate(t, s)
	sign := func() string {
		claims, now := decoded(t, split(t, a.AccessToken).payload), s.Clock.Now().Unix()
		claims["iat"], claims["nbf"], claims["exp"] = now, now, now+3600
		return old.claims(t, claims)
	}
	s.Clock.Advance(next.ActivatesAt.Sub(s.Clock.Now()))
	newWall(t, s).admits(t, "while it retires", sign())
	s.Clock.Advance(2 * time.Hour)
	if keys := readKeys(t, s); keys[old.kid] != nil {
		t.Error("it is still published")
	}
	newWall(t, s).refuses(t, "retired", sign())
}
