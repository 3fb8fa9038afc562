package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/idptest"
	"github.com/gatehouse-id/gatehouse/pkg/verify"
)

// nginx returns the program, or skips the test loudly where there is none, or fails it if
// GATEHOUSE_REQUIRE_INTEROP is set.
func nginx(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"nginx", "/usr/sbin/nginx"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const why = "NOT RUN: there is no nginx"
	if os.Getenv("GATEHOUSE_REQUIRE_INTEROP") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
	return ""
}

// start runs nginx with the documented configuration between these and returns a client of it.
func start(t *testing.T, api, verifier string) *http.Client {
	t.Helper()
	program, dir := nginx(t), t.TempDir()
	documented, err := os.ReadFile("../gatehouse.conf")
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "socket") // where a port may be somebody else's by then
	server := strings.NewReplacer(
		"127.0.0.1:8000", "unix:"+socket, "http://127.0.0.1:8001", api, "http://127.0.0.1:9000", verifier,
	).Replace(string(documented))
	var temporary strings.Builder
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&temporary, "%s_temp_path %s/%s;\n", kind, dir, kind)
	}
	file := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf("daemon off; master_process off; pid %s/pid; error_log stderr;\nevents {}\nhttp {\naccess_log off;\n%s%s}\n", dir, &temporary, server)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "-e", "stderr", "-p", dir, "-c", file)
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed, and says so
	})
	return dialing(t, socket)
}

// dialing waits until somebody listens at a socket and returns a client of theirs.
func dialing(t *testing.T, socket string) *http.Client {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 1000 {
		if conn, err := net.Dial("unix", socket); err == nil {
			_ = conn.Close()
			return &http.Client{Transport: &http.Transport{
				DisableKeepAlives: true,
				DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
					return (&net.Dialer{}).DialContext(ctx, "unix", socket)
				},
			}}
		}
		<-tick.C
	}
	t.Fatal("nginx does not listen")
	return nil
}

func TestNginxAsksTheVerifier(t *testing.T) {
	idp := idptest.Start(t)
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%s %s %s %q", r.Method, r.URL, body, r.Header["X-User"])
	}))
	defer api.Close()
	through := func(issuer string) *http.Client {
		v, err := verify.New(t.Context(), issuer, verify.Audience(idp.Audience), verify.Logger(slog.New(slog.DiscardHandler)))
		if err != nil {
			t.Fatal(err)
		}
		verifier := httptest.NewServer(v.Middleware(http.HandlerFunc(user)))
		t.Cleanup(verifier.Close)
		return start(t, api.URL, verifier.URL)
	}
	proxy, lost := through(idp.URL), through("http://127.0.0.1:1")
	ada := idp.User(t, "ada@example.com")
	for name, tc := range map[string]struct {
		through         *http.Client
		authorization   string
		status          int
		body, challenge string
	}{
		"a good token":            {proxy, "Bearer " + ada.AccessToken, 200, `POST /orders?a=b {} ["` + ada.LocalID + `"]`, ""},
		"no token":                {proxy, "", 401, "", `Bearer realm="api"`},
		"a token for another API": {proxy, "Bearer " + idp.Token(t, idptest.Claims{Audience: "other"}), 401, "", `Bearer realm="api", error="invalid_token"`},
		"no keys":                 {lost, "Bearer " + ada.AccessToken, 503, "", ""},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://nginx/orders?a=b", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-User", "somebody else")
		if tc.authorization != "" {
			req.Header.Set("Authorization", tc.authorization)
		}
		resp, err := tc.through.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != tc.status || resp.Header.Get("WWW-Authenticate") != tc.challenge || tc.status == 200 && string(body) != tc.body {
			t.Errorf("%s: got %d %q %s", name, resp.StatusCode, resp.Header.Get("WWW-Authenticate"), body)
		}
		if after := resp.Header.Get("Retry-After"); (after == "10") != (tc.status == 503) {
			t.Errorf("%s: Retry-After is %q", name, after)
		}
	}
}
