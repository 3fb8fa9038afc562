package openapi_test

import (
	"compress/gzip"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/gatehouse-id/gatehouse/pkg/openapi"
)

func serve(a *openapi.API) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	a.Log = slog.New(slog.DiscardHandler)
	engine := gin.New()
	engine.RedirectTrailingSlash = false
	a.Mount(engine)
	return engine
}

func ask(h http.Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// text reads an answer as a browser does.
func text(t *testing.T, r *httptest.ResponseRecorder) string {
	t.Helper()
	var from io.Reader = r.Body
	if r.Header().Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		from = unpacked
	}
	body, err := io.ReadAll(from)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// targets are the document, the page, and what the page says it loads.
func targets(t *testing.T, h http.Handler) []string {
	t.Helper()
	found := []string{"/openapi.json", "/docs"}
	page := text(t, ask(h, "GET", "/docs"))
	for _, attribute := range []string{`src="`, `link rel="icon" href="`, `link rel="stylesheet" href="`} {
		for _, rest := range strings.Split(page, attribute)[1:] {
			name, _, _ := strings.Cut(rest, `"`)
			found = append(found, "/"+name)
		}
	}
	if len(found) != 7 {
		t.Fatalf("found %q", found)
	}
	return found
}

func TestEverythingThePageNamesIsThereInBothForms(t *testing.T) {
	h := serve(&openapi.API{PublicURL: publicURL, Parts: parts()})
	for _, target := range targets(t, h) {
		packed, plain := ask(h, "GET", target, "Accept-Encoding", "br, gzip"), ask(h, "GET", target, "Accept-Encoding", "gzip;q=0, br")
		if packed.Code != 200 || plain.Code != 200 {
			t.Errorf("%s: %d and %d", target, packed.Code, plain.Code)
		}
		if got := plain.Header().Get("Content-Encoding"); got != "" {
			t.Errorf("%s is sent as %s to who cannot read that", target, got)
		}
		if got := packed.Header().Get("Content-Encoding"); got != "gzip" && target != "/docs" {
			t.Errorf("%s is not compressed", target)
		}
		if a, b := text(t, packed), text(t, plain); a != b || a == "" {
			t.Errorf("%s is %d bytes in one form and %d in the other", target, len(a), len(b))
		}
	}
}

func TestWhatSomebodyHasIsNotSentAgain(t *testing.T) {
	h := serve(&openapi.API{PublicURL: publicURL, Parts: parts()})
	for _, target := range targets(t, h) {
		first := ask(h, "GET", target, "Accept-Encoding", "gzip")
		tag, cache := first.Header().Get("ETag"), first.Header().Get("Cache-Control")
		if target == "/docs" {
			if tag != "" || cache != "" { // the shield says no-store
				t.Errorf("the page may be kept: %q %q", tag, cache)
			}
			continue
		}
		if again := ask(h, "GET", target, "Accept-Encoding", "gzip", "If-None-Match", tag); tag == "" || again.Code != 304 || text(t, again) != "" {
			t.Errorf("%s with %s is answered %d", target, tag, again.Code)
		}
		if other := ask(h, "GET", target, "If-None-Match", tag); other.Code != 200 || other.Header().Get("ETag") == tag {
			t.Errorf("%s: both forms have the tag %s", target, tag)
		}
		if head := ask(h, "HEAD", target, "Accept-Encoding", "gzip"); head.Code != 200 || head.Header().Get("ETag") != tag {
			t.Errorf("HEAD %s: %d %s", target, head.Code, head.Header().Get("ETag"))
		}
		want := "public, max-age=300"
		if path, _, versioned := strings.Cut(target, "?"); versioned {
			want = "public, max-age=31536000, immutable"
			for _, old := range []string{path, path + "?v=", path + "?v=another"} {
				if got := ask(h, "GET", old).Header().Get("Cache-Control"); got != "no-cache" {
					t.Errorf("%s may be kept: %s", old, got)
				}
			}
		}
		if cache != want {
			t.Errorf("%s: %s", target, cache)
		}
	}
}

func TestThePageIsStrict(t *testing.T) {
	a := &openapi.API{PublicURL: publicURL, Parts: parts()}
	h := serve(a)
	a.FillIn(`"><script>alert(1)</script>`)
	r := ask(h, "GET", "/docs")
	policy, page := r.Header().Get("Content-Security-Policy"), text(t, r)
	for _, part := range []string{"default-src 'none'", "script-src 'self';", "connect-src 'self'", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, part) {
			t.Errorf("%s is not in %s", part, policy)
		}
	}
	for _, part := range []string{"unsafe", "http", "*"} {
		if strings.Contains(policy, part) {
			t.Errorf("%s is in %s", part, policy)
		}
	}
	for _, part := range []string{"<script>", "https://", "http://", "style="} {
		if strings.Contains(page, part) {
			t.Errorf("%s is in the page:\n%s", part, page)
		}
	}
	if got := ask(h, "GET", "/docs/"); got.Code != 301 || got.Header().Get("Location") != "../docs" {
		t.Errorf("/docs/ leads to %d %s", got.Code, got.Header().Get("Location"))
	}
}

func TestADocumentThatCannotBeMadeIsOurMistake(t *testing.T) {
	h := serve(&openapi.API{PublicURL: publicURL, Parts: append(parts(), parts()...)})
	for _, target := range []string{"/openapi.json", "/docs", "/docs/page.js"} {
		if r := ask(h, "GET", target); r.Code != 500 || !strings.Contains(text(t, r), `"code":"internal"`) {
			t.Errorf("%s: %d", target, r.Code)
		}
	}
}
