package arguflow_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

func TestABodyThatCanBeReadInTwoWaysIsNotRead(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	newUser(t, s, "new@example.com")
	for _, c := range dialecttest.BrokenBodies() {
		want := c.Field
		if c.Field == "email" && (c.Name == "no address" || c.Name == "a null address") {
			want = "Email or password is empty"
		}
		r := must(t, s, request{Path: "/api/auth", Body: c.Body}, 400)
		if got := r.ArguflowError(t); !strings.Contains(got, want) || r.Header["Set-Cookie"] != nil {
			t.Errorf("%s: %s", c.Name, got)
		}
	}
}

// TestRubbishIsRefusedByName puts rubbish into every member of every request that has a body.
func TestRubbishIsRefusedByName(t *testing.T) {
	w := newWorld(t, start(t, dialecttest.SQLite(t)))
	before := w.state(t)
	for _, a := range w.asks() {
		if a.q.Body == "" {
			continue
		}
		t.Run(a.q.Method+" "+a.route, func(t *testing.T) {
			for name, broken := range map[string]string{"no JSON": "{", "a list": "[]", "null": "null", "a text": `"x"`, "two objects": "{}{}"} {
				q := a.q
				q.Body = broken
				if r := w.Do(t, q); r.Status != 400 {
					t.Errorf("%s: %d %s", name, r.Status, r.Body)
				}
			}
			long := a.q
			long.Body += strings.Repeat(" ", 64<<10)
			must(t, w.Server, long, 413)
			var members map[string]json.RawMessage
			if err := json.Unmarshal([]byte(a.q.Body), &members); err != nil {
				t.Fatal(err)
			}
			for _, name := range append(slices.Collect(maps.Keys(members)), "isAdmin", "user_type", "$where", "__proto__", "id", "email_verified", "Email") {
				for _, value := range []string{`7`, `[7]`, `{"$ne":null}`, `1e999`, `[[[]]]`} {
					bad := a.q
					bad.Body = swap(members, name, value)
					r := w.Do(t, bad)
					if got := r.ArguflowError(t); r.Status != 400 || !strings.Contains(got, name) {
						t.Errorf("%s as %s: %d %s", name, value, r.Status, r.Body)
					}
				}
			}
		})
	}
	w.untouched(t, before)
}

