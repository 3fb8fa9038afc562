package native_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
	"github.com/gatehouse-id/gatehouse/pkg/store/sqlite"
)

// canaries are texts that each turn up in one place only, unless something repeats them.
type canaries struct {
	secret []string // must not be kept either
	any    []string // must not be logged
}

// mark returns a text that a log must not hold; hide one that nothing must.
func (c *canaries) mark(what string) string {
	c.any = append(c.any, fmt.Sprintf("canary%03dq%s", len(c.any), what))
	return c.any[len(c.any)-1]
}

func (c *canaries) hide(what string) string {
	c.secret = append(c.secret, c.mark(what))
	return c.secret[len(c.secret)-1]
}

// keep makes a credential that the service gave out a secret: all of it, and the part that
// proves it.
func (c *canaries) keep(credentials ...string) {
	for _, s := range credentials {
		c.secret = append(c.secret, s, s[len(s)-43:])
	}
}

// found returns the canaries that a text holds, plain, as JSON or as part of a URL.
func found(text string, all []string) (out []string) {
	for _, c := range all {
		if strings.Contains(text, c) {
			out = append(out, c)
		}
	}
	return out
}

// sing sends canaries in every place that a request has, along the ways that succeed and the
// ways that fail.
func sing(t *testing.T, s *dialecttest.Server, c *canaries) {
	t.Helper()
	password := c.hide("password")
	noise := func() map[string]string {
		return map[string]string{
			"User-Agent": c.mark("agent") + ` {"level":"ERROR","msg":"smuggled"}`, "X-Device-Id": c.mark("device"), "Cookie": "session=" + c.mark("cookie"),
			"Referer": "https://x.example/?" + c.mark("referer"), "X-Whatever": c.mark("header"), "X-Request-Id": c.mark("request"), "X-Forwarded-For": c.mark("forwarded"),
			"Origin": "https://" + c.mark("origin") + ".example", "Traceparent": c.mark("trace"),
		}
	}
	send := func(q request) dialecttest.Response {
		q.Header = noise()
		if q.Path += "?" + c.mark("parameter") + "=" + c.mark("value"); strings.HasPrefix(q.Path, "/auth/invitationCodes?") {
			q.Path = "/auth/invitationCodes?cursor=" + c.mark("cursor")
		}
		return s.Do(t, q)
	}
	email := c.mark("address") + "@example.com"
	inv := inviteOne(t, s, body("note", c.mark("note")))
	r := send(request{Path: "/auth/register", Key: s.Publishable, Body: body("email", email, "password", password, "name", c.mark("name"), "lastName", c.mark("last"), "invitationCode", inv.Code)})
	var a, b, d dialecttest.Authorization
	if r.JSON(t, &a); r.Status != 201 {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	send(request{Path: "/auth/login", Key: s.Publishable, Body: body("email", email, "password", password)}).JSON(t, &b)
	q := request{Path: "/auth/refreshToken", Body: body("refreshToken", b.RefreshToken), Header: map[string]string{"User-Agent": "x"}}
	s.Do(t, q).JSON(t, &d)
	c.keep(a.AccessToken, a.RefreshToken, b.AccessToken, b.RefreshToken, d.AccessToken, d.RefreshToken, inv.Code, s.Publishable, s.Secret)
	c.keep(s.NewKey(t, identity.Secret, identity.ScopeTokensRead), s.NewKey(t, identity.Publishable))
	s.Clock.Advance(2 * time.Minute)
	next := c.hide("next")
	for _, q := range []request{
		{Path: "/auth/login", Key: s.Publishable, Body: body("email", email, "password", c.hide("wrong"))},
		{Path: "/auth/login", Key: s.Publishable, Body: body("email", c.mark("unknown")+"@example.com", "password", c.hide("wrong"))},
		{Path: "/auth/login", Key: s.Publishable, Body: body("email", c.mark("noaddress"), "password", c.hide("wrong"))},
		{Path: "/auth/login", Key: s.Publishable, Body: `{"` + c.mark("member") + `":"` + c.hide("value") + `"}`},
		{Path: "/auth/login", Key: s.Publishable, Body: `{"email":"` + c.mark("broken")},
		{Path: "/auth/login", Key: s.Publishable, Body: c.hide("text"), Type: "text/" + c.mark("type")},
		{Path: "/auth/login", Key: c.hide("apikey"), Body: body("email", email, "password", password)},
		{Path: "/auth/login", Key: s.Secret[:len(s.Secret)-1] + "_", Body: body("email", email, "password", password)},
		{Path: "/auth/register", Key: s.Publishable, Body: body("email", email, "password", c.hide("second"))},
		{Path: "/auth/register", Key: s.Publishable, Body: body("email", c.mark("weak")+"@example.com", "password", "1234567")},
		{Path: "/auth/register", Key: s.Publishable, Body: body("email", c.mark("code")+"@example.com", "password", c.hide("fine"), "invitationCode", c.hide("code"))},
		{Path: "/auth/register", Key: s.Publishable, Body: body("email", c.mark("code")+"@example.com", "password", c.hide("fine"), "invitationCode", inv.Code)},
		{Path: "/auth/refreshToken", Body: body("refreshToken", b.RefreshToken)}, // was used, by another client
		{Path: "/auth/refreshToken", Body: body("refreshToken", c.hide("refresh"))},
		{Path: "/auth/me", Bearer: a.AccessToken}, {Path: "/auth/me", Bearer: c.hide("bearer")}, {Path: "/auth/me", Bearer: a.AccessToken + "x"},
		{Method: "PATCH", Path: "/auth/me", Bearer: a.AccessToken, Body: body("bio", c.mark("bio"), "phone", c.mark("phone"), "displayName", `{"msg":"`+c.mark("display")+`"}`)},
		{Method: "PATCH", Path: "/auth/me", Bearer: a.AccessToken, Body: body("name", c.mark("control")+"\r\n\x1b[31m")},
		{Method: "PATCH", Path: "/auth/me", Bearer: a.AccessToken, Body: body("birthDate", c.mark("date"))},
		{Path: "/auth/introspect", Key: s.Secret, Body: body("token", a.AccessToken)}, {Path: "/auth/introspect", Key: s.Secret, Body: body("token", c.hide("token"))},
		{Path: "/auth/introspect", Key: s.Secret, Body: "token=" + c.hide("form") + "&x=%zz", Type: "application/x-www-form-urlencoded"},
		{Path: "/auth/revoke", Key: s.Publishable, Body: body("token", c.hide("token"))},
		{Path: "/auth/generateInvitationCode", Key: s.Secret, Body: `{"claims":{"sub":"` + c.mark("claim") + `"}}`},
		{Path: "/auth/generateInvitationCode", Key: s.Secret, Body: `{"email":"` + c.mark("guest") + `@example.com","claims":{"x":"` + c.mark("claim") + `"},"note":"` + c.mark("note") + `"}`},
		{Method: "DELETE", Path: "/auth/invitationCodes/" + c.mark("id"), Key: s.Secret}, {Path: "/auth/invitationCodes", Key: s.Secret},
		{Method: "DELETE", Path: "/auth/sessions/" + c.mark("handle"), Bearer: a.AccessToken}, {Path: "/" + c.mark("path")}, {Path: "/auth//" + c.mark("path")},
		{Method: "PUT", Path: "/auth/login"},
		{Path: "/auth/changePassword", Bearer: a.AccessToken, Body: body("currentPassword", c.hide("current"), "newPassword", next)},
		{Path: "/auth/changePassword", Bearer: a.AccessToken, Body: body("currentPassword", password, "newPassword", next)},
		{Path: "/auth/login", Key: s.Publishable, Body: body("email", email, "password", next)},
	} {
		send(q)
	}
	raw := s.Raw(t, "GET /auth/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\nUser-Agent: "+c.mark("folded")+"\r\n {\"level\":\"ERROR\",\"msg\":\"smuggled\"}\r\nAuthorization: Bearer "+c.hide("raw")+"\r\n\r\n")
	if raw.Status != 401 && raw.Status != 400 {
		t.Errorf("a folded header: %d %s", raw.Status, raw.Body)
	}
	if ansi := s.Raw(t, "GET /auth/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\nUser-Agent: \x1b[2J"+c.mark("ansi")+"\r\n\r\n"); ansi.Status != 400 {
		t.Errorf("a control character in a header: %d %s", ansi.Status, ansi.Body)
	}
}

func TestNoSecretIsLoggedOrKept(t *testing.T) {
	dir := t.TempDir()
	s := start(t, func(t testing.TB, _ func() time.Time) store.Store {
		db, err := sqlite.Open(t.Context(), filepath.Join(dir, "gatehouse.db"))
		if err != nil {
			t.Fatal(err)
		}
		return db
	})
	var c canaries
	sing(t, s, &c)
	s.Settle(t)
	var chain strings.Builder
	if err := s.App.Audit.Export(t.Context(), &chain); err != nil {
		t.Fatal(err)
	}
	everything := append(slices.Clone(c.any), c.secret...)
	for name, text := range map[string]string{"log": s.Log.String(), "audit log": chain.String()} {
		if leaked := found(text, everything); len(leaked) > 0 {
			t.Errorf("the %s holds %q", name, leaked)
		}
	}
	kept := contents(t, dir)
	if leaked := found(kept, c.secret); len(leaked) > 0 {
		t.Errorf("the database holds %q", leaked)
	}
	// What was looked through is what it should be.
	for where, want := range map[string][2]string{
		"the log": {s.Log.String(), `"code":"bad_credentials"`}, "the audit log": {chain.String(), `"type":"refresh_reuse_detected"`}, "the database": {kept, "@example.com"},
	} {
		if !strings.Contains(want[0], want[1]) {
			t.Errorf("%s is not in %s", want[1], where)
		}
	}
	wellFormed(t, s.Log.String())
}

// contents returns the bytes of every file in a folder.
func contents(t *testing.T, dir string) string {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, f := range files {
		raw, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out.Write(raw)
	}
	return out.String()
}

// wellFormed checks that every line of a log is one record of ours.
func wellFormed(t *testing.T, log string) {
	t.Helper()
	for line := range strings.Lines(log) {
		var record struct{ Time, Level, Msg string }
		if err := json.Unmarshal([]byte(line), &record); err != nil || record.Time == "" || record.Level == "" || record.Msg == "" || record.Msg == "smuggled" {
			t.Errorf("%v in %q", err, line)
		}
		if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Errorf("a control character in %q", line)
		}
	}
}

