package app_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

// collector is an OTLP receiver that keeps the bytes it is sent.
type collector struct {
	mu  sync.Mutex
	got bytes.Buffer
}

func (c *collector) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		body, _ = gzip.NewReader(r.Body)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = io.Copy(&c.got, body)
}

func TestSpansNameTheRouteAndNothingSecret(t *testing.T) {
	c := &collector{}
	receiver := httptest.NewServer(c)
	defer receiver.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.URL)
	var token string
	t.Run("a service that is traced", func(t *testing.T) {
		s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{Tracing: true})
		token = s.Register(t, "ada@example.com", phrase).AccessToken
		s.Do(t, dialecttest.Request{Path: "/auth/me?canary=query", Bearer: token})
	}) // closing it sends what is left
	sent := c.got.String()
	for _, part := range []string{"POST /auth/register", "GET /auth/me", "gatehouse.request_id"} {
		if !strings.Contains(sent, part) {
			t.Errorf("%q was not sent", part)
		}
	}
	for _, part := range []string{"canary", phrase, "ada@", token, "127.0.0.1"} {
		if strings.Contains(sent, part) {
			t.Errorf("%q was sent", part)
		}
	}
}
