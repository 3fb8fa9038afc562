package arguflow_test

import (
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

// TestAnOutageOfTheStoreIsNeverAnAnswer takes the store away and asks everything.
func TestAnOutageOfTheStoreIsNeverAnAnswer(t *testing.T) {
	for kind, open := range dialecttest.Cuttable() {
		t.Run(kind, func(t *testing.T) {
			opener, cut := open(t)
			w := newWorld(t, start(t, opener))
			cut()
			var all sync.WaitGroup
			ask := func(q request) {
				all.Go(func() {
					what := q.Method + " " + q.Path
					r, err := w.Try(q)
					if err != nil {
						t.Error(err)
						return
					}
					if r.Status != 503 || r.Header.Get("Set-Cookie") != "" {
						t.Errorf("%s: %d %s, setting %q", what, r.Status, r.Body, r.Header.Get("Set-Cookie"))
					}
					r.ArguflowError(t)
					if seconds, err := strconv.Atoi(r.Header.Get("Retry-After")); err != nil || seconds < 1 {
						t.Errorf("%s: Retry-After is %q", what, r.Header.Get("Retry-After"))
					}
					for _, word := range dialecttest.DriverWords() {
						if strings.Contains(r.Body, word) {
							t.Errorf("%s: %q is in %s", what, word, r.Body)
						}
					}
				})
			}
			for _, a := range w.asks() {
				ask(a.q) // the cookie cannot be read
				if a.route != "GET /auth" && a.route != "PUT /user" && a.route != "DELETE /auth" && a.route != "GET /health" {
					a.q.Header = nil // nobody in particular
					ask(a.q)
				}
			}
			all.Wait()
			must(t, w.Server, request{Path: "/api/auth"}, 401)               // no cookie is none
			must(t, w.Server, request{Path: "/api/auth"}.ByCookie("x"), 401) // what is no session is none
			must(t, w.Server, request{Path: "/api/health"}, 200)
			must(t, w.Server, request{Method: "DELETE", Path: "/api/auth"}, 204)
			must(t, w.Server, request{Path: "/api/auth", Body: "{"}, 400)
			must(t, w.Server, request{Path: "/api/nothing"}, 404)
			if log := w.Log.String(); strings.Contains(log, w.session) || strings.Contains(log, w.reset) || strings.Contains(log, w.invitation) || strings.Contains(log, phrase) {
				t.Error("the log holds a secret")
			}
		})
	}
}
