package bench_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/bench"
	"github.com/gatehouse-id/gatehouse/pkg/store/mongo/mongotest"
)

// quick are options for a run that takes a second or two.
func quick() bench.Options {
	return bench.Options{Duration: 100 * time.Millisecond, Concurrency: []int{1, 3}, Accounts: 1000}
}

// ownServer are options for a run with this program as the server.
func ownServer(t *testing.T, how string) bench.Options {
	t.Helper()
	opts := quick()
	opts.Env = []string{asServer + "=" + how, "GATEHOUSE_ADMIN_LISTEN=as the caller says"}
	return opts
}

func TestARunMeasuresEverythingAndLeavesNothingBehind(t *testing.T) {
	t.Setenv("GATEHOUSE_MASTER_KEY", "not for the bench's server")
	t.Setenv("TMPDIR", t.TempDir())
	notes := filepath.Join(t.TempDir(), "notes")
	var progress bytes.Buffer
	opts := ownServer(t, notes)
	opts.Progress = &progress
	r, err := bench.Run(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	checkMeasurements(t, r)
	if r.Server == nil || r.Server.ColdStartMillis <= 0 || r.Server.IdleRSS < 1<<20 || r.Server.PeakRSS < r.Server.IdleRSS {
		t.Errorf("server = %+v", r.Server)
	}
	checkSearches(t, r)
	if len(r.Expectations) != 7 || r.Target != "own server" {
		t.Errorf("expectations of %s = %+v", r.Target, r.Expectations)
	}
	if !strings.Contains(progress.String(), "login      with  3 connections") {
		t.Errorf("progress = %s", progress.String())
	}
	checkStarts(t, notes)
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("left in the temporary folder: %v, %v", left, err)
	}
}

// checkMeasurements says what is missing from a run with 1 and 3 connections, or wrong.
func checkMeasurements(t *testing.T, r bench.Report) {
	t.Helper()
	var got []string
	rates := map[string]float64{}
	for _, m := range slices.Concat(r.Limits.Hello, r.Measurements) {
		got = append(got, fmt.Sprintf("%s %s %s %d", m.Operation, m.Method, m.Path, m.Concurrency))
		rates[m.Operation] += m.PerSecond
		if (m.P50Millis > 0) != (m.PerSecond > 0) || m.P99Millis < m.P50Millis || m.Errors > 0 {
			t.Errorf("%+v", m)
		}
	}
	for op, rate := range rates {
		if rate <= 0 {
			t.Errorf("%s: not one success", op)
		}
	}
	var want []string
	for _, op := range []string{
		"hello GET /hello", "me GET /auth/me", "refresh POST /auth/refreshToken", "login POST /auth/login",
		"jwks GET /.well-known/jwks.json", "introspect POST /auth/introspect", "register POST /auth/register",
	} {
		want = append(want, op+" 1", op+" 3")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("measurements (-want +got):\n%s", diff)
	}
	if r.Limits.RSASignatures <= 0 || r.Limits.Argon2idHashes <= 0 || r.Limits.DurableWrites <= 0 {
		t.Errorf("limits = %+v", r.Limits)
	}
	if r.Machine.Cores < 1 || r.Machine.OS == "" || r.Machine.Arch == "" || r.Machine.GoVersion == "" {
		t.Errorf("machine = %+v", r.Machine)
	}
}

// checkSearches says what is missing from the searches in SQLite, or wrong.
func checkSearches(t *testing.T, r bench.Report) {
	t.Helper()
	if len(r.Searches) != 1 || r.Searches[0].Store != "SQLite" || r.Searches[0].Accounts != 1000 || r.Searches[0].FillSeconds <= 0 {
		t.Fatalf("searches = %+v", r.Searches)
	}
	got := map[string]int64{}
	for _, q := range r.Searches[0].Queries {
		got[q.Query] = q.Found
		if q.PerSecond <= 0 || q.P50Millis <= 0 || q.P99Millis < q.P50Millis {
			t.Errorf("%+v", q)
		}
	}
	want := map[string]int64{
		"a word that finds one": 1, "a word that finds a twentieth": 50, "the same, last page": 50, "a word that finds all": 1000,
		"the same, a page in the middle": 1000, "three words": 5, "all of a user type": 990, "a word and a user type": 10, "all, last page": 1000,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("found (-want +got):\n%s", d)
	}
}

func TestTheSearchIsMeasuredInMongoDBToo(t *testing.T) {
	opts := ownServer(t, filepath.Join(t.TempDir(), "notes"))
	opts.MongoDB = mongotest.URI(t)
	r, err := bench.Run(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Searches) != 2 || r.Searches[1].Store != "MongoDB" || len(r.Searches[1].Queries) != len(r.Searches[0].Queries) {
		t.Fatalf("searches = %+v", r.Searches)
	}
	for i, q := range r.Searches[1].Queries {
		if sqlite := r.Searches[0].Queries[i]; q.Query != sqlite.Query || q.Found != sqlite.Found {
			t.Errorf("%+v in MongoDB, %+v in SQLite", q, sqlite)
		}
	}
}

