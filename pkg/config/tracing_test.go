package config_test

import (
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/config"
)

func TestTracingIsOnWhenItHasSomewhereToGo(t *testing.T) {
	for name, tc := range map[string]struct {
		environ []string
		want    bool
	}{
		"nothing is set":                {nil, false},
		"an endpoint":                   {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318"}, true},
		"an endpoint for traces":        {[]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://127.0.0.1:4318/v1/traces"}, true},
		"an empty endpoint":             {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT="}, false},
		"switched off, before or after": {[]string{"OTEL_SDK_DISABLED=TRUE", "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318"}, false},
		"another variable":              {[]string{"OTEL_SERVICE_NAME=x"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := config.Tracing(tc.environ); got != tc.want {
				t.Errorf("got %t", got)
			}
		})
	}
}
