package httpkit_test

import (
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
)

// mounted returns what answers one public route.
func mounted(route httpkit.Route, change ...func(*httpkit.Kit)) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	kit := &httpkit.Kit{
		Now: time.Now, Log: slog.New(slog.DiscardHandler), Tracer: noop.NewTracerProvider().Tracer(""),
		Observe: func(string, string, int, time.Duration) {},
	}
	for _, f := range change {
		f(kit)
	}
	kit.Mount(engine, httpkit.Problems, []httpkit.Route{route})
	return &httpkit.Shield{Next: engine, Log: slog.New(slog.DiscardHandler)}
}

// serveRoute starts a server with one route.
func serveRoute(t *testing.T, route httpkit.Route, change ...func(*httpkit.Kit)) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(mounted(route, change...))
	t.Cleanup(srv.Close)
	return srv
}

// inBubble runs a part of a test with a clock of its own.
func inBubble(t *testing.T, name string, f func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

// server listens inside this process: in a bubble of testing/synctest its clock and that of its
// connections moves when everybody waits, and no moment is too short for a slow machine.
type server struct {
	calls chan net.Conn
	ended chan struct{}
	end   func()
}

// serveWithin starts, in a bubble, a server that gives a request so long to arrive.
func serveWithin(t *testing.T, patience time.Duration, h http.Handler) *server {
	t.Helper()
	s := &server{calls: make(chan net.Conn), ended: make(chan struct{})}
	s.end = sync.OnceFunc(func() { close(s.ended) })
	web := &http.Server{
		Handler: h, ReadTimeout: patience, WriteTimeout: patience + 200*time.Millisecond,
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = web.Serve(s) })
	t.Cleanup(func() {
		_ = web.Close()
		serving.Wait()
		<-time.After(time.Minute) // connections that were refused are closed a moment later
	})
	return s
}

// Accept implements net.Listener.
func (s *server) Accept() (net.Conn, error) {
	select {
	case c := <-s.calls:
		return c, nil
	case <-s.ended:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (s *server) Close() error {
	s.end()
	return nil
}

// Addr implements net.Listener.
func (s *server) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// far is a connection as the server sees it: from an address.
type far struct{ net.Conn }

func (far) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 2} }

func dial(t *testing.T, s *server) net.Conn {
	t.Helper()
	here, there := net.Pipe()
	t.Cleanup(func() { _ = here.Close() })
	s.calls <- far{there}
	return here
}
