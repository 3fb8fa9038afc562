package main_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

func TestServeSaysWhereItIsAndNothingElse(t *testing.T) {
	n := newSite(t, "").serve(t)
	if got := n.Do(t, request{Path: "/readyz"}); got.Status != 200 {
		t.Errorf("it is not ready when it has said so: %d %s", got.Status, got.Body)
	}
	n.terminate(t)
	if code := n.wait(t); code != 0 {
		t.Errorf("exit code %d\n%s", code, n.log)
	}
	if want := "gatehouse is serving on " + n.URL + "\n"; n.out.String() != want {
		t.Errorf("standard output is %q, want %q", n.out, want)
	}
}

func TestServeRefusesAnAddressThatIsTaken(t *testing.T) {
	n := newSite(t, "").serve(t)
	taken := strings.TrimPrefix(n.URL, "http://")
	for _, name := range []string{"GATEHOUSE_LISTEN", "GATEHOUSE_ADMIN_LISTEN"} {
		stdout, stderr, code := newSite(t, "", name+"="+taken).try(t, "serve")
		if code != 1 || stdout != "" || !strings.Contains(stderr, "gatehouse: listen on "+taken) {
			t.Errorf("%s: exit code %d\n%s%s", name, code, stdout, stderr)
		}
	}
}

func TestServeWarnsOfSettingsThatGiveProtectionAway(t *testing.T) {
	n := newSite(t, "", "GATEHOUSE_RATE_LIMIT=off").serve(t)
	if !strings.Contains(n.log.String(), "GATEHOUSE_RATE_LIMIT is off") {
		t.Errorf("the log says nothing of it:\n%s", n.log)
	}
}

func TestMetricsAndProfilesAreAtTheAdminAddressAlone(t *testing.T) {
	n := newSite(t, "", "GATEHOUSE_ADMIN_LISTEN=127.0.0.1:0").serve(t)
	found := regexp.MustCompile(`"msg":"serving metrics and profiles","url":"(http://[^"]+)"`).FindStringSubmatch(n.log.String())
	if found == nil {
		t.Fatalf("the log does not say where they are:\n%s", n.log)
	}
	admin := dialecttest.Server{URL: found[1]}
	for path, want := range map[string]string{
		"/metrics": `gatehouse_request_seconds_count{method="POST",route="/auth/login",status="401"} 1`, "/debug/pprof/": "goroutine",
		"/debug/pprof/goroutine?debug=1": "goroutine profile",
	} {
		if path == "/metrics" {
			n.Do(t, request{Path: "/auth/login", Body: `{}`})
		}
		if r := admin.Do(t, request{Path: path}); r.Status != 200 || !strings.Contains(r.Body, want) {
			t.Errorf("%s at the admin address: %d, and %q is not in\n%.2000s", path, r.Status, want, r.Body)
		}
		if r := n.Do(t, request{Path: path}); r.Status != 404 {
			t.Errorf("%s at the public address: %d", path, r.Status)
		}
	}
	for _, path := range []string{"/auth/login", "/.well-known/jwks.json", "/readyz"} {
		if r := admin.Do(t, request{Path: path}); r.Status != 404 {
			t.Errorf("%s at the admin address: %d", path, r.Status)
		}
	}
}

func TestDevelopmentModePrintsWhatItTakesToTryIt(t *testing.T) {
	s := newSite(t, "")
	n := s.serve(t, "--dev")
	var line []string
	poll(t, patience, "the line to paste is printed", func() bool {
		line = regexp.MustCompile(`(?m)^  (curl -s .*)$`).FindStringSubmatch(n.out.String())
		return line != nil
	})
	credential := func(label string) string {
		found := regexp.MustCompile(`(?m)^  ` + label + ` +(\S+)$`).FindStringSubmatch(n.out.String())
		if found == nil {
			t.Fatalf("no %s in\n%s", label, n.out)
		}
		return found[1]
	}
	email, password := credential("administrator"), credential("password")
	for _, key := range []string{credential("publishable API key"), credential("secret API key")} {
		r := n.Do(t, request{Path: "/auth/login", Key: key, Body: object("email", email, "password", password)})
		var a dialecttest.Authorization
		if r.JSON(t, &a); r.Status != 200 {
			t.Fatalf("signing in as printed: %d %s", r.Status, r.Body)
		}
		r = n.Do(t, request{Path: "/auth/me", Bearer: a.AccessToken})
		if !strings.Contains(r.Body, `"userType":"superadmin"`) {
			t.Errorf("the administrator is %s", r.Body)
		}
	}
	if _, err := exec.LookPath("curl"); err == nil {
		out, err := exec.Command("sh", "-c", line[1]).Output()
		var a dialecttest.Authorization
		if err != nil || json.Unmarshal(out, &a) != nil || a.Email != email {
			t.Errorf("the pasted line answers %s (%v)", out, err)
		}
	}
	if log := n.log.String(); strings.Contains(log, password) {
		t.Errorf("the password is in the log:\n%s", log)
	}
	n.kill()
	again := s.serve(t, "--dev")
	if r := again.Do(t, request{Path: "/auth/login", Key: credential("publishable API key"), Body: `{}`}); r.Status != 401 {
		t.Errorf("the credentials of the start before are answered %d", r.Status)
	}
}

func object(pairs ...string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return dialecttest.JSON(m)
}

// half is a request of which a server has read the head and not yet the body.
type half struct {
	conn net.Conn
	rest string
	r    *bufio.Reader
}

