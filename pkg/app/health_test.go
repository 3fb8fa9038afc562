package app_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// pinged is a store that counts how often it is asked whether it works, and may say no.
type pinged struct {
	store.Store
	asked atomic.Int64
	fails atomic.Bool
}

func (p *pinged) Ping(ctx context.Context) error {
	p.asked.Add(1)
	if p.fails.Load() {
		return store.ErrUnavailable.With(errors.New("no route to mongo at 10.0.0.1"))
	}
	return p.Store.Ping(ctx)
}

func TestReadinessFollowsTheStoreWithoutFloodingIt(t *testing.T) {
	var db *pinged
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{Wrap: func(st store.Store) store.Store {
		db = &pinged{Store: st}
		return db
	}})
	get := func(path string) (int, string) {
		r := s.Do(t, dialecttest.Request{Path: path})
		return r.Status, r.Body
	}
	dialecttest.Together(50, func(int) {
		if r, err := s.Try(dialecttest.Request{Path: "/readyz"}); err != nil || r.Status != 200 {
			t.Errorf("%d %s (%v)", r.Status, r.Body, err)
		}
	})
	if n := db.asked.Load(); n != 1 {
		t.Errorf("50 questions asked the store %d times", n)
	}
	db.fails.Store(true)
	s.Clock.Advance(time.Second)
	if status, body := get("/readyz"); status != 503 || body != "the store does not answer\n" {
		t.Errorf("while the store fails: %d %q", status, body)
	}
	if status, _ := get("/livez"); status != 200 {
		t.Errorf("it lives: %d", status)
	}
	if !strings.Contains(s.Log.String(), "no route to mongo") {
		t.Error("the log does not say why")
	}
	db.fails.Store(false)
	s.Clock.Advance(time.Second)
	if status, body := get("/readyz"); status != 200 {
		t.Errorf("when the store is back: %d %q", status, body)
	}
	s.Clock.Advance(-time.Hour) // a clock that was set back must not make an answer last
	db.fails.Store(true)
	if status, _ := get("/readyz"); status != 503 {
		t.Errorf("after the clock was set back: %d", status)
	}
}
