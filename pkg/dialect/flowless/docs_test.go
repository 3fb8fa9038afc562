package flowless_test

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/flowless"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
)

var row = regexp.MustCompile(`(?m)^\| (GET|POST|PUT|PATCH|DELETE) (/\S*) \| ([a-z, ]*) \| ?([a-z]*) ?\| (.+) \|$`)

// TestTheManualHasEveryRouteAndNoOther holds the table of docs/api/flowless.md to the routes: which
// there are, who may call them, and which budget they report.
func TestTheManualHasEveryRouteAndNoOther(t *testing.T) {
	manual, err := os.ReadFile("../../../docs/api/flowless.md")
	if err != nil {
		t.Fatal(err)
	}
	var written, registered []string
	for _, cells := range row.FindAllStringSubmatch(string(manual), -1) {
		written = append(written, cells[1]+" "+cells[2]+" | "+cells[3]+" | "+cells[4])
	}
	h := &flowless.Handler{}
	for field, policy := range reflect.ValueOf(&h.Limits).Elem().Fields() {
		policy.Set(reflect.ValueOf(limit.Policy{Name: budget(field.Name), Limit: 1}))
	}
	for _, r := range h.Routes() {
		registered = append(registered, r.Method+" "+r.Path+" | "+callers(r.Access)+" | "+r.Limit.Name)
	}
	slices.Sort(written)
	slices.Sort(registered)
	if diff := cmp.Diff(registered, written); diff != "" {
		t.Errorf("(-routes +docs/api/flowless.md):\n%s", diff)
	}
}

// budget is what the manual calls one of the handler's limits.
func budget(field string) string {
	if field == "Proof" {
		return "code" // of GATEHOUSE_LIMIT_CODE
	}
	return strings.ToLower(field)
}

func callers(a httpkit.Access) string {
	var who []string
	if a.Public {
		who = append(who, "anybody")
	}
	switch {
	case a.Admin:
		who = append(who, "administrator")
	case a.SessionID:
		who = append(who, "session")
	}
	if a.Bridge {
		who = append(who, "bridge secret")
	}
	return strings.Join(who, ", ")
}
