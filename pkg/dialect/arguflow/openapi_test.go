package arguflow_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/arguflow"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/openapi"
	"github.com/gatehouse-id/gatehouse/pkg/openapi/openapitest"
)

// at is where the dialect is mounted unless somebody says otherwise.
const at = "/api"

// routes are those of the dialect with every limit set, where they are mounted.
func routes() []httpkit.Route {
	h := &arguflow.Handler{Cookie: httpkit.Cookie{Name: "true"}}
	for _, policy := range reflect.ValueOf(&h.Limits).Elem().Fields() {
		policy.Set(reflect.ValueOf(limit.Policy{Name: "any", Limit: 1}))
	}
	all := slices.Clone(h.Routes())
	for i := range all {
		all[i].Path = at + all[i].Path
	}
	return all
}

func TestTheDescriptionHasEveryRouteAndNoOther(t *testing.T) {
	doc, err := openapi.Merge("http://localhost:8080", openapi.Part{Name: "arguflow", YAML: arguflow.Description("true"), At: at})
	if err != nil {
		t.Fatal(err)
	}
	openapitest.Routes(t, doc, openapitest.Table{Routes: routes()})
}
