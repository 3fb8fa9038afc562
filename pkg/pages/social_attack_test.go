package pages_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/provider/providertest"
	"github.com/gatehouse-id/gatehouse/pkg/social"
)

// TestAnswersOfNoFlowLetNobodyIn is what attackers make of a callback (RFC 9700 section 4).
func TestAnswersOfNoFlowLetNobodyIn(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		w := newWorld(t, open, []string{"google", "keycloak"})
		for _, c := range []struct {
			name   string
			change func(t *testing.T, v *dialecttest.Visitor, back *url.URL, q url.Values)
			status int
		}{
			{"no state", func(_ *testing.T, _ *dialecttest.Visitor, _ *url.URL, q url.Values) { q.Del("state") }, 400},
			{"an empty state", func(_ *testing.T, _ *dialecttest.Visitor, _ *url.URL, q url.Values) { q.Set("state", "") }, 400},
			{"a state that is none", func(_ *testing.T, _ *dialecttest.Visitor, _ *url.URL, q url.Values) { q.Set("state", "st_x") }, 400},
			{"a state with one bit changed", func(_ *testing.T, _ *dialecttest.Visitor, _ *url.URL, q url.Values) {
				b := []byte(q.Get("state"))
				b[40] ^= 1
				q.Set("state", string(b))
			}, 400},
			{"two states", func(_ *testing.T, _ *dialecttest.Visitor, _ *url.URL, q url.Values) { q.Add("state", q.Get("state")) }, 400},
			{"the state of a flow in another browser", func(t *testing.T, v *dialecttest.Visitor, _ *url.URL, q url.Values) {
				other := w.begin(t, &dialecttest.Visitor{}, "google", "")
				q.Set("state", other.Query().Get("state"))
			}, 400},
			{"another browser", func(_ *testing.T, v *dialecttest.Visitor, _ *url.URL, _ url.Values) { *v = dialecttest.Visitor{} }, 400},
			{"another browser in the middle of a flow of its own", func(t *testing.T, v *dialecttest.Visitor, _ *url.URL, _ url.Values) {
				*v = dialecttest.Visitor{}
				w.begin(t, v, "google", "")
			}, 400},
			{"the callback of another provider", func(_ *testing.T, _ *dialecttest.Visitor, back *url.URL, _ url.Values) {
				back.Path = strings.Replace(back.Path, "google", "keycloak", 1)
			}, 400},
			{"the callback of a provider that is not there", func(_ *testing.T, _ *dialecttest.Visitor, back *url.URL, _ url.Values) {
				back.Path = strings.Replace(back.Path, "google", "nobody", 1)
			}, 400},
			{"too late", func(*testing.T, *dialecttest.Visitor, *url.URL, url.Values) {
				w.Clock.Advance(10*time.Minute + time.Second)
			}, 400},
			{"no code", func(_ *testing.T, _ *dialecttest.Visitor, _ *url.URL, q url.Values) { q.Del("code") }, 401},
			{"a code that is none", func(_ *testing.T, _ *dialecttest.Visitor, _ *url.URL, q url.Values) { q.Set("code", "nonsense") }, 401},
			{"the code of another flow, whose verifier is another", func(t *testing.T, _ *dialecttest.Visitor, _ *url.URL, q url.Values) {
				q.Set("code", w.begin(t, &dialecttest.Visitor{}, "google", "").Query().Get("code"))
			}, 401},
			{"the code of another provider", func(t *testing.T, _ *dialecttest.Visitor, _ *url.URL, q url.Values) {
				q.Set("code", w.begin(t, &dialecttest.Visitor{}, "keycloak", "").Query().Get("code"))
			}, 401},
			{"the issuer of another provider", func(_ *testing.T, _ *dialecttest.Visitor, _ *url.URL, q url.Values) {
				q.Set("iss", w.providers["keycloak"].Config().Issuer)
			}, 401},
			{"an error beside a code", func(_ *testing.T, _ *dialecttest.Visitor, _ *url.URL, q url.Values) { q.Set("error", "access_denied") }, 403},
			{"an error with HTML", func(_ *testing.T, _ *dialecttest.Visitor, _ *url.URL, q url.Values) {
				q.Set("error", `"><svg onload=alert(1)>`)
				q.Set("error_description", `<script>alert(2)</script>`)
				q.Set("error_uri", "javascript:alert(3)")
			}, 401},
		} {
			t.Run(c.name, func(t *testing.T) {
				var v dialecttest.Visitor
				back := w.begin(t, &v, "google", "")
				q := back.Query()
				code := q.Get("code")
				c.change(t, &v, back, q)
				back.RawQuery = q.Encode()
				r := v.Open(t, w.other, back.String())
				w.turnedAway(t, r, c.status)
				for _, never := range []string{"<svg", "onload", "alert", "javascript:", code} {
					if strings.Contains(r.Body, never) {
						t.Errorf("%q is repeated in %s", never, r.Body)
					}
				}
				w.nobody(t, "google", ada)
				w.nobody(t, "keycloak", ada)
				w.secretless(t, code, "alert")
			})
		}
	})
}

