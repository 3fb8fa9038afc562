package bench

import (
	"context"
	"time"
)

// What the tests look at from outside.
const (
	ArgonMemory = argonMemory
	ArgonTime   = argonTime
)

var (
	HostOf           = hostOf
	CountUp          = countUp
	ParseCPUTime     = parseCPUTime
	ParseMachineTime = parseMachineTime
	StatusField      = statusField
	Expectations     = expectations
)

// Quantiles returns quantiles of a histogram that was merged from two halves.
func Quantiles(all []time.Duration, shares ...float64) []time.Duration {
	var one, two histogram
	for i, d := range all {
		if i%2 == 0 {
			one.add(d)
		} else {
			two.add(d)
		}
	}
	one.merge(&two)
	var out []time.Duration
	for _, s := range shares {
		out = append(out, one.quantile(s))
	}
	return out
}

// Parse is parse in plain types.
func Parse(b []byte) (status int, body []byte, size int, err error) {
	a, size, err := parse(b)
	return a.status, a.body, size, err
}

// Member is member in strings.
func Member(body, name string) (string, error) {
	v, err := member([]byte(body), name)
	return string(v), err
}

// Get measures GET requests of a path whose answers contain want.
func Get(ctx context.Context, host, path, want string, connections int, length time.Duration) (Measurement, error) {
	var scripts []*script
	for range connections {
		r := request{method: "GET", path: path, host: host}
		scripts = append(scripts, &script{request: r.bytes(), want: []byte(want)})
	}
	got, err := drive(ctx, target{host: host}, scripts, length)
	if err != nil {
		return Measurement{}, err
	}
	return got.measurement(about{"get", "GET", path}, connections), nil
}

// Measured makes a measurement of latencies and failures.
func Measured(latencies []time.Duration, failed map[int]int, elapsed, server, client time.Duration) Measurement {
	t := tally{failed: failed, usage: usage{elapsed: elapsed, server: server, client: client}}
	for _, d := range latencies {
		t.latency.add(d)
	}
	return t.measurement(about{"op", "GET", "/op"}, 2)
}

// Others is the share of the processors that belongs to nobody measured.
func Others(elapsed, machine, server, client time.Duration) float64 {
	var b busy
	b.add(usage{elapsed: elapsed, machine: machine, server: server, client: client})
	return b.others()
}
