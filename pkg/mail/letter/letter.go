package letter

import (
	"fmt"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/locale"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// Brand is what is shown of whoever runs the service.
type Brand struct {
	Name  string
	Color string // #rrggbb, dark enough for white text
}

// Writer puts messages into words. It is safe for concurrent use.
type Writer struct {
	brand     Brand
	from      string
	templates templates
}

// Open reads the templates, those in folder instead of the built-in ones of the same name,
// and tries each with every kind and language, so that a broken one is found now: the error
// names the file and the line. An empty folder name means there are only the built-in ones.
// Letters will be from the mailbox from (RFC 5322).
func Open(folder string, brand Brand, from string) (*Writer, error) {
	t, err := readTemplates(folder)
	if err != nil {
		return nil, fmt.Errorf("mail templates: %s: %w", folder, err)
	}
	w := &Writer{brand: brand, from: from, templates: t}
	for _, m := range samples() {
		if _, err := w.Write("sample", m, m.At); err != nil {
			return nil, fmt.Errorf("mail templates: %s: %w", folder, err)
		}
	}
	return w, nil
}

// Write returns a message in words, in the language its reader prefers. It fails on a kind
// that it does not know and when a template of the operator's does.
func (w *Writer) Write(id string, m mail.Message, now time.Time) (mail.Letter, error) {
	p, err := compose(locale.Match(m.Language), w.brand, m)
	if err != nil {
		return mail.Letter{}, err
	}
	text, html, err := w.templates.render(p)
	if err != nil {
		return mail.Letter{}, err
	}
	return mail.Letter{
		ID: id, Kind: m.Kind, From: w.from, To: m.To, Subject: p.Subject, Text: text, HTML: html, Date: now,
	}, nil
}
