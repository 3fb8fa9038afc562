package main_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

type rotation struct {
	KID     string
	Waiting bool
}

// rotationsMeet starts two commands at once. Both report the same key, of which one is the
// maker, and both servers publish it.
func rotationsMeet(t *testing.T, p *pair) {
	before := p.nodes[0].keySet(t).kids()
	var said [2]rotation
	dialecttest.Together(2, func(i int) {
		stdout, stderr, code := p.try(t, "keys", "rotate", "--json")
		if err := json.Unmarshal([]byte(stdout), &said[i]); err != nil || code != 0 {
			t.Errorf("%v: exit code %d\n%s", err, code, stderr)
		}
	})
	if said[0].KID != said[1].KID || said[0].Waiting == said[1].Waiting {
		t.Errorf("they say %+v", said)
	}
	want := append(slices.Clone(before), said[0].KID)
	slices.Sort(want)
	for _, n := range p.nodes {
		poll(t, propagation, "the next key is published, and no other", func() bool { return slices.Equal(n.keySet(t).kids(), want) })
	}
}

// rotationIsSeen signs with the pending key at once.
func rotationIsSeen(t *testing.T, p *pair) {
	old := p.nodes[0].Register(t, "rotation@example.com", goodPassword)
	var r rotation
	p.cli(t, &r, "keys", "rotate", "--now")
	for _, n := range p.nodes {
		poll(t, propagation, "it signs with the new key", func() bool {
			a := n.Login(t, "rotation@example.com", goodPassword)
			return claimsOf(t, a.AccessToken).kid == r.KID
		})
	}
	for i, n := range p.nodes {
		fresh := n.Login(t, "rotation@example.com", goodPassword)
		other := p.nodes[1-i]
		for name, token := range map[string]string{"a new token": fresh.AccessToken, "a token of before": old.AccessToken} {
			if _, err := other.keySet(t).verify(token); err != nil {
				t.Errorf("%s, by the other's key set: %v", name, err)
			}
			if got := other.Me(t, token); got != 200 {
				t.Errorf("%s is answered %d by the other", name, got)
			}
		}
		if kid := claimsOf(t, fresh.AccessToken).kid; kid != r.KID {
			t.Errorf("it went back to signing with %s", kid)
		}
	}
}

// revocationIsSeen takes the key out that signs. What it signed is refused, the session goes
// on with a token that another key signs.
func revocationIsSeen(t *testing.T, p *pair) {
	a := p.nodes[0].Register(t, "revocation@example.com", goodPassword)
	kid := claimsOf(t, a.AccessToken).kid
	var r rotation
	if p.cli(t, &r, "keys", "revoke", kid); r.KID == kid {
		t.Fatal("it still signs")
	}
	for _, n := range p.nodes {
		poll(t, propagation, "the key is not published, and what it signed is refused", func() bool {
			return n.keySet(t).keys[kid] == nil && n.Me(t, a.AccessToken) == 401
		})
	}
	for i, n := range p.nodes {
		a = n.Refresh(t, a.RefreshToken)
		if c, err := p.nodes[1-i].keySet(t).verify(a.AccessToken); err != nil || c.kid == kid {
			t.Errorf("the next token is signed with %s (%v)", c.kid, err)
		}
		if got := p.nodes[1-i].Me(t, a.AccessToken); got != 200 {
			t.Errorf("the session is answered %d after it was renewed", got)
		}
	}
}
