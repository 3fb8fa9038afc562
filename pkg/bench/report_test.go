package bench_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/bench"
	"github.com/gatehouse-id/gatehouse/pkg/password"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestQuantilesAreExactToTheWidthOfABucket(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, scale := range []time.Duration{100 * time.Nanosecond, time.Microsecond, time.Millisecond, time.Second} {
		all := make([]time.Duration, 10_000)
		for i := range all {
			all[i] = time.Duration(r.ExpFloat64() * float64(scale))
		}
		got := bench.Quantiles(all, 0, 0.5, 0.9, 0.99, 1)
		slices.Sort(all)
		for i, rank := range []int{1, 5000, 9000, 9900, 10_000} {
			exact := all[rank-1]
			if off := (got[i] - exact).Abs(); off > exact/64+1 {
				t.Errorf("at %s, number %d is %s and not %s", scale, rank, got[i], exact)
			}
		}
	}
}

func TestQuantilesAtTheEdges(t *testing.T) {
	for _, c := range []struct {
		name string
		all  []time.Duration
		want time.Duration
	}{
		{"there is nothing", nil, 0},
		{"there is one", []time.Duration{100}, 100},
		{"a clock that went backwards counts as nothing", []time.Duration{-5, -5, 3}, 0},
		{"the first bucket that is not exact", []time.Duration{128}, 129},
	} {
		if got := bench.Quantiles(c.all, 0.5)[0]; got != c.want {
			t.Errorf("%s: %d ns, want %d ns", c.name, got, c.want)
		}
	}
	if got := bench.Quantiles([]time.Duration{24 * time.Hour}, 0.5)[0]; got < 2*time.Minute || got > 3*time.Minute {
		t.Errorf("a day counts as %s, want the end of the scale", got)
	}
}

func TestMeasurementsArePerSecondAndPerAnswer(t *testing.T) {
	latencies := slices.Repeat([]time.Duration{100}, 98) // nanoseconds, where buckets are exact
	latencies = append(latencies, slices.Repeat([]time.Duration{2 * time.Millisecond}, 2)...)
	got := bench.Measured(latencies, map[int]int{429: 60, 503: 40}, 2*time.Second, 400*time.Millisecond, 100*time.Millisecond)
	want := bench.Measurement{
		Operation: "op", Method: "GET", Path: "/op", Concurrency: 2, PerSecond: 50, P50Millis: 0, P99Millis: got.P99Millis,
		Errors: 100, ErrorStatuses: map[int]int{429: 60, 503: 40}, ServerCPUMicros: 2000, ClientCPUMicros: 500,
	}
	if diff := cmp.Diff(want, got); diff != "" || got.P99Millis < 1.97 || got.P99Millis > 2.03 {
		t.Errorf("measurement (-want +got), 99th %g ms:\n%s", got.P99Millis, diff)
	}
	nothing := bench.Measured(nil, nil, time.Second, time.Second, time.Second)
	if nothing.PerSecond != 0 || nothing.ServerCPUMicros != 0 || nothing.P50Millis != 0 {
		t.Errorf("a measurement without answers = %+v", nothing)
	}
}

func TestTheShareOfOthersIsWhatNobodyMeasuredUsed(t *testing.T) {
	if got := bench.Others(time.Hour, time.Minute, 20*time.Second, 40*time.Second); got != 0 {
		t.Errorf("share %g, want 0: server and client used it all", got)
	}
	if got := bench.Others(time.Second, 100*time.Hour, 0, 0); got < 1 {
		t.Errorf("share %g, want a large one", got)
	}
	if got := bench.Others(time.Hour, 0, time.Second, time.Second); got != 0 {
		t.Errorf("share %g, want 0: the machine does not tell", got)
	}
}

// sample is a report with a bit of everything in it.
func sample() bench.Report {
	r := bench.Report{
		Machine:         bench.Machine{OS: "linux", Arch: "amd64", CPU: "Example CPU", Cores: 4, GoVersion: "go1.26.0"},
		DurationSeconds: 3, Target: "own server", OthersCPUShare: 0.125,
		Limits: bench.Limits{RSASignatures: 2000, Argon2idHashes: 100, DurableWrites: 500.5, Hello: []bench.Measurement{
			{Operation: "hello", Method: "GET", Path: "/hello", Concurrency: 1, PerSecond: 20000, P50Millis: 0.05, P99Millis: 0.1, ServerCPUMicros: 30, ClientCPUMicros: 10},
			{Operation: "hello", Method: "GET", Path: "/hello", Concurrency: 16, PerSecond: 50000, P50Millis: 0.3, P99Millis: 1.25, ServerCPUMicros: 20, ClientCPUMicros: 8},
		}},
		Server: &bench.Server{ColdStartMillis: 150.04, IdleRSS: 45_100_000, PeakRSS: 200_000_000},
		Measurements: []bench.Measurement{
			{Operation: "me", Method: "GET", Path: "/auth/me", Concurrency: 1, PerSecond: 16000, P50Millis: 0.06, P99Millis: 0.2},
			{Operation: "me", Method: "GET", Path: "/auth/me", Concurrency: 16, PerSecond: 14999.5, P50Millis: 1, P99Millis: 3},
			{Operation: "refresh", Method: "POST", Path: "/auth/refreshToken", Concurrency: 16, PerSecond: 1100, P50Millis: 14, P99Millis: 30},
			{
				Operation: "login", Method: "POST", Path: "/auth/login", Concurrency: 16, PerSecond: 84.9, P50Millis: 180, P99Millis: 400.123,
				Errors: 12, ErrorStatuses: map[int]int{503: 10, 200: 2},
			},
		},
		Searches: []bench.Searches{
			{Store: "SQLite", Accounts: 100_000, FillSeconds: 12.5, Queries: []bench.Search{
				{Query: "a word that finds one", Found: 1, PerSecond: 9000, P50Millis: 0.1, P99Millis: 0.25},
				{Query: "all of a user type", Found: 99_000, PerSecond: 100, P50Millis: 9.9, P99Millis: 49.96},
			}},
			{Store: "MongoDB", Accounts: 100_000, FillSeconds: 30, Queries: []bench.Search{
				{Query: "a word that finds one", Found: 1, PerSecond: 1000, P50Millis: 1, P99Millis: 50.06},
			}},
		},
	}
	r.Expectations = bench.Expectations(r)
	return r
}

