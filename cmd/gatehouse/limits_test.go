package main_test

import (
	"net/http"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/store/mongo/mongotest"
)

// TestAttemptsAreCountedByAllServersTogether guesses at both nodes by turns.
func TestAttemptsAreCountedByAllServersTogether(t *testing.T) {
	p := startPair(t, mongotest.URI(t), "GATEHOUSE_LIMIT_LOGIN=5/15m", "GATEHOUSE_LIMIT_REGISTER=3/1h")
	register := func(email string) request {
		return request{Path: "/auth/register", Key: p.key, Body: object("email", email, "password", goodPassword)}
	}
	login := func(password string) request {
		return request{Path: "/auth/login", Key: p.key, Body: object("email", "ada@example.com", "password", password)}
	}
	for i, c := range []struct {
		q    request
		want int
	}{
		{register("ada@example.com"), 201},
		{register("bob@example.com"), 201},
		{register("carl@example.com"), 201},
		{register("dora@example.com"), 429},
		{register("dora@example.com"), 429},
		{login("guess 1"), 401},
		{login("guess 2"), 401},
		{login("guess 3"), 401},
		{login("guess 4"), 401},
		{login(goodPassword), 200}, // takes the failures back
		{login("guess 1"), 401},
		{login("guess 2"), 401},
		{login("guess 3"), 401},
		{login("guess 4"), 401},
		{login("guess 5"), 401},
		{login("guess 6"), 429},
		{login(goodPassword), 429},
		{login(goodPassword), 429},
	} {
		r, err := patient(p.nodes[i%2], c.q)
		if err != nil || r.Status != c.want {
			t.Fatalf("request %d: %d %s, want %d (%v)", i, r.Status, r.Body, c.want, err)
		}
		if r.Status == http.StatusTooManyRequests && r.Header.Get("Retry-After") == "" {
			t.Errorf("request %d: no Retry-After", i)
		}
	}
}
