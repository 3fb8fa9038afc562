package pages_test

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/browsertest"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

const arrival = "/auth/thirdPartySignIn"

// stored returns what a tab keeps for the app, and fails unless it has exactly the five members.
func stored(t *testing.T, tab *browsertest.Tab) dialecttest.Authorization {
	t.Helper()
	var text string
	tab.Eval(`sessionStorage.getItem("SF_Token")`, &text)
	return five(t, text)
}

func five(t *testing.T, text string) dialecttest.Authorization {
	t.Helper()
	var members map[string]any
	var a dialecttest.Authorization
	if err := json.Unmarshal([]byte(text), &members); err != nil || json.Unmarshal([]byte(text), &a) != nil {
		t.Fatalf("%q is no AuthorizationResponse", text)
	}
	names := []string{}
	for name := range members {
		names = append(names, name)
	}
	slices.Sort(names)
	if diff := cmp.Diff([]string{"accessToken", "email", "expiresIn", "localId", "refreshToken"}, names); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	return a
}

// nothingStored fails the test if a tab keeps anything.
func nothingStored(t *testing.T, tab *browsertest.Tab) {
	t.Helper()
	var kept int
	if tab.Eval("sessionStorage.length + localStorage.length", &kept); kept != 0 {
		t.Error("something is stored")
	}
}

// quiet fails the test if a secret got where others can read it: the server's log, a referrer,
// the address of any request but the one that brought it, or the history.
func quiet(t *testing.T, s *dialecttest.Server, tab *browsertest.Tab, brought string, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		if strings.Contains(s.Log.String(), secret) {
			t.Errorf("the log holds %.12s...", secret)
		}
		for _, q := range tab.Requests() {
			if strings.Contains(q.Referrer, secret) || strings.Contains(q.URL, secret) && q.URL != brought {
				t.Errorf("%.12s... stands in %s %.80s from %.80s", secret, q.Method, q.URL, q.Referrer)
			}
		}
	}
	if tab.URL() != s.URL+landed && !strings.HasPrefix(tab.URL(), s.URL+arrival) {
		t.Errorf("the browser is at %s", tab.URL())
	}
	var search string
	if tab.Eval("location.search + location.hash", &search); search != "" {
		t.Errorf("the address bar shows %q", search)
	}
	for _, entry := range tab.History() {
		for _, secret := range secrets {
			if strings.Contains(entry, secret) {
				t.Errorf("%.12s... stands in the history: %.80s", secret, entry)
			}
		}
	}
}

func TestSigningUpEndsInTheApp(t *testing.T) {
	t.Parallel()
	s := start(t)
	tab := browsertest.Start(t).Tab(t)
	tab.Open(s.URL + "/account/sign-in")
	tab.Follow("No account yet? Create one")
	tab.Fill("Name (optional)", "Ada")
	tab.Fill("E-mail address", "ada@example.com")
	tab.Fill("Password", phrase)
	tab.Press("Create account")
	tab.WaitFor("location.pathname === " + fmt.Sprintf("%q", landed))
	a := stored(t, tab)
	if a.Email != "ada@example.com" || a.ExpiresIn != 3600 || s.Me(t, a.AccessToken) != 200 {
		t.Errorf("stored %v", a)
	}
	s.Refresh(t, a.RefreshToken)
	quiet(t, s, tab, "", a.AccessToken, a.RefreshToken, phrase)
	tab.Clean()

	tab.Open(s.URL + "/account/sign-in?continue=%2Faccount%2Frestored%3Fx%3D1")
	tab.Fill("E-mail address", "ada@example.com")
	tab.Fill("Password", "not it, not it")
	tab.Press("Sign in")
	tab.WaitFor(`document.activeElement.getAttribute("role") === "alert"`)
	tab.Fill("Password", phrase)
	tab.Press("Sign in")
	tab.WaitFor(`location.href.endsWith("/account/restored?x=1")`)
	if b := stored(t, tab); b.LocalID != a.LocalID || b.RefreshToken == a.RefreshToken {
		t.Errorf("stored %v", b)
	}
}

func TestAMailedLinkEndsInTheApp(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := newcomer(t, s, "ada@example.com")
	token := enterToken(t, s, a.Email)
	link := s.URL + "/account/enter?token=" + token
	tab := browsertest.Start(t).Tab(t)
	tab.Open(link)
	nothingStored(t, tab)
	tab.Press("Sign in")
	tab.WaitFor("location.pathname === " + fmt.Sprintf("%q", landed))
	b := stored(t, tab)
	if b.LocalID != a.LocalID || s.Me(t, b.AccessToken) != 200 {
		t.Errorf("stored %v", b)
	}
	for _, q := range tab.Requests() {
		if strings.Contains(q.Referrer, token) || strings.Contains(q.URL, token) && q.URL != link {
			t.Errorf("the token stands in %s %s from %s", q.Method, q.URL, q.Referrer)
		}
	}
	if strings.Contains(s.Log.String(), token) {
		t.Error("the log holds the token")
	}
	tab.Open(link)
	tab.WaitFor(`document.title.startsWith("This link does not work any more")`)
	tab.Clean("status of 400")
}

