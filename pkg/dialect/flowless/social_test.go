package flowless_test

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

const (
	googleLogin = "/flowless/auth/social/google/login"
	googleOauth = "/flowless/auth/oauth/google"
)

// cameIn is what is answered to who has signed in.
type cameIn struct {
	SessionID string `json:"sessionId"`
	LoginType string `json:"loginType"`
	Provider  string `json:"provider"`
	User      struct {
		ID, Email string
	} `json:"user"`
	Data struct {
		SessionID string `json:"session_id"`
		LoginType string `json:"loginType"`
	} `json:"data"`
}

func TestABrowserSignsInWithAProvider(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := mailing(t, open)
		all, b := provided(s), newBrowser(s)
		all["google"].is("g-1", ada)
		answer := b.sent(t, googleLogin+"?redirect_uri="+url.QueryEscape(appPage))
		if got := answer.Get("redirect_uri"); got != "http://localhost:8080/flowless/auth/social/google/callback" {
			t.Errorf("the provider sends people to %q", got)
		}
		r := b.back(t, answer)
		if r.Status != http.StatusFound || r.Header.Get("Location") != appPage || r.Body != "" {
			t.Errorf("%d %s leads to %q", r.Status, r.Body, r.Header.Get("Location"))
		}
		id := b.jar["session_id"]
		if me := answered(t, s, 200, dialecttest.Request{Path: "/flowless/auth/me", ID: id}); !strings.Contains(me.Body, ada) || !strings.Contains(me.Body, `"is_verified":true`) {
			t.Errorf("signed in as %s", me.Body)
		}
		if len(b.jar) != 1 {
			t.Errorf("the browser keeps %v", b.jar)
		}
		unlogged(t, s, id, answer.Get("code"), answer.Get("state"))
		again := b.sent(t, googleLogin+"?format=json") // the same person
		var in cameIn
		r = b.back(t, again)
		if r.JSON(t, &in); r.Status != 200 || in.LoginType != "social_auth" || in.Data.LoginType != in.LoginType || in.Provider != "google" || in.User.Email != ada || in.Data.SessionID != in.SessionID || in.SessionID == id {
			t.Errorf("%d %s", r.Status, r.Body)
		}
		if s.FlowlessMe(t, in.SessionID) != 200 || s.FlowlessMe(t, id) != 200 {
			t.Error("one of the two sessions does not live")
		}
	})
}

func TestTheCookiesOfAFlowAreGuarded(t *testing.T) {
	for _, c := range []struct {
		url, prefix string
		secure      bool
	}{{"http://localhost:8080", "gatehouse_", false}, {"https://id.example.com", "__Host-gatehouse_", true}} {
		s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{Env: []string{"GATEHOUSE_PUBLIC_URL=" + c.url}})
		dialecttest.QuickPasswords(s)
		provided(s)["google"].is("g-1", ada)
		bob := s.FlowlessRegister(t, "bob@example.com", phrase)
		b := newBrowser(s)
		for _, step := range []struct {
			q    dialecttest.Request
			name string
			age  int
		}{
			{dialecttest.Request{Path: googleLogin}, "social_", 600},
			{dialecttest.Request{Method: http.MethodPost, Path: "/flowless/auth/social/google/link", ID: bob.ID}, "link", 60},
		} {
			set := cookies(b.goes(t, step.q))
			if len(set) != 1 {
				t.Fatalf("%s sets %v", step.q.Path, set)
			}
			got := set[0]
			if !strings.HasPrefix(got.Name, c.prefix+step.name) || !got.HttpOnly || got.Secure != c.secure || got.SameSite != http.SameSiteLaxMode || got.Path != "/" || got.Domain != "" || got.MaxAge != step.age {
				t.Errorf("%s sets %s", step.q.Path, got.Raw)
			}
		}
		r := b.back(t, b.sent(t, googleLogin))
		set := cookies(r)
		if len(set) != 2 || set[0].Name != "session_id" || set[0].Path != "/flowless" || set[0].Secure != c.secure || set[1].MaxAge >= 0 || set[1].Path != "/" || set[1].Secure != c.secure {
			t.Errorf("the end sets %v", set)
		}
	}
}

