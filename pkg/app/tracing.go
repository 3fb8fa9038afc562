package app

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

const instrumentation = "github.com/gatehouse-id/gatehouse"

// tracing makes a span for each answer. Spans name routes by template and never a query, a
// body, an address or a credential.
type tracing struct {
	tracer trace.Tracer
	close  func(context.Context) error
}

// openTracing sends spans to where OpenTelemetry's own OTEL_* variables say, if on.
func openTracing(ctx context.Context, on bool) (tracing, error) {
	if !on {
		return tracing{noop.NewTracerProvider().Tracer(""), func(context.Context) error { return nil }}, nil
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return tracing{}, fmt.Errorf("open tracing: %w", err)
	}
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", "gatehouse")), resource.WithFromEnv())
	if err != nil {
		return tracing{}, fmt.Errorf("open tracing: %w", err)
	}
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(about))
	return tracing{provider.Tracer(instrumentation), provider.Shutdown}, nil
}
