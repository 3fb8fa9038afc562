package letter_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// Security case A-67: what people write about themselves stays text.
func TestANameIsOnlyEverAName(t *testing.T) {
	w := writer(t)
	for _, c := range []struct {
		name, given string
		text, html  string // how the greeting reads
	}{
		{"line breaks become spaces", "x\r\nBcc: evil", "Hello x Bcc: evil,", "Hello x Bcc: evil,"},
		{"a header with an address is no name", "x\r\nBcc: evil@x.example", "Hello,", "Hello,"},
		{"a template is text", "{{.Token}}", "Hello {{.Token}},", "Hello {{.Token}},"},
		{"a placeholder is text", "{brand}", "Hello {brand},", "Hello {brand},"},
		{"markup is escaped", "<img src=x>", "Hello <img src=x>,", "Hello &lt;img src=x&gt;,"},
		{"quotes are escaped", `"><b onclick='x'>`, `Hello "><b onclick='x'>,`, `Hello &#34;&gt;&lt;b onclick=&#39;x&#39;&gt;,`},
		{"a link is no name", "http://evil", "Hello,", "Hello,"},
		{"a host is no name", "Gewinn auf evil.example", "Hello,", "Hello,"},
		{"a host with another dot is no name", "evil。example", "Hello,", "Hello,"},
		{"a scheme is no name", "tel:0190 123456", "Hello,", "Hello,"},
		{"initials are a name", "J. R. R. Tolkien", "Hello J. R. R. Tolkien,", "Hello J. R. R. Tolkien,"},
		{"NUL and the like are gone", "A\x00d\x1ba", "Hello Ada,", "Hello Ada,"},
		{"turned text is set straight", "Ada\u202egro\u2066", "Hello Adagro,", "Hello Adagro,"},
		{"separators become spaces", "Ada\u2028\u2029\u0085L", "Hello Ada L,", "Hello Ada L,"},
		{"broken encoding is gone", "A\xffda", "Hello Ada,", "Hello Ada,"},
		{"umlauts stay", "Jürgen Groß", "Hello Jürgen Groß,", "Hello Jürgen Groß,"},
		{"64 characters stay", strings.Repeat("ü", 64), "Hello " + strings.Repeat("ü", 64) + ",", "Hello " + strings.Repeat("ü", 64) + ","},
		{"65 are cut", strings.Repeat("ü", 65), "Hello " + strings.Repeat("ü", 63) + "…,", "Hello " + strings.Repeat("ü", 63) + "…,"},
		{"nothing but spaces is no name", " \t\n", "Hello,", "Hello,"},
	} {
		t.Run(c.name, func(t *testing.T) {
			plain := write(t, w, message(mail.VerifyEmail, "en"))
			m := message(mail.VerifyEmail, "en")
			m.Name = c.given
			l := write(t, w, m)
			if l.Subject != plain.Subject || l.To != plain.To || l.From != plain.From {
				t.Errorf("the name changed a header: %+v", l)
			}
			if first, _, _ := strings.Cut(l.Text, "\n"); first != c.text {
				t.Errorf("text: %q, want %q", first, c.text)
			}
			if !strings.Contains(l.HTML, ">"+c.html+"</p>") {
				t.Errorf("HTML lacks %q:\n%s", c.html, l.HTML)
			}
			if strings.Count(l.HTML, "<") != strings.Count(plain.HTML, "<") {
				t.Error("the name added markup")
			}
		})
	}
}

func TestWhatIsKnownOfSomebodyIsOnlyEverThat(t *testing.T) {
	w := writer(t)
	for _, c := range []struct {
		name, device, address, email string
		has, without                 string
	}{
		{name: "a phone", device: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1", has: "Safari on iPhone"},
		{name: "Edge is not Chrome", device: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0", has: "Edge on Windows"},
		{name: "Chrome is not Safari", device: "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36", has: "Chrome on Android"},
		{name: "a program", device: "curl/8.5.0", has: "Device: curl\n"},
		{name: "an app on a system", device: "Acme/1 (Windows)", has: "Device: Windows\n"},
		{name: "a link for a device", device: "http://evil.example/x", without: "evil"},
		{name: "a host for a device", device: "evil.example/1", without: "evil"},
		{name: "a link behind a browser", device: "Firefox/1 http://evil.example", has: "Device: Firefox\n", without: "evil"},
		{name: "a device of line breaks", device: "x\r\n\r\nCall 0190", without: "0190"},
		{name: "an address that is a text", address: "call 0190", without: "0190"},
		{name: "an address with a zone", address: "fe80::1%evil", has: "IP address: fe80::1\n", without: "evil"},
		{name: "a new address that is none", email: "call 0190 <a@b.example>", without: "0190"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := message(mail.AddressChange, "en")
			m.Device, m.Address, m.NewEmail = c.device, c.address, c.email
			l := write(t, w, m)
			if !strings.Contains(l.Text, c.has) || c.without != "" && strings.Contains(l.Text+l.HTML, c.without) {
				t.Errorf("want %q and not %q:\n%s", c.has, c.without, l.Text)
			}
		})
	}
}

func FuzzWrite(f *testing.F) {
	f.Add("Ada", browser, "192.0.2.1", "a@b.example")
	f.Add("<b>\u202e", "curl/8", "::1", "a@b")
	f.Add("a.b\r\nBcc: x", "x\x00", "%", "\n")
	w, err := letterForFuzz()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name, device, address, email string) {
		m := message(mail.AddressChange, "en")
		m.Name, m.Device, m.Address, m.NewEmail = name, device, address, email
		l := write(t, w, m)
		greeting, _, _ := strings.Cut(l.Text, ",\n")
		if utf8.RuneCountInString(greeting) > len("Hello ")+64 || !utf8.ValidString(l.Text) {
			t.Errorf("a greeting of %q", greeting)
		}
		if i := strings.IndexFunc(l.Text, func(r rune) bool { return r != '\n' && !unicode.IsGraphic(r) }); i >= 0 {
			t.Errorf("a control character in %q", l.Text[i:])
		}
		if n := strings.Count(l.Text, "\n\n"); n != 6 {
			t.Errorf("%d paragraphs: somebody added or removed one:\n%s", n, l.Text)
		}
		if n := strings.Count(l.HTML, "<a "); n != 2 {
			t.Errorf("%d links", n)
		}
	})
}
