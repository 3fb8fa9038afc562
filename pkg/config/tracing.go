package config

import "strings"

// Tracing reports whether OpenTelemetry's own variables, in an environment as os.Environ
// returns it, name somewhere to send spans to. What they say is read by its exporter.
func Tracing(environ []string) bool {
	on := false
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		switch name {
		case "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT":
			on = on || value != ""
		case "OTEL_SDK_DISABLED":
			if strings.EqualFold(value, "true") {
				return false
			}
		}
	}
	return on
}
