package main_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store/mongo/mongotest"
)

// propagation is how long a node may take to act on what another, or a command, has done, on a
// machine that has much else to do. How soon it does by its own clock is tested where it is done.
const propagation = 2 * time.Minute

// pair is two server processes on one MongoDB.
type pair struct {
	*site
	nodes [2]*node
}

// startPair starts both at the same time: on a new database they race for the first key.
func startPair(t *testing.T, uri string, env ...string) *pair {
	t.Helper()
	env = append(env, "GATEHOUSE_MONGO_STANDALONE="+strconv.FormatBool(mongotest.Standalone(t)))
	p := &pair{site: newSite(t, uri, env...)}
	for i := range p.nodes {
		p.nodes[i] = p.launch(t)
	}
	for _, n := range p.nodes {
		n.ready(t)
	}
	p.openUp(t)
	for _, n := range p.nodes {
		n.Publishable = p.key
	}
	return p
}

// each calls f with every order of the two: what one does must hold on the other.
func (p *pair) each(t *testing.T, f func(t *testing.T, one, other *node)) {
	t.Helper()
	for i, one := range p.nodes {
		t.Run(fmt.Sprintf("from node %d", i+1), func(t *testing.T) { f(t, one, p.nodes[1-i]) })
	}
}

func TestTwoServersOnOneDatabaseAreOneService(t *testing.T) {
	p := startPair(t, mongotest.URI(t))
	one, two := p.nodes[0], p.nodes[1]
	if a, b := one.keySet(t), two.keySet(t); a.body != b.body || a.etag != b.etag || len(a.keys) != 1 {
		t.Fatalf("the key sets differ:\n%s\n%s", a.body, b.body)
	}
	for name, test := range map[string]func(*testing.T, *pair){
		"a token of one is good at the other":                tokensAreShared,
		"what ends a session on one ends it on the other":    endsAreShared,
		"many refreshes of one token have one successor":     refreshesHaveOneSuccessor,
		"many redemptions of one code make one account":      redemptionsMakeOneAccount,
		"many registrations of one address make one account": registrationsMakeOneAccount,
		"a revoked API key is refused by both":               revokedKeysAreRefused,
	} {
		t.Run(name, func(t *testing.T) { test(t, p) })
	}
	t.Run("of two rotations at once one happens", func(t *testing.T) { rotationsMeet(t, p) })
	t.Run("a rotation at once is seen by both", func(t *testing.T) { rotationIsSeen(t, p) })
	t.Run("a revoked signing key is refused by both", func(t *testing.T) { revocationIsSeen(t, p) })
	if report := p.events(t); len(report) == 0 {
		t.Error("the audit log is empty")
	}
}

func tokensAreShared(t *testing.T, p *pair) {
	p.each(t, func(t *testing.T, one, other *node) {
		a := one.Register(t, fmt.Sprintf("ada%d@example.com", time.Now().UnixNano()), goodPassword)
		if c, err := other.keySet(t).verify(a.AccessToken); err != nil || c.Sub != a.LocalID || c.Email != a.Email {
			t.Errorf("by the other's key set: %+v (%v)", c, err)
		}
		if got := other.Me(t, a.AccessToken); got != 200 {
			t.Errorf("the other answers %d", got)
		}
		b := other.Refresh(t, a.RefreshToken)
		c := one.Refresh(t, b.RefreshToken)
		if one.Refresh(t, b.RefreshToken).RefreshToken != c.RefreshToken || other.Refresh(t, b.RefreshToken).RefreshToken != c.RefreshToken {
			t.Error("a refresh that is repeated at the other has another successor")
		}
		other.Login(t, a.Email, goodPassword)
	})
}

