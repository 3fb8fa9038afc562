package pages

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/locale"
)

//go:embed templates/*.html
var sources embed.FS

// view is what a page shows, in words.
type view struct {
	Title     string
	Intro     []string // paragraphs
	Problem   *problem // what was wrong with the form that came before
	Also      *inquiry // a second form beside the problem
	Form      *inquiry
	Others    []link // what there is to do instead of filling in the form
	Next      *link  // the one thing to do now, where it is no form
	Links     []link
	FinePrint string
}

// inquiry is a form.
type inquiry struct {
	Action string // a path
	Submit string // what the button says
	Hidden []hidden
	Fields []*field
	Others []button // that send the form elsewhere
}

// button is another button of a form. The first one is what the Enter key presses.
type button struct{ Action, Text string }

type hidden struct{ Name, Value string }

type link struct{ To, Text string }

// field is one input, with its label and what there is to say about it.
type field struct {
	Name         string // also its id
	Label        string
	Hint         string
	Problem      string
	Type         string // of the input element
	Autocomplete string
	Value        string // never a password
	ReadOnly     bool   // shown, and not sent
}

// Describedby returns the ids of what describes the input.
func (f field) Describedby() string {
	var ids []string
	if f.Hint != "" {
		ids = append(ids, f.Name+"-hint")
	}
	if f.Problem != "" {
		ids = append(ids, f.Name+"-problem")
	}
	return strings.Join(ids, " ")
}

// carry adds a hidden field unless it is empty.
func (q *inquiry) carry(name, value string) {
	if value != "" {
		q.Hidden = append(q.Hidden, hidden{name, value})
	}
}

func (q *inquiry) field(name string) *field {
	for _, f := range q.Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// frame is what the templates see: a view and what all pages share.
type frame struct {
	*view
	Lang                string
	Brand               string
	Style, Script, Icon string // paths
	Logo                string // path; empty when there is none
}

// parse reads the templates once for each language.
func parse() (map[locale.Locale]*template.Template, error) {
	parsed := map[locale.Locale]*template.Template{}
	for _, l := range locale.All() {
		t, err := template.New("").Funcs(template.FuncMap{"text": l.Text}).ParseFS(sources, "templates/*.html")
		if err != nil {
			return nil, fmt.Errorf("pages: %w", err)
		}
		parsed[l] = t
	}
	return parsed, nil
}

func (h *Handler) draw(name string, l locale.Locale, v *view) (httpkit.Document, error) {
	f := frame{view: v, Lang: l.Tag(), Brand: h.Brand.Name, Style: h.assets.style, Script: h.assets.script, Icon: h.assets.icon}
	if h.Brand.Logo.Content != nil {
		f.Logo, f.Icon = logoPath, logoPath
	}
	var out bytes.Buffer
	if err := h.templates[l].ExecuteTemplate(&out, name, f); err != nil {
		return httpkit.Document{}, fmt.Errorf("pages: draw %s: %w", name, err)
	}
	return httpkit.Document{Type: "text/html; charset=utf-8", Content: out.Bytes()}, nil
}

// The policies of the pages: nothing from elsewhere, nothing inline, in nobody's frame. Browsers
// hold the redirect after a form to form-action too; it stays on this origin.
const (
	formPolicy    = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
	arrivalPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

func headers(policy string) http.Header {
	return http.Header{"Content-Security-Policy": {policy}, "Cross-Origin-Opener-Policy": {"same-origin"}}
}

// show answers with a page.
func (h *Handler) show(l locale.Locale, v *view) (httpkit.Reply, error) {
	doc, err := h.draw("page", l, v)
	return httpkit.Reply{Status: http.StatusOK, Header: headers(formPolicy), Body: doc}, err
}
