package verifygin_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/gatehouse-id/gatehouse/pkg/idptest"
	"github.com/gatehouse-id/gatehouse/pkg/verify"
)

func TestMiddleware(t *testing.T) {
	gin.SetMode(gin.ReleaseMode)
	idp := idptest.Start(t)
	v, err := verify.New(t.Context(), idp.URL, verify.Audience(idp.Audience))
	if err != nil {
		t.Fatal(err)
	}
	r := routes(v)
	customer, admin := idp.User(t, "ada@example.com"), idp.UserOfType(t, "root@example.com", "admin")
	for name, tc := range map[string]struct {
		path, token string
		status      int
		body        string
	}{
		"a customer":                   {"/hello", customer.AccessToken, 200, "hello " + customer.LocalID},
		"nobody":                       {"/hello", "", 401, "Unauthorized\n"},
		"a forged token":               {"/hello", customer.AccessToken[:len(customer.AccessToken)-8] + "AAAAAAAA", 401, "Unauthorized\n"},
		"a customer where admins work": {"/admin/reports", customer.AccessToken, 403, "Forbidden\n"},
		"an admin where admins work":   {"/admin/reports", admin.AccessToken, 200, "hello " + admin.LocalID},
	} {
		req := httptest.NewRequest(http.MethodGet, tc.path, nil)
		if tc.token != "" {
			req.Header.Set("Authorization", "Bearer "+tc.token)
		}
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		if w.Code != tc.status || w.Body.String() != tc.body {
			t.Errorf("%s: got %d %q, want %d %q", name, w.Code, w.Body, tc.status, tc.body)
		}
		if challenged := w.Header().Get("WWW-Authenticate") != ""; challenged != (tc.status != 200) {
			t.Errorf("%s: a challenge: %v", name, challenged)
		}
	}
}
