package js_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/browsertest"
)

// problem is a GatehouseError as a page sees it.
type problem struct {
	Name       string           `json:"name"`
	Status     int              `json:"status"`
	Code       string           `json:"code"`
	Message    string           `json:"message"`
	Fields     []map[string]any `json:"fields"`
	RetryAfter float64          `json:"retryAfter"`
}

func TestAPersonSignsUpInAndOut(t *testing.T) {
	s := start(t, "1h")
	tab := s.open(t, browsertest.Start(t))
	signIn(tab, "ada@example.com")
	var got struct {
		Members []string `json:"members"`
		Same    bool     `json:"same"`
		Email   string   `json:"email"`
		Name    string   `json:"name"`
		Left    float64  `json:"left"`
	}
	look := `(async () => {
		const kept = JSON.parse(sessionStorage.getItem("SF_Token")), user = await client.user();
		return { members: Object.keys(kept), same: JSON.stringify(kept) === JSON.stringify(client.session()),
			email: kept.email, name: user.name, left: Math.round((client.expiresAt() - Date.now()) / 60000) };
	})()`
	tab.Eval(look, &got)
	want := got
	want.Members, want.Same, want.Email, want.Name, want.Left = []string{"email", "expiresIn", "accessToken", "localId", "refreshToken"}, true, "ada@example.com", "Ada", 60
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after signing up (-want +got):\n%s", diff)
	}
	tab.Reload()
	tab.WaitFor("window.ready")
	tab.Eval(look, &got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after loading the page again (-want +got):\n%s", diff)
	}
	tab.Eval("client.signOut()", nil)
	tab.WaitFor(`client.session() === null && told.at(-1) === "signed_out signed_out"`)
	var left int
	tab.Eval("sessionStorage.length", &left)
	if left != 0 {
		t.Errorf("%d values stay behind", left)
	}
	var session map[string]any
	tab.Eval(fmt.Sprintf(`client.signIn({ email: "ada@example.com", password: %q })`, password), &session)
	if session["email"] != "ada@example.com" || len(session) != 5 {
		t.Errorf("signing in answers %v", session)
	}
	if n := s.renewals(); n != 0 {
		t.Errorf("%d renewals of a token that lasts an hour", n)
	}
	if s.Me(t, fmt.Sprint(session["accessToken"])) != 200 {
		t.Error("the token does not work")
	}
	tab.Clean()
	s.noTokens(t, tab)
}

func TestFailuresSayWhatToDo(t *testing.T) {
	s := start(t, "1h", "GATEHOUSE_REQUIRE_VERIFIED_EMAIL=true", "GATEHOUSE_LIMIT_LOGIN=2/15m")
	tab := s.open(t, browsertest.Start(t))
	attempt := func(js string) problem {
		t.Helper()
		var p problem
		tab.Eval("attempt("+js+")", &p)
		return p
	}
	if p := attempt("client.user()"); p.Status != 401 || p.Code != "signed_out" || p.Name != "GatehouseError" {
		t.Errorf("without a session: %+v", p)
	}
	if p := attempt(`client.signUp({ email: "nobody", password: "x" })`); p.Status != 400 || p.Code != "invalid_input" || len(p.Fields) == 0 || p.Fields[0]["field"] == "" || p.Message == "" {
		t.Errorf("with bad input: %+v", p)
	}
	var pending struct{ Pending bool }
	tab.Eval(fmt.Sprintf(`client.signUp({ email: "ada@example.com", password: %q })`, password), &pending)
	if !pending.Pending {
		t.Error("an unverified address is not pending")
	}
	var signedIn bool
	tab.Eval("client.session() !== null", &signedIn)
	if signedIn {
		t.Error("an unverified address is signed in")
	}
	wrong := `client.signIn({ email: "ada@example.com", password: "a wrong password" })`
	if p := attempt(wrong); p.Status != 401 || p.Code != "bad_credentials" {
		t.Errorf("with a wrong password: %+v", p)
	}
	attempt(wrong)
	if p := attempt(wrong); p.Status != 429 || p.Code != "rate_limited" || p.RetryAfter <= 0 {
		t.Errorf("too often: %+v", p)
	}
	s.set(func(s *site) { s.down = true })
	p := attempt(wrong)
	if p.Status != 0 || p.Code != "network" {
		t.Errorf("without a network: %+v", p)
	}
	if strings.Contains(p.Message, "wrong") || strings.Contains(p.Message, s.Publishable) {
		t.Errorf("the message tells too much: %s", p.Message)
	}
	tab.Clean("Failed to load resource")
}

// noTokens fails if a token of ours is in an address or a message.
func (s *site) noTokens(t *testing.T, tabs ...*browsertest.Tab) {
	t.Helper()
	for _, tab := range tabs {
		for _, q := range tab.Requests() {
			for _, text := range []string{q.URL, q.Referrer} {
				if strings.Contains(text, "ey") && strings.Contains(text, ".ey") || strings.Contains(text, "rt_") {
					t.Errorf("a token is in an address: %s", text)
				}
			}
		}
		for _, m := range tab.Messages() {
			if strings.Contains(m.Text, "eyJ") || strings.Contains(m.Text, "rt_") {
				t.Errorf("a token is in a message: %s", m)
			}
		}
	}
}

// TestALateAnswerBringsNobodyBack signs out while a renewal is under way.
func TestALateAnswerBringsNobodyBack(t *testing.T) {
	s := start(t, "1h")
	tab := s.open(t, browsertest.Start(t))
	signIn(tab, "ada@example.com")
	s.set(func(s *site) { s.refused["*"], s.disturb = true, []disturbance{late} })
	tab.Eval(`void (window.answer = attempt(client.fetch("/api").then(r => r.status)))`, nil)
	<-s.rotated
	tab.Eval("client.signOut()", nil)
	close(s.release)
	var status int
	if tab.Eval("window.answer", &status); status != 401 {
		t.Errorf("the request was answered %d", status)
	}
	var gone bool
	if tab.Eval("client.session() === null && sessionStorage.length === 0", &gone); !gone {
		t.Error("the answer brought the session back")
	}
	tab.Clean(refusedOnPurpose)
}

func TestSigningOutReachesOtherTabs(t *testing.T) {
	s := start(t, "1h")
	browser := browsertest.Start(t)
	one := s.open(t, browser)
	signIn(one, "ada@example.com")
	two := s.duplicate(t, browser, one)
	own := s.open(t, browser)
	own.Eval(fmt.Sprintf(`client.signIn({ email: "ada@example.com", password: %q }).then(() => null)`, password), nil)
	stranger := s.open(t, browser)
	signIn(stranger, "bob@example.com")

	two.Eval("client.signOut()", nil)
	one.WaitFor(`client.session() === null && told.includes("signed_out signed_out")`)
	own.WaitFor("client.session() !== null")
	own.Eval("client.user().then(() => null)", nil)

	again := s.open(t, browser)
	again.Eval(fmt.Sprintf(`client.signIn({ email: "ada@example.com", password: %q }).then(() => null)`, password), nil)
	again.Eval(`client.signOut({ scope: "others" })`, nil)
	own.WaitFor("client.session() === null")
	again.Eval("client.user().then(() => null)", nil)

	one.Eval(fmt.Sprintf(`client.signIn({ email: "ada@example.com", password: %q }).then(() => null)`, password), nil)
	one.Eval(`client.signOut({ scope: "all" })`, nil)
	again.WaitFor("client.session() === null")
	stranger.Eval("client.user().then(() => null)", nil)
	for _, tab := range []*browsertest.Tab{one, two, own, stranger, again} {
		tab.Clean()
	}
}
