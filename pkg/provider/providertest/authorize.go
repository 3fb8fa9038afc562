package providertest

import (
	"html"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"testing"
)

// Callback is what a browser brings back from a provider.
type Callback struct {
	URL  *url.URL   // with the answer in its query, unless it came as a form
	Form url.Values // of response_mode=form_post; nil otherwise
}

// Values returns the answer, wherever it is.
func (c Callback) Values() url.Values {
	if c.Form != nil {
		return c.Form
	}
	return c.URL.Query()
}

// Authorize does what a browser does with an authorization URL whose user agrees at once.
func (p *Provider) Authorize(t testing.TB, authURL string) Callback {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, authURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := browser.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	switch res.StatusCode {
	case http.StatusFound:
		at, err := res.Location()
		if err != nil {
			t.Fatal(err)
		}
		return Callback{URL: at}
	case http.StatusOK:
		return readForm(t, string(body))
	}
	t.Fatalf("%s answers %d: %s", authURL, res.StatusCode, body)
	return Callback{}
}

// formPage is how an answer is posted: the browser sends the form by itself.
var formPage = template.Must(template.New("").Parse(`<!doctype html><title>{{.Action}}</title><form method="post" action="{{.Action}}">
{{range $name, $values := .Values}}{{range $values}}<input type="hidden" name="{{$name}}" value="{{.}}">
{{end}}{{end}}</form><script>document.forms[0].submit()</script>`))

var (
	formTitle = regexp.MustCompile(`<title>(.*?)</title>`)
	formInput = regexp.MustCompile(`name="(.*?)" value="(.*?)"`)
)

func readForm(t testing.TB, page string) Callback {
	t.Helper()
	title := formTitle.FindStringSubmatch(page)
	if title == nil {
		t.Fatalf("no form: %s", page)
	}
	action, err := url.Parse(html.UnescapeString(title[1]))
	if err != nil {
		t.Fatal(err)
	}
	c := Callback{URL: action, Form: url.Values{}}
	for _, m := range formInput.FindAllStringSubmatch(page, -1) {
		c.Form.Add(html.UnescapeString(m[1]), html.UnescapeString(m[2]))
	}
	return c
}

// postForm turns a redirect with an answer in its query into a page that posts it.
func postForm(w http.ResponseWriter, location string) {
	at, err := url.Parse(location)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	values := at.Query()
	at.RawQuery = ""
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = formPage.Execute(w, struct {
		Action string
		Values url.Values
	}{at.String(), values})
}
