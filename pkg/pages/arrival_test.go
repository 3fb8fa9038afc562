package pages_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/handoff"
)

const arrivalPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// ticketOf returns the cookie that an answer sets.
func ticketOf(t *testing.T, r dialecttest.Response) *http.Cookie {
	t.Helper()
	if len(r.Header.Values("Set-Cookie")) != 1 {
		t.Fatalf("cookies: %q", r.Header.Values("Set-Cookie"))
	}
	c, err := http.ParseSetCookie(r.Header.Get("Set-Cookie"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// exchange does what the page's script does.
func exchange(t *testing.T, s *dialecttest.Server, cookie string) dialecttest.Response {
	t.Helper()
	q := dialecttest.Request{Path: arrival, Body: "{}", Header: map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": s.URL}}
	if cookie != "" {
		q.Header["Cookie"] = cookie
	}
	return s.Do(t, q)
}

// refused checks that an answer stores nothing, sends nobody anywhere and repeats nothing.
func refused(t *testing.T, r dialecttest.Response, status int, secrets ...string) {
	t.Helper()
	if r.Status != status || r.Header.Get("Set-Cookie") != "" || r.Header.Get("Location") != "" || strings.Contains(r.Body, "<script") {
		t.Errorf("%d %s %s", r.Status, r.Header, r.Body)
	}
	guarded(t, r, formPolicy)
	for _, secret := range secrets {
		if strings.Contains(r.Body, secret) {
			t.Errorf("%q is repeated in %s", secret, r.Body)
		}
	}
}

func TestTheArrivalPageIsTheSameForEverybody(t *testing.T) {
	s := start(t)
	a, b := s.Register(t, "ada@example.com", phrase), s.Register(t, "bob@example.com", phrase)
	first := get(t, s, arrival+"?"+sfToken(a))
	has(t, first, 200)
	guarded(t, first, arrivalPolicy)
	var link struct{ URL string }
	s.Do(t, dialecttest.Request{Method: "POST", Path: "/auth/handoff", Bearer: b.AccessToken}).JSON(t, &link)
	second := get(t, s, strings.TrimPrefix(link.URL, s.URL))
	in := send(t, s, "/account/sign-in", url.Values{"email": {"bob@example.com"}, "password": {phrase}})
	third := s.Do(t, dialecttest.Request{Path: arrival, Header: map[string]string{"Cookie": "gatehouse-handoff=" + ticketOf(t, in).Value}})
	guarded(t, third, arrivalPolicy)
	if first.Body != second.Body || second.Body != third.Body || third.Header.Get("Set-Cookie") != "" {
		t.Errorf("they differ:\n%s\n%s", cmp.Diff(first.Body, second.Body), cmp.Diff(second.Body, third.Body))
	}
	c := ticketOf(t, first)
	c.Value, c.Raw = "", ""
	want := &http.Cookie{Name: "gatehouse-handoff", Path: "/", MaxAge: 60, HttpOnly: true, SameSite: http.SameSiteStrictMode}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("cookie (-want +got):\n%s", diff)
	}
}

func TestOverHTTPSTheCookieIsBoundToTheHost(t *testing.T) {
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{Env: []string{"GATEHOUSE_PUBLIC_URL=https://id.example.com"}})
	dialecttest.QuickPasswords(s)
	r := get(t, s, arrival+"?"+sfToken(s.Register(t, "ada@example.com", phrase)))
	c := ticketOf(t, r)
	if c.Name != "__Host-gatehouse-handoff" || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteStrictMode {
		t.Errorf("%s", r.Header.Get("Set-Cookie"))
	}
	if got := exchange(t, s, "__Host-gatehouse-handoff="+c.Value); got.Status != 200 {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}

func TestATicketIsGoodForOneExchange(t *testing.T) {
	s := start(t)
	a := s.Register(t, "ada@example.com", phrase)
	cookie := "gatehouse-handoff=" + ticketOf(t, get(t, s, arrival+"?"+sfToken(a)+"&continue=%2Fx%3Fy%3D1")).Value

	for name, foreign := range map[string]map[string]string{
		"another site":         {"Sec-Fetch-Site": "cross-site"},
		"another host of ours": {"Sec-Fetch-Site": "same-site"},
		"an old browser":       {"Origin": "https://evil.example"},
	} {
		foreign["Cookie"] = cookie
		if r := s.Do(t, dialecttest.Request{Path: arrival, Body: "{}", Header: foreign}); r.Status != 403 || r.Code() != "cross_site" || strings.Contains(r.Body, "ada") {
			t.Errorf("%s: %d %s", name, r.Status, r.Body)
		}
	}
	for name, q := range map[string]dialecttest.Request{
		"a form":        {Body: "a=b", Type: "application/x-www-form-urlencoded"},
		"text":          {Body: "{}", Type: "text/plain"},
		"a member more": {Body: `{"x":1}`},
	} {
		q.Path, q.Header = arrival, map[string]string{"Cookie": cookie, "Sec-Fetch-Site": "same-origin"}
		if r := s.Do(t, q); r.Status/100 != 4 || strings.Contains(r.Body, "ada") {
			t.Errorf("%s: %d %s", name, r.Status, r.Body)
		}
	}
	for name, cookies := range map[string]string{
		"no cookie": "", "two cookies": cookie + "; " + cookie, "another cookie": strings.Replace(cookie, "gatehouse", "x", 1), "half a cookie": cookie[:40],
	} {
		if r := exchange(t, s, cookies); r.Status != 400 || r.Code() != "invalid_link" {
			t.Errorf("%s: %d %s", name, r.Status, r.Body)
		}
	}

	r := exchange(t, s, cookie)
	var got struct {
		Authorization dialecttest.Authorization
		Destination   string
		OwnOrigin     bool
		Confirm       bool
	}
	r.JSON(t, &got)
	if r.Status != 200 || got.Authorization.LocalID != a.LocalID || got.Destination != s.URL+"/x?y=1" || !got.OwnOrigin || !got.Confirm {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	if c := ticketOf(t, r); c.Value != "" || c.MaxAge >= 0 {
		t.Errorf("the cookie stays: %s", r.Header.Get("Set-Cookie"))
	}
	r = exchange(t, s, cookie)
	if c := ticketOf(t, r); r.Status != 400 || c.MaxAge >= 0 {
		t.Errorf("again: %d %s", r.Status, r.Body)
	}
	late := "gatehouse-handoff=" + ticketOf(t, get(t, s, arrival+"?"+sfToken(s.Register(t, "bob@example.com", phrase)))).Value
	s.Clock.Advance(handoff.Life)
	if r := exchange(t, s, late); r.Status != 400 {
		t.Errorf("too late: %d %s", r.Status, r.Body)
	}
}

func TestALinkThatIsNotWholeIsRefused(t *testing.T) {
	s := start(t)
	a, b := s.Register(t, "ada@example.com", phrase), s.Register(t, "bob@example.com", phrase)
	again := s.Login(t, "ada@example.com", phrase)
	change := func(f func(*dialecttest.Authorization)) string {
		c := a
		f(&c)
		return sfToken(c)
	}
	foreign := "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ." + strings.Split(a.AccessToken, ".")[1] + ".AAAA"
	unsigned := "eyJhbGciOiJub25lIn0." + strings.Split(a.AccessToken, ".")[1] + "."
	for name, query := range map[string]string{
		"nothing":                              "",
		"only where to go":                     "continue=/x",
		"both kinds":                           sfToken(a) + "&code=x",
		"the same twice":                       sfToken(a) + "&" + sfToken(a),
		"a destination twice":                  sfToken(a) + "&continue=/x&continue=/x",
		"something more":                       sfToken(a) + "&x=1",
		"bad encoding":                         "SF_Token=%zz",
		"empty":                                "SF_Token=",
		"an empty code":                        "code=",
		"a code that is none":                  "code=ho_x",
		"a ticket for a code":                  "code=ht_x",
		"half of it":                           sfToken(a)[:200],
		"a megabyte":                           "SF_Token=" + strings.Repeat("x", 1<<20),
		"signed by somebody else":              change(func(c *dialecttest.Authorization) { c.AccessToken = foreign }),
		"signed by nobody":                     change(func(c *dialecttest.Authorization) { c.AccessToken = unsigned }),
		"another address":                      change(func(c *dialecttest.Authorization) { c.Email = b.Email }),
		"another user":                         change(func(c *dialecttest.Authorization) { c.LocalID = b.LocalID }),
		"the refresh token of another user":    change(func(c *dialecttest.Authorization) { c.RefreshToken = b.RefreshToken }),
		"the refresh token of another sign-in": change(func(c *dialecttest.Authorization) { c.RefreshToken = again.RefreshToken }),
	} {
		t.Run(name, func(t *testing.T) {
			if len(query) > 1<<19 {
				r := get(t, s, arrival+"?"+query)
				if r.Status/100 != 4 {
					t.Errorf("%d", r.Status)
				}
				return
			}
			refused(t, get(t, s, arrival+"?"+query), 400, a.RefreshToken, b.RefreshToken, "ada@")
			// What a browser had from before goes with it.
			r := s.Do(t, dialecttest.Request{Path: arrival + "?" + query, Header: map[string]string{"Cookie": "gatehouse-handoff=x"}})
			if name != "nothing" {
				if c := ticketOf(t, r); r.Status != 400 || c.MaxAge >= 0 {
					t.Errorf("with a cookie: %d %s", r.Status, r.Header)
				}
			}
		})
	}
	for _, ahead := range []map[string]string{{"Sec-Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}} {
		refused(t, s.Do(t, dialecttest.Request{Path: arrival + "?" + sfToken(a), Header: ahead}), 403, a.RefreshToken)
	}
	if r := s.Do(t, dialecttest.Request{Method: "HEAD", Path: arrival + "?" + sfToken(a)}); r.Status != 405 {
		t.Errorf("HEAD is answered %d", r.Status)
	}
	has(t, get(t, s, arrival+"?"+sfToken(a)), 200) // none of this had an effect
	refused(t, get(t, s, arrival+"?"+sfToken(a)), 400, a.RefreshToken)

	s.Clock.Advance(2 * time.Hour)
	refused(t, get(t, s, arrival+"?"+sfToken(b)), 400, b.RefreshToken) // its access token has expired
}

// payloads are what attackers put where text is expected.
var payloads = []string{
	`</script><svg onload=window.executed=1>`, `"};window.executed=1//`, `'-alert(1)-'`, "\u2028window.executed=1\u2029", `<!--<script>`,
	`{{constructor.constructor('alert(1)')()}}`, `"><img src=x onerror=window.executed=1>`, `javascript:alert(1)`, `&lt;script&gt;`, "\x00<script>",
}

func TestNothingOfAPayloadIsRepeated(t *testing.T) {
	s := start(t)
	a := s.Register(t, "ada@example.com", phrase)
	for _, p := range payloads {
		queries := []string{"SF_Token=" + url.QueryEscape(p), "code=" + url.QueryEscape(p), sfToken(a) + "&continue=" + url.QueryEscape(p)}
		for _, member := range []func(*dialecttest.Authorization){
			func(c *dialecttest.Authorization) { c.Email = p }, func(c *dialecttest.Authorization) { c.AccessToken = p },
			func(c *dialecttest.Authorization) { c.LocalID = p }, func(c *dialecttest.Authorization) { c.RefreshToken = p },
		} {
			c := a
			member(&c)
			queries = append(queries, sfToken(c))
		}
		for _, query := range queries {
			refused(t, get(t, s, arrival+"?"+query), 400, p, url.QueryEscape(p), dialecttest.JSON(p))
		}
		for _, path := range []string{"/account/sign-in", "/account/sign-up", "/account/forgot", "/account/check-mail"} {
			refused(t, get(t, s, path+"?continue="+url.QueryEscape(p)), 400, p, url.QueryEscape(p))
		}
		for _, path := range []string{"/account/reset", "/account/verify", "/account/cancel"} {
			refused(t, get(t, s, path+"?token="+url.QueryEscape(p)), 400, p, url.QueryEscape(p))
		}
		guarded(t, get(t, s, "/account/sign-up?invitationCode="+url.QueryEscape(p)), formPolicy)
	}
	if strings.Contains(s.Log.String(), "executed") {
		t.Error("a payload stands in the log")
	}
	has(t, get(t, s, arrival+"?"+sfToken(a)), 200)
}

func TestNobodyIsSentElsewhere(t *testing.T) {
	s := start(t, "GATEHOUSE_CORS_ORIGINS=https://app.example.org")
	s.Register(t, "ada@example.com", phrase)
	for _, wanted := range []string{
		"//evil.example", `/\evil.example`, `\\evil.example`, "https:evil.example", "https://app.example.org@evil.example", "https://app.example.org.evil.example",
		"https://app.example.org%00.evil.example", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "/x\r\nSet-Cookie: a=b", "/x%0d%0a\r\n",
		"https://APP.example.org:444", "http://app.example.org/", "/x#SF_Token=y", "///evil.example", "https://evil.example",
	} {
		t.Run(url.QueryEscape(wanted), func(t *testing.T) {
			for _, path := range []string{"/account/sign-in", "/account/sign-up", "/account/forgot", "/account/check-mail"} {
				refused(t, get(t, s, path+"?continue="+url.QueryEscape(wanted)), 400, "evil.example")
			}
			in := url.Values{"email": {"ada@example.com"}, "password": {phrase}, "continue": {wanted}}
			refused(t, send(t, s, "/account/sign-in", in), 400)
			in["email"], in["name"] = []string{"eve@example.com"}, []string{""}
			refused(t, send(t, s, "/account/sign-up", in), 400)
			refused(t, send(t, s, "/account/forgot", url.Values{"email": {"ada@example.com"}, "continue": {wanted}}), 400)
			refused(t, send(t, s, "/account/resend", url.Values{"email": {"ada@example.com"}, "continue": {wanted}}), 400)
		})
	}
	if _, err := s.App.Accounts.Find(t.Context(), "eve@example.com"); err == nil {
		t.Error("an account was made on the way to nowhere")
	}
	for _, wanted := range []string{"/x?y=1", "https://app.example.org/x"} {
		has(t, get(t, s, "/account/sign-in?continue="+url.QueryEscape(wanted)), 200, `name="continue"`)
	}
}
