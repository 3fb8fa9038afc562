package native_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
)

func TestAPathThatCanBeReadInTwoWaysIsRefused(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	dialecttest.QuickPasswords(s)
	admin := s.NewUser(t, "root@example.com", identity.Admin)
	send := func(path string) dialecttest.Response {
		return s.Raw(t, "GET "+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer "+admin.AccessToken+"\r\n\r\n")
	}
	const group, rest = "/auth", "invitationCodes"
	for _, path := range dialecttest.AmbiguousPaths(group, rest) {
		if r := send(path); r.Status != 400 || r.Code() != "invalid_path" {
			t.Errorf("%s: %d %s", path, r.Status, r.Body)
		}
	}
	for _, path := range dialecttest.UnreadablePaths(group, rest) {
		if r := send(path); r.Status != 400 { // refused before there is a request
			t.Errorf("%q: %d %s", path, r.Status, r.Body)
		}
	}
	for _, path := range append(dialecttest.OtherPaths(group, rest), "/", "/auth", "/.env", "/.git/config", "/debug/pprof/", "/metrics") {
		if r := send(path); r.Status != 404 || r.Code() != "not_found" {
			t.Errorf("%s: %d %s", path, r.Status, r.Body)
		}
	}
	for _, path := range []string{"/auth/invitationCodes", "/auth/%69nvitationCodes", "/auth/invitationCodes?", "/auth/invitationCodes?state=pending"} {
		if r := send(path); r.Status != 200 {
			t.Errorf("%s: %d %s", path, r.Status, r.Body)
		}
	}
}

func TestAMethodIsTakenAtItsWord(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	dialecttest.QuickPasswords(s)
	a := s.Register(t, "ada@example.com", goodPassword)
	for _, c := range []struct{ method, path, allow string }{
		{"GET", "/auth/login", "POST"}, {"PUT", "/auth/login", "POST"}, {"post", "/auth/login", "POST"}, {"TRACE", "/auth/login", "POST"},
		{"PROPFIND", "/auth/me", "DELETE, GET, PATCH"}, {"HEAD", "/auth/me", "DELETE, GET, PATCH"}, {"POST", "/auth/me", "DELETE, GET, PATCH"},
		{"OPTIONS", "/auth/me", "DELETE, GET, PATCH"}, {"DELETE", "/.well-known/jwks.json", "GET, HEAD"}, {"POST", "/.well-known/jwks.json", "GET, HEAD"},
		{"GET", "/auth/sessions/x", "DELETE"}, {"PUT", "/auth/invitationCodes/x", "DELETE"},
	} {
		r := s.Do(t, request{Method: c.method, Path: c.path, Bearer: a.AccessToken, Header: dialecttest.Overrides("/auth/me")})
		allowed := strings.Split(r.Header.Get("Allow"), ", ")
		slices.Sort(allowed)
		if r.Status != 405 || strings.Join(allowed, ", ") != c.allow || c.method != "HEAD" && r.Code() != "method_not_allowed" {
			t.Errorf("%s %s: %d %s, allowed are %q", c.method, c.path, r.Status, r.Body, allowed)
		}
	}
	for _, line := range []string{"CONNECT /auth/me", "CONNECT x:80", "GET /auth/me?_method=DELETE", "POST /auth/logout?access_token=" + a.AccessToken} {
		r := s.Raw(t, line+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-HTTP-Method-Override: DELETE\r\nContent-Length: 0\r\n\r\n")
		if r.Status != 400 && r.Status != 401 && r.Status != 405 {
			t.Errorf("%s: %d %s", line, r.Status, r.Body)
		}
	}
	s.Run(t, []kase{{Name: "the account is there", Request: request{Path: "/auth/me", Bearer: a.AccessToken, Header: map[string]string{"X-Http-Method-Override": "DELETE"}}, Status: 200}})
}

func TestAQueryNamesItsParametersOnce(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		if _, err := s.App.Invites.Create(t.Context(), dialecttest.Operator, invite.New{Count: 3}); err != nil {
			t.Fatal(err)
		}
		list := func(query string) request { return request{Path: "/auth/invitationCodes?" + query, Key: s.Secret} }
		var page struct{ NextCursor string }
		s.Do(t, list("limit=1")).JSON(t, &page)
		for query, name := range map[string]string{
			"q=x": "q", "LIMIT=1": "LIMIT", "limit[$gt]=1": "limit[$gt]", "state[$ne]=x": "state[$ne]", "email[$ne]=x": "email[$ne]",
			"limit=1&limit=2": "limit", "state=used&state=used": "state", "cursor=&cursor=": "cursor",
			"limit=0": "limit", "limit=-1": "limit", "limit=101": "limit", "limit=1e9": "limit", "limit=1000000000": "limit", "limit=NaN": "limit",
			"limit=0x10": "limit", "limit=1.5": "limit", "limit=99999999999999999999": "limit", "limit=%201": "limit", "limit=١": "limit", "limit=1_0": "limit",
			"state=PENDING": "state", "state=all": "state", "state=$natural": "state", "state=.*": "state", `state={"$ne":null}`: "state", "state=%00": "state",
			"cursor=x": "cursor", "cursor=.*": "cursor", "cursor=" + page.NextCursor + "=": "cursor", "cursor=" + page.NextCursor + "A": "cursor",
			"cursor=" + page.NextCursor[1:]: "cursor", "cursor=" + page.NextCursor[:len(page.NextCursor)-1]: "cursor", "cursor=" + strings.Repeat("A", 10_000): "cursor",
			"cursor=" + craft("-1."+strings.Repeat("x", 20)): "cursor", "cursor=" + craft("+1."+strings.Repeat("x", 20)): "cursor",
			"cursor=" + craft("01."+strings.Repeat("x", 20)): "cursor", "cursor=" + craft("1.short"): "cursor", "cursor=" + craft("1."+strings.Repeat("\xff", 20)): "cursor",
			"cursor=" + craft("1."+strings.Repeat("$", 20)): "cursor", "cursor=" + craft("1."+strings.Repeat("\x00", 20)): "cursor",
			"cursor=" + craft("9223372036854775807."+strings.Repeat("x", 20)): "cursor",
		} {
			r := s.Do(t, list(query))
			if r.Status != 400 || r.Code() != "invalid_input" || field(t, r) != name {
				t.Errorf("%.100s: %d %s, want %q named", query, r.Status, r.Body, name)
			}
		}
		for _, query := range []string{"limit=%zz", "limit=1;state=used", "%", "limit=%"} {
			if r := s.Do(t, list(query)); r.Status != 400 || r.Code() != "invalid_query" {
				t.Errorf("%s: %d %s", query, r.Status, r.Body)
			}
		}
		// A cursor says where to go on and opens nothing: an invented one gives a part of the list.
		s.Run(t, []kase{
			{Name: "a cursor from before everything", Request: list("cursor=" + craft("1."+strings.Repeat("x", 20))), Status: 200, Has: []string{`"invitationCodes":[]`}},
			{Name: "the page's own", Request: list("limit=2&state=pending&cursor=" + page.NextCursor), Status: 200, Never: []string{"nextCursor"}},
			{Name: "empty parameters", Request: list("limit=&state=&cursor="), Status: 200},
		})
	})
}

