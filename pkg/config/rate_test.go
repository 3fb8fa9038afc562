package config_test

import (
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/config"
)

func TestParseRate(t *testing.T) {
	for _, c := range []struct {
		in, out string
		want    config.Rate
	}{
		{"5/15m", "5/15m", config.Rate{Limit: 5, Window: 15 * time.Minute}},
		{"3/1h", "3/1h", config.Rate{Limit: 3, Window: time.Hour}},
		{"1/60s", "1/1m", config.Rate{Limit: 1, Window: time.Minute}},
		{"10/90s", "10/1m30s", config.Rate{Limit: 10, Window: 90 * time.Second}},
		{"10/20h", "10/20h", config.Rate{Limit: 10, Window: 20 * time.Hour}},
	} {
		got, err := config.ParseRate(c.in)
		if err != nil || got != c.want || got.String() != c.out {
			t.Errorf("%s: got %v, %v, want %s", c.in, got, err, c.out)
		}
	}
	for _, in := range []string{"", "/", "5", "5/", "/1m", "-1/1m", "+1/1m", "0/1m", "1.5/1m", "5/1ms", "5/-1m", "5/9999h", "99999999999/1m", "5/15m/1h", " 5/15m"} {
		if got, err := config.ParseRate(in); err == nil {
			t.Errorf("%q: got %v, want an error", in, got)
		}
	}
}
