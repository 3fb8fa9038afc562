package httpkit

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/otel/trace"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
)

// requestTimeout bounds the work for one request.
const requestTimeout = 10 * time.Second

// Kit carries what the routes of all dialects share. All fields are needed; it is safe for
// concurrent use.
type Kit struct {
	Sessions Sessions
	Keys     Keys
	Bridge   Bridge
	Fairness *limit.Fairness
	Proxies  Proxies
	// CrossOrigin says which pages may have a browser write where a cookie alone vouches.
	CrossOrigin *http.CrossOriginProtection
	Now         func() time.Time
	Log         *slog.Logger
	// Observe is told how long each answer took, by route template.
	Observe func(method, route string, status int, took time.Duration)
	// Tracer makes a span of each request.
	Tracer trace.Tracer

	uploads held
}

// Call is one request as a handler sees it.
type Call struct {
	Context context.Context // the request's own; it lives as long as Call
	Request *http.Request
	Actor   identity.Actor
	Params  gin.Params

	uploads *held                       // of the kit
	guard   *http.CrossOriginProtection // of the kit
}

// Reply is a successful answer. A nil Body is an empty one, a Document goes out as it is, and
// everything else as JSON.
type Reply struct {
	Status int
	Header http.Header // besides what every answer carries; may be nil
	Body   any
}

// Document is a body that is not JSON.
type Document struct {
	Type    string // media type, with its charset if it is text
	Content []byte
}

// Handler answers a call. It returns its failure; it never writes one.
type Handler func(*Call) (Reply, error)

// Renderer writes a fault in a dialect's own shape.
type Renderer func(w http.ResponseWriter, r *http.Request, requestID string, f *fault.Error)

// Problems is the Renderer of dialects that answer RFC 9457 problem documents.
func Problems(w http.ResponseWriter, _ *http.Request, requestID string, f *fault.Error) {
	WriteProblem(w, requestID, f)
}

// Route is one line of a dialect's table of contents.
type Route struct {
	Method string
	Path   string
	Access Access
	// Limit is the budget that the answers of this route report; zero when it has none.
	Limit limit.Policy
	// Fair makes Limit a fairness limit, counted here by session. Otherwise the service
	// counts it.
	Fair bool
	// MaxBody is the largest body it reads, in bytes, if that is not MaxBody; at most
	// MaxUpload. A route that takes more than MaxBody gives the sender more time too.
	MaxBody int64
	Handle  Handler
}

func (r Route) uploads() bool { return r.MaxBody > MaxBody }

// timeout bounds the work for one request, and the time its body takes to arrive.
func (r Route) timeout() time.Duration {
	if r.uploads() {
		return uploadTimeout + requestTimeout
	}
	return requestTimeout
}

// Mount registers routes that answer faults by render.
func (k *Kit) Mount(r gin.IRoutes, render Renderer, routes []Route) {
	for _, route := range routes {
		r.Handle(route.Method, route.Path, k.handle(route, render))
	}
}

func (k *Kit) handle(route Route, render Renderer) gin.HandlerFunc {
	return func(c *gin.Context) {
		id := newRequestID()
		ctx, cancel := context.WithTimeout(c.Request.Context(), route.timeout())
		defer cancel()
		ctx, end := k.watch(ctx, c, route, id)
		defer end()
		ctx, report := limit.WithReport(ctx)
		c.Writer.Header()["X-Request-Id"] = []string{id}
		reply, err := k.serve(ctx, c, route)
		if route.Limit.Limit > 0 {
			k.reportLimit(c.Writer.Header(), route.Limit, report)
		}
		if err != nil {
			render(c.Writer, c.Request, id, k.fault(ctx, c, id, err))
			return
		}
		for name, values := range reply.Header {
			c.Writer.Header()[name] = values
		}
		k.write(c, id, reply, render)
	}
}

func (k *Kit) serve(ctx context.Context, c *gin.Context, route Route) (Reply, error) {
	actor, err := k.authenticate(ctx, c.Request, route.Access)
	if err != nil {
		return Reply{}, err
	}
	if c.Request.Body != nil && c.Request.Body != http.NoBody {
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, max(route.MaxBody, MaxBody))
	}
	if route.Fair {
		if err := k.Fairness.Take(ctx, route.Limit, actor.Session.ID); err != nil {
			return Reply{}, err
		}
	}
	if deadline, ok := ctx.Deadline(); ok && route.uploads() {
		k.uploads.linger(c.Writer, c.Request, deadline)
	}
	return route.Handle(&Call{Context: ctx, Request: c.Request, Actor: actor, Params: c.Params, uploads: &k.uploads, guard: k.CrossOrigin})
}

// reportLimit sets the three headers of a limited route. A request that was refused before it
// named what is counted has used nothing up.
func (k *Kit) reportLimit(h http.Header, p limit.Policy, report *limit.Report) {
	state, ok := report.State()
	if !ok {
		state = limit.State{Limit: p.Limit, Remaining: p.Limit, ResetsAt: k.Now().Add(p.Window)}
	}
	// The names are set as the documentation spells them, past the canonical form of Set.
	h["X-RateLimit-Limit"] = []string{strconv.FormatInt(state.Limit, 10)}
	h["X-RateLimit-Remaining"] = []string{strconv.FormatInt(state.Remaining, 10)}
	h["X-RateLimit-Reset"] = []string{strconv.FormatInt((state.ResetsAt.UnixMilli()+999)/1000, 10)}
}

func (k *Kit) write(c *gin.Context, id string, reply Reply, render Renderer) {
	if reply.Body == nil {
		c.Writer.WriteHeader(reply.Status)
		c.Writer.WriteHeaderNow()
		return
	}
	if doc, ok := reply.Body.(Document); ok {
		write(c.Writer, reply.Status, doc.Type, doc.Content)
		return
	}
	body, err := json.Marshal(reply.Body)
	if err != nil {
		render(c.Writer, c.Request, id, k.fault(c.Request.Context(), c, id, err))
		return
	}
	writeBody(c.Writer, reply.Status, "application/json", body)
}

// fault finds the public face of an error and logs what is ours to mend, once, with the
// route's template and never its URL.
func (k *Kit) fault(ctx context.Context, c *gin.Context, id string, err error) *fault.Error {
	f := fault.From(err)
	if f.Kind == fault.Internal && errors.Is(err, context.DeadlineExceeded) {
		f = errOverloaded.With(err)
	}
	level := slog.LevelDebug
	switch f.Kind { //nolint:exhaustive // everything else is the caller's to mend
	case fault.Internal:
		level = slog.LevelError
	case fault.Unavailable:
		level = slog.LevelWarn
	}
	if k.Log.Enabled(ctx, level) {
		k.Log.LogAttrs(ctx, level, "request failed", slog.String("request_id", id),
			slog.String("method", c.Request.Method), slog.String("route", c.FullPath()),
			slog.String("code", f.Code), slog.Any("error", err))
	}
	return f
}
