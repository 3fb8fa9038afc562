package password_test

import (
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/password"
)

func TestBlockListsAreInOrder(t *testing.T) {
	for _, list := range []struct {
		name, text         string
		atLeast, shortest  int
		members, strangers []string
	}{
		{"common passwords", password.CommonPasswords, 10_000, 8,
			[]string{"password", "12345678", "password1", "qwertyuiop", "trustno1", "iloveyou1", "1q2w3e4r", "football", "letmein1"},
			[]string{"", "pass", "password\n", "correct horse battery staple", "fooandbar", "securepass123!"}},
		{"base words", password.BaseWords, 500, 4,
			[]string{"password", "welcome", "admin", "dragon", "summer", "january", "qwerty", "letmein"},
			[]string{"", "securepassword", "newpassword", "oldpassword", "securepass"}},
	} {
		t.Run(list.name, func(t *testing.T) {
			lines := strings.Split(strings.TrimSuffix(list.text, "\n"), "\n")
			if len(lines) < list.atLeast || !strings.HasSuffix(list.text, "\n") {
				t.Errorf("%d lines, want at least %d, the last one ended", len(lines), list.atLeast)
			}
			for i, line := range lines {
				if i > 0 && line <= lines[i-1] {
					t.Errorf("line %d: %q does not come after %q", i+1, line, lines[i-1])
				}
				if len(line) < list.shortest || line != strings.ToLower(line) || strings.TrimFunc(line, printable) != "" {
					t.Errorf("line %d: %q is too short, not lower case or not printable ASCII", i+1, line)
				}
				if !password.Listed(list.text, line) {
					t.Errorf("line %d: %q is not found", i+1, line)
				}
			}
			for _, s := range list.members {
				if !password.Listed(list.text, s) {
					t.Errorf("%q is not in the list", s)
				}
			}
			for _, s := range list.strangers {
				if password.Listed(list.text, s) {
					t.Errorf("%q is in the list", s)
				}
			}
		})
	}
}

func printable(r rune) bool { return ' ' <= r && r <= '~' }

func TestSearchFindsTheEdgesOfAList(t *testing.T) {
	for _, list := range []string{"", "b\n", "b\nd\n", "b\nbb\nd\n", "b\nd", "bbbbbbbb\ndddddddd\n", "a\nbbbbbbbbbbbbbbbbbb\n"} {
		for _, s := range []string{"", "a", "b", "bb", "bbb", "bbbb", "bbbbb", "bbbbbb", "c", "d", "dd", "ddd", "dddd", "dddddd", "e"} {
			want := s != "" && strings.Contains("\n"+list+"\n", "\n"+s+"\n")
			if got := password.Listed(list, s); got != want {
				t.Errorf("%q in %q = %v, want %v", s, list, got, want)
			}
		}
	}
}
