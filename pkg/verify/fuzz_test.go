package verify

import (
	"net/http"
	"testing"
)

func FuzzParseKeys(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":"small","n":"AQAB","e":"AQAB"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"oct","k":"AA"},null,1,{"kty":"EC","crv":"P-256","x":"","y":""}]}`))
	f.Add([]byte(`{"keys":{}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		set, err := parseKeys(body)
		if err == nil && len(set) == 0 {
			t.Error("a set without keys is no error")
		}
		for kid, key := range set {
			if kid == "" || key.N.BitLen() < leastBits || key.E < 3 {
				t.Errorf("took %q of %d bits, exponent %d", kid, key.N.BitLen(), key.E)
			}
		}
	})
}

func FuzzMaxAge(f *testing.F) {
	f.Add("public, max-age=300")
	f.Add(`max-age="-1"`)
	f.Fuzz(func(t *testing.T, header string) {
		if age := maxAge(http.Header{"Cache-Control": {header}}); age < leastAge || age > mostAge {
			t.Errorf("%q is kept for %v", header, age)
		}
	})
}

func FuzzBearer(f *testing.F) {
	f.Add("Bearer abc")
	f.Add("bearer  ")
	f.Fuzz(func(t *testing.T, line string) {
		if token, err := Bearer([]string{line}); (err == nil) != (token != "") {
			t.Errorf("%q gives %q and %v", line, token, err)
		}
	})
}
