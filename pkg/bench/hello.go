package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// helloBody is what an answer of hello contains; seven times this is about as large as a key set of
// one key.
const helloBody = "hello" + "................................................................"

// Hello serves one route, GET /hello, with nothing but Gin, until ctx ends: the limit of what a
// service on Gin can answer. ready is called with the URL when requests are accepted. It sets
// Gin's mode for the whole program, and so belongs into a process of its own.
func Hello(ctx context.Context, addr string, ready func(url string)) error {
	if _, err := hostOf("http://" + addr); err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	body := []byte(strings.Repeat(helloBody, 7))
	engine.GET("/hello", func(c *gin.Context) { c.Data(http.StatusOK, "text/plain", body) })
	server := &http.Server{Handler: engine} //nolint:gosec // as bare as it gets, and only this machine reaches it
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	ready("http://" + listener.Addr().String())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("bench: %w", err)
	}
	return nil
}

// hello measures Hello in a process of its own, with the client that measures the service.
func (b *run) hello(ctx context.Context) (err error) {
	host, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	p, err := start(ctx, b.command("bench", "--hello", host), b.environment())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	get := request{method: http.MethodGet, path: "/hello", host: host}
	for _, n := range b.Concurrency {
		scripts := make([]*script, n)
		for i := range scripts {
			scripts[i] = &script{request: get.bytes(), want: []byte(helloBody)}
		}
		m, err := b.measure(ctx, target{host: host, pid: p.pid}, about{"hello", get.method, get.path}, scripts)
		if err != nil {
			return err
		}
		b.report.Limits.Hello = append(b.report.Limits.Hello, m)
	}
	return nil
}

// freeAddress finds a port that nobody uses at this moment.
func freeAddress(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("bench: %w", err)
	}
	return l.Addr().String(), l.Close()
}
