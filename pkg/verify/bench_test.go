package verify_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/verify"
)

// BenchmarkVerify is a token that was seen before, as most are: its signature is not checked
// again, everything else is.
func BenchmarkVerify(b *testing.B) {
	i := newIssuer(b)
	v, good := i.verifier(b), i.token(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(b.Context(), good); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMiddleware is the same with the header and the context around it, and with an
// answer to an introspection at hand, on every processor.
func BenchmarkMiddleware(b *testing.B) {
	i := newIssuer(b)
	i.answer(says(http.StatusOK, alive))
	v, good := i.verifier(b, verify.WithIntrospection("sk_test", time.Hour)), i.token(b)
	h := v.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+good)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			w := httptest.NewRecorder()
			if h.ServeHTTP(w, r); w.Code != http.StatusOK {
				b.Error(w.Code)
			}
		}
	})
}

// BenchmarkVerifyNew is a token that was never seen before.
func BenchmarkVerifyNew(b *testing.B) {
	i := newIssuer(b)
	v := i.verifier(b)
	var tokens []string
	for range 10000 { // more than are remembered
		tokens = append(tokens, i.token(b))
	}
	n := 0
	for b.Loop() {
		if _, err := v.Verify(b.Context(), tokens[n%len(tokens)]); err != nil {
			b.Fatal(err)
		}
		n++
	}
}
