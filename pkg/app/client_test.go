package app_test

import (
	"net/http"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/client/js"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

func TestPagesOfEveryOriginMayLoadTheClient(t *testing.T) {
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{})
	for path, want := range map[string]struct{ text, mediaType string }{
		"/client.js":   {js.Module(), "text/javascript; charset=utf-8"},
		"/client.d.ts": {js.Types(), "application/typescript; charset=utf-8"},
	} {
		t.Run(path, func(t *testing.T) {
			r := s.Do(t, dialecttest.Request{Path: path, Header: map[string]string{"Origin": "https://somewhere.example"}})
			if r.Status != http.StatusOK || r.Body != want.text || want.text == "" {
				t.Fatalf("%d with %d bytes, want %d", r.Status, len(r.Body), len(want.text))
			}
			for name, value := range map[string]string{
				"Content-Type": want.mediaType, "Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff",
				"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin", "Set-Cookie": "",
			} {
				if got := r.Header.Get(name); got != value {
					t.Errorf("%s is %q, want %q", name, got, value)
				}
			}
			again := s.Do(t, dialecttest.Request{Path: path, Header: map[string]string{"If-None-Match": r.Header.Get("ETag")}})
			if again.Status != http.StatusNotModified || again.Body != "" {
				t.Errorf("who has it already gets %d and %d bytes", again.Status, len(again.Body))
			}
			if head := s.Do(t, dialecttest.Request{Method: http.MethodHead, Path: path}); head.Status != http.StatusOK || head.Body != "" {
				t.Errorf("HEAD gets %d", head.Status)
			}
		})
	}
}
