package main_test

import (
	"bufio"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/browsertest"
)

// TestANewcomersFirstHour does what the README tells a newcomer to do, with the real programs
// and a real browser: the development server, the example app, the inbox, a third-party site
// and an API of their own.
func TestANewcomersFirstHour(t *testing.T) {
	browser := browsertest.Start(t)
	port := freePort(t)
	public := "http://localhost:" + port
	n := newSite(t, "", "GATEHOUSE_LISTEN=127.0.0.1:"+port, "GATEHOUSE_PUBLIC_URL="+public, "GATEHOUSE_ACCESS_TOKEN_TTL=5s").serve(t, "--dev")
	var secret string
	poll(t, patience, "the secret key is printed", func() bool { // after where the server is
		line := regexp.MustCompile(`(sk_\w+)\n`).FindStringSubmatch(n.out.String())
		if line != nil {
			secret = line[1]
		}
		return line != nil
	})
	api := example(t, "api", "-issuer", public, "-audience", public, "-origin", public, "-introspect-key", secret)
	partner := example(t, "thirdparty", "-issuer", public, "-key", secret)

	tab := browser.Tab(t)
	signUp(tab, public)
	verify(tab, public)
	outlive(tab)
	if got := accessToken(tab); hello(t, api, got) != http.StatusOK {
		t.Error("the API refuses who is signed in")
	}
	tab.Clean()

	other := browser.Profile(t).Tab(t) // another browser, which knows nobody
	other.Open(partner)
	other.Fill("E-mail address", "ada@example.com")
	other.Fill("Password", goodPassword)
	other.Press("Go to the app")
	other.WaitFor(`document.body.innerText.includes("Continue as ada@example.com?")`)
	other.Press("Continue")
	other.WaitFor(`location.pathname === "/app/" && document.getElementById("greeting").innerText === "Hello Ada"`)
	other.Shot("newcomer-handed-over")
	if strings.Contains(other.URL(), "SF_Token") || strings.Contains(strings.Join(other.History(), " "), "SF_Token") {
		t.Errorf("the history is %v", other.History())
	}
	other.Clean("favicon.ico") // the third-party site has none

	last := accessToken(tab)
	tab.Press("Here")
	tab.WaitFor(`sessionStorage.getItem("SF_Token") === null`)
	poll(t, patience, "the API refuses who has signed out", func() bool { return hello(t, api, last) == http.StatusUnauthorized })
	if got := accessToken(other); hello(t, api, got) != http.StatusOK {
		t.Error("the other browser was signed out, too")
	}
}

func signUp(tab *browsertest.Tab, public string) {
	tab.Open(public + "/app/")
	tab.Press("No account yet? Create one")
	tab.Fill("Name (optional)", "Ada")
	tab.Fill("E-mail address", "ada@example.com")
	tab.Fill("Password", goodPassword)
	tab.Press("Create an account")
	tab.WaitFor(`document.getElementById("greeting").innerText === "Hello Ada"`)
	tab.Shot("newcomer-signed-up")
}

// verify opens the mail in the inbox and the link in the mail, and comes back to the app.
func verify(tab *browsertest.Tab, public string) {
	tab.Open(public + "/dev/mail")
	tab.WaitFor(`document.querySelector("ol a")`)
	tab.Shot("newcomer-inbox")
	var link string
	tab.Eval(`location.href = document.querySelector("ol a").href`, nil)
	tab.WaitFor(`document.querySelector("dd a")`)
	tab.Eval(`document.querySelector("dd a").href`, &link)
	tab.Open(link)
	tab.Shot("newcomer-verify")
	tab.Press("Confirm")
	tab.WaitFor(`document.body.innerText.includes("confirmed")`)
	tab.Open(public + "/app/")
	tab.WaitFor(`document.getElementById("profile").innerText.includes("yes")`)
}

// outlive waits until the access token that the page had has expired, and the page has another.
func outlive(tab *browsertest.Tab) {
	first := accessToken(tab)
	tab.WaitFor(`JSON.parse(atob("` + strings.Split(first, ".")[1] + `".replaceAll("-", "+").replaceAll("_", "/"))).exp * 1000 < Date.now()`)
	tab.WaitFor(`Number(document.getElementById("renewals").innerText) > 0`)
	tab.WaitFor(`JSON.parse(sessionStorage.getItem("SF_Token")).accessToken !== "` + first + `"`)
	tab.Shot("newcomer-renewed")
}

func accessToken(tab *browsertest.Tab) string {
	var out string
	tab.Eval(`JSON.parse(sessionStorage.getItem("SF_Token")).accessToken`, &out)
	return out
}

// example builds and runs one of the example servers and returns where it serves.
func example(t *testing.T, name string, flags ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), name)
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../docs/example/"+name).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), program, append([]string{"-listen", "127.0.0.1:0"}, flags...)...)
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed, and says so
	})
	line, err := bufio.NewReader(said).ReadString('\n')
	_, url, found := strings.Cut(strings.TrimSpace(line), "serving ")
	if err != nil || !found {
		t.Fatalf("%s says %q (%v)", name, line, err)
	}
	return url
}

// hello calls the example API and returns the status of its answer.
func hello(t *testing.T, api, token string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// freePort returns a port that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String()) // an address of this form
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return port
}
