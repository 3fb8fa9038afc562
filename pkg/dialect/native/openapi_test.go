package native_test

import (
	"reflect"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/native"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/openapi"
	"github.com/gatehouse-id/gatehouse/pkg/openapi/openapitest"
)

// pending are the routes that are described before they exist. A route that is registered has to
// be taken off.
var pending []string

func TestTheDescriptionHasEveryRouteAndNoOther(t *testing.T) {
	doc, err := openapi.Merge("http://localhost:8080", openapi.Part{Name: "native", YAML: native.Description()})
	if err != nil {
		t.Fatal(err)
	}
	h := &native.Handler{}
	for _, policy := range reflect.ValueOf(&h.Limits).Elem().Fields() {
		policy.Set(reflect.ValueOf(limit.Policy{Name: "any", Limit: 1}))
	}
	openapitest.Routes(t, doc, openapitest.Table{
		Routes: h.Routes(),
		Public: []string{
			"GET /.well-known/jwks.json", "GET /.well-known/openid-configuration", "GET /.well-known/paseto-keys.json",
			"GET /auth/thirdPartySignIn", "POST /auth/thirdPartySignIn", // of pkg/pages
			"GET /auth/social/{provider}/login", "POST /auth/social/{provider}/login", "GET /auth/social/{provider}/callback", "POST /auth/social/{provider}/callback",
		},
		Pending: pending,
	})
}
