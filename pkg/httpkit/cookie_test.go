package httpkit_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

func TestACookieIsClearedAsItWasSet(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		cookie     httpkit.Cookie
		set, clear string
	}{
		"on http": {
			httpkit.Cookie{Name: "ai-editor", Path: "/"},
			"ai-editor=ses_x.y; Path=/; Expires=Sun, 01 Mar 2026 14:00:00 GMT; Max-Age=7200; HttpOnly; SameSite=Lax",
			"ai-editor=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; SameSite=Lax",
		},
		"on https": {
			httpkit.Cookie{Name: "__Host-ai-editor", Path: "/", Secure: true},
			"__Host-ai-editor=ses_x.y; Path=/; Expires=Sun, 01 Mar 2026 14:00:00 GMT; Max-Age=7200; HttpOnly; Secure; SameSite=Lax",
			"__Host-ai-editor=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
		},
		"below a path": {
			httpkit.Cookie{Name: "session_id", Path: "/flowless"},
			"session_id=ses_x.y; Path=/flowless; Expires=Sun, 01 Mar 2026 14:00:00 GMT; Max-Age=7200; HttpOnly; SameSite=Lax",
			"session_id=; Path=/flowless; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; SameSite=Lax",
		},
	} {
		t.Run(name, func(t *testing.T) {
			// RFC 6265 has a browser that knows no Max-Age forget at 1970, too.
			if diff := cmp.Diff(http.Header{"Set-Cookie": {c.set}}, c.cookie.Set("ses_x.y", now, now.Add(2*time.Hour))); diff != "" {
				t.Errorf("set (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(http.Header{"Set-Cookie": {c.clear}}, c.cookie.Clear()); diff != "" {
				t.Errorf("cleared (-want +got):\n%s", diff)
			}
		})
	}
}

// doorkeeper knows one session.
type doorkeeper struct{ asked []string }

func (d *doorkeeper) Authenticate(context.Context, string) (identity.Actor, error) {
	panic("nobody asks about access tokens here")
}

func (d *doorkeeper) AuthenticateID(_ context.Context, _ identity.Client, id string) (identity.Actor, error) {
	d.asked = append(d.asked, id)
	switch id {
	case "good":
		return identity.Actor{User: &identity.User{ID: "ada"}, Session: &identity.Session{ID: "s"}}, nil
	case "broken":
		return identity.Actor{}, fault.New(fault.Unavailable, "store_unavailable", "no")
	default:
		return identity.Actor{}, fault.New(fault.Unauthenticated, "invalid_token", "no")
	}
}