// checkStarts reads what the servers noted: four starts on one store, with the settings that
// the bench promises, and all of them over.
func checkStarts(t *testing.T, notes string) {
	t.Helper()
	text, err := os.ReadFile(notes)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	stores := map[string]bool{}
	for _, line := range lines {
		pid, rest, _ := strings.Cut(line, " ")
		settings, store, _ := strings.Cut(rest, " /")
		stores[store] = true
		if want := "ADMIN_LISTEN=as the caller says RATE_LIMIT=off LOG_LEVEL=error DRAIN_DELAY=0s MASTER_KEY="; settings != want {
			t.Errorf("settings %q, want %q", settings, want)
		}
		var number int
		if _, err := fmt.Sscan(pid, &number); err != nil || !errors.Is(syscall.Kill(number, 0), syscall.ESRCH) {
			t.Errorf("server %s still runs (%v)", pid, err)
		}
		if _, err := os.Stat("/" + store); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the store %s still exists (%v)", store, err)
		}
	}
	if len(lines) != 4 || len(stores) != 1 {
		t.Errorf("%d starts on %d stores, want 4 on one", len(lines), len(stores))
	}
}

func TestARunMeasuresAServerThatRunsAlready(t *testing.T) {
	f := newFake()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	opts := ownServer(t, "unused")
	opts.URL, opts.Key = server.URL, fakeKey
	r, err := bench.Run(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	checkMeasurements(t, r)
	if r.Server != nil || r.Target != server.URL || len(r.Expectations) != 4 || r.OthersCPUShare != 0 {
		t.Errorf("target %s, server %+v, expectations %+v, others %g", r.Target, r.Server, r.Expectations, r.OthersCPUShare)
	}
	if in := f.signIns; len(in) < 3 || in[0] == in[1] || in[1] == in[2] || in[2] == in[0] {
		t.Errorf("%d sign-ins, want the first three by three users", len(in))
	}
	for email, n := range f.sessions {
		if n == 0 || !strings.HasPrefix(email, "bench-") || !strings.HasSuffix(email, "@example.com") {
			t.Errorf("%s refreshed %d times", email, n)
		}
	}
}

func TestWrongOptionsAreRefusedAtOnce(t *testing.T) {
	for _, c := range []struct {
		name string
		opts bench.Options
		want string
	}{
		{"another machine", bench.Options{URL: "http://192.0.2.1:8080", Key: "k"}, "this machine only"},
		{"no API key", bench.Options{URL: "http://127.0.0.1:8080"}, "needs an API key"},
		{"a negative duration", bench.Options{Duration: -1}, "more than nothing"},
		{"a duration that outlives access tokens", bench.Options{Duration: time.Hour}, "at most 30m"},
		{"no connections", bench.Options{Concurrency: []int{1, 0}}, "from 1 to 1024"},
		{"too few accounts", bench.Options{Accounts: 10}, "with 1000 to 100000 accounts"},
		{"too many accounts", bench.Options{Accounts: 100_001}, "with 1000 to 100000 accounts"},
		{"a MongoDB elsewhere", bench.Options{MongoDB: "mongodb://192.0.2.1:27017"}, "this machine only"},
		{"a MongoDB that is also elsewhere", bench.Options{MongoDB: "mongodb://localhost:27017,db.example.com/x?replicaSet=rs0"}, "this machine only"},
		{"a MongoDB that a name service finds", bench.Options{MongoDB: "mongodb+srv://localhost/x"}, "this machine only"},
		{"a MongoDB behind what looks like one here", bench.Options{MongoDB: "mongodb://localhost:27017@192.0.2.1/localhost"}, "this machine only"},
		{"too many connections", bench.Options{Concurrency: []int{2000}}, "from 1 to 1024"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := bench.Run(t.Context(), c.opts)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that says %q", err, c.want)
			}
		})
	}
}

func TestAServerThatGoesWrongIsQuoted(t *testing.T) {
	for _, c := range []struct{ name, how, want string }{
		{"it does not start", "refuse", "ended before it was ready: exit status 1: the store is locked"},
		{"it says something else first", "mumble", `said "hello" and not its URL`},
		{"it does not stop well", "fail at the end", "did not stop well: exit status 1: could not say goodbye"},
	} {
		t.Run(c.name, func(t *testing.T) {
			opts := ownServer(t, c.how)
			opts.Duration = time.Millisecond
			_, err := bench.Run(t.Context(), opts)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that says %q", err, c.want)
			}
		})
	}
}

func TestAServerThatRefusesUsersIsQuoted(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "closed for today", http.StatusForbidden)
	}))
	t.Cleanup(server.Close)
	opts := ownServer(t, "unused")
	opts.URL, opts.Key = server.URL, fakeKey
	_, err := bench.Run(t.Context(), opts)
	if want := "POST /auth/register: status 403: closed for today"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want one that says %q", err, want)
	}
}

func TestARunEndsWithItsContext(t *testing.T) {
	stopped := errors.New("enough")
	ctx, stop := context.WithCancelCause(t.Context())
	opts := ownServer(t, "unused")
	opts.Duration = time.Minute
	opts.Progress = writerFunc(func(p []byte) (int, error) {
		stop(stopped) // at the first line there is
		return len(p), nil
	})
	if _, err := bench.Run(ctx, opts); !errors.Is(err, stopped) {
		t.Errorf("error %v, want %v", err, stopped)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
