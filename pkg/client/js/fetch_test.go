package js_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/browsertest"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

type request = dialecttest.Request

func TestARefusedRequestIsRepeatedOnce(t *testing.T) {
	s := start(t, "1h")
	tab := s.open(t, browsertest.Start(t))
	signIn(tab, "ada@example.com")
	withdraw := func() {
		t.Helper()
		var bearer string
		tab.Eval(`"Bearer " + client.session().accessToken`, &bearer)
		s.set(func(s *site) { s.refused[bearer] = true })
	}
	withdraw()
	var got map[string]any
	tab.Eval(`client.fetch("/api", { method: "POST", body: "text", headers: { "X-Other": "1" } }).then(r => r.json())`, &got)
	if diff := cmp.Diff(map[string]any{"method": "POST", "bearer": true}, got); diff != "" {
		t.Errorf("the answer (-want +got):\n%s", diff)
	}
	if n := s.renewals(); n != 1 {
		t.Errorf("%d renewals", n)
	}
	withdraw()
	tab.Eval(`Promise.all([1, 2, 3, 4, 5].map(() => client.fetch("/api").then(r => r.json()))).then(all => all[4])`, &got)
	if n := s.renewals(); n != 2 || got["bearer"] != true {
		t.Errorf("%d renewals for five requests at once", n)
	}
	// An API that refuses every token gets two requests, and after that one a call.
	s.set(func(s *site) { s.refused["*"], s.seen = true, nil })
	var status []int
	tab.Eval(`(async () => { const all = []; for (let i = 0; i < 3; i++) all.push((await client.fetch("/api")).status); return all })()`, &status)
	if n, asked := s.renewals(), len(s.requests("/api")); n != 1 || asked != 4 || !cmp.Equal(status, []int{401, 401, 401}) {
		t.Errorf("answers %v, %d renewals, %d requests; want 1 and 4", status, n, asked)
	}
	tab.Clean(refusedOnPurpose)
	s.noTokens(t, tab)
}

func TestRequestsOfOnePageRenewOnceWithoutLocks(t *testing.T) {
	s := start(t, "1h")
	tab := browsertest.Start(t).Tab(t)
	tab.BeforePages("delete Navigator.prototype.locks")
	tab.Open(s.URL + "/page")
	tab.WaitFor("window.ready")
	signIn(tab, "ada@example.com")
	var bearer string
	tab.Eval(`"Bearer " + client.session().accessToken`, &bearer)
	s.set(func(s *site) { s.refused[bearer], s.gate = true, newGate(t, 5) })
	var status []int
	tab.Eval(`Promise.all([1, 2, 3, 4, 5].map(i => client.fetch("/api?" + i).then(r => r.status)))`, &status)
	if n := s.renewals(); n != 1 || !cmp.Equal(status, []int{200, 200, 200, 200, 200}) {
		t.Errorf("answers %v after %d renewals", status, n)
	}
	tab.Clean(refusedOnPurpose)
}

func TestTheTokenGoesWhereItBelongs(t *testing.T) {
	s := start(t, "1h")
	var mu sync.Mutex
	headers := map[string]string{}
	foreign := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Allow-Headers", "authorization, content-type")
		mu.Lock()
		defer mu.Unlock()
		if r.Method != http.MethodOptions {
			headers[r.URL.Path] = r.Header.Get("Authorization")
		}
	}))
	t.Cleanup(foreign.Close)
	tab := s.open(t, browsertest.Start(t))
	tab.Eval(fmt.Sprintf(`void localStorage.setItem("options", JSON.stringify({ apis: [%q] }))`, foreign.URL+"/some/path"), nil)
	for _, c := range []struct {
		name, js, path string
		reload         bool
		want           bool
	}{
		{name: "another origin", js: "fetch(%q)", path: "/a"},
		{name: "another origin, as a Request", js: "fetch(new Request(%q))", path: "/b"},
		{name: "another origin, named as one of ours in the user part", js: `fetch(%q.replace("http://", "http://127.0.0.1:80@"))`, path: "/c"},
		{name: "another origin that our own redirects to", js: fmt.Sprintf("fetch(%q + encodeURIComponent(%%q))", s.URL+"/away?to="), path: "/e"},
		{name: "an API that was named", js: "fetch(%q)", path: "/d", reload: true, want: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.reload {
				tab.Reload()
				tab.WaitFor("window.ready")
			}
			tab.Eval("client.session() || client.signUp({ email: 'ada@example.com', password: '"+password+"' }).then(() => null)", nil)
			tab.Eval("attempt(client."+fmt.Sprintf(c.js, foreign.URL+c.path)+".then(r => r.status))", nil)
			mu.Lock()
			defer mu.Unlock()
			if got := headers[c.path]; (got != "") != c.want {
				t.Errorf("it got the header %.10q", got)
			}
		})
	}
	s.set(func(s *site) { s.disturb, s.away, s.refused["*"] = []disturbance{moved}, foreign.URL+"/refresh", true })
	tab.Eval(`attempt(client.fetch("/api").then(r => r.status))`, nil)
	s.set(func(s *site) { s.refused["*"] = false })
	mu.Lock()
	if _, came := headers["/refresh"]; came || s.renewals() != 1 {
		t.Errorf("a refresh token followed a redirect to another origin")
	}
	mu.Unlock()
	var own string
	tab.Eval(`client.fetch("/api", { headers: { Authorization: "Basic Zm9vOmJhcg==" } }).then(() => null)`, nil)
	if q := s.requests("/api"); len(q) > 0 {
		own = q[len(q)-1].authorization
	}
	if own != "Basic Zm9vOmJhcg==" {
		t.Errorf("a header of the caller's own became %q", own)
	}
	tab.Eval("client.signOut()", nil)
	tab.Eval(`client.fetch("/api").then(() => null)`, nil)
	if q := s.requests("/api"); q[len(q)-1].authorization != "" {
		t.Error("a token was sent after signing out")
	}
}