func TestAnAnswerIsGoodOnce(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		w := newWorld(t, open, []string{"google"})
		back := w.begin(t, &w.Visitor, "google", "")
		thief := w.Twin()
		w.Open(t, w.Server, back.String())
		a := arrive(t, &w.Visitor, w.Server).Authorization
		w.turnedAway(t, thief.Open(t, w.other, back.String()), 400)
		w.turnedAway(t, w.Open(t, w.Server, back.String()), 400)

		fresh := w.begin(t, &w.Visitor, "google", "")
		q := fresh.Query()
		q.Set("code", back.Query().Get("code"))
		fresh.RawQuery = q.Encode()
		w.turnedAway(t, w.Open(t, w.Server, fresh.String()), 401)

		broken := w.begin(t, &w.Visitor, "google", "")
		failed := w.Twin().Open(t, w.Server, broken.String()+"&error=access_denied")
		w.turnedAway(t, failed, 403)
		w.turnedAway(t, w.Open(t, w.Server, broken.String()), 400) // that was its one use
		if w.Me(t, a.AccessToken) != 200 {
			t.Error("trying again ended the session")
		}
		w.secretless(t, back.Query().Get("state"), back.Query().Get("code"))
	})
}

func TestAFlowOfAnotherDialectIsNotOurs(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t), []string{"google"})
	theirs := w.URL + "/flowless/auth/social/google/callback"
	begun, err := w.App.Social.Begin(t.Context(), dialecttest.Operator, social.Start{Provider: "google", RedirectURI: theirs})
	if err != nil {
		t.Fatal(err)
	}
	back := w.providers["google"].Authorize(t, begun.URL).URL
	r := w.Do(t, dialecttest.Request{
		Path: "/auth/social/google/callback?" + back.RawQuery, Header: map[string]string{"Cookie": begun.Cookie.Name + "=" + begun.Cookie.Value},
	})
	w.turnedAway(t, r, 400)

	ours := w.begin(t, &w.Visitor, "google", "")
	for _, path := range []string{"/flowless/auth/social/google/callback", "/flowless/auth/oauth/callback"} {
		twin := w.Twin()
		r := twin.Open(t, w.Server, path+"?"+ours.RawQuery)
		if r.Status/100 == 2 || len(twin.Set()) > 0 && twin.Has("session") || strings.Contains(r.Header.Get("Location"), "ses_") || strings.Contains(r.Body, "ses_") {
			t.Errorf("%s: %d %s %s", path, r.Status, r.Header, r.Body)
		}
	}
	w.nobody(t, "google", ada)
}