// TestAnAnswerThatIsNotTheirs is security case A-54: nobody comes in, nothing leads anywhere, and
// nothing that was sent is shown.
func TestAnAnswerThatIsNotTheirs(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := mailing(t, open)
		all := provided(s)
		all["google"].is("g-1", ada)
		all["acme"].is("a-1", ada)
		const html = `"><script>alert(1)</script>`
		used, own := newBrowser(s), newBrowser(s)
		spent := used.sent(t, googleLogin)
		if r := used.back(t, spent); r.Status != http.StatusFound {
			t.Fatal(r)
		}
		used.jar = map[string]string{}
		_, before := s.App.Accounts.Find(t.Context(), "eve@example.com")
		all["google"].is("g-2", "eve@example.com")
		set := func(name, value string) func(url.Values) { return func(v url.Values) { v.Set(name, value) } }
		for _, c := range []struct {
			name   string
			change func(url.Values)
			by     *browser // another that brings it
			want   int
		}{
			{"no state", func(v url.Values) { v.Del("state") }, nil, 400},
			{"a wrong state", set("state", "st_"+strings.Repeat("A", 300)), nil, 400},
			{"a state that was used", func(v url.Values) { v.Set("state", spent.Get("state")) }, nil, 400},
			{"HTML for a state", set("state", html), nil, 400},
			{"another browser", nil, newBrowser(s), 400},
			{"the callback of another provider", set("redirect_uri", "/flowless/auth/social/acme/callback"), nil, 400},
			{"the callback of none", set("redirect_uri", "/flowless/auth/social/"+url.PathEscape(html[2:10])+"/callback"), nil, 400},
			{"the other callback", set("redirect_uri", "/flowless/auth/oauth/callback"), nil, 400},
			{"a code that was used", set("code", spent.Get("code")), nil, 401},
			{"a made-up code", set("code", "x"), nil, 401},
			{"no code", func(v url.Values) { v.Del("code") }, nil, 401},
			{"another issuer", set("iss", "https://acme.example"), nil, 401},
			{"HTML for an error", set("error", html), nil, 401},
			{"HTML beside an error", func(v url.Values) { v.Set("error", "access_denied"); v.Set("error_description", html) }, nil, 403},
			{"HTML for an error without a state", func(v url.Values) { v.Set("error", html); v.Del("state") }, nil, 400},
			{"a provider that has failed", set("error", "server_error"), nil, 503},
			{"a state twice", func(v url.Values) { v.Add("state", v.Get("state")) }, nil, 400},
			{"two issuers", func(v url.Values) { v["iss"] = []string{"https://google.example", "https://acme.example"} }, nil, 400},
			{"another format", set("format", "xml"), nil, 400},
		} {
			t.Run(c.name, func(t *testing.T) {
				answer := own.sent(t, googleLogin)
				if c.change != nil {
					c.change(answer)
				}
				by := own
				if c.by != nil {
					by = c.by
				}
				r := by.back(t, answer)
				if r.Status != c.want {
					t.Errorf("%d %s, want %d", r.Status, r.Body, c.want)
				}
				r.FlowlessError(t)
				if len(cookies(r)) != 0 || r.Header.Get("Location") != "" || strings.Contains(r.Body, "script") || strings.Contains(r.Body, "st_") {
					t.Errorf("sets %v, leads to %q: %s", cookies(r), r.Header.Get("Location"), r.Body)
				}
			})
		}
		if _, err := s.App.Accounts.Find(t.Context(), "eve@example.com"); err == nil || err.Error() != before.Error() {
			t.Errorf("an account was made: %v", err)
		}
		if strings.Contains(s.Log.String(), "script") {
			t.Error("the log has the provider's text")
		}
	})
}

func TestAFlowLeadsOnlyWhereItMay(t *testing.T) {
	s := mailing(t, dialecttest.SQLite(t))
	provided(s)["google"].is("g-1", ada)
	for _, page := range []string{ // security case A-56; pkg/redirect has the whole list
		"//evil.example", "/\\evil.example", "https:evil.example", "https://evil.example", "https://app.example.org@evil.example/", "https://app.example.org.evil.example/",
		"https://app.example.org%00.evil.example/", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "/x\r\nSet-Cookie: a=b", "http://app.example.org/",
		"https://app.example.org:444/", "/x#y", "evil.example",
	} {
		for _, path := range []string{googleLogin, googleOauth} {
			r := answered(t, s, 400, dialecttest.Request{Path: path + "?redirect_uri=" + url.QueryEscape(page)})
			if !strings.Contains(r.Body, `"field":"redirect_uri"`) || len(cookies(r)) != 0 || r.Header.Get("Location") != "" {
				t.Errorf("%q: %s leads to %q", page, r.Body, r.Header.Get("Location"))
			}
		}
	}
	for _, query := range []string{"?next=/x", "?format=xml", "?format=json&format=json", "?redirect_uri=/a&redirect_uri=/b"} {
		answered(t, s, 400, dialecttest.Request{Path: googleLogin + query})
	}
	b := newBrowser(s)
	if r := b.back(t, b.sent(t, googleLogin)); r.Header.Get("Location") != "http://localhost:8080/app/" {
		t.Errorf("nothing asked for leads to %q", r.Header.Get("Location"))
	}
}

