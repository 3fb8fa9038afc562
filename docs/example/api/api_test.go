package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/idptest"
)

const page = "http://app.example"

// start builds and runs the API as a person would and returns the URL it prints.
func start(t *testing.T, idp *idptest.Server, flags ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "api")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	flags = append([]string{"-listen", "127.0.0.1:0", "-issuer", idp.URL, "-audience", idp.Audience, "-origin", page}, flags...)
	cmd := exec.CommandContext(t.Context(), program, flags...)
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed, and says so
	})
	line, err := bufio.NewReader(said).ReadString('\n')
	_, url, found := strings.Cut(strings.TrimSpace(line), "serving ")
	if err != nil || !found {
		t.Fatalf("it says %q (%v)", line, err)
	}
	return url
}

type answer struct {
	status int
	header http.Header
	body   string
}

func call(t *testing.T, method, url, token string, headers ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", page)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(body)}
}

func TestHello(t *testing.T) {
	idp := idptest.Start(t)
	url := start(t, idp)
	ada := idp.User(t, "ada@example.com")
	good := call(t, http.MethodGet, url, ada.AccessToken)
	var said struct{ Message, LocalID string }
	if err := json.Unmarshal([]byte(good.body), &said); err != nil || good.status != 200 || said.Message != "Hello ada@example.com" || said.LocalID != ada.LocalID {
		t.Errorf("got %d %+v (%v)", good.status, said, err)
	}
	bad := call(t, http.MethodGet, url, "")
	if bad.status != 401 || bad.header.Get("WWW-Authenticate") == "" {
		t.Errorf("without a token: %d %v", bad.status, bad.header)
	}
	ask := call(t, http.MethodOptions, url, "", "Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "authorization")
	if ask.status != 204 || ask.header.Get("Access-Control-Allow-Headers") != "Authorization" {
		t.Errorf("the preflight request: %d %v", ask.status, ask.header)
	}
	for _, resp := range []answer{good, bad, ask} {
		if got := resp.header.Get("Access-Control-Allow-Origin"); got != page {
			t.Errorf("%d allows %q", resp.status, got)
		}
	}
	for _, other := range []string{"http://evil.example", "null", page + ".evil.example"} {
		if got := call(t, http.MethodGet, url, "", "Origin", other).header.Get("Access-Control-Allow-Origin"); got != "" {
			t.Errorf("%s gets %q", other, got)
		}
	}
	idp.SignOut(t, ada)
	if got := call(t, http.MethodGet, url, ada.AccessToken).status; got != 200 {
		t.Errorf("signed out, offline: %d", got)
	}
}

func TestHelloRefusesTheSignedOut(t *testing.T) {
	idp := idptest.Start(t)
	url := start(t, idp, "-introspect-key", idp.Secret)
	ada, bob := idp.User(t, "ada@example.com"), idp.User(t, "bob@example.com")
	idp.SignOut(t, ada)
	if got := call(t, http.MethodGet, url, ada.AccessToken).status; got != 401 {
		t.Errorf("signed out: %d", got)
	}
	if got := call(t, http.MethodGet, url, bob.AccessToken).status; got != 200 {
		t.Errorf("signed in: %d", got)
	}
}
