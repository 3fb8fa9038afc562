package example_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/docs/example"
	"github.com/gatehouse-id/gatehouse/pkg/browsertest"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

const password = "correct horse battery staple"

// site is a Gatehouse with the app at /app/, as a development server has it.
type site struct {
	*dialecttest.Server
	URL string
	API string
}

func start(t *testing.T, env ...string) *site {
	t.Helper()
	s := &site{}
	mux := http.NewServeMux()
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	s.URL = web.URL
	s.Server = dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{
		Env: append([]string{"GATEHOUSE_PUBLIC_URL=" + s.URL}, env...), Clock: dialecttest.NewRunningClock(),
	})
	dialecttest.QuickPasswords(s.Server)
	mux.Handle("/", s.App.Handler())
	s.API = run(t, "api", "-listen", "127.0.0.1:0", "-issuer", s.URL, "-audience", s.URL, "-origin", s.URL)
	mux.HandleFunc("/app/config.json", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"baseUrl": s.URL, "apiKey": s.Publishable, "api": s.API})
	})
	app := http.StripPrefix("/app/", http.FileServerFS(example.App()))
	mux.HandleFunc("/app/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' "+s.API+
			"; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		app.ServeHTTP(w, r)
	})
	return s
}

// run builds and runs a program of a folder and returns the URL that it prints.
func run(t *testing.T, folder string, flags ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), folder)
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./"+folder).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	command := exec.CommandContext(t.Context(), program, flags...)
	said, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait() // it was killed, and says so
	})
	line, err := bufio.NewReader(said).ReadString('\n')
	_, url, found := strings.Cut(strings.TrimSpace(line), "serving ")
	if err != nil || !found {
		t.Fatalf("it says %q (%v)", line, err)
	}
	return url
}

// look checks a page as it is, in light and dark, wide and narrow.
func look(t *testing.T, tab *browsertest.Tab, name string) {
	t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		tab.Prefer("prefers-color-scheme", scheme)
		tab.Size(1280, 800)
		tab.Accessible()
		tab.Shot("app-" + name + "-" + scheme)
		tab.Size(320, 640)
		tab.Accessible()
		var over int
		if tab.Eval("document.documentElement.scrollWidth - innerWidth", &over); over > 0 {
			t.Errorf("%s, %s: %d pixels too wide for a narrow screen", name, scheme, over)
		}
		tab.Shot("app-" + name + "-" + scheme + "-narrow")
	}
	tab.Size(1280, 800)
}

func TestTheAppShowsTheWholeFlow(t *testing.T) {
	s := start(t)
	browser := browsertest.Start(t)
	tab := browser.Tab(t)
	tab.Open(s.URL + "/app/")
	tab.WaitFor("document.activeElement.id === 'guest-title'")
	look(t, tab, "sign-in")

	tab.Fill("E-mail address", "ada@example.com")
	tab.Fill("Password", "not it")
	tab.Press("Sign in")
	tab.WaitFor(`document.activeElement.getAttribute("role") === "alert"`)
	if got := tab.Text("#problem"); got != "The e-mail address or the password is wrong." {
		t.Errorf("a wrong password is answered %q", got)
	}
	tab.Press("No account yet? Create one")
	tab.Fill("Name (optional)", "Ada")
	tab.Fill("Password", password)
	look(t, tab, "sign-up")
	tab.Press("Create an account")
	tab.WaitFor(`document.querySelector("#greeting").textContent === "Hello Ada"`)
	tab.WaitFor(`/^(60:00|59:\d\d)$/.test(document.querySelector("#left").textContent)`)

	tab.Press("Call the API")
	tab.WaitFor(`document.querySelector("#answer").textContent.includes("Hello ada@example.com")`)
	tab.Press("Make a link")
	tab.WaitFor(`document.querySelector("#link a")`)
	look(t, tab, "signed-in")
	var link string
	tab.Eval(`document.querySelector("#link a").href`, &link)

	other := browser.Profile(t).Tab(t)
	other.Open(link)
	other.Press("Continue")
	other.WaitFor(`document.querySelector("#greeting")?.textContent === "Hello Ada"`)
	tab.Press("Everywhere else")
	tab.WaitFor(`document.querySelector("#log").textContent.includes("signed out everywhere else")`)
	other.Press("Call the API") // the API verifies offline
	other.WaitFor(`document.querySelector("#answer").textContent.includes("200")`)
	other.Reload()
	other.WaitFor(`document.activeElement.id === "guest-title" && document.querySelector("#problem").textContent.includes("session has ended")`)
	look(t, other, "ended")

	tab.Press("Here")
	tab.WaitFor("document.activeElement.id === 'guest-title' && sessionStorage.length === 0")
	tab.Clean("401 (Unauthorized)")
	other.Clean("401 (Unauthorized)")
}