// begin sends the head of a request and waits until its handler asks for the body: from then
// on the server has accepted it.
func begin(t *testing.T, n *node, q request) half {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(n.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience)) // it fails on a closed connection only
	head := "POST " + q.Path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nx-api-key: " + q.Key +
		"\r\nExpect: 100-continue\r\nContent-Length: " + strconv.Itoa(len(q.Body)) + "\r\n\r\n"
	if _, err := io.WriteString(conn, head); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	if line, err := r.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("the server answers %q (%v)", line, err)
	}
	_, _ = r.ReadString('\n') // the empty line; an error comes again
	return half{conn: conn, rest: q.Body, r: r}
}

// finish sends the body and returns the answer.
func (h half) finish() (status int, body string, err error) {
	if _, err := io.WriteString(h.conn, h.rest); err != nil {
		return 0, "", err
	}
	resp, err := http.ReadResponse(h.r, nil)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(raw), err
}

func TestAServerThatIsToldToStopSaysSoFirstAndStillAnswers(t *testing.T) {
	s := newSite(t, "", "GATEHOUSE_DRAIN_DELAY=60s")
	s.openUp(t)
	n := s.serve(t)
	n.Register(t, "ada@example.com", goodPassword)
	n.terminate(t)
	poll(t, patience, "it says that it is not ready", func() bool {
		return n.Do(t, request{Path: "/readyz"}).Status == 503
	})
	if r := n.Do(t, request{Path: "/livez"}); r.Status != 200 {
		t.Errorf("it lives: %d", r.Status)
	}
	n.Login(t, "ada@example.com", goodPassword)
}

func TestAServerThatIsToldToStopFinishesWhatItHasBegun(t *testing.T) {
	s := newSite(t, "", "GATEHOUSE_DRAIN_DELAY=0s")
	s.openUp(t)
	n := s.serve(t)
	n.Register(t, "ada@example.com", goodPassword)
	login := request{Path: "/auth/login", Key: s.key, Body: object("email", "ada@example.com", "password", goodPassword)}
	var begun []half
	for range 4 { // each has ten seconds to be over
		begun = append(begun, begin(t, n, login))
	}
	n.terminate(t)
	poll(t, patience, "it accepts nothing new", func() bool {
		conn, err := net.Dial("tcp", strings.TrimPrefix(n.URL, "http://"))
		if err == nil {
			_ = conn.Close() // else it would wait for a request
		}
		return err != nil
	})
	for i, h := range begun {
		if status, body, err := h.finish(); err != nil || status != 200 || !strings.HasSuffix(body, "}\n") {
			t.Errorf("request %d was cut off: %d %q (%v)", i, status, body, err)
		}
	}
	if code := n.wait(t); code != 0 {
		t.Errorf("exit code %d\n%s", code, n.log)
	}
	if got := s.count(t, "sign_in"); got != 5 { // registering is the first
		t.Errorf("%d sign-ins in the audit log, want 5", got)
	}
}

// TestAServerThatIsToldToStopUnderLoadCutsNothingOff counts what it has done: a sign-in in the
// audit log that nobody was told of is one that was cut off.
func TestAServerThatIsToldToStopUnderLoadCutsNothingOff(t *testing.T) {
	s := newSite(t, "", "GATEHOUSE_DRAIN_DELAY=300ms")
	s.openUp(t)
	n := s.serve(t)
	n.Register(t, "ada@example.com", goodPassword)
	login := request{Path: "/auth/login", Key: s.key, Body: object("email", "ada@example.com", "password", goodPassword)}
	var answered atomic.Int64
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for {
				r, err := n.Try(login)
				switch {
				case err != nil && errors.Is(err, syscall.ECONNREFUSED):
					return
				case err != nil: // the connection was closed before the request was read, or it counts below
				case r.Status == 200:
					answered.Add(1)
				case r.Status != 503:
					t.Errorf("%d %s", r.Status, r.Body)
				}
			}
		})
	}
	poll(t, patience, "it is under load", func() bool { return answered.Load() >= 20 })
	n.terminate(t)
	if code := n.wait(t); code != 0 {
		t.Errorf("exit code %d\n%s", code, n.log)
	}
	clients.Wait()
	if got, want := s.count(t, "sign_in"), int(answered.Load())+1; got != want { // registering is one
		t.Errorf("%d sign-ins were done, %d answered", got, want)
	}
}

func TestASecondSignalStopsAServerAtOnce(t *testing.T) {
	n := newSite(t, "", "GATEHOUSE_DRAIN_DELAY=60s").serve(t)
	n.terminate(t)
	poll(t, patience, "it drains", func() bool { return n.Do(t, request{Path: "/readyz"}).Status == 503 })
	began := time.Now()
	poll(t, patience, "it ends", func() bool {
		n.terminate(t)
		return n.gone()
	})
	if state, ok := n.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !state.Signaled() {
		t.Errorf("it ended with %s after %s", n.cmd.ProcessState, time.Since(began))
	}
}

// event is an entry of the audit log as it is exported.
type event struct {
	ID, Type, Actor, Subject string
	Detail                   map[string]string
}

// events verifies the audit log and returns what is in it.
func (s *site) events(t testing.TB) []event {
	t.Helper()
	var report struct {
		Events int
		OK     bool
	}
	if s.cli(t, &report, "audit", "verify"); !report.OK {
		t.Fatalf("the audit chain does not hold: %+v", report)
	}
	stdout, stderr, code := s.try(t, "audit", "export")
	if code != 0 {
		t.Fatal(stderr)
	}
	var all []event
	for line := range strings.Lines(stdout) {
		var entry struct{ Event event }
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatal(err)
		}
		all = append(all, entry.Event)
	}
	if len(all) < report.Events {
		t.Fatalf("%d events exported of %d", len(all), report.Events)
	}
	return all
}

func (s *site) count(t testing.TB, kind string) (n int) {
	t.Helper()
	for _, e := range s.events(t) {
		if e.Type == kind {
			n++
		}
	}
	return n
}
