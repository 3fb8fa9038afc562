package browsertest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/browsertest"
)

// page is a small page that does nothing wrong.
const page = `<!doctype html><html lang="en"><title>Guests</title>
<style>body { background: #fff; color: #111 } a { color: inherit } @media (prefers-color-scheme: dark) { body { background: #111; color: #eee } }</style>
<main><h1>Guests</h1>
<form action="/greet" method="get"><label for="n">Your name</label> <input id="n" name="name" value="nobody">
<label><input type="checkbox" name="loud"> Loudly</label> <button>Greet</button></form>
<noscript><p>No scripts here</p></noscript>
<a href="/other">Elsewhere</a></main>
<script src="/page.js"></script></html>`

// site serves page at /, and at other paths what a test gives.
func site(t *testing.T, extra map[string]string) string {
	t.Helper()
	mux := http.NewServeMux()
	html := func(w http.ResponseWriter, text string) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'self'; style-src 'unsafe-inline'; img-src 'self' data:")
		fmt.Fprint(w, text)
	}
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) { html(w, page) })
	mux.HandleFunc("/greet", func(w http.ResponseWriter, r *http.Request) {
		html(w, fmt.Sprintf(`<!doctype html><html lang="en"><title>Hello</title><h1>Hello %s, loud: %q, in %s</h1></html>`,
			r.FormValue("name"), r.FormValue("loud"), r.Header.Get("Accept-Language")))
	})
	mux.HandleFunc("/favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/page.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprint(w, `addEventListener("storage", e => { document.title = e.newValue }); window.loaded = true`)
	})
	for path, text := range extra {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			if strings.HasSuffix(path, ".js") {
				w.Header().Set("Content-Type", "text/javascript")
				fmt.Fprint(w, text)
				return
			}
			html(w, text)
		})
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func TestATabIsUsedAsAPersonWould(t *testing.T) {
	url := site(t, map[string]string{"/other": `<!doctype html><html lang="en"><title>Other</title><h1>Other</h1></html>`})
	tab := browsertest.Start(t).Tab(t)
	tab.Language("de-CH,de")
	tab.Open(url + "/")
	tab.WaitFor("window.loaded")
	tab.Accessible()
	tab.Fill("Your name", "Ada")
	tab.Toggle("Loudly")
	tab.Press("Greet")
	tab.WaitFor(`document.title === "Hello"`)
	if got, want := tab.Text("h1"), `Hello Ada, loud: "on", in de-CH,de;q=0.9`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := tab.URL(); got != url+"/greet?name=Ada&loud=on" {
		t.Errorf("the address is %s", got)
	}
	tab.Open(url + "/")
	tab.Fill("Your name", "")
	tab.Type("Grace\r")
	tab.WaitFor(`document.body.innerText.includes("Hello Grace")`)
	tab.Open(url + "/")
	tab.Follow("Elsewhere")
	if got := tab.Text("h1"); got != "Other" {
		t.Errorf("got %q", got)
	}
	tab.Eval(`history.replaceState(null, "", "/replaced")`, nil)
	history := tab.History()
	if diff := cmp.Diff([]string{url + "/greet?name=Grace", url + "/", url + "/replaced"}, history[len(history)-3:]); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	tab.Clean()
	var paths []string
	for _, q := range tab.Requests() {
		if q.Kind == "Document" {
			paths = append(paths, fmt.Sprintf("%s %s from %s", q.Method, strings.TrimPrefix(q.URL, url), strings.TrimPrefix(q.Referrer, url)))
		}
	}
	want := []string{"GET / from ", "GET /greet?name=Ada&loud=on from /", "GET / from ", "GET /greet?name=Grace from /", "GET / from ", "GET /other from /"}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
}

