package storetest_test

import (
	"errors"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/store"
	"github.com/gatehouse-id/gatehouse/pkg/store/storetest"
)

// bugEnv names the bug that TestConformance runs with; without it the store is sound.
const bugEnv = "GATEHOUSE_STORETEST_BUG"

// patienceEnv is how long the callers of a store with a bug wait for one another.
const patienceEnv = "GATEHOUSE_STORETEST_PATIENCE"

// bug is one fault that a store may have.
type bug struct {
	name  string
	seed  func(m *memory) store.Store
	fails []string // the promises it breaks, each as part/sentence
}

func bugs() []bug {
	return slices.Concat(userBugs(), searchBugs(), sessionBugs(), invitationBugs(), redemptionBugs(), keyBugs(), counterBugs(),
		consequenceBugs(), auditBugs(), blobBugs(), upkeepBugs(), fidelityBugs(), contextBugs())
}

func TestConformance(t *testing.T) {
	seed := func(m *memory) store.Store { return m }
	if name := os.Getenv(bugEnv); name != "" {
		n := slices.IndexFunc(bugs(), func(b bug) bool { return b.name == name })
		if n < 0 {
			t.Fatalf("no bug is called %q", name)
		}
		seed = bugs()[n].seed
	}
	storetest.Run(t, func(*testing.T) store.Store { return seed(newMemory()) })
}

// rewritten is the name that a promise has in the output of go test.
func rewritten(promise string) string { return strings.ReplaceAll(promise, " ", "_") }

// conformance runs the promises that match in a process of its own, on the store with the bug.
func conformance(t *testing.T, bug, promises, patience string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.timeout=10m", "-test.run=^TestConformance$/"+promises)
	// The race detector would have each of these processes linger for a second.
	cmd.Env = append(os.Environ(), bugEnv+"="+bug, patienceEnv+"="+patience, "GORACE=atexit_sleep_ms=0")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestEachBugBreaksThePromisesItShould(t *testing.T) {
	for _, b := range bugs() {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			var parts, sentences []string
			for _, promise := range b.fails {
				part, sentence, _ := strings.Cut(promise, "/")
				parts = append(parts, regexp.QuoteMeta(part))
				sentences = append(sentences, regexp.QuoteMeta(rewritten(sentence)))
			}
			promises := "^(" + strings.Join(parts, "|") + ")$/^(" + strings.Join(sentences, "|") + ")$"
			var out string
			var kept []string
			for _, patience := range []string{"50ms", "1s", "10s"} { // on a slow machine those who are to race come late
				var err error
				out, err = conformance(t, b.name, promises, patience)
				if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
					t.Fatalf("the suite does not run: %v\n%s", err, out)
				}
				kept = slices.DeleteFunc(slices.Clone(b.fails), func(promise string) bool {
					return strings.Contains(out, "--- FAIL: TestConformance/"+rewritten(promise)+" (")
				})
				if len(kept) == 0 {
					break
				}
			}
			if len(kept) > 0 {
				t.Errorf("%q did not fail\n%s", kept, out)
			}
			for _, fault := range []string{"DATA RACE", "panic:", "no bug is called"} {
				if strings.Contains(out, fault) {
					t.Errorf("the suite ended with %q, want a plain failure\n%s", fault, out)
				}
			}
		})
	}
}

// A promise that no bug breaks may be one that cannot fail.
func TestEachPromiseIsBrokenByABug(t *testing.T) {
	out, err := conformance(t, "", "", "")
	if err != nil {
		t.Fatalf("the suite fails on a sound store: %v\n%s", err, out)
	}
	broken := map[string]bool{}
	for _, b := range bugs() {
		for _, promise := range b.fails {
			broken[rewritten(promise)] = true
		}
	}
	passes := regexp.MustCompile(`--- PASS: TestConformance/([a-z]+/.+) \(`).FindAllStringSubmatch(out, -1)
	for _, pass := range passes {
		if !broken[pass[1]] {
			t.Errorf("no bug breaks %q", pass[1])
		}
		delete(broken, pass[1])
	}
	for promise := range broken {
		t.Errorf("a bug breaks %q, which is no promise of the suite", promise)
	}
	if len(passes) < 100 {
		t.Errorf("found %d promises, which is too few", len(passes))
	}
}

// A store of nothing but blobs is asked for nothing else.
func TestBlobsAlone(t *testing.T) {
	storetest.RunBlobs(t, func(*testing.T) store.Blobs { return struct{ store.Blobs }{newMemory()} })
}
