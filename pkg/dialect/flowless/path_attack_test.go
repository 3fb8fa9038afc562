package flowless_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// TestAPathThatCanBeReadInTwoWaysIsRefused asks as an administrator, so that whatever is let
// through would be answered.
func TestAPathThatCanBeReadInTwoWaysIsRefused(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	admin := s.NewFlowless(t, "root@example.com", identity.Superadmin)
	send := func(path string) dialecttest.Response {
		return s.Raw(t, "GET "+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Session-ID: "+admin.ID+"\r\n\r\n")
	}
	for _, at := range []struct{ group, rest string }{{"/flowless/auth", "me"}, {"/flowless/auth/admin", "users/" + admin.UserID}} {
		if r := send(at.group + "/" + at.rest); r.Status != 200 {
			t.Fatalf("the control: %d %s", r.Status, r.Body)
		}
		for _, path := range dialecttest.AmbiguousPaths(at.group, at.rest) {
			r := send(path)
			if r.Status != 400 || strings.ToLower(r.Code()) != "invalid_path" {
				t.Errorf("%s: %d %s", path, r.Status, r.Body)
			}
			if strings.HasPrefix(path, "/flowless/") {
				r.FlowlessError(t)
			}
		}
		for _, path := range dialecttest.UnreadablePaths(at.group, at.rest) {
			if r := send(path); r.Status != 400 {
				t.Errorf("%q: %d %s", path, r.Status, r.Body)
			}
		}
		for _, path := range dialecttest.OtherPaths(at.group, at.rest) {
			r := send(path)
			if r.Status != 404 || strings.ToLower(r.Code()) != "not_found" {
				t.Errorf("%s: %d %s", path, r.Status, r.Body)
			}
			if strings.HasPrefix(path, "/flowless/") {
				r.FlowlessError(t)
			}
		}
	}
}

// TestAMethodIsTakenAtItsWord sends every method to every route, with headers that ask for
// another one.
func TestAMethodIsTakenAtItsWord(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	ada := s.NewFlowless(t, "ada@example.com", identity.Superadmin)
	taken := map[string][]string{}
	for _, r := range routes() {
		taken[r.Path] = append(taken[r.Path], r.Method)
	}
	for path := range taken {
		path = strings.NewReplacer(":id", "x", ":token", "x", ":provider", "google").Replace(path)
		methods := methodsAt(path, taken)
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "post", "X"} {
			if slices.Contains(methods, method) {
				continue
			}
			r := s.Do(t, dialecttest.Request{Method: method, Path: path, ID: ada.ID, Header: dialecttest.Overrides("/flowless/auth/me")})
			if r.Status != http.StatusMethodNotAllowed || r.Header.Get("Allow") == "" {
				t.Errorf("%s %s: %d %s, allowed are %q, want %q", method, path, r.Status, r.Body, r.Header.Get("Allow"), methods)
			}
			if method != http.MethodHead {
				r.FlowlessError(t)
			}
		}
	}
	for _, line := range []string{"CONNECT /flowless/auth/me", "GET /flowless/auth/me?_method=DELETE", "TRACE /flowless/auth/me"} {
		r := s.Raw(t, line+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-HTTP-Method-Override: DELETE\r\nContent-Length: 0\r\n\r\n")
		if r.Status != 400 && r.Status != 401 && r.Status != 405 {
			t.Errorf("%s: %d %s", line, r.Status, r.Body)
		}
	}
	if got := s.FlowlessMe(t, ada.ID); got != 200 {
		t.Errorf("then the session is answered %d", got)
	}
}

// methodsAt returns the methods of all templates that a path matches.
func methodsAt(path string, taken map[string][]string) (methods []string) {
	got := strings.Split(path, "/")
	for template, ms := range taken {
		want := strings.Split(template, "/")
		matches := len(want) == len(got)
		for i := 0; matches && i < len(want); i++ {
			matches = want[i] == got[i] || strings.HasPrefix(want[i], ":")
		}
		if matches {
			methods = append(methods, ms...)
		}
	}
	return methods
}
