package native_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

// alike fails unless two answers are the same, byte for byte and header by header, but for
// their request id and the time of day.
func alike(t *testing.T, a, b dialecttest.Response) {
	t.Helper()
	if diff := cmp.Diff(anonymous(a), anonymous(b)); diff != "" {
		t.Errorf("the answers tell two cases apart (-first +second):\n%s", diff)
	}
}

func anonymous(r dialecttest.Response) dialecttest.Response {
	if id := r.Header.Get("X-Request-Id"); id != "" {
		r.Body = strings.ReplaceAll(r.Body, id, "id")
	}
	header := http.Header{}
	for name, values := range r.Header {
		if name != "X-Request-Id" && name != "Date" {
			header[name] = values
		}
	}
	r.Header = header
	return r
}

// claimsOf reads an access token without verifying it.
func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(raw, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}
