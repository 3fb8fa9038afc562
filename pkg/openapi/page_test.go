package openapi_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/browsertest"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

const phrase = "engines weave numbers"

// open shows the page of a service. Its public URL names another address than the page's own.
func open(t *testing.T, s *dialecttest.Server) *browsertest.Tab {
	t.Helper()
	tab := browsertest.Start(t).Tab(t)
	tab.Size(1280, 900)
	tab.Open(s.URL + "/docs")
	tab.WaitFor(`document.querySelectorAll(".opblock").length > 20`)
	return tab
}

// enter gives a credential to the open dialog, as a person would with the Enter key.
func enter(tab *browsertest.Tab, input, credential string) {
	inputs := `document.querySelectorAll("#` + input + `").length` // one for each scheme of its type
	var before int
	tab.Eval(inputs, &before)
	tab.Eval(`document.getElementById("`+input+`").focus()`, nil)
	tab.Type(credential + "\r")
	tab.WaitFor(inputs + ` === ` + strconv.Itoa(before-1)) // it gives way to a row of stars
}

// run opens an operation, sends it, closes it and returns the status and the body of the answer.
func run(t *testing.T, tab *browsertest.Tab, operation, body string) (status, answer string) {
	t.Helper()
	block := `[...document.querySelectorAll(".opblock")].find(e => e.id.endsWith("-` + operation + `"))`
	tab.Eval(block+`.querySelector(".opblock-summary-control").click()`, nil)
	tab.WaitFor(block + `.querySelector("button.execute")`)
	if body != "" {
		tab.Eval(`(() => { const e = `+block+`.querySelector("textarea.body-param__text"); e.focus(); e.select(); document.execCommand("insertText", false, `+strconv.Quote(body)+`) })()`, nil)
	}
	tab.Press("Execute")
	tab.WaitFor(block + `.querySelector(".live-responses-table .response-col_status")`)
	tab.Shot("docs-" + operation + "-wide")
	tab.Size(390, 844)
	tab.Shot("docs-" + operation + "-narrow")
	fits(t, tab)
	tab.Size(1280, 900)
	tab.Eval(block+`.querySelector(".live-responses-table tbody .response-col_status").innerText`, &status)
	tab.Eval(block+`.querySelector(".live-responses-table tbody .response-col_description").innerText`, &answer)
	tab.Eval(block+`.querySelector(".opblock-summary-control").click()`, nil)
	tab.WaitFor(`!` + block + `.querySelector("button.execute")`)
	return strings.TrimSpace(status), answer
}

// fits fails the test if the page has to be scrolled sideways.
func fits(t *testing.T, tab *browsertest.Tab) {
	t.Helper()
	var over int
	if tab.Eval(`document.documentElement.scrollWidth - innerWidth`, &over); over > 0 {
		t.Errorf("the page is %d pixels too wide", over)
	}
}

// kept fails the test if the page asked another host for anything, or complained.
func kept(t *testing.T, s *dialecttest.Server, tab *browsertest.Tab) {
	t.Helper()
	requests := tab.Requests()
	if len(requests) < 5 {
		t.Errorf("only %d requests were seen: the test looks away", len(requests))
	}
	for _, q := range requests {
		if !strings.HasPrefix(q.URL, s.URL+"/") && !strings.HasPrefix(q.URL, "data:") {
			t.Errorf("the page asks for %s", q.URL)
		}
	}
	tab.Clean()
}

func TestSomebodyTriesTheAPIOnItsPage(t *testing.T) {
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{})
	s.Register(t, "ada@example.com", phrase)
	tab := open(t, s)
	tab.Shot("docs-wide")
	tab.Size(390, 844)
	tab.Shot("docs-narrow")
	fits(t, tab)
	tab.Size(1280, 900)

	tab.Press("Authorize")
	enter(tab, "api_key_value", s.Publishable)
	tab.Shot("docs-authorize-wide")
	tab.Size(390, 844)
	tab.Shot("docs-authorize-narrow")
	tab.Size(1280, 900)
	tab.Eval(`document.querySelector(".close-modal").click()`, nil)

	status, answer := run(t, tab, "login", `{"email":"ada@example.com","password":"`+phrase+`"}`)
	if status != "200" || !strings.Contains(answer, `"accessToken"`) {
		t.Fatalf("signing in: %s\n%s", status, answer)
	}
	if told := tab.Text("#told"); !strings.Contains(told, "Signed in as ada@example.com") {
		t.Errorf("the page says %q", told)
	}
	// Nobody has entered the token.
	if status, answer = run(t, tab, "me", ""); status != "200" || !strings.Contains(answer, `"email": "ada@example.com"`) {
		t.Fatalf("who am I: %s\n%s", status, answer)
	}

	tab.Reload()
	tab.WaitFor(`document.querySelectorAll(".opblock").length > 20`)
	if status, answer = run(t, tab, "me", ""); status != "200" {
		t.Errorf("after a reload: %s\n%s", status, answer)
	}
	kept(t, s, tab)
}

func TestADevelopmentServerFillsItsKeyIn(t *testing.T) {
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{})
	s.Register(t, "ada@example.com", phrase)
	s.App.API.FillIn(s.NewKey(t, "publishable"))
	tab := open(t, s)
	s.App.API.FillIn(s.Publishable) // it has started anew, and the key of before is worthless
	tab.Reload()
	tab.WaitFor(`document.querySelectorAll(".opblock").length > 20`)
	tab.Shot("docs-dev-wide")
	if told := tab.Text("#told"); !strings.Contains(told, "filled in") {
		t.Errorf("the page says %q", told)
	}
	if status, answer := run(t, tab, "login", `{"email":"ada@example.com","password":"`+phrase+`"}`); status != "200" {
		t.Errorf("signing in: %s\n%s", status, answer)
	}
	var authorized string
	tab.Eval(`localStorage.getItem("authorized")`, &authorized)
	if !strings.Contains(authorized, s.Publishable) {
		t.Errorf("the page keeps %s", authorized)
	}
	kept(t, s, tab)
}