// endsAreShared ends sessions in every way there is.
func endsAreShared(t *testing.T, p *pair) {
	ends := map[string]func(t *testing.T, n *node, a dialecttest.Authorization) int{
		"signing out": func(t *testing.T, n *node, a dialecttest.Authorization) int {
			return n.Do(t, request{Method: "POST", Path: "/auth/logout", Bearer: a.AccessToken}).Status
		},
		"changing the password": func(t *testing.T, n *node, a dialecttest.Authorization) int {
			body := object("currentPassword", goodPassword, "newPassword", "another long phrase")
			return n.Do(t, request{Path: "/auth/changePassword", Bearer: a.AccessToken, Body: body}).Status - 200 + 204
		},
		"deleting the account": func(t *testing.T, n *node, a dialecttest.Authorization) int {
			return n.Do(t, request{Method: "DELETE", Path: "/auth/me", Bearer: a.AccessToken, Body: object("currentPassword", goodPassword)}).Status
		},
		"revoking the token": func(t *testing.T, n *node, a dialecttest.Authorization) int {
			return n.Do(t, request{Path: "/auth/revoke", Key: p.key, Body: object("token", a.RefreshToken)}).Status - 200 + 204
		},
		"a ban": func(t *testing.T, _ *node, a dialecttest.Authorization) int {
			var u struct{ Disabled bool }
			if p.cli(t, &u, "user", "set", a.Email, "--disabled=true"); !u.Disabled {
				t.Error("the ban is not shown")
			}
			return 204
		},
	}
	for i, name := range slices.Sorted(maps.Keys(ends)) {
		t.Run(name, func(t *testing.T) {
			p.each(t, func(t *testing.T, one, other *node) {
				a := other.Register(t, fmt.Sprintf("end%d-%s@example.com", i, one.Publishable[3:9])+one.URL[len(one.URL)-5:], goodPassword)
				if one.Me(t, a.AccessToken) != 200 || other.Me(t, a.AccessToken) != 200 {
					t.Fatal("the session is not good")
				}
				if got := ends[name](t, one, a); got != 204 {
					t.Fatalf("answered %d", got)
				}
				for _, n := range p.nodes {
					poll(t, propagation, "the session is over", func() bool { return n.Me(t, a.AccessToken) == 401 })
					if r := n.Do(t, request{Path: "/auth/refreshToken", Body: object("refreshToken", a.RefreshToken)}); r.Status != 401 {
						t.Errorf("the refresh token is answered %d %s", r.Status, r.Body)
					}
				}
				for _, n := range p.nodes {
					r := n.Do(t, request{Path: "/auth/login", Key: p.key, Body: object("email", a.Email, "password", goodPassword)})
					if want := map[string]string{"a ban": "account_disabled", "changing the password": "bad_credentials", "deleting the account": "bad_credentials"}[name]; r.Code() != want {
						t.Errorf("signing in again: %d %s, want %q", r.Status, r.Body, want)
					}
				}
				if one.Me(t, a.AccessToken) != 401 || other.Me(t, a.AccessToken) != 401 {
					t.Error("the session came back")
				}
			})
		})
	}
}

// patient repeats a request for as long as a server says that it has too much to do, which
// many computations of a password hash at once are.
func patient(n *node, q request) (dialecttest.Response, error) {
	for {
		r, err := n.Try(q)
		if err != nil || r.Status != http.StatusServiceUnavailable {
			return r, err
		}
	}
}

func refreshesHaveOneSuccessor(t *testing.T, p *pair) {
	a := p.nodes[0].Register(t, "refresh@example.com", goodPassword)
	var mu sync.Mutex
	successors := map[string]int{}
	dialecttest.Together(50, func(i int) {
		r, err := patient(p.nodes[i%2], request{Path: "/auth/refreshToken", Body: object("refreshToken", a.RefreshToken)})
		var next dialecttest.Authorization
		if err != nil || r.Status != 200 {
			t.Errorf("%d %s (%v)", r.Status, r.Body, err)
			return
		}
		r.JSON(t, &next)
		mu.Lock()
		defer mu.Unlock()
		successors[next.RefreshToken]++
	})
	if len(successors) != 1 {
		t.Fatalf("%d successors", len(successors))
	}
	for token := range successors {
		p.nodes[1].Refresh(t, token)
	}
}

