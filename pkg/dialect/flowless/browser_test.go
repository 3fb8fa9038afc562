package flowless_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/browsertest"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

// page serves an empty page, which is all that an origin needs to have scripts of its own.
func page(t *testing.T) string {
	t.Helper()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, `<!doctype html><html lang="en"><title>An app</title><link rel="icon" href="data:,">`)
	}))
	t.Cleanup(web.Close)
	return web.URL
}

// call is a script that asks as the official clients do, cookies along, and says what came of it:
// the status, or "hidden" when the browser keeps the answer to itself.
func call(base, method, path, headers, body string) string {
	return fmt.Sprintf(`fetch(%q, {method: %q, credentials: "include", headers: %s, body: %s})
		.then(async r => { const j = await r.json(); window.id = j.session_id ?? window.id; window.last = j; return String(r.status) }, () => "hidden")`,
		base+"/flowless/auth/"+path, method, headers, body)
}

func TestBrowsersOnOtherOrigins(t *testing.T) {
	app, evil := page(t), page(t)
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{OwnURL: true, Env: []string{"GATEHOUSE_CORS_ORIGINS=" + app}})
	dialecttest.QuickPasswords(s)
	ada := s.FlowlessRegister(t, "ada@example.com", "engines weave numbers")
	tab := browsertest.Start(t).Tab(t)
	do := func(what, script, want string) {
		t.Helper()
		var got string
		tab.Eval(script, &got)
		if got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	const json, held = `{"Content-Type": "application/json"}`, `{"X-Session-ID": window.id}`
	tab.Open(app)
	do("signing in", call(s.URL, "POST", "login", json, `JSON.stringify({email: "ada@example.com", password: "engines weave numbers"})`), "200")
	do("reading", call(s.URL, "GET", "me", held, "undefined"), "200")
	do("reading with nothing but the cookie", call(s.URL, "GET", "me", "{}", "undefined"), "200")
	do("renewing", call(s.URL, "POST", "refresh-session", held, "undefined"), "200")
	do("writing", call(s.URL, "PUT", "profile", `{"X-Session-ID": window.id, "Content-Type": "application/json"}`, `JSON.stringify({name: "Ada"})`), "200")
	do("writing with nothing but the cookie", call(s.URL, "PUT", "profile", json, `JSON.stringify({name: "Eve"})`), "403")

	tab.Open(evil) // of the same site: the browser sends the cookie along
	do("reading from another origin", call(s.URL, "GET", "me", "{}", "undefined"), "hidden")
	do("signing the reader out from another origin", call(s.URL, "POST", "logout", `{"Content-Type": "text/plain"}`, `""`), "hidden")
	do("changing them from another origin", call(s.URL, "POST", "change-password", `{"Content-Type": "text/plain"}`,
		`JSON.stringify({currentPassword: "engines weave numbers", newPassword: "looms count threads"})`), "hidden")
	do("a form from another origin", `(() => {
		const f = document.createElement("form"); f.method = "POST"; f.action = "`+s.URL+`/flowless/auth/logout"; f.target = "sink";
		const i = document.createElement("iframe"); i.name = "sink"; document.body.append(i, f);
		return new Promise(done => { i.onload = () => done("sent"); f.submit() }) })()`, "sent")

	tab.Open(app)
	do("the session of the reader", call(s.URL, "GET", "me", "{}", "undefined"), "200")
	var name string
	tab.Eval(`window.last.data.name`, &name)
	if d := cmp.Diff("Ada", name); d != "" {
		t.Error(d)
	}
	do("signing out", call(s.URL, "POST", "logout", `{"X-Session-ID": "`+ada.ID+`"}`, "undefined"), "200")
	if got := s.FlowlessMe(t, ada.ID); got != http.StatusUnauthorized {
		t.Errorf("after signing out: %d", got)
	}
}
