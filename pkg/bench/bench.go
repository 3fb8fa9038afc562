package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// The longest measurement keeps every access token younger than its lifetime of an hour.
const (
	defaultDuration = 3 * time.Second
	maxDuration     = 30 * time.Minute
	maxConcurrency  = 1024
)

// Options say what to measure. The zero value measures a server of its own.
type Options struct {
	// Duration is how long each measurement takes, its warm-up not counted: at most 30 minutes.
	// Zero means 3 s.
	Duration time.Duration
	// Concurrency are the numbers of connections to measure with. Empty means 1, 16 and 64.
	Concurrency []int

	// URL is a server that runs already, such as http://127.0.0.1:8080. Only this machine may be
	// named. Its memory, processor time and start cannot be measured. Empty starts a server.
	URL string
	// Key is a secret API key of that server with the scopes users:write and tokens:read.
	Key string

	// Accounts is how many accounts the search is measured with. Zero means 100,000.
	Accounts int
	// MongoDB is the address of a server on this machine, to measure the search there as well, in
	// a database of its own that is dropped afterwards. Empty means none.
	MongoDB string

	// Server is the gatehouse command, to which "serve", "apikey create ..." and "bench --hello
	// ADDR" are appended. Empty means the running program.
	Server []string
	// Env are NAME=VALUE settings for those commands. They win over the bench's own, such as
	// GATEHOUSE_STORE, a SQLite file in a temporary folder.
	Env []string

	// Progress is told what is being measured, a line each. Nil means nobody.
	Progress io.Writer
}

// Run measures everything there is to measure, one after the other, and ends the processes it
// started. It takes about 35 times Options.Duration, and some 20 seconds to
// make accounts to search. Errors are wrong options, a server that
// does not start or does not speak as ours does, and the end of ctx; the report then holds what
// was measured until then. Answers that failed are no error of Run: they are in the report.
func Run(ctx context.Context, opts Options) (Report, error) {
	b, err := prepare(opts)
	if err != nil {
		return Report{}, err
	}
	steps := []func(context.Context) error{b.limits, b.hello, b.own, b.searches}
	if opts.URL != "" {
		steps = []func(context.Context) error{b.limits, b.hello, b.foreign}
	}
	for _, step := range steps {
		if err = step(ctx); err != nil {
			break
		}
	}
	if opts.URL == "" {
		b.report.OthersCPUShare = b.busy.others()
	}
	b.report.Expectations = expectations(b.report)
	return b.report, err
}

// run is one Run.
type run struct {
	Options
	report Report
	busy   busy
}

func prepare(opts Options) (*run, error) {
	if opts.Duration == 0 {
		opts.Duration = defaultDuration
	}
	if opts.Duration < 0 || opts.Duration > maxDuration {
		return nil, fmt.Errorf("bench: a measurement takes more than nothing and at most %s, not %s", maxDuration, opts.Duration)
	}
	if len(opts.Concurrency) == 0 {
		opts.Concurrency = []int{1, 16, 64}
	}
	if slices.Min(opts.Concurrency) < 1 || slices.Max(opts.Concurrency) > maxConcurrency {
		return nil, fmt.Errorf("bench: the concurrency is from 1 to %d", maxConcurrency)
	}
	if opts.Accounts == 0 {
		opts.Accounts = defaultAccounts
	}
	if opts.Accounts < minAccounts || opts.Accounts > defaultAccounts {
		return nil, fmt.Errorf("bench: a search is measured with %d to %d accounts", minAccounts, defaultAccounts)
	}
	if err := checkMongoDB(opts.MongoDB); err != nil {
		return nil, err
	}
	if opts.URL != "" {
		if _, err := hostOf(opts.URL); err != nil {
			return nil, err
		}
		if opts.Key == "" {
			return nil, errors.New("bench: a server that runs already needs an API key")
		}
	}
	if len(opts.Server) == 0 {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("bench: find the own program: %w", err)
		}
		opts.Server = []string{self}
	}
	if opts.Progress == nil {
		opts.Progress = io.Discard
	}
	return &run{Options: opts, report: newReport(opts)}, nil
}

func (b *run) say(format string, args ...any) {
	_, _ = fmt.Fprintf(b.Progress, format+"\n", args...) // whoever looked on has gone
}

// foreign measures the server at Options.URL.
func (b *run) foreign(ctx context.Context) error {
	host, err := hostOf(b.URL)
	if err != nil {
		return err
	}
	return b.measureAll(ctx, target{host: host, key: b.Key})
}

// measureAll measures every operation with every concurrency.
func (b *run) measureAll(ctx context.Context, t target) error {
	b.say("register %d users", slices.Max(b.Concurrency))
	crowd, err := register(ctx, t, slices.Max(b.Concurrency))
	if err != nil {
		return err
	}
	for _, op := range operations() {
		for _, n := range b.Concurrency {
			scripts, err := op.cast(ctx, t, crowd, n)
			if err != nil {
				return err
			}
			m, err := b.measure(ctx, t, op.about, scripts)
			if err != nil {
				return err
			}
			b.report.Measurements = append(b.report.Measurements, m)
		}
	}
	return nil
}

// measure drives one operation, one connection a script, and says so.
func (b *run) measure(ctx context.Context, t target, about about, scripts []*script) (Measurement, error) {
	got, err := drive(ctx, t, scripts, b.Duration)
	if err != nil {
		return Measurement{}, fmt.Errorf("bench: %s with %d connections: %w", about.name, len(scripts), err)
	}
	b.busy.add(got.usage)
	m := got.measurement(about, len(scripts))
	b.say("%-10s with %2d connections: %.0f/s, %d errors", m.Operation, m.Concurrency, m.PerSecond, m.Errors)
	return m, nil
}
