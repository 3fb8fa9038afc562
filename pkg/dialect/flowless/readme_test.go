package flowless_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

// TestTheReadmesSessionRunsAsItStands runs the shell session that the README has for clients of
// Flowless; only the address differs.
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
	_, rest, _ := strings.Cut(string(readme), "```sh\nexport FLOWLESS=")
	session, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("the README has no session")
	}
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{})
	s.Register(t, "ada@example.com", "engines weave numbers") // in the README's first session
	cmd := exec.CommandContext(t.Context(), "sh", "-euc", strings.ReplaceAll("export FLOWLESS="+session, "http://localhost:8080", s.URL))
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text := string(out)
	for part, times := range map[string]int{
		`"email":"ada@example.com"`:           5, // each answer has the user beside data and in it; data of the second is one, too
		`"sessionId":"ses_`:                   2, // beside the user and in data
		`"message":"Logged out successfully"`: 1,
		`"error":"Invalid session"`:           1, // me after the sign-out
		`"success":false`:                     1,
	} {
		if got := strings.Count(text, part); got != times {
			t.Errorf("%s is there %d times, want %d:\n%s", part, got, times, text)
		}
	}
}