func TestALinkFromAnotherSiteAsksFirst(t *testing.T) {
	t.Parallel()
	s := start(t)
	browser := browsertest.Start(t)
	t.Run("Continue", func(t *testing.T) {
		tab := browser.Tab(t)
		a := s.Register(t, "ada@example.com", phrase)
		link := s.URL + arrival + "?" + sfToken(a)
		tab.Open(other(t, link))
		tab.Follow("Go on")
		tab.WaitFor(`document.activeElement.textContent === "Continue as ada@example.com?"`)
		nothingStored(t, tab)
		tab.Accessible()
		tab.Shot("pages-arrival-confirm")
		quiet(t, s, tab, link, a.AccessToken, a.RefreshToken)
		tab.Press("Continue")
		tab.WaitFor("location.pathname === " + fmt.Sprintf("%q", landed))
		got := stored(t, tab)
		if got.LocalID != a.LocalID || got.RefreshToken == a.RefreshToken {
			t.Errorf("stored %v", got)
		}
		s.Refresh(t, got.RefreshToken)
		quiet(t, s, tab, link, a.AccessToken, a.RefreshToken, got.AccessToken, got.RefreshToken)

		again := browser.Profile(t).Tab(t)
		again.Open(link)
		again.WaitFor(`document.title.startsWith("This sign-in link does not work")`)
		nothingStored(t, again)
		if s.Me(t, got.AccessToken) != 200 {
			t.Error("opening the link again ended the session")
		}
		tab.Clean()
	})
	t.Run("Not me", func(t *testing.T) {
		tab := browser.Tab(t)
		b := s.Register(t, "bob@example.com", phrase)
		tab.Open(s.URL + arrival + "?" + sfToken(b))
		tab.Press("Not me")
		tab.WaitFor(`document.activeElement.textContent === "You are not signed in"`)
		nothingStored(t, tab)
		if s.Me(t, b.AccessToken) != 401 {
			t.Error("the session lives on")
		}
		tab.Accessible()
		tab.Shot("pages-arrival-cancelled")
		tab.Clean()
	})
	t.Run("a code", func(t *testing.T) {
		tab := browser.Tab(t)
		c := s.Register(t, "carol@example.com", phrase)
		var link struct{ URL, Code string }
		s.Do(t, dialecttest.Request{Method: "POST", Path: "/auth/handoff", Bearer: c.AccessToken}).JSON(t, &link)
		tab.Open(link.URL)
		tab.Press("Continue")
		tab.WaitFor("location.pathname === " + fmt.Sprintf("%q", landed))
		if got := stored(t, tab); got.LocalID != c.LocalID {
			t.Errorf("stored %v", got)
		}
		quiet(t, s, tab, link.URL, link.Code, c.AccessToken)
	})
	t.Run("a page that is loaded again", func(t *testing.T) {
		tab := browser.Tab(t)
		d := s.Register(t, "dan@example.com", phrase)
		tab.Open(s.URL + arrival + "?" + sfToken(d))
		tab.WaitFor(`document.activeElement.textContent === "Continue as dan@example.com?"`)
		tab.Reload()
		tab.WaitFor(`document.title.startsWith("This sign-in link does not work")`)
		nothingStored(t, tab)
	})
	t.Run("a ticket that ran out", func(t *testing.T) {
		tab := browser.Tab(t)
		e := s.Register(t, "eve@example.com", phrase)
		tab.BeforePages(`window.fetch = () => Promise.resolve(new Response("{}", {status: 400}))`)
		tab.Open(s.URL + arrival + "?" + sfToken(e))
		tab.WaitFor(`document.activeElement.textContent === "This sign-in link does not work"`)
		tab.Shot("pages-arrival-failed")
		nothingStored(t, tab)
	})
}

func TestAnAppOnAnotherOriginGetsTheFragment(t *testing.T) {
	t.Parallel()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<!doctype html><html lang="en"><title>App</title><link rel="icon" href="data:,"><h1>App</h1>`))
	}))
	t.Cleanup(site.Close)
	origin := strings.Replace(site.URL, "127.0.0.1", "localhost", 1)
	s := start(t, "GATEHOUSE_CORS_ORIGINS="+origin)
	s.Register(t, "ada@example.com", phrase)
	tab := browsertest.Start(t).Tab(t)
	tab.Open(s.URL + "/account/sign-in?continue=" + url.QueryEscape(origin+"/in?x=1"))
	tab.Fill("E-mail address", "ada@example.com")
	tab.Fill("Password", phrase)
	tab.Press("Sign in")
	tab.WaitFor(`document.title === "App"`)
	at, err := url.Parse(tab.URL())
	if err != nil || at.Path != "/in" || at.RawQuery != "x=1" {
		t.Fatalf("at %s (%v)", tab.URL(), err)
	}
	text, ok := strings.CutPrefix(at.Fragment, "SF_Token=")
	if a := five(t, text); !ok || s.Me(t, a.AccessToken) != 200 {
		t.Errorf("the fragment is %s", at.Fragment)
	}
	tab.Open(s.URL + landed)
	nothingStored(t, tab)
	for _, q := range tab.Requests() {
		if strings.HasPrefix(q.URL, origin) && q.Referrer != "" {
			t.Errorf("the app heard of %s", q.Referrer)
		}
	}
	tab.Clean()
}

// other serves a page of another site with a link and returns its address.
func other(t *testing.T, link string) string {
	t.Helper()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, `<!doctype html><html lang="en"><title>Shop</title><link rel="icon" href="data:,"><a href="%s">Go on</a>`, html.EscapeString(link))
	}))
	t.Cleanup(site.Close)
	return strings.Replace(site.URL, "127.0.0.1", "localhost", 1)
}