func TestExpectationsCompareBestWithBest(t *testing.T) {
	want := []bench.Expectation{
		{Name: "refresh / RSA signatures", Value: 0.55, Expected: 0.55, Met: true},
		{Name: "login / Argon2id hashes", Value: 0.849, Expected: 0.85},
		{Name: "me / Gin hello", Value: 0.32, Expected: 0.3, Met: true},
		{Name: "search 100k users, SQLite", Value: 50, Expected: 50, AtMost: true, Unit: "ms", Met: true},
		{Name: "search 100k users, MongoDB", Value: 50.1, Expected: 50, AtMost: true, Unit: "ms"},
		{Name: "idle memory", Value: 45.1, Expected: 45, AtMost: true, Unit: "MB"},
		{Name: "cold start", Value: 150, Expected: 150, AtMost: true, Unit: "ms", Met: true},
	}
	if diff := cmp.Diff(want, sample().Expectations); diff != "" {
		t.Errorf("expectations (-want +got):\n%s", diff)
	}
	if got := bench.Expectations(bench.Report{}); len(got) != 0 || got == nil {
		t.Errorf("expectations of nothing = %#v", got)
	}
}

func TestTheReportKeepsItsShape(t *testing.T) {
	var table bytes.Buffer
	if err := sample().Table(&table); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/report.txt", table.Bytes())
	text, err := json.MarshalIndent(sample(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/report.json", append(text, '\n'))
	foreign := sample()
	foreign.Server, foreign.Searches, foreign.Target, foreign.OthersCPUShare, foreign.Machine.Cores = nil, nil, "http://127.0.0.1:8080", 0, 2
	foreign.Expectations = bench.Expectations(foreign)
	table.Reset()
	_ = foreign.Table(&table)
	golden(t, "testdata/foreign.txt", table.Bytes())
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func TestATableThatCannotBeWrittenIsAnError(t *testing.T) {
	full := errors.New("full")
	if err := sample().Table(writerFunc(func([]byte) (int, error) { return 0, full })); !errors.Is(err, full) {
		t.Errorf("error %v, want %v", err, full)
	}
}

func TestTheHashThatIsMeasuredIsTheProducts(t *testing.T) {
	phc, err := password.New(password.Config{}).Hash(t.Context(), "any password at all")
	if err != nil {
		t.Fatal(err)
	}
	if bench.ArgonMemory != 19456 || bench.ArgonTime != 2 || !strings.HasPrefix(phc, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("m=%d, t=%d is measured, and the product's hashes are %.35s", bench.ArgonMemory, bench.ArgonTime, phc)
	}
}

func TestWhatTheKernelSaysIsRead(t *testing.T) {
	stat := []byte("42 (a) name 1 2 (x)) S 1 42 42 0 -1 4194560 2400 0 0 0 123 45 9 9 20 0 8 0 100 1000 500")
	if got := bench.ParseCPUTime(stat); got != 1680*time.Millisecond {
		t.Errorf("processor time %s, want 1.68 s", got)
	}
	status := []byte("Name:\tgatehouse\nVmHWM:\t  200 kB\nVmRSS:\t    30 kB\nRssAnon:\t 7 kB\nThreads:\t8\n")
	if now, peak := bench.StatusField(status, "VmRSS"), bench.StatusField(status, "VmHWM"); now != 30<<10 || peak != 200<<10 {
		t.Errorf("memory %d and %d, want 30 and 200 KiB", now, peak)
	}
	if got := bench.StatusField(status, "Threads"); got != 0 {
		t.Errorf("%d threads as memory, want 0", got)
	}
	machine := []byte("cpu  1000 200 30 99999 9999 4 5 6 700 800\ncpu0 1 2 3 4 5 6 7 8 9 10\n")
	if got := bench.ParseMachineTime(machine); got != 12450*time.Millisecond {
		t.Errorf("machine time %s, want 12.45 s", got)
	}
	for _, junk := range []string{"", "x", "1 (a) S 1", "cpu x", "cpu0 1 2 3"} {
		if cpu, machine := bench.ParseCPUTime([]byte(junk)), bench.ParseMachineTime([]byte(junk)); cpu != 0 || machine != 0 {
			t.Errorf("%q means %s and %s, want nothing", junk, cpu, machine)
		}
	}
}