// craft encodes a cursor that no page gave out.
func craft(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func TestAnIDInAPathIsNeverAQuery(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		dialecttest.QuickPasswords(s)
		a := s.Register(t, "ada@example.com", goodPassword)
		issued, err := s.App.Invites.Create(t.Context(), dialecttest.Operator, invite.New{})
		if err != nil {
			t.Fatal(err)
		}
		before := snapshot(t, s, a)
		id := issued[0].ID
		for _, bad := range []string{
			"%7B%22$ne%22:null%7D", ".*", "$ne", "*", "%25", "_", "'%20OR%20'1'='1", "%FF", "%ED%A0%80", "%E2%80%8B" + id, id + "%20", strings.ToUpper(id) + "x",
			id[:19], id + "x", id + "%0a", "null", "undefined", "-1", strings.Repeat("x", 2000), "%00",
		} {
			for _, q := range []request{
				{Method: http.MethodDelete, Path: "/auth/invitationCodes/" + bad, Key: s.Secret},
				{Method: http.MethodPost, Path: "/auth/invitationCodes/" + bad + "/resend", Key: s.Secret},
				{Method: http.MethodDelete, Path: "/auth/sessions/" + bad, Bearer: a.AccessToken},
			} {
				want := 404
				if bad == "%00" {
					want = 400
				}
				if r := s.Do(t, q); r.Status != want {
					t.Errorf("%s %.80s: %d %s", q.Method, q.Path, r.Status, r.Body)
				}
			}
		}
		if diff := cmp.Diff(before, snapshot(t, s, a)); diff != "" {
			t.Errorf("something changed:\n%s", diff)
		}
		s.Run(t, []kase{
			{Name: "another user's session", Request: request{Method: "DELETE", Path: "/auth/sessions/" + sessionID(t, a), Bearer: s.Register(t, "eve@example.com", goodPassword).AccessToken}, Status: 404},
			{Name: "the id as it is", Request: request{Method: "DELETE", Path: "/auth/invitationCodes/" + id, Key: s.Secret}, Status: 204},
			{Name: "the session as it is", Request: request{Method: "DELETE", Path: "/auth/sessions/" + sessionID(t, a), Bearer: a.AccessToken}, Status: 204},
		})
	})
}

// sessionID reads the public id of a session out of its access token.
func sessionID(t *testing.T, a dialecttest.Authorization) string {
	t.Helper()
	return fmt.Sprint(claimsOf(t, a.AccessToken)["sid"])
}
