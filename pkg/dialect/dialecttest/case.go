package dialecttest

import (
	"net/http"
	"strings"
	"testing"
)

// Case is one request and what must come back.
type Case struct {
	Name string
	Request
	Status int
	Code   string   // of the error
	Has    []string // parts of the body
	Never  []string // what must not be in the body
}

// leaks are words that no answer may contain: they would come from an error of ours.
var leaks = []string{"sqlite", "SQLITE", "mongo", "argon2", "goroutine", ".go:", "runtime error", "database is"}

// Run sends every case, in order, and checks what holds for every answer besides.
func (s *Server) Run(t *testing.T, cases []Case) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			r := s.Do(t, c.Request)
			if r.Status != c.Status {
				t.Errorf("status is %d, want %d: %s", r.Status, c.Status, r.Body)
			}
			if got := r.Code(); c.Code != "" && got != c.Code {
				t.Errorf("code is %q, want %q: %s", got, c.Code, r.Body)
			}
			for _, part := range c.Has {
				if !strings.Contains(r.Body, part) {
					t.Errorf("%q is not in %s", part, r.Body)
				}
			}
			for _, part := range append(leaks, c.Never...) {
				if strings.Contains(r.Body, part) {
					t.Errorf("%q is in %s", part, r.Body)
				}
			}
			c.sound(t, r)
		})
	}
}

// sound checks what holds for every answer of the service.
func (q Request) sound(t *testing.T, r Response) {
	t.Helper()
	honest := r.Status == http.StatusServiceUnavailable || r.Status == http.StatusNotImplemented && q.flowless()
	if r.Status >= 500 && !honest {
		t.Errorf("a %d: %s", r.Status, r.Body)
	}
	if got := r.Header.Get("X-Content-Type-Options"); got != "nosniff" {
		t.Errorf("X-Content-Type-Options is %q", got)
	}
	if r.Header.Get("Cache-Control") == "" {
		t.Error("no Cache-Control")
	}
	switch {
	case r.Status < 400:
	case q.flowless():
		r.FlowlessError(t)
	case q.arguflow():
		r.ArguflowError(t)
	case !strings.HasPrefix(r.Header.Get("Content-Type"), "application/problem+json"):
		t.Errorf("a %d of type %q", r.Status, r.Header.Get("Content-Type"))
	}
}