// faulty is a store in which looking for an account fails in a way of its own.
type faulty struct {
	store.Store
	fail func(name identity.Identifier) error
}

func (f *faulty) UserByIdentifier(_ context.Context, name identity.Identifier) (identity.User, error) {
	return identity.User{}, f.fail(name)
}

func TestOurOwnMistakesTellNothing(t *testing.T) {
	for name, fail := range map[string]func(identity.Identifier) error{
		"a panic": func(identity.Identifier) error {
			panic("index out of range\n{\"level\":\"INFO\",\"msg\":\"smuggled\"}")
		},
		"a runtime error": func(identity.Identifier) error { list := []error{}; return list[len(list)] },
		"a plain fault":   func(identity.Identifier) error { return errors.New("sqlite: near \"SELECT\": syntax error\nmongo") },
	} {
		t.Run(name, func(t *testing.T) {
			s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{
				Wrap: func(db store.Store) store.Store { return &faulty{Store: db, fail: fail} },
			})
			var c canaries
			q := attempt{email: c.mark("address") + "@example.com", password: c.hide("password")}.request(s)
			q.Header = map[string]string{"Cookie": c.mark("cookie"), "X-Bridge-Secret": c.hide("bridge"), "User-Agent": c.mark("agent"), "X-Session-Id": c.hide("session")}
			q.Path += "?SF_Token=" + c.hide("query")
			r := s.Do(t, q)
			if r.Status != 500 || r.Code() != "internal" || strings.Contains(r.Body, "sqlite") || strings.Contains(r.Body, "index") || strings.Contains(r.Body, "goroutine") {
				t.Errorf("%d %s", r.Status, r.Body)
			}
			log := s.Log.String()
			if leaked := append(found(log, c.any), found(log, []string{s.Publishable})...); len(leaked) > 0 {
				t.Errorf("the log holds %q", leaked)
			}
			var p struct{ RequestID string }
			if r.JSON(t, &p); p.RequestID == "" || p.RequestID != r.Header.Get("X-Request-Id") || !strings.Contains(log, `"level":"ERROR"`) || !strings.Contains(log, p.RequestID) {
				t.Errorf("the log does not say what happened to request %q: %s", p.RequestID, log)
			}
			wellFormed(t, log)
		})
	}
}
