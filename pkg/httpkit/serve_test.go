package httpkit_test

import (
	"log/slog"
	"net"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
)

// serveRoute starts a server with one public route that gives a body so long to arrive.
func serveRoute(t *testing.T, route httpkit.Route, patience time.Duration, change ...func(*httpkit.Kit)) *httptest.Server {
	t.Helper()
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
	srv := httptest.NewUnstartedServer(&httpkit.Shield{Next: engine, Log: slog.New(slog.DiscardHandler)})
	srv.Config.ReadTimeout, srv.Config.WriteTimeout = patience, patience+200*time.Millisecond
	srv.Start()
	t.Cleanup(srv.Close)
	return srv
}

func dial(t *testing.T, srv *httptest.Server) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}
