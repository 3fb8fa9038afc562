package eml_test

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/mail/eml"
)

func letter() mail.Letter {
	return mail.Letter{
		ID: "abc123", From: `"Söhne, Acme" <no-reply@id.example.com>`, To: "Ada@MÜNCHEN.example",
		Subject: "Bestätigen Sie Ihre E-Mail-Adresse für Söhne, Acme – bitte möglichst bald, ja?",
		Text:    "Grüße\n.\nFrom here\n" + strings.Repeat("ü", 500), HTML: "<p lang=\"de\">Grüße</p>\n.\n",
		Date: time.Date(2026, 3, 1, 13, 0, 0, 0, time.FixedZone("CET", 3600)),
	}
}

func wire(t *testing.T, l mail.Letter) []byte {
	t.Helper()
	m, err := eml.Compose(l)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := m.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestComposeWritesAnInternetMessage(t *testing.T) {
	l := letter()
	raw := wire(t, l)
	for _, line := range strings.Split(string(raw), "\r\n") {
		if len(line) > 100 || strings.ContainsFunc(line, func(r rune) bool { return r > 126 || r < ' ' && r != '\t' }) {
			t.Errorf("a line that some server spoils: %q", line)
		}
	}
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	subject, _ := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	from, _ := m.Header.AddressList("From")
	got := map[string]string{
		"To": m.Header.Get("To"), "Message-ID": m.Header.Get("Message-ID"), "Date": m.Header.Get("Date"),
		"Auto-Submitted": m.Header.Get("Auto-Submitted"), "Subject": subject, "From": from[0].Name + "|" + from[0].Address,
		"User-Agent": m.Header.Get("User-Agent") + m.Header.Get("X-Mailer"), "Bcc": m.Header.Get("Bcc"),
	}
	want := map[string]string{
		"To": "<Ada@xn--mnchen-3ya.example>", "Message-ID": "<abc123@id.example.com>", "Date": "Sun, 01 Mar 2026 12:00:00 +0000",
		"Auto-Submitted": "auto-generated", "Subject": l.Subject, "From": "Söhne, Acme|no-reply@id.example.com",
		"User-Agent": "", "Bcc": "",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s, %v", kind, err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for _, want := range []struct{ kind, body string }{{"text/plain; charset=UTF-8", l.Text}, {"text/html; charset=UTF-8", l.HTML}} {
		p, err := parts.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		if text := strings.ReplaceAll(string(body), "\r\n", "\n"); err != nil || text != want.body || p.Header.Get("Content-Type") != want.kind {
			t.Errorf("%s, %v:\n%s", p.Header.Get("Content-Type"), err, text)
		}
	}
	if _, err := parts.NextRawPart(); err != io.EOF {
		t.Errorf("a third part, or %v", err)
	}
}

func TestComposeGivesTheSameBytesAgain(t *testing.T) {
	if a, b := wire(t, letter()), wire(t, letter()); !bytes.Equal(a, b) {
		t.Errorf("two messages of one letter:\n%s\n%s", a, b)
	}
}

func TestComposeRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*mail.Letter)
		final bool
	}{
		{"a line break in the subject", func(l *mail.Letter) { l.Subject = "a\r\nBcc: evil@x.example" }, true},
		{"a bare line feed in the subject", func(l *mail.Letter) { l.Subject = "a\nBcc: evil@x.example" }, true},
		{"a NUL in the subject", func(l *mail.Letter) { l.Subject = "a\x00b" }, true},
		{"a line separator in the subject", func(l *mail.Letter) { l.Subject = "a\u2028b" }, true},
		{"no subject", func(l *mail.Letter) { l.Subject = "" }, true},
		{"an endless subject", func(l *mail.Letter) { l.Subject = strings.Repeat("a", 301) }, true},
		{"two recipients", func(l *mail.Letter) { l.To = "a@x.example, b@x.example" }, true},
		{"a recipient with a name", func(l *mail.Letter) { l.To = "Ada <a@x.example>" }, true},
		{"a recipient with a line break", func(l *mail.Letter) { l.To = "a@x.example\r\nBcc: b@x.example" }, true},
		{"a recipient with a parameter", func(l *mail.Letter) { l.To = "a@x.example> NOTIFY=NEVER" }, true},
		{"an id that is a path", func(l *mail.Letter) { l.ID = "../a" }, true},
		{"no id", func(l *mail.Letter) { l.ID = "" }, true},
		{"a sender who is none", func(l *mail.Letter) { l.From = "Acme" }, false},
		{"a sender with a line break", func(l *mail.Letter) { l.From = "\"a\r\n b\" <a@x.example>" }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := letter()
			c.spoil(&l)
			_, err := eml.Compose(l)
			if err == nil || errors.Is(err, mail.ErrRefused) != c.final || strings.Contains(err.Error(), "example") {
				t.Errorf("got %v, final: %v", err, c.final)
			}
		})
	}
}
