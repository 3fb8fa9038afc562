package native_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestTheReadmesSessionRunsAsItStands runs the shell session of the README against a service
// that has just started; only the address differs.
func TestTheReadmesSessionRunsAsItStands(t *testing.T) {
	for _, tool := range []string{"sh", "curl", "sed", "tee"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("NOT RUN: the README's session needs %s", tool)
		}
	}
	readme, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "```sh\n")
	session, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("the README has no session")
	}
	s := onSQLite(t)
	cmd := exec.CommandContext(t.Context(), "sh", "-euc", strings.ReplaceAll(session, serviceURL, s.URL))
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "KEY="+s.Publishable)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text := string(out)
	for part, times := range map[string]int{
		`"accessToken":`:            2, // register, refresh
		`"email":"ada@example.com"`: 3, // and me
		`"keys":[{`:                 1,
		`"code":"session_ended"`:    1, // me after the sign-out
		`application/problem+json`:  0,
		`"errors":`:                 0,
	} {
		if got := strings.Count(text, part); got != times {
			t.Errorf("%s is there %d times, want %d:\n%s", part, got, times, text)
		}
	}
}
