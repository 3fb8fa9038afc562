package bench_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/bench"
)

const moment = 100 * time.Millisecond

func TestFailuresAreCountedByStatusAndAreNoPartOfTheRate(t *testing.T) {
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		switch n.Add(1) % 4 {
		case 0:
			http.Error(w, "the right thing, later", http.StatusTooManyRequests)
		case 1:
			_, _ = fmt.Fprint(w, "something else")
		case 2:
			w.WriteHeader(http.StatusNotModified)
		default:
			_, _ = fmt.Fprint(w, "the right thing")
		}
	}))
	t.Cleanup(server.Close)
	m, err := bench.Get(t.Context(), host(server), "/", "right", 2, moment)
	if err != nil {
		t.Fatal(err)
	}
	if m.Errors == 0 || m.ErrorStatuses[200]+m.ErrorStatuses[304]+m.ErrorStatuses[429] != m.Errors || len(m.ErrorStatuses) != 3 {
		t.Errorf("%d errors: %v, want 200, 304 and 429", m.Errors, m.ErrorStatuses)
	}
	if all := m.PerSecond * moment.Seconds(); m.PerSecond <= 0 || all > 0.6*float64(m.Errors) {
		t.Errorf("about %.0f successes and %d errors, want one success for three errors", all, m.Errors)
	}
}

func TestEveryConnectionIsKept(t *testing.T) {
	var opened, served atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		served.Add(1)
		_, _ = fmt.Fprint(w, "hello")
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	if _, err := bench.Get(t.Context(), host(server), "/", "hello", 5, moment); err != nil {
		t.Fatal(err)
	}
	if opened.Load() != 5 || served.Load() < 10 {
		t.Errorf("%d connections for %d requests, want 5 for many", opened.Load(), served.Load())
	}
}

func TestAnythingUnexpectedEndsTheMeasurement(t *testing.T) {
	for _, c := range []struct{ name, answer, want string }{
		{"a chunked body", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", "length is unknown"},
		{"a body without length", "HTTP/1.1 200 OK\r\n\r\nhi", "without Content-Length"},
		{"a closing connection", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: Close\r\n\r\nhi", "ends the connection"},
		{"half an answer", "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhi", "closed the connection before"},
		{"no answer", "", "closed the connection before"},
		{"two answers", strings.Repeat("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 2), "more than one answer"},
		{"too large an answer", "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nhi", "larger than 65536"},
		{"an endless head", strings.Repeat("x", 100000), "larger than 65536"},
		{"an interim answer", "HTTP/1.1 100 Continue\r\n\r\n", "not a final status"},
		{"an older protocol", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", "not an HTTP/1.1 answer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := bench.Get(t.Context(), speak(t, c.answer), "/", "hi", 1, time.Minute)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that says %q", err, c.want)
			}
		})
	}
}

func TestAServerThatIsNotThereIsAnError(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if _, err := bench.Get(t.Context(), l.Addr().String(), "/", "hi", 1, time.Minute); err == nil || !strings.Contains(err.Error(), "connect") {
		t.Errorf("error %v, want one of connecting", err)
	}
}

func TestAMeasurementEndsWithItsContext(t *testing.T) {
	enough := errors.New("enough")
	ctx, stop := context.WithCancelCause(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		stop(enough)
		<-r.Context().Done() // no answer until the client hangs up
	}))
	t.Cleanup(server.Close)
	if _, err := bench.Get(ctx, host(server), "/", "hi", 3, time.Minute); !errors.Is(err, enough) {
		t.Errorf("error %v, want %v", err, enough)
	}
}

// speak starts a server that answers the first request of each connection, and hangs up.
func speak(t *testing.T, answer string) (host string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if _, err := conn.Read(make([]byte, 1000)); err == nil {
				_, _ = fmt.Fprint(conn, answer)
			}
			_ = conn.Close()
		}
	}()
	return l.Addr().String()
}

func host(s *httptest.Server) string { return strings.TrimPrefix(s.URL, "http://") }
