package flowless_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// TestASearchIsForTheLettersItself looks for what other services take for patterns.
func TestASearchIsForTheLettersItself(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		admin := s.NewFlowless(t, "root@example.com", identity.Admin)
		for i, name := range []string{"Plain Name", "100 %sure", "under _score", "O 'Brien", "dot .*star", "(a+)+$ b", "so $where", `back \slash`} {
			_, err := s.App.Accounts.Create(t.Context(), dialecttest.Operator, account.Draft{
				Email: fmt.Sprintf("u%d@example.com", i), Password: "engines weave numbers", Profile: account.ProfileChange{Name: &name},
			}, account.Setting{})
			if err != nil {
				t.Fatal(err)
			}
		}
		search := func(query string) dialecttest.Response {
			return s.Do(t, dialecttest.Request{Path: "/flowless/auth/users?" + query, ID: admin.ID})
		}
		for q, want := range map[string]string{
			".*": "dot .*star", "^(a+)+$": "", "(a+)+$": "(a+)+$ b", "$where": "so $where", "%": "100 %sure", "_": "under _score", "'": "O 'Brien", `\`: `back \slash`, "%25": "",
			"' OR '1'='1": "", `"; DROP TABLE users; --`: "", `{"$ne":null}`: "", "[$ne]": "", "*": "", "?": "", ".": "dot .*star", "^": "", "$": "so $where", "plain": "Plain Name", "NAME pLAIN": "Plain Name",
			strings.Repeat("(a+)+", 20): "", "\u202e": "", "u3@example.com": "O 'Brien", "lain": "", "": "*",
		} {
			r := search("limit=50&q=" + url.QueryEscape(q))
			if r.Status == 400 && want == "" {
				r.FlowlessError(t)
				continue
			}
			var found struct {
				Data struct{ Users []struct{ Name string } }
			}
			r.JSON(t, &found)
			var names []string
			for _, u := range found.Data.Users {
				names = append(names, u.Name)
			}
			got := strings.Join(names, ", ")
			if r.Status != 200 || want != "*" && got != want || want == "*" && len(names) < 8 {
				t.Errorf("q=%s finds %q, want %q: %d", q, got, want, r.Status)
			}
		}
		for _, bad := range []string{
			"q=" + strings.Repeat("x", 10_000), "q=%00", "q=%ff", "q=a&q=b", "q[]=a", "q[$ne]=x", "q[$regex]=.*",
			"limit=-1", "limit=0", "limit=1e9", "limit=1000000000", "limit=NaN", "limit=1,2", "limit[]=1", "limit=1&limit=2", "limit=0x10", "limit=1.5", "limit=99999999999999999999", "limit=%201",
			"page=0", "page=-1", "page=1e9", "page=NaN", "page[]=1", "page=1&page=2", "page=9223372036854775807", "page=99999999999999999999",
			"sort=$natural", "sort=email", "order=desc", "cursor=x", "userType=$ne", "userType[$ne]=x", "userType=CUSTOMER", "userType=.*", "userType=customer&user_type=admin", "fields=password", "Q=x",
		} {
			r := search(bad)
			if r.Status != 400 {
				t.Errorf("%.60s: %d %.300s", bad, r.Status, r.Body)
				continue
			}
			r.FlowlessError(t)
		}
	})
}