func TestTheOtherNameForSigningIn(t *testing.T) {
	s := mailing(t, dialecttest.SQLite(t))
	all := provided(s)
	all["google"].is("g-1", ada)
	all["acme"].is("a-1", ada)
	b := newBrowser(s)
	var in cameIn
	r := b.back(t, b.sent(t, googleOauth))
	if r.JSON(t, &in); r.Status != 200 || in.SessionID == "" || in.User.Email != ada || !strings.Contains(r.Body, `"session_id":"`+in.SessionID) {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	if r = b.back(t, b.sent(t, googleOauth+"?redirect_uri="+url.QueryEscape(appPage))); r.Status != http.StatusFound || r.Header.Get("Location") != appPage {
		t.Errorf("%d leads to %q", r.Status, r.Header.Get("Location"))
	}
	// They share one callback, so that an answer does not tell which of them it is from.
	for _, name := range []string{"acme", "github", "callback", "Google", "x"} {
		if name != "callback" {
			r = answered(t, s, 404, dialecttest.Request{Path: "/flowless/auth/oauth/" + name})
		}
	}
	if !strings.Contains(r.Body, "SOCIAL_PROVIDER_UNKNOWN") {
		t.Error(r.Body)
	}
	own := b.sent(t, "/flowless/auth/social/acme/login")
	own.Set("redirect_uri", "/flowless/auth/oauth/callback")
	if r = b.back(t, own); r.Status != 400 {
		t.Errorf("an answer at the shared callback: %d %s", r.Status, r.Body)
	}
}

func TestAnAppSignsInWithAToken(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := mailing(t, open)
		all := provided(s)
		all["google"].is("g-1", ada)
		all["acme"].is("a-1", "bob@example.com")
		const path = "social/google/login-api"
		for _, o := range []object{
			{"idToken": all["google"].token(s)}, {"id_token": all["google"].token(s), "nonce": "of-the-app"}, {"accessToken": "made-for-us"}, {"access_token": "made-for-us", "device_id": "phone-1"},
		} {
			var in cameIn
			r := answered(t, s, 200, asking(path, o))
			if r.JSON(t, &in); in.LoginType != "social_auth_api" || in.Data.LoginType != in.LoginType || in.Provider != "google" || in.User.Email != ada || s.FlowlessMe(t, in.SessionID) != 200 {
				t.Errorf("%s", r.Body)
			}
			if set := cookies(r); len(set) != 1 || set[0].Value != in.SessionID {
				t.Errorf("it sets %v", set)
			}
			other := s.Do(t, dialecttest.Request{Path: "/flowless/auth/me", ID: in.SessionID, Header: map[string]string{"X-Device-Id": "phone-2"}})
			if bound := o["device_id"] != nil; bound != (other.Status == 401) {
				t.Errorf("on another device: %d", other.Status)
			}
		}
		spent := all["google"].token(s)
		answered(t, s, 200, asking(path, object{"idToken": spent}))
		for _, c := range []struct {
			path string
			o    object
			want int
		}{
			{path, object{"idToken": spent}, 401},
			{path, object{"idToken": all["acme"].token(s)}, 401},
			{path, object{"idToken": "x"}, 401},
			{path, object{"idToken": all["google"].token(s), "nonce": "another"}, 401},
			{path, object{"accessToken": "made for another"}, 401},
			{"social/acme/login-api", object{"accessToken": "made-for-us"}, 400},
			{"social/github/login-api", object{"idToken": all["google"].token(s)}, 404},
			{path, object{}, 400},
			{path, object{"idToken": all["google"].token(s), "accessToken": "made-for-us"}, 400},
			{path, object{"idToken": all["google"].token(s), "is_verified": true}, 400},
			{path, object{"idToken": all["google"].token(s), "email": "bob@example.com"}, 400},
			{path, object{"accessToken": "made-for-us", "nonce": "x"}, 400},
		} {
			if r := answered(t, s, c.want, asking(c.path, c.o)); len(cookies(r)) != 0 {
				t.Errorf("%v sets %v", c.o, cookies(r))
			}
		}
		if _, err := s.App.Accounts.Find(t.Context(), "bob@example.com"); err == nil {
			t.Error("an account was made")
		}
	})
}

