package letter

import (
	"bytes"
	"embed"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"os"
	"slices"
	"strings"
	texttemplate "text/template"

	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

//go:embed templates
var builtIn embed.FS

// common names the templates of the kinds that have none of their own.
const common = "letter"

// templates holds the parsed ones by name: common, or a kind.
type templates struct {
	text map[string]*texttemplate.Template
	html map[string]*htmltemplate.Template
}

func readTemplates(folder string) (templates, error) {
	t := templates{text: map[string]*texttemplate.Template{}, html: map[string]*htmltemplate.Template{}}
	own, _ := fs.Sub(builtIn, "templates") // the folder is embedded
	if err := t.read(own); err != nil {
		return templates{}, err
	}
	if folder == "" {
		return t, nil
	}
	return t, t.read(os.DirFS(folder))
}

// read parses every template of a folder. Files that end in neither .html nor .txt are
// somebody's own business; one that does and has an unknown name is a mistake.
func (t templates) read(folder fs.FS) error {
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		file := e.Name()
		name, isText := strings.CutSuffix(file, ".txt")
		name, isHTML := strings.CutSuffix(name, ".html")
		if e.IsDir() || isText == isHTML {
			continue
		}
		if !slices.Contains(names(), name) {
			return fmt.Errorf("%s: there is no template of this name; there are %s, each .html and .txt", file, strings.Join(names(), ", "))
		}
		source, err := fs.ReadFile(folder, file)
		if err != nil {
			return err
		}
		if isHTML {
			t.html[name], err = htmltemplate.New(file).Parse(string(source))
		} else {
			t.text[name], err = texttemplate.New(file).Parse(string(source))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func names() []string {
	out := []string{common}
	for _, k := range mail.Kinds() {
		out = append(out, string(k))
	}
	return out
}

// render executes the templates of a kind, or else the common ones.
func (t templates) render(p page) (text, html string, err error) {
	plain, has := t.text[p.Kind]
	if !has {
		plain = t.text[common]
	}
	rich, has := t.html[p.Kind]
	if !has {
		rich = t.html[common]
	}
	var out bytes.Buffer
	if err := plain.Execute(&out, p); err != nil {
		return "", "", err
	}
	text = out.String()
	out.Reset()
	if err := rich.Execute(&out, p); err != nil {
		return "", "", err
	}
	return text, out.String(), nil
}
