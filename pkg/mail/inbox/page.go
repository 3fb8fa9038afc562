package inbox

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// Path is where the page is. The list for programs is at Path + ".json".
const Path = "/dev/mail"

//go:embed page
var files embed.FS

const (
	pagePolicy = "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	// A mail brings its own styles and nothing else. The sandbox keeps it from everything but
	// opening its links.
	mailPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)

// Handler serves the page, one mail, and the list for programs.
func (b *Inbox) Handler() http.Handler {
	pages := template.Must(template.New("").Funcs(template.FuncMap{"clock": clock}).ParseFS(files, "page/*.html"))
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path, func(w http.ResponseWriter, r *http.Request) {
		render(w, pages, "list.html", http.StatusOK, b.letters(r.URL.Query().Get("to")))
	})
	mux.HandleFunc("GET "+Path+"/{id}", func(w http.ResponseWriter, r *http.Request) {
		l, ok := b.letter(r.PathValue("id"))
		if !ok {
			render(w, pages, "missing.html", http.StatusNotFound, nil)
			return
		}
		render(w, pages, "letter.html", http.StatusOK, struct {
			mail.Letter
			Links []string
		}{l, links(l)})
	})
	mux.HandleFunc("GET "+Path+"/{id}/html", func(w http.ResponseWriter, r *http.Request) {
		l, ok := b.letter(r.PathValue("id"))
		if !ok {
			render(w, pages, "missing.html", http.StatusNotFound, nil)
			return
		}
		write(w, http.StatusOK, "text/html; charset=utf-8", mailPolicy, outward(l.HTML))
	})
	mux.HandleFunc("GET "+Path+".css", func(w http.ResponseWriter, _ *http.Request) {
		css, _ := files.ReadFile("page/style.css") // it is embedded
		write(w, http.StatusOK, "text/css; charset=utf-8", pagePolicy, css)
	})
	mux.HandleFunc("GET "+Path+".json", b.list)
	return mux
}

// outward makes the links of a mail open in a tab of their own: in the sandbox of its frame no
// page would work.
func outward(html string) []byte {
	const base = `<base target="_blank">`
	if before, after, ok := strings.Cut(html, "<head>"); ok {
		return []byte(before + "<head>" + base + after)
	}
	return []byte(base + html)
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func render(w http.ResponseWriter, pages *template.Template, name string, status int, data any) {
	var out bytes.Buffer
	if err := pages.ExecuteTemplate(&out, name, data); err != nil {
		http.Error(w, "the page is broken", http.StatusInternalServerError)
		return
	}
	write(w, status, "text/html; charset=utf-8", pagePolicy, out.Bytes())
}

func write(w http.ResponseWriter, status int, mediaType, policy string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the reader has gone
}

type entry struct {
	ID      string    `json:"id"`
	Kind    mail.Kind `json:"kind"`
	From    string    `json:"from"`
	To      string    `json:"to"`
	Subject string    `json:"subject"`
	Text    string    `json:"text"`
	HTML    string    `json:"html"`
	Links   []string  `json:"links"`
	Date    time.Time `json:"date"`
}

func (b *Inbox) list(w http.ResponseWriter, r *http.Request) {
	out := []entry{}
	for _, l := range b.letters(r.URL.Query().Get("to")) {
		out = append(out, entry{l.ID, l.Kind, l.From, l.To, l.Subject, l.Text, l.HTML, links(l), l.Date})
	}
	body, err := json.Marshal(out)
	if err != nil {
		http.Error(w, "the list is broken", http.StatusInternalServerError)
		return
	}
	write(w, http.StatusOK, "application/json", "default-src 'none'; frame-ancestors 'none'", append(body, '\n'))
}
