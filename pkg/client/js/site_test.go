package js_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/browsertest"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

const password = "correct horse battery staple"

// site is one origin: a page with the client in it, an API, and a whole service behind a
// network that a test can disturb.
type site struct {
	*dialecttest.Server
	URL string // of the origin

	mu      sync.Mutex
	seen    []sighting      // requests to the service and the API
	disturb []disturbance   // what happens to the next renewals
	down    bool            // nothing gets through
	refused map[string]bool // Authorization headers that the API refuses
	gate    *gate           // holds the API's refusals back

	away             string        // where a moved renewal is sent
	rotated, release chan struct{} // of a late answer
}

// sighting is a request as it arrived.
type sighting struct {
	method, path, authorization string
	at                          time.Time
}

// disturbance is what goes wrong with one renewal.
type disturbance int

const (
	lost        disturbance = iota // the service answers and the answer does not arrive
	unavailable                    // 503
	overloaded                     // 429 with Retry-After
	nonsense                       // a proxy's page instead of the answer
	moved                          // a redirect to another origin, away
	late                           // the service answers, and the answer waits until the test releases it
)

// start starts a site. Its access tokens live as long as ttl says, by a clock that runs.
func start(t *testing.T, ttl string, env ...string) *site {
	t.Helper()
	s := &site{refused: map[string]bool{}, rotated: make(chan struct{}), release: make(chan struct{})}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	s.URL = web.URL
	s.Server = dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{
		Env: append([]string{"GATEHOUSE_ACCESS_TOKEN_TTL=" + ttl, "GATEHOUSE_PUBLIC_URL=" + s.URL}, env...), Clock: dialecttest.NewRunningClock(),
	})
	dialecttest.QuickPasswords(s.Server)
	return s
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/page", "/bare":
		s.page(w, r)
		return
	case "/page.js":
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprintf(w, script, s.Publishable)
		return
	case "/away":
		http.Redirect(w, r, r.FormValue("to"), http.StatusTemporaryRedirect)
		return
	case "/favicon.ico":
		w.WriteHeader(http.StatusNoContent)
		return
	}
	s.mu.Lock()
	s.seen = append(s.seen, sighting{r.Method, r.URL.Path, r.Header.Get("Authorization"), time.Now()})
	down := s.down
	var d *disturbance
	if r.URL.Path == "/auth/refreshToken" && len(s.disturb) > 0 && !down {
		d, s.disturb = &s.disturb[0], s.disturb[1:]
	}
	s.mu.Unlock()
	switch {
	case down && r.URL.Path != "/client.js":
		hangUp(w, "")
	case d != nil:
		s.disturbed(w, r, *d)
	case r.URL.Path == "/api":
		s.api(w, r)
	default:
		s.App.Handler().ServeHTTP(w, r)
	}
}

// page has a content security policy as docs/client.md advises.
func (s *site) page(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; connect-src 'self' http://127.0.0.1:*")
	body := `<!doctype html><html lang="en"><title>Test</title><h1>Test</h1>`
	if r.URL.Path == "/page" {
		body += `<script type="module" src="/page.js"></script>`
	}
	fmt.Fprint(w, body)
}

// script makes a client with the options that the test has left in window.options, and keeps
// what it tells.
const script = `
import { createClient } from "/client.js";
window.told = [];
window.createClient = createClient;
window.client = createClient({ apiKey: %q, ...JSON.parse(localStorage.getItem("options") ?? "{}") });
client.onChange(e => told.push(e.type + (e.code ? " " + e.code : "")));
// attempt turns a promise into something that can be looked at from outside.
window.attempt = p => p.then(v => v ?? "done", e => ({ name: e.name, status: e.status, code: e.code, message: e.message, fields: e.fields, retryAfter: e.retryAfter }));
window.count = type => told.filter(t => t.startsWith(type)).length;
window.ready = true;
`

// api answers with the token that it was asked with, and refuses those that were withdrawn.
func (s *site) api(w http.ResponseWriter, r *http.Request) {
	bearer := r.Header.Get("Authorization")
	s.mu.Lock()
	refused, gate := s.refused[bearer] || s.refused["*"], s.gate
	s.mu.Unlock()
	if refused {
		if gate != nil {
			gate.pass()
		}
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"method":%q,"bearer":%t}`, r.Method, strings.HasPrefix(bearer, "Bearer ey"))
}

func (s *site) disturbed(w http.ResponseWriter, r *http.Request, d disturbance) {
	switch d {
	case lost: // after its beginning: what has not begun, a browser asks for again by itself
		s.App.Handler().ServeHTTP(httptest.NewRecorder(), r)
		hangUp(w, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{")
	case unavailable:
		w.WriteHeader(http.StatusServiceUnavailable)
	case overloaded:
		w.Header().Set("Retry-After", "8")
		w.WriteHeader(http.StatusTooManyRequests)
	case moved:
		http.Redirect(w, r, s.away, http.StatusTemporaryRedirect)
	case late:
		answer := httptest.NewRecorder()
		s.App.Handler().ServeHTTP(answer, r)
		close(s.rotated)
		<-s.release
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	case nonsense:
		fmt.Fprint(w, "<html>please sign in to the hotel's network</html>")
	}
}

// hangUp ends the connection after no answer, or the beginning of one.
func hangUp(w http.ResponseWriter, begin string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_, _ = conn.Write([]byte(begin))
		conn.Close()
	}
}

func (s *site) set(change func(*site)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

// requests returns the requests to a path so far.
func (s *site) requests(path string) []sighting {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []sighting
	for _, q := range s.seen {
		if q.path == path {
			out = append(out, q)
		}
	}
	return out
}

// renewals returns how often a refresh token was presented.
func (s *site) renewals() int { return len(s.requests("/auth/refreshToken")) }

// open opens the page in a tab.
func (s *site) open(t *testing.T, b *browsertest.Browser) *browsertest.Tab {
	t.Helper()
	tab := b.Tab(t)
	tab.Open(s.URL + "/page")
	tab.WaitFor("window.ready")
	return tab
}

// signIn registers a person over the page.
func signIn(tab *browsertest.Tab, email string) {
	tab.Eval(fmt.Sprintf(`client.signUp({ email: %q, password: %q, name: "Ada" }).then(() => null)`, email, password), nil)
}

// duplicate opens a second tab that holds the same session, as "Duplicate tab" does.
func (s *site) duplicate(t *testing.T, b *browsertest.Browser, tab *browsertest.Tab, prepare ...func(*browsertest.Tab)) *browsertest.Tab {
	t.Helper()
	other := b.Tab(t)
	for _, f := range prepare {
		f(other)
	}
	var kept string
	tab.Eval("JSON.stringify({ ...sessionStorage })", &kept)
	other.Open(s.URL + "/bare")
	other.Eval("void Object.entries(JSON.parse("+quoted(kept)+")).forEach(([k, v]) => sessionStorage.setItem(k, v))", nil)
	other.Open(s.URL + "/page")
	other.WaitFor("window.ready")
	return other
}

func quoted(s string) string { return fmt.Sprintf("%q", s) }

// gate holds callers back until so many have come.
type gate struct {
	all  int
	came chan struct{}
	open chan struct{}
}

func newGate(t *testing.T, all int) *gate {
	g := &gate{all: all, came: make(chan struct{}), open: make(chan struct{})}
	ctx := t.Context()
	go func() {
		defer close(g.open)
		for range all {
			select {
			case <-g.came:
			case <-ctx.Done():
				return
			}
		}
	}()
	return g
}

func (g *gate) pass() {
	select {
	case g.came <- struct{}{}:
		<-g.open
	case <-g.open:
	}
}
