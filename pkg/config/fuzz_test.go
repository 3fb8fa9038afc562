package config

import (
	"strings"
	"testing"
)

// FuzzSettings gives one variable any text. What is accepted must be shown in a form that is
// accepted again and means the same; what is refused must not repeat a secret.
func FuzzSettings(f *testing.F) {
	for i, s := range new(Config).settings() {
		f.Add(uint8(i), s.def)
	}
	for _, text := range []string{"5/15m", "https://a.example,http://localhost:1", "10.0.0.0/8,::1/128", "mongodb://u:p@h", "///x", "-1h", "[::1]:80"} {
		for i := range new(Config).settings() {
			f.Add(uint8(i), text)
		}
	}
	f.Fuzz(func(t *testing.T, index uint8, text string) {
		var c, again Config
		s := c.settings()[int(index)%len(c.settings())]
		if s.name == "CONFIG_FILE" {
			return // reads the file system
		}
		_, err := FromEnv([]string{Prefix + s.name + "=" + text})
		if err != nil && s.privacy == secret && len(text) > 12 && strings.Contains(err.Error(), text) {
			t.Errorf("the error repeats a secret: %v", err)
		}
		if s.value.set(text) != nil || s.privacy != open {
			return
		}
		shown := s.value.String()
		twin := again.settings()[int(index)%len(c.settings())]
		if err := twin.value.set(shown); err != nil || twin.value.String() != shown {
			t.Errorf("%s: %q is shown as %q, which is then refused (%v) or shown as %q", s.name, text, shown, err, twin.value)
		}
	})
}

// FuzzParseLines reads any file. It must not fail hard, and must not repeat what it refuses.
func FuzzParseLines(f *testing.F) {
	f.Add("# c\n\nGATEHOUSE_A = 'b'\r\nx")
	f.Add("GATEHOUSE_A=\"\nGATEHOUSE_A=")
	f.Fuzz(func(t *testing.T, text string) {
		vars, wrong := parseLines(text)
		if lines := strings.Count(text, "\n") + 1; len(vars)+len(wrong) > lines {
			t.Errorf("%d settings and %d problems out of %d lines", len(vars), len(wrong), lines)
		}
		for name := range vars {
			if !strings.HasPrefix(name, Prefix) {
				t.Errorf("took %q", name)
			}
		}
	})
}

// FuzzRedact hides a password in a URL, whatever it looks like.
func FuzzRedact(f *testing.F) {
	f.Add("correct-horse-battery", "mongodb", "db.example:27017/x?w=majority")
	f.Add("a/b@c:d#e%f????????", "smtp", "h")
	f.Fuzz(func(t *testing.T, password, scheme, rest string) {
		rest = strings.ReplaceAll(rest, "@", "")
		if len(password) < 12 || strings.ContainsAny(password, "?&=*") || strings.Contains(scheme+rest, password) || strings.Contains(scheme, ":") {
			return // not a password that can be told apart
		}
		got := redact(scheme + "://user:" + password + "@" + rest)
		if strings.Contains(got, password) {
			t.Errorf("%q shows the password", got)
		}
	})
}