// TestWhoACookieLetsIn asks a route for users and one for anybody.
func TestWhoACookieLetsIn(t *testing.T) {
	guard := http.NewCrossOriginProtection()
	if err := guard.AddTrustedOrigin("https://good.example"); err != nil {
		t.Fatal(err)
	}
	keeper := &doorkeeper{}
	serve := func(public bool) *httptest.Server {
		return serveRoute(t, httpkit.Route{
			Method: http.MethodPost, Path: "/", Access: httpkit.Access{Cookie: "id", Public: public},
			Handle: func(c *httpkit.Call) (httpkit.Reply, error) {
				who := "nobody"
				if c.Actor.User != nil {
					who = c.Actor.User.ID
				}
				return httpkit.Reply{Status: 200, Body: httpkit.Document{Type: "text/plain", Content: []byte(who)}}, nil
			},
		}, func(k *httpkit.Kit) { k.Sessions, k.CrossOrigin = keeper, guard })
	}
	users, anybody := serve(false), serve(true)
	for _, c := range []struct {
		name      string
		header    http.Header
		user, any string // the answer, or the status of a refusal
		asked     bool   // whether the store has to be asked
	}{
		{"no cookie", nil, "401", "nobody", false},
		{"another cookie", http.Header{"Cookie": {"ID=good; idx=good"}}, "401", "nobody", false},
		{"an empty one", http.Header{"Cookie": {"id="}}, "401", "nobody", false},
		{"a good one", http.Header{"Cookie": {"id=good"}}, "ada", "ada", true},
		{"a stale one", http.Header{"Cookie": {"id=stale"}}, "401", "nobody", true},
		{"one that cannot be looked up", http.Header{"Cookie": {"id=broken"}}, "503", "503", true},
		{"two", http.Header{"Cookie": {"id=good; id=stale"}}, "400", "400", false},
		{"two alike", http.Header{"Cookie": {"id=good; id=good"}}, "400", "400", false},
		{"two in two headers", http.Header{"Cookie": {"id=good", "id=stale"}}, "400", "400", false},
		{"a good one and an empty one", http.Header{"Cookie": {"id=; id=good"}}, "400", "400", false},
		{"from another origin", http.Header{"Cookie": {"id=good"}, "Origin": {"https://evil.example"}}, "403", "403", false},
		{"from another site", http.Header{"Cookie": {"id=good"}, "Sec-Fetch-Site": {"cross-site"}}, "403", "403", false},
		{"from a sister site", http.Header{"Cookie": {"id=good"}, "Sec-Fetch-Site": {"same-site"}, "Origin": {"https://www.good.example"}}, "403", "403", false},
		{"from no origin", http.Header{"Cookie": {"id=good"}, "Origin": {"null"}}, "403", "403", false},
		{"from another site without a cookie", http.Header{"Sec-Fetch-Site": {"cross-site"}}, "403", "403", false},
		{"from an allowed origin", http.Header{"Cookie": {"id=good"}, "Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://good.example"}}, "ada", "ada", true},
		{"from an allowed origin by another scheme", http.Header{"Cookie": {"id=good"}, "Origin": {"http://good.example"}}, "403", "403", false},
		{"from a page of ours", http.Header{"Cookie": {"id=good"}, "Sec-Fetch-Site": {"same-origin"}, "Origin": {"https://whatever.example"}}, "ada", "ada", true},
		{"an id that is sent in other places", http.Header{"X-Session-Id": {"good"}}, "401", "nobody", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			for srv, want := range map[*httptest.Server]string{users: c.user, anybody: c.any} {
				keeper.asked = nil
				if got := postTo(t, srv.URL, c.header); got != want {
					t.Errorf("for anybody %t: %s, want %s", srv == anybody, got, want)
				}
				if got := len(keeper.asked) > 0; got != c.asked {
					t.Errorf("for anybody %t: the store was asked for %q", srv == anybody, keeper.asked)
				}
			}
		})
	}
}

// postTo posts nothing and returns the text of a success, or else the status.
func postTo(t *testing.T, url string, header http.Header) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		req.Header = header.Clone()
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		return resp.Status[:3]
	}
	return string(text)
}

// TestAReadWithAnEffectKnowsForeignPages asks a GET, which the guard itself lets through.
func TestAReadWithAnEffectKnowsForeignPages(t *testing.T) {
	guard := http.NewCrossOriginProtection()
	if err := guard.AddTrustedOrigin("https://good.example"); err != nil {
		t.Fatal(err)
	}
	srv := serveRoute(t, httpkit.Route{
		Method: http.MethodGet, Path: "/", Access: httpkit.Access{Public: true},
		Handle: func(c *httpkit.Call) (httpkit.Reply, error) {
			status := http.StatusOK
			if c.Foreign() {
				status = http.StatusTeapot
			}
			if c.Request.Method != http.MethodGet {
				t.Error("asking changes the request")
			}
			return httpkit.Reply{Status: status}, nil
		},
	}, func(k *httpkit.Kit) { k.CrossOrigin = guard })
	for headers, foreign := range map[string]bool{
		"": false, "Sec-Fetch-Site: same-origin": false, "Sec-Fetch-Site: none": false, "Origin: https://good.example": false,
		"Sec-Fetch-Site: cross-site, Origin: https://good.example": false, "Sec-Fetch-Site: cross-site": true, "Sec-Fetch-Site: same-site": true,
		"Origin: https://evil.example": true, "Origin: null": true, "Origin: http://good.example": true, "Sec-Fetch-Site: x": true,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		for header := range strings.SplitSeq(headers, ", ") {
			if name, value, ok := strings.Cut(header, ": "); ok {
				req.Header.Set(name, value)
			}
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close() // the status is all
		if got := resp.StatusCode == http.StatusTeapot; got != foreign {
			t.Errorf("%q is foreign: %t, want %t", headers, got, foreign)
		}
	}
}

func TestOfTwoCookiesOfANameNeitherIsTaken(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header["Cookie"] = []string{"a=1; b=2; a=1", "c=3; b="}
	if diff := cmp.Diff(map[string]string{"c": "3"}, httpkit.Cookies(r)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
