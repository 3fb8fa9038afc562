package httpkit_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
)

func TestAHostNameOfItsOwn(t *testing.T) {
	says := func(what string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, what) })
	}
	hosts := httpkit.Hosts{Named: map[string]http.Handler{"auth.example.com": says("own")}, Rest: says("rest")}
	for host, want := range map[string]string{
		"auth.example.com": "own", "AUTH.Example.com": "own", "auth.example.com:8443": "own", "auth.example.com.": "own",
		"id.example.com": "rest", "auth.example.com.evil.example": "rest", "evil-auth.example.com": "rest", "127.0.0.1:8080": "rest",
		"[::1]:8080": "rest", "": "rest",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.Host = host
		w := httptest.NewRecorder()
		hosts.ServeHTTP(w, r)
		if got := w.Body.String(); got != want {
			t.Errorf("host %q is served by %s, want %s", host, got, want)
		}
	}
}
