package flowless_test

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

// TestNoHeaderHasAPartInAFlow is about T-36.
func TestNoHeaderHasAPartInAFlow(t *testing.T) {
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{Env: []string{"GATEHOUSE_FLOWLESS=/flowless," + dialecttest.FlowlessHost + "/v1"}})
	dialecttest.QuickPasswords(s)
	provided(s)["google"].is("g-1", ada)
	forged := map[string]string{
		"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "Forwarded": "host=evil.example;proto=https", "X-Original-URL": "/evil", "Origin": "https://evil.example",
	}
	for _, c := range []struct{ host, path, want string }{
		{"", "/flowless", "http://localhost:8080/flowless"}, {"evil.example", "/flowless", "http://localhost:8080/flowless"},
		{dialecttest.FlowlessHost, "/v1", "http://" + dialecttest.FlowlessHost + ":8080/v1"},
	} {
		for path, back := range map[string]string{"/auth/social/google/login": "/auth/social/google/callback", "/auth/oauth/google": "/auth/oauth/callback"} {
			r := s.Do(t, dialecttest.Request{Path: c.path + path, Host: c.host, Header: forged})
			at, err := url.Parse(r.Header.Get("Location"))
			if err != nil || r.Status != http.StatusFound || at.Query().Get("redirect_uri") != c.want+back {
				t.Errorf("%s %s: %d leads to %q", c.host, path, r.Status, r.Header.Get("Location"))
			}
			if r = s.Do(t, dialecttest.Request{Path: c.path + back, Host: c.host, Header: forged, Type: "application/x-www-form-urlencoded", Body: "state=x"}); r.Header.Get("Location") != c.want+back+"?state=x" {
				t.Errorf("%s %s: %d leads to %q", c.host, back, r.Status, r.Header.Get("Location"))
			}
		}
	}
}

func TestAProviderThatHasAFormPosted(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := mailing(t, open)
		provided(s)["google"].is("g-1", ada)
		for _, start := range []string{googleLogin, googleOauth} {
			b := newBrowser(s)
			answer := b.sent(t, start)
			path, _, _ := strings.Cut(returning(t, answer), "?")
			form := maps.Clone(answer)
			form.Del("redirect_uri")
			form.Set("user", `{"name":{"firstName":"Eve"}}`) // Apple sends it; anybody could write it
			form.Set("id_token", "x")
			r := s.Do(t, dialecttest.Request{Path: path, Type: "application/x-www-form-urlencoded", Body: form.Encode(), Header: map[string]string{"Origin": "https://appleid.apple.com", "Sec-Fetch-Site": "cross-site"}})
			want := url.Values{"state": answer["state"], "code": answer["code"]}
			at, err := url.Parse(r.Header.Get("Location"))
			if err != nil || r.Status != http.StatusSeeOther || at.Path != path || len(cookies(r)) != 0 {
				t.Fatalf("%d %s leads to %q", r.Status, r.Body, r.Header.Get("Location"))
			}
			if diff := cmp.Diff(want, at.Query()); diff != "" {
				t.Error(diff)
			}
			if r = b.goes(t, dialecttest.Request{Path: at.RequestURI()}); r.Status >= 400 || b.jar["session_id"] == "" {
				t.Errorf("%d %s", r.Status, r.Body)
			}
			for name, q := range map[string]dialecttest.Request{
				"JSON":          {Type: "application/json", Body: `{"state":"x"}`},
				"a file":        {Type: "multipart/form-data; boundary=x", Body: "--x--"},
				"twice":         {Type: "application/x-www-form-urlencoded", Body: "state=a&state=b"},
				"too long":      {Type: "application/x-www-form-urlencoded", Body: "state=" + strings.Repeat("x", 9000)},
				"much too":      {Type: "application/x-www-form-urlencoded", Body: "state=" + strings.Repeat("x", 70000)},
				"badly written": {Type: "application/x-www-form-urlencoded", Body: "state=%zz"},
			} {
				q.Path = path
				if r := s.Do(t, q); r.Status < 400 || r.Status >= 500 || r.Header.Get("Location") != "" {
					t.Errorf("%s: %d %s", name, r.Status, r.Body)
				}
			}
		}
	})
}
