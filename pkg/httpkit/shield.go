package httpkit

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
)

const (
	// MaxBody is the largest request body that a route reads which does not ask for more, in
	// bytes.
	MaxBody = 64 << 10
	// MaxUpload is the most that a route can ask for.
	MaxUpload = 6 << 20
	// maxInFlight is how many requests may be under way at once.
	maxInFlight = 4096
)

// Errors that the shield answers itself.
var (
	errPath       = fault.New(fault.Invalid, "invalid_path", "the path is ambiguous or badly encoded")
	errPanic      = fault.New(fault.Internal, "internal", "something went wrong on our side")
	errOverloaded = fault.New(fault.Unavailable, "overloaded", "the service is overloaded; try again").After(time.Second)
)

// Shield stands in front of every route. It refuses what is ambiguous before anything can
// route on it, bounds bodies and concurrency, sets the headers that every answer carries and
// turns a panic into an answer. The zero value of each optional field is usable.
type Shield struct {
	Next    http.Handler
	Origins map[string]bool // exact origins that scripts may call from (CORS)
	// Cookies reports whether a request goes where scripts of those origins may send cookies
	// along and read the answer; nil means nowhere.
	Cookies func(*http.Request) bool
	HTTPS   bool     // the service is reached by https: promise it (HSTS)
	Render  Renderer // how it answers what it refuses; nil means with problem documents
	Log     *slog.Logger

	inFlight atomic.Int64
	panics   atomic.Int64
}

// Panics returns how many requests ended in a panic since the start. It should be zero.
func (s *Shield) Panics() int64 { return s.panics.Load() }

// The values are shared by all answers and never appended to.
var (
	nosniff    = []string{"nosniff"}
	noStore    = []string{"no-store"}
	noReferrer = []string{"no-referrer"}
	sameOrigin = []string{"same-origin"}
	denyAll    = []string{"default-src 'none'; frame-ancestors 'none'"}
	hsts       = []string{"max-age=31536000; includeSubDomains"}
)

// ServeHTTP implements http.Handler.
func (s *Shield) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer s.recover(w, r)
	if s.inFlight.Add(1) > maxInFlight {
		s.inFlight.Add(-1)
		s.refuse(w, r, newRequestID(), errOverloaded)
		return
	}
	defer s.inFlight.Add(-1)
	h := w.Header()
	h["X-Content-Type-Options"] = nosniff
	h["Cache-Control"] = noStore
	h["Referrer-Policy"] = noReferrer
	h["Cross-Origin-Resource-Policy"] = sameOrigin
	h["Content-Security-Policy"] = denyAll
	if s.HTTPS {
		h["Strict-Transport-Security"] = hsts
	}
	if ambiguous(r) {
		h.Set("Connection", "close")
		s.refuse(w, r, newRequestID(), errPath)
		return
	}
	if s.cors(w, r) {
		return
	}
	if r.Body != nil && r.Body != http.NoBody {
		// On a copy: net/http looks at its own request to see whether the client still waits to
		// be told to send the body, and would wait for that body before it answers.
		r = r.WithContext(r.Context())
		r.Body = http.MaxBytesReader(w, r.Body, MaxUpload)
	}
	s.Next.ServeHTTP(w, r)
}

// recover answers a request whose handler panicked. The stack goes to the log; the request
// does not, for its headers hold credentials.
func (s *Shield) recover(w http.ResponseWriter, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler { //nolint:errorlint // the sentinel is compared by identity, as net/http does
		panic(p)
	}
	s.panics.Add(1)
	id := newRequestID()
	s.Log.LogAttrs(context.WithoutCancel(r.Context()), slog.LevelError, "panic",
		slog.String("request_id", id), slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
	s.refuse(w, r, id, errPanic)
}

func (s *Shield) refuse(w http.ResponseWriter, r *http.Request, id string, f *fault.Error) {
	if s.Render == nil {
		WriteProblem(w, id, f)
		return
	}
	s.Render(w, r, id, f)
}

// ambiguous reports whether a path could mean different things to us and to a proxy in front
// of us: encoded separators or NUL, empty or dot segments, parameters, a target that is not
// a path.
func ambiguous(r *http.Request) bool {
	if r.URL.Scheme != "" || r.URL.Opaque != "" || r.URL.Path == "" || r.URL.Path[0] != '/' {
		return true
	}
	p := r.URL.Path
	if strings.Contains(p, "//") || strings.ContainsAny(p, "\\;\x00") || strings.HasSuffix(p, "/.") || strings.HasSuffix(p, "/..") {
		return true
	}
	if strings.Contains(p, "/./") || strings.Contains(p, "/../") {
		return true
	}
	raw := r.URL.RawPath // set only when the path is encoded in an unusual way
	if raw == "" {
		return false
	}
	lower := strings.ToLower(raw)
	return strings.Contains(lower, "%2f") || strings.Contains(lower, "%5c") || strings.Contains(lower, "%00")
}

// cors answers a preflight and labels answers for the origins that were configured. Others
// get no label, so that browsers keep the answer from their scripts. Credentials are allowed
// only where clients are known that cannot do without: everywhere else tokens travel in headers
// that a script sets itself.
func (s *Shield) cors(w http.ResponseWriter, r *http.Request) (answered bool) {
	if len(s.Origins) == 0 {
		return false
	}
	w.Header().Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" || !s.Origins[origin] {
		return false
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	if s.Cookies != nil && s.Cookies(r) {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	h.Set("Access-Control-Expose-Headers", "X-Request-Id, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, POST, PATCH, PUT, DELETE")
	h.Set("Access-Control-Allow-Headers", "authorization, content-type, x-api-key, x-device-id, x-session-id")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}

func newRequestID() string { return opaque.Random(16) }
