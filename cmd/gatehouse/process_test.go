package main_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

type request = dialecttest.Request

const goodPassword = "a long enough phrase"

// patience is how long anything may take before a test gives up on it. It only has to be less than
// what all tests of the package have.
const patience = 3 * time.Minute

// site is one store with its settings: servers and commands run on it as processes.
type site struct {
	program string
	dir     string
	env     []string
	key     string // a publishable API key, once openUp has made one
}

// built is the program as it is released. With the race detector, which the test binary may
// have, hashing a password takes ten times as long. It lies beside the one that TestMain put on
// the PATH, in a folder that goes when the tests end.
var built = sync.OnceValues(func() (string, error) {
	beside, err := exec.LookPath("gatehouse")
	if err != nil {
		return "", err
	}
	path := filepath.Join(filepath.Dir(beside), "released")
	build := exec.Command("go", "build", "-trimpath", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
})

// newSite describes a site. The store is a MongoDB URL, or empty for a new SQLite file. Limits
// are a million a minute unless env sets them.
func newSite(t testing.TB, store string, env ...string) *site {
	t.Helper()
	program, err := built()
	if err != nil {
		t.Fatal(err)
	}
	s := &site{program: program, dir: t.TempDir()}
	if store == "" {
		store = filepath.Join(s.dir, "gatehouse.db")
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	s.env = append(inherited(), "GATEHOUSE_STORE="+store, "GATEHOUSE_MASTER_KEY="+base64.StdEncoding.EncodeToString(key),
		"GATEHOUSE_LISTEN=127.0.0.1:0", "GATEHOUSE_ADMIN_LISTEN=", "GATEHOUSE_DRAIN_DELAY=0s", "GATEHOUSE_PUBLIC_URL="+issuer)
	for _, name := range []string{"LOGIN", "REGISTER", "REFRESH", "ME", "LOGOUT", "MAIL", "CODE"} {
		s.env = append(s.env, "GATEHOUSE_LIMIT_"+name+"=1000000/1m")
	}
	s.env = append(s.env, env...)
	return s
}

// inherited is the environment of this process without any setting.
func inherited() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "GATEHOUSE_") })
}

func (s *site) command(args ...string) *exec.Cmd {
	cmd := exec.Command(s.program, args...)
	cmd.Dir, cmd.Env, cmd.SysProcAttr = s.dir, s.env, tied()
	return cmd
}

// try runs a command and returns what it printed and its exit code.
func (s *site) try(t testing.TB, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := s.command(args...)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatalf("gatehouse %s: %v", args, err)
	}
	return out.String(), complaint.String(), cmd.ProcessState.ExitCode()
}

// cli runs a command that must succeed, with --json, and decodes what it prints into v.
func (s *site) cli(t testing.TB, v any, args ...string) {
	t.Helper()
	stdout, stderr, code := s.try(t, append(args, "--json")...)
	if code != 0 || stderr != "" {
		t.Fatalf("gatehouse %s: exit code %d\n%s%s", args, code, stdout, stderr)
	}
	if err := json.Unmarshal([]byte(stdout), v); err != nil {
		t.Fatalf("gatehouse %s: %v\n%s", args, err, stdout)
	}
}

type madeKey struct{ ID, Key string }

func (s *site) makeKey(t testing.TB, kind identity.KeyKind, scopes ...string) madeKey {
	t.Helper()
	args := []string{"apikey", "create", "--name", "test", "--kind", string(kind)}
	for _, scope := range scopes {
		args = append(args, "--scope", scope)
	}
	var made madeKey
	s.cli(t, &made, args...)
	return made
}

// openUp makes the API key that the site's servers are spoken to with.
func (s *site) openUp(t testing.TB) {
	t.Helper()
	s.key = s.makeKey(t, identity.Publishable).Key
}

// node is a server process.
type node struct {
	dialecttest.Server // its URL and API key; there is no App in this process

	cmd      *exec.Cmd
	out, log *dialecttest.Log
	began    time.Time
	ended    chan struct{} // closed when the process is gone
}

// launch starts a server and does not wait for it. It dies with the test.
func (s *site) launch(t testing.TB, args ...string) *node {
	t.Helper()
	n := &node{
		cmd: s.command(append([]string{"serve"}, args...)...), out: &dialecttest.Log{}, log: &dialecttest.Log{},
		began: time.Now(), ended: make(chan struct{}),
	}
	n.Publishable = s.key
	n.cmd.Stdout, n.cmd.Stderr = n.out, n.log
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = n.cmd.Wait() // the state says it all
		close(n.ended)
	}()
	t.Cleanup(func() {
		n.kill()
		n.sound(t)
	})
	return n
}

// serve starts a server and waits until it accepts requests.
func (s *site) serve(t testing.TB, args ...string) *node {
	t.Helper()
	n := s.launch(t, args...)
	n.ready(t)
	return n
}

var serving = regexp.MustCompile(`(?m)^gatehouse is serving on (http://\S+)$`)

// ready waits for the line that says where the server is.
func (n *node) ready(t testing.TB) {
	t.Helper()
	poll(t, patience, "the server accepts requests", func() bool {
		if n.gone() {
			t.Fatalf("the server ended with %s\n%s", n.cmd.ProcessState, n.log)
		}
		line := serving.FindStringSubmatch(n.out.String())
		if line != nil {
			n.URL = line[1]
		}
		return line != nil
	})
}

func (n *node) gone() bool {
	select {
	case <-n.ended:
		return true
	default:
		return false
	}
}

// kill ends the process as a crash would and waits until it is gone.
func (n *node) kill() {
	_ = n.cmd.Process.Kill() // one that is gone already is gone
	<-n.ended
}

// terminate asks the process to stop.
func (n *node) terminate(t testing.TB) {
	t.Helper()
	if err := n.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
}

// wait returns the exit code of a process that has been asked to stop.
func (n *node) wait(t testing.TB) int {
	t.Helper()
	poll(t, patience, "the server ends", n.gone)
	return n.cmd.ProcessState.ExitCode()
}

// sound checks what holds for every server, however it ended.
func (n *node) sound(t testing.TB) {
	t.Helper()
	for _, word := range []string{"DATA RACE", "panic", "goroutine "} {
		if log := n.log.String(); strings.Contains(log, word) {
			t.Errorf("%q is in the log:\n%s", word, log)
		}
	}
}

// tell logs what the server has warned of when the test has failed.
func (n *node) tell(t testing.TB) {
	t.Helper()
	for line := range strings.Lines(n.log.String()) {
		if t.Failed() && !strings.Contains(line, `"level":"INFO"`) && !strings.Contains(line, "context canceled") {
			t.Log(line)
		}
	}
}

// poll asks until ok holds. It fails when ok does not hold although it was asked later than
// limit from now.
func poll(t testing.TB, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(limit)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		began := time.Now()
		if ok() {
			return
		}
		if began.After(deadline) {
			t.Fatalf("not after %s: %s", limit, what)
		}
		<-tick.C
	}
}
