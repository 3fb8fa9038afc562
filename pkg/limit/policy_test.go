package limit_test

import (
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/limit"
)

func TestParsePolicyReadsCountAndWindow(t *testing.T) {
	for in, want := range map[string]struct {
		limit  int64
		window time.Duration
		out    string
	}{
		"5/15m":        {5, 15 * time.Minute, "5/15m"},
		"3/1h":         {3, time.Hour, "3/1h"},
		"20/60s":       {20, time.Minute, "20/1m"},
		"100/1h30m":    {100, 90 * time.Minute, "100/1h30m"},
		"1/1s":         {1, time.Second, "1/1s"},
		"1/1h0m5s":     {1, time.Hour + 5*time.Second, "1/1h0m5s"},
		"7/10s":        {7, 10 * time.Second, "7/10s"},
		"1000000/720h": {1_000_000, 720 * time.Hour, "1000000/720h"},
	} {
		t.Run(in, func(t *testing.T) {
			p, err := limit.ParsePolicy(in)
			if err != nil {
				t.Fatal(err)
			}
			if p.Limit != want.limit || p.Window != want.window || p.Name != "" {
				t.Errorf("got %+v, want %d in %s without a name", p, want.limit, want.window)
			}
			if got := p.String(); got != want.out {
				t.Errorf("String() = %q, want %q", got, want.out)
			}
		})
	}
}

func TestParsePolicyRefuses(t *testing.T) {
	for name, in := range map[string]string{
		"nothing":                        "",
		"a bare count":                   "5",
		"a bare slash":                   "/",
		"a count without a window":       "5/",
		"a window without a count":       "/15m",
		"a count of zero":                "0/15m",
		"a negative count":               "-5/15m",
		"a count with a plus":            "+5/15m",
		"a count with spaces":            " 5/15m",
		"a fraction of an attempt":       "1.5/15m",
		"a count above the bound":        "1000001/15m",
		"a count beyond 64 bits":         "99999999999999999999/15m",
		"a window without a unit":        "5/15",
		"a window of zero":               "5/0s",
		"a negative window":              "5/-15m",
		"a window below a second":        "5/999ms",
		"a window above thirty days":     "5/721h",
		"a window finer than the stores": "5/1.0000001s",
		"a second slash":                 "5/15m/1h",
		"a word for a window":            "5/minute",
	} {
		t.Run(name, func(t *testing.T) {
			if p, err := limit.ParsePolicy(in); err == nil {
				t.Errorf("%q became %+v", in, p)
			}
		})
	}
}

func FuzzParsePolicy(f *testing.F) {
	for _, s := range []string{"5/15m", "3/1h", "0/1s", "1/1h0m5s", "5/", "1e3/1m", "١/1m", "5/1h1h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := limit.ParsePolicy(s)
		if err != nil {
			return
		}
		if p.Limit < 1 || p.Limit > 1_000_000 || p.Window < time.Second || p.Window > 720*time.Hour {
			t.Fatalf("%q became %+v, which is out of bounds", s, p)
		}
		again, err := limit.ParsePolicy(p.String())
		if err != nil || again != p {
			t.Fatalf("%q became %+v; its own spelling %q became %+v, %v", s, p, p, again, err)
		}
	})
}
