package arguflow_test

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/arguflow"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

var row = regexp.MustCompile(`(?m)^\| (GET|POST|PUT|PATCH|DELETE) (/\S*) \| ([a-z]+) \| ?([a-z]*) ?\| (.+) \|$`)

func manual(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/api/arguflow.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestTheManualHasEveryRouteAndNoOther holds the table of docs/api/arguflow.md to the routes: which
// there are, who may call them, and which budget they report.
func TestTheManualHasEveryRouteAndNoOther(t *testing.T) {
	var written, registered []string
	for _, cells := range row.FindAllStringSubmatch(manual(t), -1) {
		written = append(written, cells[1]+" "+cells[2]+" | "+cells[3]+" | "+cells[4])
	}
	h := &arguflow.Handler{Cookie: httpkit.Cookie{Name: "ai-editor"}}
	for field, policy := range reflect.ValueOf(&h.Limits).Elem().Fields() {
		policy.Set(reflect.ValueOf(limit.Policy{Name: budget(field.Name), Limit: 1}))
	}
	for _, r := range h.Routes() {
		who := "session"
		if r.Access.Public {
			who = "anybody"
		}
		registered = append(registered, r.Method+" "+r.Path+" | "+who+" | "+r.Limit.Name)
	}
	slices.Sort(written)
	slices.Sort(registered)
	if diff := cmp.Diff(registered, written); diff != "" {
		t.Errorf("(-routes +docs/api/arguflow.md):\n%s", diff)
	}
}

// budget is what the manual calls one of the handler's limits.
func budget(field string) string {
	if field == "Proof" {
		return "code" // of GATEHOUSE_LIMIT_CODE
	}
	return strings.ToLower(field)
}

var flag = regexp.MustCompile(`-X (\w+)|-d '([^']*)'|https://host(\S+)|-b (jar)|-c (jar)`)

// TestTheLinesOfTheManualRun runs its curl lines from an invitation to a sign-out, with the ids and
// passwords that they leave open.
func TestTheLinesOfTheManualRun(t *testing.T) {
	_, rest, _ := strings.Cut(manual(t), "From an invitation to a sign-out:\n\n```\n")
	lines, _, found := strings.Cut(rest, "\n```")
	if !found {
		t.Fatal("the manual has no lines")
	}
	s := start(t, dialecttest.SQLite(t), byUsers)
	jar, ids, chosen := signedIn(t, s, bob), map[string]string{}, phrase
	for _, line := range strings.Split(lines, "\n") {
		q := request{}
		takes, gives := false, false
		for _, f := range flag.FindAllStringSubmatch(line, -1) {
			q.Method, q.Body, q.Path = f[1]+q.Method, f[2]+q.Body, f[3]+q.Path
			takes, gives = takes || f[4] != "", gives || f[5] != ""
		}
		if strings.Contains(q.Body, "RESET_ID") {
			chosen = another
		}
		fill := strings.NewReplacer("INVITATION_ID", ids["invitation"], "RESET_ID", ids["reset"], "...", chosen)
		if q.Path, q.Body = fill.Replace(q.Path), fill.Replace(q.Body); takes {
			q = q.ByCookie(jar)
		}
		r := s.Do(t, q)
		if r.Status/100 != 2 {
			t.Errorf("%s: %d %s", line, r.Status, r.Body)
		}
		switch {
		case gives:
			jar = cookieOf(t, r).Value
		case strings.HasSuffix(q.Path, "/invitation"):
			ids["invitation"] = s.MailedID(t, mail.Invitation, ada)
		case q.Body == body("email", ada):
			ids["reset"] = s.MailedID(t, mail.ResetPassword, ada)
		}
	}
	s.ArguflowLogin(t, ada, another)
}

// TestTheManualHasTheTextsWordForWord looks for each of them in the code.
func TestTheManualHasTheTextsWordForWord(t *testing.T) {
	_, rest, _ := strings.Cut(manual(t), "| route | texts |\n|---|---|\n")
	table, _, _ := strings.Cut(rest, "\n\n")
	var code strings.Builder
	for _, name := range []string{"fault.go", "invitation.go", "session.go"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		code.Write(text)
	}
	n := 0
	for _, line := range strings.Split(table, "\n") {
		for _, text := range strings.Split(strings.Trim(strings.Split(line, "|")[2], " "), " · ") {
			if n++; !strings.Contains(code.String(), `"`+text+`"`) {
				t.Errorf("%q is nowhere", text)
			}
		}
	}
	if n < 10 {
		t.Errorf("there are %d texts", n)
	}
}
