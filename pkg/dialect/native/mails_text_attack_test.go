package native_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// TestANameInAMailIsAName lets people call themselves what an attacker would like a mail of
// ours to say.
func TestANameInAMailIsAName(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	dialecttest.QuickPasswords(s)
	plain := s.Register(t, "plain@example.com", goodPassword)
	must(t, s, request{Method: "PATCH", Path: "/auth/me", Bearer: plain.AccessToken, Body: body("displayName", "Ada Lovelace")}, 200)
	must(t, s, forgot("plain@example.com"), 202)
	control := s.Mails(t, mail.ResetPassword, "plain@example.com")[0]
	if !contains(control.Text, "Ada Lovelace") || !contains(control.HTML, "Ada Lovelace") || contains(control.Subject, "Ada") {
		t.Fatalf("a good name: %s\n%s", control.Subject, control.Text)
	}
	for i, name := range []string{
		"{{.Link}}", "{{template \"x\"}}", "${7*7}", "<%= 7*7 %>", "#{7*7}", `{{printf "%s" .}}`,
		`<img src=x onerror=alert(1)>`, `</td></tr></table><h1>pwned</h1>`, `"><script>alert(1)</script>`, `<a href="https://evil.example">click</a>`, `&lt;b&gt;`, `<!--`,
		"https://evil.example/win", "evil.example", "www.evil.example", "see evil.example/x now", "//evil.example", "mailto:eve@evil.example", "javascript:alert(1)", "eve@evil.example",
		strings.Repeat("W", 64), "=?utf-8?q?pwned?=", "Ada%0d%0aBcc: eve", `\r\nBcc: eve`,
	} {
		email := fmt.Sprintf("u%d@example.com", i)
		q := register(s, email, goodPassword)
		q.Body = body("email", email, "password", goodPassword, "name", name)
		must(t, s, q, 201)
		must(t, s, forgot(email), 202)
		letters := append(s.Mails(t, mail.ResetPassword, email), s.Mails(t, mail.VerifyEmail, email)...)
		if len(letters) != 2 {
			t.Fatalf("%q: %d mails", name, len(letters))
		}
		for _, l := range letters {
			harmless(t, name, l)
		}
		if letters[0].Subject != control.Subject {
			t.Errorf("%q is in the subject %q", name, letters[0].Subject)
		}
	}
	for _, refused := range []string{"x\r\nBcc: eve@evil.example", "x\nSubject: y", "x\ry", "x\x00y", "\u202egpj.exe", "x\u2028y"} {
		for _, member := range []string{"name", "lastName"} {
			q := register(s, "refused@example.com", goodPassword)
			q.Body = body("email", "refused@example.com", "password", goodPassword, member, refused)
			if r := s.Do(t, q); r.Status != 400 || field(t, r) != member {
				t.Errorf("%s %q: %d %s", member, refused, r.Status, r.Body)
			}
		}
	}
	counts(t, s, mail.VerifyEmail, "refused@example.com", 0)
}

// harmless checks a mail to somebody with a name that wants to be more.
func harmless(t *testing.T, name string, l mail.Letter) {
	t.Helper()
	for _, raw := range []string{"<img", "<script", "<h1>pwned", "onerror=alert(1)>", "</td></tr></table><h1>", `href="https://evil`, "<!--"} {
		if strings.Contains(name, raw) && strings.Contains(l.HTML, raw) && raw != "<!--" {
			t.Errorf("%q is markup in a mail of kind %s", name, l.Kind)
		}
	}
	for part, text := range map[string]string{"text": l.Text, "HTML": l.HTML} {
		for _, word := range []string{"evil.example", "mailto:eve", "javascript:", "49"} {
			if strings.Contains(name, word) && strings.Contains(text, word) || word == "49" && strings.Contains(name, "7*7") && strings.Contains(text, " 49,") {
				t.Errorf("%q puts %q into the %s of a mail of kind %s", name, word, part, l.Kind)
			}
		}
	}
	if strings.ContainsAny(l.Subject, "\r\n") || strings.Contains(l.Subject, name) || strings.ContainsAny(l.To, "\r\n ,;<>") {
		t.Errorf("%q: subject %q, to %q", name, l.Subject, l.To)
	}
	if got := strings.Count(l.Text, "token="); got != 1 {
		t.Errorf("%q: %d links in the text", name, got)
	}
}

// What an inviter writes down for themselves is in no mail, nor is where they are.
func TestAnInvitationSaysNothingOfTheInviter(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	dialecttest.QuickPasswords(s)
	admin := s.NewUser(t, "root@example.com", identity.Admin)
	must(t, s, request{Method: "PATCH", Path: "/auth/me", Bearer: admin.AccessToken, Body: body("displayName", "Click https://evil.example")}, 200)
	for i, note := range []string{"Click https://evil.example now", "{{.Link}}", `<img src=x onerror=alert(1)>`, "Bcc: eve@evil.example"} {
		email := fmt.Sprintf("guest%d@example.com", i)
		q := request{Path: "/auth/generateInvitationCode", Bearer: admin.AccessToken, Body: body("email", email, "note", note)}
		q.Header = map[string]string{"User-Agent": "Evil/1.0"}
		must(t, s, q, 201)
		letter := s.Mails(t, mail.Invitation, email)[0]
		for _, secret := range []string{note, "evil", "Evil", "onerror", "root@", "127.0.0.1"} {
			if strings.Contains(letter.Subject+letter.Text+letter.HTML, secret) {
				t.Errorf("%q is in the invitation:\n%s", secret, letter.Text)
			}
		}
	}
	for _, refused := range []string{"x\r\nBcc: eve@evil.example", "x\x00", strings.Repeat("x", 201)} {
		q := request{Path: "/auth/generateInvitationCode", Bearer: admin.AccessToken, Body: body("email", "guest@example.com", "note", refused)}
		if r := s.Do(t, q); r.Status != 400 || field(t, r) != "note" {
			t.Errorf("%q: %d %s", refused, r.Status, r.Body)
		}
	}
	counts(t, s, mail.Invitation, "guest@example.com", 0)
}