func TestOfManyCallbacksOneSignsIn(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := mailing(t, open)
		nodes := []*dialecttest.Server{s, s.Node(t)}
		provided(nodes...)["google"].is("g-1", ada)
		b := newBrowser(s)
		q := dialecttest.Request{Path: returning(t, b.sent(t, googleLogin)), Header: map[string]string{}}
		for name, value := range b.jar {
			q.Header["Cookie"] = name + "=" + value
		}
		var good, other atomic.Int64
		dialecttest.Together(20, func(i int) {
			switch r, err := nodes[i%2].Try(q); {
			case err == nil && r.Status == http.StatusFound:
				good.Add(1)
			case err != nil || r.Status != 400:
				other.Add(1)
			}
		})
		u, err := s.App.Accounts.Find(t.Context(), ada)
		if err != nil {
			t.Fatal(err)
		}
		all, err := s.App.Store.UserSessions(t.Context(), u.ID, s.Clock.Now())
		if err != nil || good.Load() != 1 || other.Load() != 0 || len(all) != 1 {
			t.Errorf("%d signed in, %d failed otherwise, %d sessions (%v)", good.Load(), other.Load(), len(all), err)
		}
	})
}

func TestTheProvidersAreListed(t *testing.T) {
	s := mailing(t, dialecttest.SQLite(t))
	read := func() map[string]bool {
		var a struct {
			Data struct {
				Providers, AllProviders []struct {
					Provider, LoginURL, APILoginURL string
					Enabled                         bool
				}
				GloballyEnabled bool
			}
		}
		r := answered(t, s, 200, dialecttest.Request{Path: "/flowless/auth/social/providers"})
		r.JSON(t, &a)
		all := map[string]bool{"globally": a.Data.GloballyEnabled}
		for _, p := range a.Data.AllProviders {
			all[p.Provider] = p.Enabled
		}
		for _, p := range a.Data.Providers {
			if !p.Enabled || !all[p.Provider] || p.LoginURL != "/auth/social/"+p.Provider+"/login" || p.APILoginURL != p.LoginURL+"-api" {
				t.Errorf("%v in %s", p, r.Body)
			}
		}
		return all
	}
	none := map[string]bool{"globally": false, "google": false, "github": false, "facebook": false, "apple": false, "discord": false, "microsoft": false}
	if diff := cmp.Diff(none, read()); diff != "" {
		t.Error(diff)
	}
	for _, path := range []string{"social/google/login", "social/google/callback", "oauth/google", "oauth/callback"} {
		if r := s.Do(t, dialecttest.Request{Path: "/flowless/auth/" + path}); r.Status != 404 && !strings.HasSuffix(path, "callback") || r.Status < 400 {
			t.Errorf("%s: %d", path, r.Status)
		}
	}
	provided(s)
	some := maps.Clone(none)
	some["globally"], some["google"], some["acme"] = true, true, true
	if diff := cmp.Diff(some, read()); diff != "" {
		t.Error(diff)
	}
}

func TestFlowsAreCounted(t *testing.T) {
	s := mailing(t, dialecttest.SQLite(t), "GATEHOUSE_LIMIT_LOGIN=1/15m")
	all := provided(s)
	all["google"].is("g-1", ada)
	for i := range 12 {
		r := s.Do(t, dialecttest.Request{Path: googleLogin})
		if want := i >= 10; want != (r.Status == 429) || r.Header.Get("X-RateLimit-Limit") != "10" {
			t.Errorf("start %d: %d of %s", i, r.Status, r.Header.Get("X-RateLimit-Limit"))
		}
	}
	for i := range 12 {
		r := s.Do(t, asking("social/google/login-api", object{"idToken": "x"}))
		if want := i >= 10; want != (r.Status == 429) {
			t.Errorf("token %d: %d", i, r.Status)
		}
	}
}
