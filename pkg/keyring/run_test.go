package keyring_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func TestRunFollowsOtherNodesAndStops(t *testing.T) {
	pool() // made outside the bubble: it is shared with other tests
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		a := newRing(m, nil)
		var jump atomic.Int64
		now := func() time.Time { return time.Now().Add(time.Duration(jump.Load())) } // the bubble's clock
		a.Now = now
		must(t, a.Open(t.Context()))
		b := newRing(m, nil)
		b.Now, b.Generate = now, a.Generate
		must(t, b.Open(t.Context()))
		var logged bytes.Buffer
		b.Log = slog.New(slog.NewTextHandler(&logged, nil))
		ctx, cancel := context.WithCancel(t.Context())
		stopped := make(chan struct{})
		go func() { b.Run(ctx); close(stopped) }()

		next, err := a.Rotate(t.Context(), false)
		must(t, err)
		wait(2 * time.Second)
		if body, _ := b.JWKS(); !strings.Contains(string(body), next.KID) {
			t.Error("after two seconds the other node does not publish the next key")
		}

		m.fail(func(string) error { return store.ErrUnavailable })
		wait(time.Minute)
		m.fail(nil)
		wait(3 * time.Second)
		if n := strings.Count(logged.String(), "level=ERROR"); n != 1 || strings.Count(logged.String(), "up to date again") != 1 {
			t.Errorf("logged:\n%s", logged.String())
		}

		version := m.doc.Version
		jump.Store(int64(31 * day))
		wait(2 * time.Second)
		if m.doc.Version != version+1 {
			t.Errorf("version %d when the next key is due, want %d", m.doc.Version, version+1)
		}
		cancel()
		<-stopped
	})
}

// wait lets the bubble's clock run.
func wait(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestOpenWarnsOfAnUnsafePolicy(t *testing.T) {
	var logged bytes.Buffer
	r := newRing(&memory{}, &clock{t: epoch})
	r.Policy.Unsafe, r.Log = true, slog.New(slog.NewTextHandler(&logged, nil))
	must(t, r.Open(t.Context()))
	if !strings.Contains(logged.String(), "level=WARN") {
		t.Errorf("logged: %s", logged.String())
	}
}