func redemptionsMakeOneAccount(t *testing.T, p *pair) {
	var made struct{ ID, Code string }
	p.cli(t, &made, "invite", "create")
	answers := together(p, 100, func(i int) request {
		return request{Path: "/auth/register", Key: p.key, Body: object(
			"email", fmt.Sprintf("guest%d@example.com", i), "password", goodPassword, "invitationCode", made.Code)}
	})
	if answers["201"] != 1 || answers["409 invitation_used_up"] != 99 || len(answers) != 2 {
		t.Errorf("answers are %v", answers)
	}
	if n := p.users(t, "guest"); n != 1 {
		t.Errorf("%d accounts", n)
	}
	for i, code := range inviteMany(t, p.site, p.nodes[0]).single[:20] { // as many at once as passwords are hashed at once
		answers := together(p, 4, func(j int) request {
			return request{Path: "/auth/register", Key: p.key, Body: object(
				"email", fmt.Sprintf("racer%d-%d@example.com", i, j), "password", goodPassword, "invitationCode", code)}
		})
		if answers["201"] != 1 || answers["409 invitation_used_up"] != 3 {
			t.Errorf("four at once are answered %v", answers)
		}
	}
	var list struct {
		Invitations []struct {
			ID, State     string
			Uses, MaxUses int
		}
	}
	p.cli(t, &list, "invite", "list", "--state", "used", "--limit", "100")
	if i := list.Invitations[len(list.Invitations)-1]; i.ID != made.ID || i.Uses != 1 || i.MaxUses != 1 || i.State != "used" {
		t.Errorf("the invitation is %+v", i)
	}
}

func registrationsMakeOneAccount(t *testing.T, p *pair) {
	answers := together(p, 30, func(i int) request {
		email := "same@example.com"
		if i%3 == 0 {
			email = "Same@Example.COM"
		}
		return request{Path: "/auth/register", Key: p.key, Body: object("email", email, "password", goodPassword)}
	})
	if answers["201"] != 1 || answers["409 email_exists"] != 29 || len(answers) != 2 {
		t.Errorf("answers are %v", answers)
	}
	if n := p.users(t, "same"); n != 1 {
		t.Errorf("%d accounts", n)
	}
}

// together sends n requests at once, to both nodes by turns, and counts the answers.
func together(p *pair, n int, q func(i int) request) map[string]int {
	var mu sync.Mutex
	answers := map[string]int{}
	dialecttest.Together(n, func(i int) {
		r, err := patient(p.nodes[i%2], q(i))
		answer := strings.TrimSpace(fmt.Sprintf("%d %s", r.Status, r.Code()))
		if err != nil {
			answer = err.Error()
		}
		mu.Lock()
		defer mu.Unlock()
		answers[answer]++
	})
	return answers
}

// users counts the accounts whose address begins so.
func (s *site) users(t testing.TB, prefix string) (n int) {
	t.Helper()
	var list struct{ Users []struct{ Email string } }
	s.cli(t, &list, "user", "list", "--limit", "100000")
	for _, u := range list.Users {
		if strings.HasPrefix(strings.ToLower(u.Email), prefix) {
			n++
		}
	}
	return n
}

func revokedKeysAreRefused(t *testing.T, p *pair) {
	key := p.makeKey(t, identity.Secret, identity.ScopeTokensRead)
	introspect := request{Path: "/auth/introspect", Key: key.Key, Body: object("token", "nonsense")}
	for _, n := range p.nodes {
		if r := n.Do(t, introspect); r.Status != 200 {
			t.Fatalf("a good key is answered %d %s", r.Status, r.Body)
		}
	}
	p.cli(t, &struct{}{}, "apikey", "revoke", key.ID)
	for _, n := range p.nodes {
		poll(t, propagation, "the key is refused", func() bool { return n.Do(t, introspect).Status == 401 })
	}
	for _, n := range p.nodes {
		if r := n.Do(t, introspect); r.Status != 401 {
			t.Errorf("the key came back: %d", r.Status)
		}
	}
}
