package flowless_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

const day = 24 * time.Hour

func TestASessionIsBoundToTheDeviceItWasStartedOn(t *testing.T) {
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{})
	dialecttest.QuickPasswords(s)
	ada := newPerson(t, s, "ada@example.com", identity.Customer)
	start := func(t *testing.T) string {
		t.Helper()
		r := s.Do(t, dialecttest.Request{Path: "/flowless/auth/login", Body: body(object{"email": ada.email, "password": ada.password, "device_id": "phone-1"})})
		got := openedBy(t, r)
		return got.SessionID
	}
	for _, c := range []struct {
		name   string
		query  string
		header string
		want   int
	}{
		{"no device", "", "", http.StatusOK},
		{"its device", "", "phone-1", http.StatusOK},
		{"its device in the query", "?device_id=phone-1", "", http.StatusOK},
		{"another device", "", "phone-2", http.StatusUnauthorized},
		{"another device in the query", "?device_id=phone-2", "", http.StatusUnauthorized},
		{"its device in another case", "", "Phone-1", http.StatusUnauthorized},
	} {
		t.Run(c.name, func(t *testing.T) {
			id := start(t)
			header := map[string]string{}
			if c.header != "" {
				header["X-Device-ID"] = c.header
			}
			if r := s.Do(t, dialecttest.Request{Path: "/flowless/auth/me" + c.query, ID: id, Header: header}); r.Status != c.want {
				t.Errorf("it is read: %d %s", r.Status, r.Body)
			}
			q := renewal(id)
			q.Path, q.Header = q.Path+c.query, header
			if r := s.Do(t, q); r.Status != c.want {
				t.Errorf("it is renewed: %d %s", r.Status, r.Body)
			}
			if c.want != http.StatusOK && s.FlowlessMe(t, id) != http.StatusOK {
				t.Error("another device has ended it")
			}
		})
	}
}

func TestASessionThatIsNotRenewedExpires(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := dialecttest.Start(t, open, dialecttest.Options{})
		nodes := []*dialecttest.Server{s, s.Node(t)}
		dialecttest.QuickPasswords(nodes...)
		ada := newPerson(t, s, "ada@example.com", identity.Customer)
		id := login(t, s, ada, dialecttest.Request{})
		s.Clock.Advance(7*day - time.Millisecond)
		lives(t, nodes, "a session in its last moment", held{by: "flowless", access: id, renew: id})
		s.Clock.Advance(time.Millisecond) // reading has not put it off
		for _, n := range nodes {
			for _, q := range []dialecttest.Request{{Path: "/flowless/auth/me", ID: id}, renewal(id)} {
				if r := n.Do(t, q); r.Status != http.StatusUnauthorized || r.FlowlessError(t) != "Session expired" {
					t.Errorf("%s after its time: %d %s", q.Path, r.Status, r.Body)
				}
			}
		}
	})
}

func TestASessionThatIsRenewedEndsInTheEnd(t *testing.T) {
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{})
	dialecttest.QuickPasswords(s)
	ada := newPerson(t, s, "ada@example.com", identity.Customer)
	id, end := login(t, s, ada, dialecttest.Request{}), s.Clock.Now().Add(90*day)
	for s.Clock.Now().Add(6 * day).Before(end) {
		s.Clock.Advance(6 * day)
		next := renewed(t, s, id)
		want := s.Clock.Now().Add(7 * day)
		if end.Before(want) {
			want = end
		}
		if !next.Expires.Equal(want) {
			t.Errorf("it says it ends at %s, want %s", next.Expires, want)
		}
		id = next.SessionID
	}
	s.Clock.Advance(end.Sub(s.Clock.Now()) - time.Millisecond)
	if got := s.FlowlessMe(t, id); got != http.StatusOK {
		t.Errorf("in its last moment: %d", got)
	}
	s.Clock.Advance(time.Millisecond)
	if r := s.Do(t, renewal(id)); r.Status != http.StatusUnauthorized || r.FlowlessError(t) != "Session expired" {
		t.Errorf("after ninety days: %d %s", r.Status, r.Body)
	}
	over(t, []*dialecttest.Server{s}, "it", held{by: "flowless", access: id, renew: id})
}

// cookies returns the cookies that an answer sets.
func cookies(r dialecttest.Response) []*http.Cookie {
	return (&http.Response{Header: r.Header}).Cookies()
}

func TestTheCookieOfASessionIsGuarded(t *testing.T) {
	for _, c := range []struct {
		name, url string
		secure    bool
	}{
		{"by http, where people try things out", "http://localhost:8080", false},
		{"by https", "https://id.example.com", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{Env: []string{"GATEHOUSE_PUBLIC_URL=" + c.url}})
			dialecttest.QuickPasswords(s)
			ada := newPerson(t, s, "ada@example.com", identity.Customer)
			id := ""
			for _, q := range []dialecttest.Request{
				{Path: "/flowless/auth/login", Body: body(object{"email": ada.email, "password": ada.password})},
				{Path: "/flowless/auth/register", Body: body(object{"email": "eve@example.com", "password": ada.password, "name": "Eve"})},
				{Path: "/flowless/auth/register/public", Bridge: dialecttest.BridgeSecret, Body: body(object{"email": "bob@example.com", "password": ada.password, "name": "Bob"})},
				{Method: http.MethodPost, Path: "/flowless/auth/refresh", ID: "the last one"},
				{Path: "/flowless/auth/password-change/self", ID: "the last one", Body: body(object{"currentPassword": ada.password, "newPassword": newPassword})},
			} {
				if q.ID != "" {
					q.ID = id
				}
				r := s.Do(t, q)
				set := cookies(r)
				if r.Status != http.StatusOK || len(set) != 1 {
					t.Fatalf("%s: %d %s sets %v", q.Path, r.Status, r.Body, set)
				}
				got := set[0]
				if got.Name != "session_id" || !got.HttpOnly || got.SameSite != http.SameSiteLaxMode || got.Secure != c.secure || got.Domain != "" ||
					got.Path != "/flowless" || got.MaxAge != int(7*day/time.Second) || !strings.HasPrefix(got.Value, "ses_") {
					t.Errorf("%s sets %s", q.Path, got.Raw)
				}
				if s.FlowlessMe(t, got.Value) != http.StatusOK {
					t.Errorf("%s sets a cookie that is no id", q.Path)
				}
				id = got.Value
			}
			r := s.Do(t, dialecttest.Request{Method: http.MethodPost, Path: "/flowless/auth/logout", ID: id})
			if set := cookies(r); len(set) != 1 || set[0].Value != "" || set[0].MaxAge >= 0 || set[0].Path != "/flowless" {
				t.Errorf("signing out sets %v", set)
			}
		})
	}
}

