package letter_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/mail/letter"
)

func letterForFuzz() (*letter.Writer, error) { return letter.Open("", brand, from) }

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAFolderReplacesTemplates(t *testing.T) {
	w, err := letter.Open(folder(t, map[string]string{
		"letter.html":     `<p lang="{{.Language}}">{{.Name}} {{.Intro}}</p>`,
		"invitation.html": `<i>{{.Text "mail.footer" "brand" .Brand.Name}}</i>`,
		"invitation.txt":  `Come to {{.Link}} until {{.Until}}`,
		"README":          "{{", "logo.svg": "{{", // nobody's templates
	}), brand, from)
	if err != nil {
		t.Fatal(err)
	}
	m := message(mail.VerifyEmail, "de")
	m.Name = "<Ada>"
	l := write(t, w, m)
	if !strings.HasPrefix(l.HTML, `<p lang="de">&lt;Ada&gt; jemand,`) || !strings.HasPrefix(l.Text, "Guten Tag <Ada>,") {
		t.Errorf("the common templates gave:\n%s\n%s", l.HTML, l.Text)
	}
	l = write(t, w, message(mail.Invitation, "en"))
	if l.Text != "Come to "+link+" until March 1, 2026 at 13:00 UTC" || !strings.Contains(l.HTML, "<i>This message was sent automatically by Acme &amp; Söhne.") {
		t.Errorf("a kind's own templates gave:\n%s\n%s", l.HTML, l.Text)
	}
}

func TestABrokenTemplateIsFoundAtTheStart(t *testing.T) {
	for _, c := range []struct {
		name, file, text string
		want             []string
	}{
		{"one that does not parse", "letter.html", "<p>\n{{.Intro}\n</p>", []string{"letter.html:2:"}},
		{"a text that does not parse", "letter.txt", "a\n\n{{if}}", []string{"letter.txt:3:"}},
		{"a field that does not exist", "reset_password.txt", "{{.Intro}}\n{{.Token}}", []string{"reset_password.txt:2:", "Token"}},
		{"a field that only some kinds get to", "new_sign_in.html", "{{range .Facts}}\n{{.Nothing}}{{end}}", []string{"new_sign_in.html:2:", "Nothing"}},
		{"HTML that cannot be made safe", "letter.html", "<a href='{{if .Link}}\"{{end}}\n<script>{{.Link", []string{"letter.html:2:"}},
		{"a name nobody reads", "resetpassword.html", "x", []string{"resetpassword.html", "there is no template of this name", "reset_password"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := folder(t, map[string]string{c.file: c.text})
			_, err := letter.Open(dir, brand, from)
			for _, want := range append(c.want, dir) {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %s", err, want)
				}
			}
		})
	}
	if _, err := letter.Open(filepath.Join(t.TempDir(), "gone"), brand, from); err == nil {
		t.Error("a folder that does not exist is no error")
	}
}