// swap writes members with another value for one of them.
func swap(members map[string]json.RawMessage, name, value string) string {
	all := maps.Clone(members)
	all[name] = json.RawMessage(value)
	var parts []string
	for _, n := range slices.Sorted(maps.Keys(all)) {
		parts = append(parts, dialecttest.JSON(n)+":"+string(all[n]))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// TestAPathThatCanBeReadInTwoWaysIsRefused asks with a good session, so that whatever is let
// through would be answered.
func TestAPathThatCanBeReadInTwoWaysIsRefused(t *testing.T) {
	w := newWorld(t, start(t, dialecttest.SQLite(t)))
	before := w.state(t)
	send := func(path string) response {
		return w.Raw(t, "GET "+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: ai-editor="+w.session+"\r\n\r\n")
	}
	must(t, w.Server, request{Path: "/api/auth"}.ByCookie(w.session), 200)
	for _, place := range []struct{ group, rest string }{{"/api", "auth"}, {"/api/password", ada}, {"/password", ada}} {
		for _, path := range dialecttest.AmbiguousPaths(place.group, place.rest) {
			r := send(path)
			if r.Status != 400 {
				t.Errorf("%s: %d %s", path, r.Status, r.Body)
			}
			if strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/password/") {
				if got := r.ArguflowError(t); got != "The path is ambiguous or badly encoded" {
					t.Errorf("%s: %s", path, got)
				}
			}
		}
		for _, path := range dialecttest.UnreadablePaths(place.group, place.rest) {
			if r := send(path); r.Status != 400 {
				t.Errorf("%q: %d %s", path, r.Status, r.Body)
			}
		}
	}
	for _, path := range dialecttest.OtherPaths("/api", "auth") {
		r := send(path)
		if r.Status != 404 {
			t.Errorf("%s: %d %s", path, r.Status, r.Body)
		}
		if strings.HasPrefix(path, "/api/") {
			r.ArguflowError(t)
		}
	}
	for _, path := range []string{ // what is between the slashes is an address, or none
		"/api/password/ada%20@example.com", "/api/password/%20ada@example.com", "/api/password/ada@example.com%0d%0aBcc:%20eve@evil.example", "/api/password/ada@example.com,eve@evil.example",
		"/api/password/ada@example.com%20eve@evil.example", "/api/password/%3cada@example.com%3e", "/api/password/ada%2540example.com", "/api/password/*", "/api/password/%25", "/api/password/%c0%ae",
		"/api/password/" + strings.Repeat("x", 300) + "@example.com", "/api/password/ada@example.com.evil%3f@", "/password/x",
	} {
		r := send(path)
		if r.Status != 400 || r.ArguflowError(t) != "Invalid email" {
			t.Errorf("%s: %d %s", path, r.Status, r.Body)
		}
	}
	w.untouched(t, before)
	for i, path := range []string{"/api/password/ada%40example.com", "/api/password/ADA@example.com", "/password/%61da@EXAMPLE.com"} { // the same address
		if r := send(path); r.Status != 204 {
			t.Errorf("%s: %d %s", path, r.Status, r.Body)
		}
		counts(t, w.Server, mail.ResetPassword, ada, i+2)
	}
}

// TestAMethodIsTakenAtItsWord sends every method to every route, with headers that ask for another
// one.
func TestAMethodIsTakenAtItsWord(t *testing.T) {
	w := newWorld(t, start(t, dialecttest.SQLite(t)))
	before := w.state(t)
	taken := map[string][]string{}
	for _, a := range w.asks() {
		taken[a.q.Path] = append(taken[a.q.Path], a.q.Method)
	}
	for path, methods := range taken {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "post", "get", "X"} {
			if slices.Contains(methods, method) {
				continue
			}
			r := w.Do(t, with(request{Method: method, Path: path}.ByCookie(w.session), pairs(dialecttest.Overrides("/api/auth"))...))
			if r.Status != http.StatusMethodNotAllowed || r.Header.Get("Allow") == "" {
				t.Errorf("%s %s: %d %s, allowed are %q, want %q", method, path, r.Status, r.Body, r.Header.Get("Allow"), methods)
			}
			if method != http.MethodHead {
				r.ArguflowError(t)
			}
		}
	}
	w.untouched(t, before)
}

func pairs(m map[string]string) (out []string) {
	for k, v := range m {
		out = append(out, k, v)
	}
	return out
}

// TestTheUUIDOfAUserIsForEver holds the UUIDs that clients keep: another function of the id
// would give every user a new one.
func TestTheUUIDOfAUserIsForEver(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	u := newUser(t, s, ada)
	got := func() string {
		var p person
		must(t, s, request{Path: "/api/auth"}.ByCookie(s.ArguflowLogin(t, ada, phrase)), 200).JSON(t, &p)
		return p.ID
	}
	first := got()
	if other := signedInAs(t, s, bob); other == first || !isUUID(first) || strings.Contains(first, u.ID) {
		t.Errorf("Ada is %s, Bob %s", first, other)
	}
	must(t, s, request{Method: "PUT", Path: "/api/user", Body: `{"username":"ada","visible_email":true}`}.ByCookie(s.ArguflowLogin(t, ada, phrase)), 200)
	if diff := cmp.Diff(first, got()); diff != "" {
		t.Error(diff)
	}
	if err := s.App.Store.CreateUser(t.Context(), identity.User{
		ID: "AdaLovelaceCountessOf1815000", Email: "old@example.com", UserType: identity.Customer, EmailVerified: true,
		Identifiers: []identity.Identifier{{Kind: identity.EmailIdentifier, Value: "old@example.com"}},
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.App.Accounts.SetPassword(t.Context(), dialecttest.Operator, "old@example.com", phrase); err != nil {
		t.Fatal(err)
	}
	var old person
	must(t, s, request{Path: "/api/auth"}.ByCookie(s.ArguflowLogin(t, "old@example.com", phrase)), 200).JSON(t, &old)
	if want := "2d982b3c-c624-86e3-9d53-4bdd6fe51971"; old.ID != want { // it has been given out
		t.Errorf("the UUID of a user of old is %s, was %s", old.ID, want)
	}
}

func signedInAs(t *testing.T, s *dialecttest.Server, email string) string {
	t.Helper()
	var p person
	must(t, s, request{Path: "/api/auth"}.ByCookie(signedIn(t, s, email)), 200).JSON(t, &p)
	return p.ID
}

// TestTheLogTellsNothing asks everything, good and bad, and reads what was logged.
func TestTheLogTellsNothing(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		w := newWorld(t, start(t, open))
		for _, a := range w.asks() {
			bad := a.q
			bad.Method = "PATCH"
			for _, q := range []request{with(a.q, "Origin", "https://evil.example"), bad, a.q, a.q} { // the second time most are used up
				w.Do(t, q)
			}
		}
		w.Settle(t)
		log := w.Log.String()
		if !strings.Contains(log, "/api/password/:email") {
			t.Error("the log does not name the route")
		}
		for name, secret := range map[string]string{
			"the cookie": w.session, "the invitation": w.invitation, "the reset": w.reset, "the password": phrase, "the other password": another, "the address": ada, "another address": "guest@example.com",
		} {
			if strings.Contains(log, secret) {
				t.Errorf("%s is in the log", name)
			}
		}
	})
}