func TestAnotherSiteCannotUseTheCookie(t *testing.T) {
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{})
	dialecttest.QuickPasswords(s)
	ada := newPerson(t, s, "ada@example.com", identity.Customer)
	const evil, write = "https://evil.example", http.MethodPost
	cross := map[string]string{"Origin": evil, "Sec-Fetch-Site": "cross-site"}
	for _, c := range []struct {
		name   string
		method string
		path   string
		by     string // header, query or cookie
		header map[string]string
		want   int
	}{
		{"the own page writes", write, "/flowless/auth/refresh", "cookie", map[string]string{"Sec-Fetch-Site": "same-origin"}, 200},
		{"a program writes", write, "/flowless/auth/refresh", "cookie", nil, 200},
		{"another site writes", write, "/flowless/auth/refresh", "cookie", cross, 403},
		{"another site writes, in an old browser", write, "/flowless/auth/refresh", "cookie", map[string]string{"Origin": evil}, 403},
		{"a page without an origin writes", write, "/flowless/auth/refresh", "cookie", map[string]string{"Origin": "null"}, 403},
		{"a sister site writes", write, "/flowless/auth/refresh", "cookie", map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
		{"another site signs out", write, "/flowless/auth/logout", "cookie", cross, 403},
		{"another site changes the profile", http.MethodPut, "/flowless/auth/profile", "cookie", cross, 403},
		{"another site unlinks an account", http.MethodDelete, "/flowless/auth/social/accounts/google", "cookie", cross, 403},
		{"another site writes with the header", write, "/flowless/auth/refresh", "header", cross, 200},
		{"another site writes with the query", write, "/flowless/auth/refresh", "query", cross, 200},
		{"a link from another site reads", http.MethodGet, "/flowless/auth/me", "cookie", cross, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			id := login(t, s, ada, dialecttest.Request{})
			q := dialecttest.Request{Method: c.method, Path: c.path, Header: map[string]string{}}
			for name, value := range c.header {
				q.Header[name] = value
			}
			switch c.by {
			case "cookie":
				q.Header["Cookie"] = "session_id=" + id
			case "header":
				q.ID = id
			case "query":
				q.Path += "?session_id=" + id
			}
			if c.method == http.MethodPut {
				q.Body = body(object{"name": "Eve"})
			}
			r := s.Do(t, q)
			if r.Status != c.want {
				t.Errorf("got %d %s, want %d", r.Status, r.Body, c.want)
			}
			if me := s.Do(t, dialecttest.Request{Path: "/flowless/auth/me", ID: id}); me.Status != http.StatusOK || strings.Contains(me.Body, "Eve") {
				t.Errorf("afterwards: %d %s", me.Status, me.Body)
			}
			if c.want == 403 && len(cookies(r)) != 0 {
				t.Errorf("a refusal sets %v", cookies(r))
			}
		})
	}
}

func TestTheHeaderComesBeforeTheQueryAndThatBeforeTheCookie(t *testing.T) {
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{})
	dialecttest.QuickPasswords(s)
	people := map[string]person{}
	ids := map[string]string{}
	for _, place := range []string{"header", "query", "cookie"} {
		people[place] = newPerson(t, s, place+"@example.com", identity.Customer)
		ids[place] = login(t, s, people[place], dialecttest.Request{})
	}
	for _, c := range []struct {
		name   string
		places []string
		want   string // whose session it is; empty means nobody's
	}{
		{"all three", []string{"header", "query", "cookie"}, "header"},
		{"query and cookie", []string{"query", "cookie"}, "query"},
		{"the cookie alone", []string{"cookie"}, "cookie"},
		{"none", nil, ""},
	} {
		q := dialecttest.Request{Path: "/flowless/auth/me", Header: map[string]string{}}
		for _, place := range c.places {
			switch place {
			case "header":
				q.ID = ids[place]
			case "query":
				q.Path += "?session_id=" + ids[place]
			case "cookie":
				q.Header["Cookie"] = "session_id=" + ids[place]
			}
		}
		r := s.Do(t, q)
		if c.want == "" && r.Status != http.StatusUnauthorized || c.want != "" && !strings.Contains(r.Body, people[c.want].id) {
			t.Errorf("%s: %d %s", c.name, r.Status, r.Body)
		}
	}
	two := dialecttest.Request{Path: "/flowless/auth/me", Header: map[string]string{"Cookie": "session_id=" + ids["query"] + "; session_id=" + ids["cookie"]}}
	if r := s.Do(t, two); r.Status != http.StatusUnauthorized {
		t.Errorf("two cookies: %d %s", r.Status, r.Body)
	}
}
