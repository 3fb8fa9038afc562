package httpkit

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// watch begins to measure an answer and returns what ends it. Metrics and spans know the
// route by its template, and the request by its id only.
func (k *Kit) watch(ctx context.Context, c *gin.Context, route Route, id string) (context.Context, func()) {
	began := k.Now()
	// Reading the caller's trace context allocates even where nothing is traced.
	if c.Request.Header.Get("Traceparent") != "" {
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(c.Request.Header))
	}
	ctx, span := k.Tracer.Start(ctx, route.Method+" "+c.FullPath(), trace.WithSpanKind(trace.SpanKindServer))
	return ctx, func() {
		status := c.Writer.Status()
		k.Observe(route.Method, c.FullPath(), status, k.Now().Sub(began))
		if span.IsRecording() {
			span.SetAttributes(
				attribute.String("http.request.method", route.Method), attribute.String("http.route", c.FullPath()),
				attribute.Int("http.response.status_code", status), attribute.String("gatehouse.request_id", id),
			)
			if status >= http.StatusInternalServerError {
				span.SetStatus(codes.Error, "")
			}
		}
		span.End()
	}
}
