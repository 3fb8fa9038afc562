package flowless_test

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
			s := start(t, opener)
			w := newWorld(t, s)
			cut()
			var all sync.WaitGroup
			for _, ask := range asks() {
				q := w.good(t, ask)
				line, _, _ := strings.Cut(ask, "\n")
				all.Go(func() {
					r, err := s.Try(q)
					if err != nil {
						t.Error(err)
						return
					}
					if r.Status != 503 || r.Header.Get("Set-Cookie") != "" {
						t.Errorf("%s: %d %s", line, r.Status, r.Body)
					}
					r.FlowlessError(t)
					if seconds, err := strconv.Atoi(r.Header.Get("Retry-After")); err != nil || seconds < 1 {
						t.Errorf("%s: Retry-After is %q", line, r.Header.Get("Retry-After"))
					}
					for _, word := range dialecttest.DriverWords() {
						if strings.Contains(r.Body, word) {
							t.Errorf("%s: %q is in %s", line, word, r.Body)
						}
					}
				})
			}
			all.Wait()
			s.Run(t, []dialecttest.Case{
				{Name: "what is no session is none", Request: dialecttest.Request{Path: "/flowless/auth/me", ID: "x"}, Status: 401, Has: []string{"Invalid session"}},
				{Name: "no session is none", Request: dialecttest.Request{Path: "/flowless/auth/me"}, Status: 401, Has: []string{idMissing}},
				{Name: "no secret is none", Request: dialecttest.Request{Path: "/flowless/auth/bridge/validate", Body: `{"sessionId":"x"}`}, Status: 401, Never: []string{"Invalid session"}},
				{Name: "a wrong secret cannot be counted", Request: dialecttest.Request{Path: "/flowless/auth/bridge/validate", Bridge: "x", Body: `{"sessionId":"x"}`}, Status: 503},
				{Name: "what is no JSON is none", Request: dialecttest.Request{Path: "/flowless/auth/login", Body: "{"}, Status: 400},
				{Name: "health", Request: dialecttest.Request{Path: "/flowless/health"}, Status: 200},
				{Name: "what is not there is not", Request: dialecttest.Request{Path: "/flowless/auth/two_factor/system"}, Status: 501},
			})
		})
	}
}