func TestOfManyAnswersOneLetsIn(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		w := newWorld(t, open, []string{"google"})
		back := w.begin(t, &w.Visitor, "google", "")
		cookies := w.Cookies()
		var mu sync.Mutex
		statuses := map[int]int{}
		var tickets []string
		dialecttest.Together(20, func(i int) {
			r, err := []*dialecttest.Server{w.Server, w.other}[i%2].Try(dialecttest.Request{Path: back.RequestURI(), Header: map[string]string{"Cookie": cookies}})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			statuses[r.Status]++
			for _, c := range r.Header.Values("Set-Cookie") {
				if strings.HasPrefix(c, "gatehouse-handoff=") {
					tickets = append(tickets, c)
				}
			}
		})
		if statuses[200] != 1 || statuses[400] != 19 || len(tickets) != 1 {
			t.Fatalf("answers: %v, tickets: %d", statuses, len(tickets))
		}
		ticket, _, _ := strings.Cut(tickets[0], ";")
		var got exchanged
		exchange(t, w.Server, ticket).JSON(t, &got)
		sessions := w.Do(t, dialecttest.Request{Path: "/auth/sessions", Bearer: got.Authorization.AccessToken})
		if strings.Count(sessions.Body, `"handle"`) != 1 {
			t.Errorf("sessions: %s", sessions.Body)
		}
	})
}

func TestAProviderSendsNobodyElsewhere(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t), []string{"google"}, "GATEHOUSE_CORS_ORIGINS=https://good.example")
	for _, wanted := range []string{
		"//evil.example", `/\evil.example`, "https:evil.example", "https://good.example@evil.example", "https://good.example.evil.example",
		"https://good.example\x00.evil.example", "https://good.example%00.evil.example", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,<script>alert(1)</script>",
		"HTTPS://EVIL.example/", "/x\r\nSet-Cookie: evil=1", "https://good.example/\r\nSet-Cookie: evil=1", "https://good.example/%0d%0aSet-Cookie: evil=1",
		"https://evil.example", "http://good.example", "https://good.example:444", "/x#SF_Token=1", "/" + strings.Repeat("x", 3000),
	} {
		t.Run(fmt.Sprintf("%.60q", wanted), func(t *testing.T) {
			r := get(t, w.Server, "/auth/social/google/login?continue="+url.QueryEscape(wanted))
			refused(t, r, 400, "evil", "alert")
		})
	}
	for _, twice := range []string{"?continue=/a&continue=//evil.example", "?continue=//evil.example&continue=/a", "?ticket=a&ticket=b"} {
		refused(t, get(t, w.Server, "/auth/social/google/login"+twice), 400, "evil")
	}
	if n := w.providers["google"].Hits(); n != 0 {
		t.Errorf("the provider was asked %d times", n)
	}
	r := get(t, w.Server, "/auth/social/google/login?continue=/x%250d%250aSet-Cookie:evil")
	if asked(t, r).Get("redirect_uri") != w.URL+"/auth/social/google/callback" || len(r.Header.Values("Set-Cookie")) != 1 {
		t.Errorf("%v", r.Header)
	}
}

// gamesWithHosts are what somebody between the browser and us may say of where we are.
var gamesWithHosts = []map[string]string{
	{"X-Forwarded-Host": "evil.example"}, {"X-Forwarded-Proto": "ftp"}, {"X-Forwarded-Port": "666"}, {"X-Forwarded-Prefix": "/evil"},
	{"Forwarded": `host="evil.example";proto=http`}, {"X-Original-Host": "evil.example"}, {"X-Host": "evil.example"}, {"X-Original-URL": "https://evil.example/"},
	{"X-Rewrite-URL": "//evil.example/"}, {"Origin": "https://evil.example"}, {"Referer": "https://evil.example/"},
}

