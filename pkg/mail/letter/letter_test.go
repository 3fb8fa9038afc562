package letter_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/locale"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/mail/letter"
)

var (
	now   = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	brand = letter.Brand{Name: "Acme & Söhne", Color: "#00563f"}
)

const (
	from    = "Acme <no-reply@id.example.com>"
	link    = "https://id.example.com/account/reset?token=a&b=c"
	browser = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
)

func message(k mail.Kind, language string) mail.Message {
	return mail.Message{
		Kind: k, To: "ada@example.com", Language: language, Name: "Ada", Link: link, NewEmail: "new@example.com",
		Device: browser, Address: "192.0.2.1", At: now, Until: now.Add(time.Hour),
	}
}

func writer(t *testing.T) *letter.Writer {
	t.Helper()
	w, err := letter.Open("", brand, from)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func write(t *testing.T, w *letter.Writer, m mail.Message) mail.Letter {
	t.Helper()
	l, err := w.Write("id1", m, now)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// linked lists the kinds whose letters have a link.
var linked = []mail.Kind{
	mail.VerifyEmail, mail.AccountExists, mail.ResetPassword, mail.Invitation, mail.ConfirmAddress, mail.AddressChange,
	mail.SignInLink,
}

func TestEveryKindHasWordsInEveryLanguage(t *testing.T) {
	w := writer(t)
	anchor := regexp.MustCompile(`<a [^>]*href="([^"]*)"`)
	for _, k := range mail.Kinds() {
		for _, in := range locale.All() {
			l := write(t, w, message(k, in.Tag()))
			if l.ID != "id1" || l.Kind != k || l.From != from || l.To != "ada@example.com" || !l.Date.Equal(now) {
				t.Errorf("%s: an envelope of %+v", k, l)
			}
			if !strings.Contains(l.Subject, brand.Name) || strings.Contains(l.Subject+l.Text+l.HTML, "mail.") || strings.Contains(l.HTML, "Zgotmpl") {
				t.Errorf("%s in %s: %q or its bodies lack a text", k, in.Tag(), l.Subject)
			}
			if strings.ContainsAny(l.Subject+l.Text, "{}") {
				t.Errorf("%s in %s has a placeholder left:\n%s", k, in.Tag(), l.Text)
			}
			for _, part := range []string{
				`<html lang="` + in.Tag() + `">`, "Acme &amp; Söhne", `name="color-scheme"`, "prefers-color-scheme: dark",
			} {
				if !strings.Contains(l.HTML, part) {
					t.Errorf("%s in %s lacks %s", k, in.Tag(), part)
				}
			}
			if regexp.MustCompile(`<(img|link|script|table|iframe)|url\(|@import`).MatchString(l.HTML) {
				t.Errorf("%s in %s fetches something or needs a table", k, in.Tag())
			}
			var want [][]string
			if slices.Contains(linked, k) {
				escaped := strings.ReplaceAll(link, "&", "&amp;")
				want = [][]string{{escaped}, {escaped}}
			}
			var got [][]string
			for _, m := range anchor.FindAllStringSubmatch(l.HTML, -1) {
				got = append(got, m[1:])
			}
			if diff := cmp.Diff(want, got); diff != "" || strings.Count(l.Text, link) != len(want)/2 {
				t.Errorf("%s in %s, links (-want +got):\n%s", k, in.Tag(), diff)
			}
			if len(want) > 0 && !strings.Contains(l.HTML, "background-color:#00563f") {
				t.Errorf("%s in %s does not show the brand's colour", k, in.Tag())
			}
		}
	}
}

func TestNoTextIsLeftOver(t *testing.T) {
	data, err := os.ReadFile("../../locale/text/en/mail.json")
	if err != nil {
		t.Fatal(err)
	}
	var texts map[string]string
	if err := json.Unmarshal(data, &texts); err != nil {
		t.Fatal(err)
	}
	for key := range texts {
		if name, ok := strings.CutPrefix(key, "mail.kind."); ok {
			kind, part, _ := strings.Cut(name, ".")
			k := mail.Kind(kind)
			used := part == "subject" || part == "intro" || part == "otherwise" ||
				part == "button" && slices.Contains(linked, k) || part == "hint" && k == mail.AccountExists
			if !used || !slices.Contains(mail.Kinds(), k) {
				t.Errorf("nothing asks for %s", key)
			}
		}
	}
}

func TestLettersTellWhoAndUntilWhen(t *testing.T) {
	w := writer(t)
	for _, c := range []struct {
		kind    mail.Kind
		in      string
		has     []string
		without []string
	}{
		{mail.ResetPassword, "en", []string{"Hello Ada,", "Firefox on Linux", "192.0.2.1", "until March 1, 2026 at 13:00 UTC", "without your click"}, nil},
		{mail.ResetPassword, "de-AT,en;q=0.5", []string{"Guten Tag Ada,", "Firefox unter Linux", "bis zum 1. März 2026 um 13:00 Uhr (UTC)", "Ohne Ihren Klick"}, nil},
		{mail.NewSignIn, "", []string{"March 1, 2026 at 12:00 UTC", "192.0.2.1", "If that was not you"}, []string{link, "new@example.com"}},
		{mail.SignInLink, "en", []string{"Firefox on Linux", "192.0.2.1", "until March 1, 2026 at 13:00 UTC", "without your click"}, nil},
		{mail.SignInLink, "de", []string{"Firefox unter Linux", "192.0.2.1", "bis zum 1. März 2026 um 13:00 Uhr (UTC)", "Ohne Ihren Klick"}, nil},
		{mail.AddressChange, "en", []string{"new@example.com", "keep your old address"}, nil},
		{mail.Invitation, "en", []string{"13:00 UTC"}, []string{"192.0.2.1", "Firefox", "12:00"}},
	} {
		l := write(t, w, message(c.kind, c.in))
		for _, body := range []string{l.Text, l.HTML} {
			for _, part := range c.has {
				if !strings.Contains(body, part) {
					t.Errorf("%s in %q lacks %q:\n%s", c.kind, c.in, part, body)
				}
			}
			for _, part := range c.without {
				if strings.Contains(body, part) {
					t.Errorf("%s in %q has %q:\n%s", c.kind, c.in, part, body)
				}
			}
		}
	}
	bare := write(t, w, mail.Message{Kind: mail.VerifyEmail, To: "ada@example.com", Link: link})
	if strings.Contains(bare.Text, "Device") || strings.Contains(bare.Text, "request came from") || strings.Contains(bare.Text, "until") || !strings.Contains(bare.Text, "Hello,\n") {
		t.Errorf("a message of which nothing is known:\n%s", bare.Text)
	}
}

func TestAnUnknownKindIsAnError(t *testing.T) {
	if _, err := writer(t).Write("id1", mail.Message{Kind: "from_the_future"}, now); err == nil {
		t.Error("got none")
	}
}
