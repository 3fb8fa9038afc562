package app

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
)

const (
	// pingEvery is how old an answer of the store may be for /readyz to rely on it.
	pingEvery   = time.Second
	pingTimeout = 3 * time.Second
)

// health answers whether the process lives and whether it should get traffic.
type health struct {
	draining atomic.Bool

	mu   sync.Mutex
	at   time.Time
	last error
}

// mount registers /livez, which touches nothing, and /readyz, which is 200 while the store
// takes writes and no shutdown has begun.
func (a *App) mountHealth(r gin.IRoutes) {
	text := func(c *gin.Context, status int, body string) { c.String(status, body+"\n") }
	r.GET("/livez", func(c *gin.Context) { text(c, http.StatusOK, "ok") })
	r.GET("/readyz", func(c *gin.Context) {
		if err := a.Ready(c.Request.Context()); err != nil {
			text(c, http.StatusServiceUnavailable, err.Error())
			return
		}
		text(c, http.StatusOK, "ok")
	})
}

type notReadyError string

func (e notReadyError) Error() string { return string(e) }

// Ready returns nil when the service can do its work. The error says no more than which part
// cannot.
func (a *App) Ready(ctx context.Context) error {
	if a.health.draining.Load() {
		return notReadyError("shutting down")
	}
	if err := a.pingStore(ctx); err != nil {
		a.Log.WarnContext(ctx, "not ready", "error", err)
		return notReadyError("the store does not answer")
	}
	return nil
}

func (a *App) pingStore(ctx context.Context) error {
	h := &a.health
	h.mu.Lock()
	defer h.mu.Unlock()
	now := a.Now()
	if age := now.Sub(h.at); !h.at.IsZero() && age >= 0 && age < pingEvery {
		return h.last
	}
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	h.last, h.at = a.Store.Ping(ctx), now
	return h.last
}