func TestTheAppCountsDownAndRenews(t *testing.T) {
	s := start(t, "GATEHOUSE_ACCESS_TOKEN_TTL=3s")
	tab := browsertest.Start(t).Tab(t)
	tab.Open(s.URL + "/app/")
	tab.Press("No account yet? Create one")
	tab.Fill("E-mail address", "ada@example.com")
	tab.Fill("Password", password)
	tab.Press("Create an account")
	tab.WaitFor(`Number(document.querySelector("#renewals").textContent) >= 2`)
	tab.WaitFor(`document.querySelector("#life").value < 0.8`)
	tab.Clean()
}

func TestTheAppSaysToCheckTheMail(t *testing.T) {
	s := start(t, "GATEHOUSE_REQUIRE_VERIFIED_EMAIL=true")
	tab := browsertest.Start(t).Tab(t)
	tab.Open(s.URL + "/app/")
	tab.Press("No account yet? Create one")
	tab.Fill("E-mail address", "ada@example.com")
	tab.Fill("Password", password)
	tab.Press("Create an account")
	tab.WaitFor(`document.activeElement.textContent === "Check your mail"`)
	look(t, tab, "mail")
	var inbox string
	if tab.Eval(`document.querySelector("#mail-inbox").href`, &inbox); inbox != s.URL+"/dev/mail" {
		t.Errorf("the inbox is at %s", inbox)
	}
	tab.Press("Back to sign-in")
	tab.Fill("Password", password)
	tab.Press("Sign in")
	tab.WaitFor(`document.querySelector("#problem").textContent.includes("not verified yet")`)
	tab.Clean("403 (Forbidden)")
}

func TestAThirdPartySendsPeopleOver(t *testing.T) {
	s := start(t)
	partner := run(t, "thirdparty", "-listen", "127.0.0.1:0", "-issuer", s.URL, "-key", s.Secret)
	s.Register(t, "ada@example.com", password)
	tab := browsertest.Start(t).Tab(t)
	tab.Open(partner)
	tab.Accessible()
	tab.Fill("E-mail address", "ada@example.com")
	tab.Fill("Password", password)
	tab.Press("Go to the app")
	tab.Press("Continue")
	tab.WaitFor(`document.querySelector("#greeting")?.textContent === "Hello ada@example.com"`)
	for _, q := range tab.Requests() {
		if strings.Contains(q.Referrer, "SF_Token") {
			t.Errorf("%s learns the tokens from its referrer", q.URL)
		}
	}
	tab.Open(partner)
	tab.Fill("E-mail address", "ada@example.com")
	tab.Fill("Password", "not it")
	tab.Press("Go to the app")
	tab.WaitFor(`document.body.innerText.includes("401 Unauthorized")`)
	tab.Clean("401 (Unauthorized)", "404 (Not Found)")
}

// TestAStrangersLinkIsAskedAbout opens the app with a session in its address.
func TestAStrangersLinkIsAskedAbout(t *testing.T) {
	s := start(t)
	a := s.Register(t, "mallory@example.com", password)
	raw, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	tab := browsertest.Start(t).Tab(t)
	tab.Open(s.URL + "/app/")
	tab.Eval("void (location.href = location.pathname + '?x#SF_Token=' + encodeURIComponent("+string(mustQuote(t, string(raw)))+"))", nil)
	tab.WaitFor(`document.querySelector("dialog[open]")`)
	look(t, tab, "confirm")
	tab.Press("Not me")
	tab.WaitFor("document.activeElement.id === 'guest-title' && sessionStorage.length === 0 && location.hash === ''")
	tab.Clean()
}

func mustQuote(t *testing.T, s string) []byte {
	t.Helper()
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
