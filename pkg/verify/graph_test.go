package verify_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWhatTheSDKBringsAlong holds the modules that a service takes on with this package to a
// list: no router, no database, no server. `go test` caches what a test asks `go list`, but not
// here: this test is linked with the package it asks about, so a changed import anywhere in
// the graph makes another test binary, and that has no cached result.
func TestWhatTheSDKBringsAlong(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f",
		`{{if not .Standard}}{{if .Module.Main}}{{.ImportPath}}{{else}}{{.Module.Path}}{{end}}{{end}}`, ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Fields(string(out))
	slices.Sort(got)
	want := []string{
		"github.com/gatehouse-id/gatehouse/pkg/recent",
		"github.com/gatehouse-id/gatehouse/pkg/token",
		"github.com/gatehouse-id/gatehouse/pkg/verify",
		"github.com/go-json-experiment/json",
		"github.com/golang-jwt/jwt/v5",
		"github.com/lestrrat-go/blackmagic",
		"github.com/lestrrat-go/httpcc",
		"github.com/lestrrat-go/httprc/v3",
		"github.com/lestrrat-go/jwx/v3",
		"github.com/lestrrat-go/option/v2",
		"github.com/valyala/fastjson",
		"golang.org/x/sync",
	}
	if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
		t.Errorf("what is linked (-want +got):\n%s", diff)
	}
}