func TestHostsOfARequestLeadNowhere(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t), []string{"google"}, "GATEHOUSE_TRUSTED_PROXIES=127.0.0.0/8")
	callback := w.URL + "/auth/social/google/callback"
	const login = "/auth/social/google/login"
	for _, header := range gamesWithHosts {
		if got := asked(t, w.Do(t, dialecttest.Request{Path: login, Header: header})).Get("redirect_uri"); got != callback {
			t.Errorf("%v: sent back to %s", header, got)
		}
		var v dialecttest.Visitor
		back := w.begin(t, &v, "google", "")
		r := v.Visit(t, w.Server, dialecttest.Request{Path: back.RequestURI(), Header: header})
		if got := arrive(t, &v, w.Server).Destination; r.Status != 200 || got != w.URL+"/app" {
			t.Errorf("%v: %d to %s", header, r.Status, got)
		}
		form := w.Do(t, dialecttest.Request{Path: back.Path, Body: back.RawQuery, Type: "application/x-www-form-urlencoded", Header: header})
		if at := form.Header.Get("Location"); form.Status != 303 || !strings.HasPrefix(at, "/auth/social/google/callback?") {
			t.Errorf("%v: %d to %s", header, form.Status, at)
		}
	}
	for _, host := range []string{"evil.example", "evil.example:666", "id.example.com.evil.example"} {
		r := w.Do(t, dialecttest.Request{Path: login, Host: host})
		if r.Status == http.StatusSeeOther && asked(t, r).Get("redirect_uri") != callback || r.Status/100 == 5 {
			t.Errorf("%s: %d %s", host, r.Status, r.Header.Get("Location"))
		}
	}
	for name, request := range map[string]string{
		"two hosts":           "GET " + login + " HTTP/1.1\r\nHost: " + strings.TrimPrefix(w.URL, "http://") + "\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
		"no host":             "GET " + login + " HTTP/1.1\r\nConnection: close\r\n\r\n",
		"an absolute address": "GET http://evil.example" + login + " HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
	} {
		if r := w.Raw(t, request); r.Status != 400 || r.Header.Get("Location") != "" {
			t.Errorf("%s: %d %s", name, r.Status, r.Header)
		}
	}
}

func TestNobodyBeginsWithoutEnd(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t), []string{"google"}, "GATEHOUSE_LIMIT_LOGIN=1/15m")
	back := w.begin(t, &w.Visitor, "google", "")
	for range 9 {
		asked(t, get(t, w.Server, "/auth/social/google/login"))
	}
	r := get(t, w.other, "/auth/social/google/login")
	w.turnedAway(t, r, 429, "15 minutes")
	if r.Header.Get("Retry-After") != "900" || w.providers["google"].Hits(providertest.TokenPath) != 0 {
		t.Errorf("%s", r.Header)
	}
	has(t, w.Open(t, w.Server, back.String()), 200) // who has begun may finish
}

// TestAPageOfAnotherSiteUsesUpNobodysTries by pictures and frames of the addresses that flows begin at.
func TestAPageOfAnotherSiteUsesUpNobodysTries(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t), []string{"google"}, "GATEHOUSE_LIMIT_LOGIN=1/15m")
	for _, path := range []string{"/auth/social/google/login", "/flowless/auth/social/google/login", "/flowless/auth/oauth/google"} {
		for _, dest := range []string{"image", "iframe", "empty", "script", "image", "iframe"} {
			r := w.Do(t, dialecttest.Request{Path: path, Header: map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": dest}})
			if r.Status != 403 || r.Header.Get("Location") != "" || len(r.Header.Values("Set-Cookie")) != 0 {
				t.Errorf("%s as %s: %d %v", path, dest, r.Status, r.Header)
			}
		}
		for _, header := range []map[string]string{
			{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document"}, // a link
			{"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "empty"},
			nil,
		} {
			if r := w.Do(t, dialecttest.Request{Path: path, Header: header}); r.Header.Get("Location") == "" {
				t.Errorf("%s with %v: %d", path, header, r.Status)
			}
		}
	}
}
