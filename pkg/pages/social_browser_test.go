package pages_test

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/browsertest"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/provider/providertest"
)

// consent puts a page before a provider, on another site than the service, that asks its user.
// It returns its address.
func consent(t *testing.T, p *providertest.Provider, path string) string {
	t.Helper()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/ask" {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			const page = `<!doctype html><html lang="en"><title>Provider</title><link rel="icon" href="data:,"><a href="/agree?%s">Agree</a> <a href="%s">Not now</a>`
			no := r.URL.Query().Get("redirect_uri") + "?" + url.Values{"state": {r.URL.Query().Get("state")}, "error": {"access_denied"}}.Encode()
			_, _ = fmt.Fprintf(w, page, html.EscapeString(r.URL.RawQuery), html.EscapeString(no))
			return
		}
		answer, err := noFollow.Get(p.URL + path + "?" + r.URL.RawQuery)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		for _, name := range []string{"Location", "Content-Type"} {
			w.Header().Set(name, answer.Header.Get(name))
		}
		w.WriteHeader(answer.StatusCode)
		_, _ = io.Copy(w, answer.Body)
	}))
	t.Cleanup(site.Close)
	return strings.Replace(site.URL, "127.0.0.1", "localhost", 1) + "/ask"
}

var noFollow = http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// startWith starts a service for browsers, with a provider that asks on another site.
func startWith(t *testing.T, name string, env ...string) *dialecttest.Server {
	t.Helper()
	p := providertest.Start(t, name, ada)
	clock := dialecttest.NewClock()
	p.Clock(clock.Now)
	env = append(append(env, p.Env()...), "GATEHOUSE_APP_URL="+landed, "GATEHOUSE_SOCIAL_"+strings.ToUpper(name)+"_AUTH_URL="+consent(t, p, "/oidc/authorize"))
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{OwnURL: true, Clock: clock, Env: env})
	dialecttest.QuickPasswords(s)
	return s
}

// unseen fails the test if the answer of a provider stands where others can read it: in the history
// of our pages, in a referrer, or in the address of anything but the callback.
func unseen(t *testing.T, s *dialecttest.Server, tab *browsertest.Tab) {
	t.Helper()
	var state, code string
	for _, q := range tab.Requests() {
		at, err := url.Parse(q.URL)
		if err == nil && strings.HasSuffix(at.Path, "/callback") && at.Query().Has("code") {
			state, code = at.Query().Get("state"), at.Query().Get("code")
		}
	}
	if state == "" || code == "" {
		t.Fatal("there was no callback")
	}
	for _, q := range tab.Requests() {
		if strings.Contains(q.Referrer, code) || strings.Contains(q.URL, code) && !strings.HasPrefix(q.URL, s.URL+"/auth/social/") {
			t.Errorf("the code stands in %s %.90s from %.90s", q.Method, q.URL, q.Referrer)
		}
		if strings.HasPrefix(q.Referrer, s.URL) && strings.Contains(q.Referrer, "?") {
			t.Errorf("%.60s hears of %.90s", q.URL, q.Referrer)
		}
	}
	all := tab.History()
	for _, entry := range all {
		if strings.Contains(entry, code) || strings.HasPrefix(entry, s.URL) && strings.Contains(entry, state) {
			t.Errorf("the history has %.90s", entry)
		}
	}
	if last := all[len(all)-1]; last != s.URL+landed {
		t.Errorf("the history ends with %s", last)
	}
	if log := s.Log.String(); strings.Contains(log, code) || strings.Contains(log, state) {
		t.Error("the log holds the answer")
	}
}

func TestSigningInWithAProviderEndsInTheApp(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t)
	for name, brand := range map[string]string{"keycloak": "Keycloak", "apple": "Apple"} { // the second answers with a form
		t.Run(name, func(t *testing.T) {
			s := startWith(t, name)
			tab := browser.Profile(t).Tab(t)
			tab.Open(s.URL + "/account/sign-in")
			tab.Follow("Continue with " + brand)
			tab.WaitFor(`document.title === "Provider"`)
			tab.Follow("Agree")
			tab.WaitFor("location.pathname === " + dialecttest.JSON(landed))
			a := stored(t, tab)
			if a.Email != ada.Email || s.Me(t, a.AccessToken) != 200 {
				t.Errorf("stored %v", a)
			}
			s.Refresh(t, a.RefreshToken)
			unseen(t, s, tab)
			tab.Clean()

			tab.Open(s.URL + "/account/sign-up?continue=%2Faccount%2Frestored%3Fx%3D1")
			tab.Follow("Continue with " + brand)
			tab.Follow("Agree")
			tab.WaitFor(`location.href.endsWith("/account/restored?x=1")`)
			if b := stored(t, tab); b.LocalID != a.LocalID {
				t.Errorf("stored %v", b)
			}
			tab.Open(s.URL + "/account/sign-in")
			nothing := tab.Text("h1")
			tab.Follow("Continue with " + brand)
			tab.Follow("Not now")
			tab.WaitFor(`document.querySelector("main p").innerText.startsWith("You have not agreed")`)
			tab.Follow("Sign in")
			tab.WaitFor(`document.querySelector("h1").innerText === ` + dialecttest.JSON(nothing))
			tab.Clean("status of 403")
		})
	}
}

// linking is an app whose user has signed in; it asks for a way to a provider.
const linking = `<!doctype html><html lang="en"><title>App</title><link rel="icon" href="data:,"><button>Link</button><script>
document.querySelector("button").onclick = async () => {
  const answer = await fetch("%s/auth/social/keycloak/link", {method: "POST", credentials: "include", headers: {Authorization: "Bearer %s"}})
  location = (await answer.json()).url + "&continue=%s"
}</script>`

// TestAnAppOnTheSameSiteLinks is about what browsers make of the cookie: they take it from an app
// on another origin of the same site, and not on another site.
func TestAnAppOnTheSameSiteLinks(t *testing.T) {
	t.Parallel()
	var page string
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, page)
	}))
	t.Cleanup(site.Close)
	foreign := strings.Replace(site.URL, "127.0.0.1", "localhost", 1)
	s := startWith(t, "keycloak", "GATEHOUSE_CORS_ORIGINS="+site.URL+","+foreign)
	a := s.Register(t, "bob@example.com", phrase)
	accounts := func() string {
		return s.Do(t, dialecttest.Request{Path: "/auth/social/accounts", Bearer: a.AccessToken}).Body
	}
	page = fmt.Sprintf(linking, s.URL, a.AccessToken, url.QueryEscape(landed))
	browser := browsertest.Start(t)

	tab := browser.Profile(t).Tab(t)
	tab.Open(foreign)
	tab.Press("Link")
	tab.WaitFor(`document.querySelector("main p").innerText.startsWith("This sign-in is not valid")`)
	if got := accounts(); strings.Contains(got, "keycloak") {
		t.Errorf("linked from another site: %s", got)
	}

	tab = browser.Profile(t).Tab(t)
	tab.Open(site.URL)
	tab.Press("Link")
	tab.Follow("Agree")
	tab.WaitFor("location.pathname === " + dialecttest.JSON(landed))
	nothingStored(t, tab)
	if got := accounts(); !strings.Contains(got, `"provider":"keycloak"`) {
		t.Errorf("not linked: %s", got)
	}
	unseen(t, s, tab)
	tab.Clean()
}
