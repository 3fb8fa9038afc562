package arguflow_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/browsertest"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
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

// call is a script that asks with the cookie and says what came of it: the status, "opaque" for
// one that the browser keeps to itself, or "hidden" when it keeps everything.
func call(base, method, path, options, body string) string {
	if body == "" {
		body = "undefined"
	}
	return fmt.Sprintf(`fetch(%q, {method: %q, credentials: "include", body: %s, %s})
		.then(async r => { window.last = await r.text(); return r.type === "opaque" ? "opaque" : String(r.status) }, () => "hidden")`,
		base+path, method, body, options)
}

// form is a script that has the reader's browser send a form, as a click would.
func form(action, method, enctype, name, value string) string {
	return fmt.Sprintf(`(() => {
		const f = document.createElement("form"); f.method = %q; f.action = %q; f.enctype = %q; f.target = "sink" + Math.random();
		const i = document.createElement("iframe"); i.name = f.target;
		const v = document.createElement("input"); v.name = %q; v.value = %q; f.append(v); document.body.append(i, f);
		return new Promise(done => { i.onload = () => done("sent"); f.submit() }) })()`, method, action, enctype, name, value)
}

const asJSON = `headers: {"Content-Type": "application/json"}`

// TestBrowsersOnOtherOrigins lets a page that may work, and one that may not try, in one browser
// that holds the cookie.
func TestBrowsersOnOtherOrigins(t *testing.T) {
	app, evil := page(t), page(t)
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{OwnURL: true, Env: []string{"GATEHOUSE_CORS_ORIGINS=" + app}})
	dialecttest.QuickPasswords(s)
	w := &world{Server: s, user: newUser(t, s, ada)}
	tab := browsertest.Start(t).Tab(t)
	do := func(what, script, want string) {
		t.Helper()
		var got string
		tab.Eval(script, &got)
		if got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	js := func(kv ...string) string { return "JSON.stringify(" + body(kv...) + ")" }

	tab.Open(app)
	do("reading before signing in", call(s.URL, "GET", "/api/auth", "", ""), "401")
	do("signing in", call(s.URL, "POST", "/api/auth", asJSON, js("email", ada, "password", phrase)), "204")
	do("reading", call(s.URL, "GET", "/api/auth", "", ""), "200")
	do("writing", call(s.URL, "PUT", "/api/user", asJSON, `JSON.stringify({username: "ada", visible_email: false})`), "200")
	do("inviting", call(s.URL, "POST", "/invitation", asJSON, js("email", bob)), "200")
	do("what its scripts see", `Promise.resolve(document.cookie)`, "")
	tab.Open(s.URL + "/api/health") // cookies are for a host, not for a port
	do("what scripts of ours see", `Promise.resolve(document.cookie)`, "")

	sessions, err := s.App.Store.UserSessions(t.Context(), w.user.ID, s.Clock.Now())
	if err != nil || len(sessions) != 1 {
		t.Fatalf("%d sessions, %v", len(sessions), err)
	}
	before := w.state(t)
	tab.Open(evil) // of the same site, since ports do not count: the browser sends the cookie along
	do("what its scripts see", `Promise.resolve(document.cookie)`, "")
	do("reading", call(s.URL, "GET", "/api/auth", "", ""), "hidden")
	do("reading without looking", call(s.URL, "GET", "/api/auth", `mode: "no-cors"`, ""), "hidden") // Cross-Origin-Resource-Policy
	for _, write := range []struct{ method, path, body string }{
		{"POST", "/api/invitation", js("email", "x@example.com")}, {"POST", "/invitation", js("email", "x@example.com")}, {"POST", "/api/auth", js("email", ada, "password", phrase)},
		{"POST", "/api/password", js("email", ada)}, {"PUT", "/api/user", `JSON.stringify({username: "eve", visible_email: true})`}, {"DELETE", "/api/auth", ""},
	} {
		what := write.method + " " + write.path
		do(what, call(s.URL, write.method, write.path, asJSON, write.body), "hidden")
		if write.method == "POST" {
			for _, media := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data"} {
				do(what+" as "+media, call(s.URL, write.method, write.path, `mode: "no-cors", headers: {"Content-Type": "`+media+`"}`, write.body), "hidden")
				do(what+" by a form of type "+media, form(s.URL+write.path, "POST", media, `{"email":"x@example.com","a":"`, `"}`), "sent")
			}
		}
	}
	do("an image", `new Promise(done => { const i = new Image(); i.onload = i.onerror = () => done("asked"); i.src = "`+s.URL+`/api/password/`+ada+`" })`, "asked")
	do("another image", `new Promise(done => { const i = new Image(); i.onload = i.onerror = () => done("asked"); i.src = "`+s.URL+`/password/`+ada+`" })`, "asked")
	do("a mail asked for by a script", call(s.URL, "GET", "/api/password/"+ada, "", ""), "hidden")
	do("a mail asked for by a form", form(s.URL+"/api/password/"+ada, "GET", "text/plain", "x", "y"), "sent")
	do("a frame", `new Promise(done => { const i = document.createElement("iframe"); i.onload = () => done("loaded"); i.src = "`+s.URL+`/api/password/`+ada+`"; document.body.append(i) })`, "loaded")
	do("a stylesheet", `new Promise(done => { const l = document.createElement("link"); l.rel = "stylesheet"; l.onload = l.onerror = () => done("asked"); l.href = "`+s.URL+`/api/password/`+ada+`"; document.head.append(l) })`, "asked")
	tab.Eval(`navigator.sendBeacon("`+s.URL+`/api/password", new Blob(['{"email":"`+ada+`"}'], {type: "text/plain"}))`, nil)
	tab.Open(s.URL + "/api/health")
	tab.Open(evil)
	tab.Eval(`(() => { location.href = "`+s.URL+`/api/password/`+ada+`" })()`, nil) // a click on a link
	tab.WaitFor(`document.body.innerText.includes("Forbidden")`)
	if diff := cmp.Diff(before, w.state(t)); diff != "" {
		t.Errorf("a stranger's page has changed something (-before +after):\n%s", diff)
	}

	tab.Open(app)
	do("the session of the reader", call(s.URL, "GET", "/api/auth", "", ""), "200")
	var me string
	tab.Eval(`window.last`, &me)
	if want := `"username":"ada","website":null,"visible_email":false}` + "\n"; len(me) < len(want) || me[len(me)-len(want):] != want {
		t.Errorf("me is %s", me)
	}
	do("asking for a mail", call(s.URL, "GET", "/api/password/"+ada, "", ""), "204")
	counts(t, s, mail.ResetPassword, ada, 1)
	do("signing out", call(s.URL, "DELETE", "/api/auth", "", ""), "204")
	do("reading after signing out", call(s.URL, "GET", "/api/auth", "", ""), "401")
}