func TestTabsShareAProfileAndNothingElse(t *testing.T) {
	url := site(t, nil)
	browser := browsertest.Start(t)
	one, two, apart := browser.Tab(t), browser.Tab(t), browser.Profile(t).Tab(t)
	for _, tab := range []*browsertest.Tab{one, two, apart} {
		tab.Open(url)
		tab.WaitFor("window.loaded")
	}
	one.Eval(`localStorage.setItem("k", "shared"); sessionStorage.setItem("k", "mine")`, nil)
	two.WaitFor(`document.title === "shared"`)
	for _, c := range []struct {
		name string
		tab  *browsertest.Tab
		want []string
	}{
		{"the tab itself", one, []string{"shared", "mine"}},
		{"another tab of the profile", two, []string{"shared", ""}},
		{"another profile", apart, []string{"", ""}},
	} {
		var got []string
		c.tab.Eval(`[localStorage.getItem("k") ?? "", sessionStorage.getItem("k") ?? ""]`, &got)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	two.Close()
}

func TestAPageIsSeenUnderOtherConditions(t *testing.T) {
	url := site(t, nil)
	shots := t.TempDir()
	t.Setenv("GATEHOUSE_TEST_SHOTS", shots)
	tab := browsertest.Start(t).Tab(t)
	tab.BeforePages("delete Navigator.prototype.locks")
	tab.Size(320, 640)
	tab.Prefer("prefers-color-scheme", "dark")
	tab.Open(url)
	var got []any
	tab.Eval(`[innerWidth, getComputedStyle(document.body).color, "locks" in navigator, document.visibilityState, document.hasFocus()]`, &got)
	if diff := cmp.Diff([]any{320.0, "rgb(238, 238, 238)", false, "visible", true}, got); diff != "" {
		t.Errorf("the page (-want +got):\n%s", diff)
	}
	tab.Accessible()
	tab.Shot("dark")
	if png, err := os.ReadFile(filepath.Join(shots, "dark.png")); err != nil || !strings.HasPrefix(string(png), "\x89PNG") {
		t.Errorf("the picture: %v", err)
	}
	tab.Scripts(false)
	tab.Open(url)
	began := time.Now()
	tab.WaitFor(fmt.Sprintf("Date.now() > %d", began.Add(300*time.Millisecond).UnixMilli()))
	if got := tab.Text("noscript"); got != "No scripts here" {
		t.Errorf("without scripts: %q", got)
	}
	tab.Fill("Your name", "Ada")
	tab.Press("Greet")
	tab.WaitFor(`document.title === "Hello"`)
}

func TestComplaints(t *testing.T) {
	const head = `<!doctype html><html lang="en"><title>Bad</title><h1>Bad</h1>`
	url := site(t, map[string]string{
		"/inline":     head + `<script>window.inline = true</script>`,
		"/throws":     head + `<script src="/throws.js"></script>`,
		"/throws.js":  `throw new Error("broken on purpose")`,
		"/rejects":    head + `<script src="/rejects.js"></script>`,
		"/rejects.js": `Promise.reject(new Error("left alone"))`,
		"/logs":       head + `<script src="/logs.js"></script>`,
		"/logs.js":    `console.error("it said", 42); console.warn("a warning"); console.log("a word")`,
		"/missing":    head + `<img src="/no-such.png" alt="">`,
		"/elsewhere":  head + `<img src="https://example.com/x.png" alt="">`,
		"/nameless":   head + `<form><input name="q"><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw="></form>`,
		"/pale":       head + `<style>p { color: #ccc; background: #fff }</style><p>Hard to read</p>`,
	})
	browser := browsertest.Start(t)
	clean := func(tab *browsertest.Tab) { tab.Clean() }
	for _, c := range []struct {
		name, path string
		check      func(*browsertest.Tab)
		want       []string
	}{
		{"an inline script that the policy forbids", "/inline", clean, []string{"Content Security Policy"}},
		{"a picture that the policy forbids", "/elsewhere", clean, []string{"Content Security Policy"}},
		{"an exception", "/throws", clean, []string{"broken on purpose"}},
		{"a rejection that nobody handles", "/rejects", clean, []string{"left alone"}},
		{"an error on the console, but no warning", "/logs", clean, []string{"it said 42"}},
		{"a picture that is not there", "/missing", clean, []string{"404"}},
		{"an exception that is expected", "/throws", func(tab *browsertest.Tab) { tab.Clean("broken on purpose") }, nil},
		{"a field and a picture without a name", "/nameless", (*browsertest.Tab).Accessible, []string{"image-alt", "label"}},
		{"too little contrast", "/pale", (*browsertest.Tab).Accessible, []string{"color-contrast"}},
		{"an expression that throws", "/pale", func(tab *browsertest.Tab) { tab.Eval("noSuchThing()", nil) }, []string{"noSuchThing is not defined"}},
		{"a condition that never holds", "/pale", func(tab *browsertest.Tab) { hurried(tab).WaitFor("1 === 2") }, []string{"1 === 2"}},
		{"a field without a name", "/nameless", func(tab *browsertest.Tab) { hurried(tab).Fill("q", "x") }, []string{`found 0 of ["textbox"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			heard := &listener{TB: t}
			heard.run(func() {
				tab := browser.Tab(heard)
				tab.Open(url + c.path)
				c.check(tab)
			})
			if len(heard.complaints) != len(c.want) {
				t.Fatalf("got %d complaints, want %d: %q", len(heard.complaints), len(c.want), heard.complaints)
			}
			for i, part := range c.want {
				if !strings.Contains(heard.complaints[i], part) {
					t.Errorf("%q does not say %q", heard.complaints[i], part)
				}
			}
		})
	}
}

func TestNoBrowser(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("GATEHOUSE_TEST_BROWSER", "")
	for _, c := range []struct{ name, required, want string }{
		{"is skipped loudly", "", "skip: NOT RUN: no browser"},
		{"fails where a browser is required", "1", "no browser"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("GATEHOUSE_REQUIRE_BROWSER", c.required)
			heard := &listener{TB: t}
			heard.run(func() { browsertest.Start(heard) })
			if len(heard.complaints) != 1 || !strings.HasPrefix(heard.complaints[0], c.want) {
				t.Errorf("got %q", heard.complaints)
			}
		})
	}
}

// hurried makes a tab give up sooner.
func hurried(tab *browsertest.Tab) *browsertest.Tab {
	browsertest.SetPatience(tab, 500*time.Millisecond)
	return tab
}

// listener is a test that may fail: it keeps the complaints to itself.
type listener struct {
	testing.TB
	complaints []string
}

func (l *listener) run(f func()) {
	var done sync.WaitGroup
	done.Go(f) // Goexit must not end the real test
	done.Wait()
}

func (l *listener) Errorf(format string, args ...any) {
	l.complaints = append(l.complaints, fmt.Sprintf(format, args...))
}

func (l *listener) Fatalf(format string, args ...any) {
	l.Errorf(format, args...)
	runtime.Goexit()
}

func (l *listener) Fatal(args ...any) { l.Fatalf("%s", fmt.Sprint(args...)) }
func (l *listener) Skip(args ...any)  { l.Fatalf("skip: %s", fmt.Sprint(args...)) }
